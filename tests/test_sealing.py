"""Sealed sets: what methods are given is the same bit by bit, and nothing in the public copy depends on a label."""

import dataclasses
import hashlib
import hmac
import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from conftest import babble
from pydantic import ValidationError
from test_stimuli import ToyViews
from toy_homes import ToyHomes

from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.questions.labels import Labels
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.running.run import RUN
from whence.benchmarks.stimuli.binaural.condition import BinauralCondition
from whence.benchmarks.stimuli.seeds import seed_of, stream
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.benchmarks.stimuli.view_pairs.batch import AsStored
from whence.cli import main
from whence.datagen.dataset import Dataset
from whence.datagen.licences import licences_of
from whence.datagen.pipeline import generate
from whence.datagen.recorded import common_recipe
from whence.datagen.shards import Field, Layout
from whence.datagen.tde import PAPER_SEED, TdePlan, TdeRecipe
from whence.datagen.verification import plan_of, verify_dataset
from whence.digests import canonical_json, generator_for, sha256
from whence.errors import InputError, VerificationError
from whence.leaderboard.sealing.labels_file import LIMITS, check_commitment, read_labels_file, write_labels_file
from whence.leaderboard.sealing.seal import halves, seal
from whence.registry import TRACKS, load_track

SECRET = 2**127 + 12345
SALT = bytes(range(32))
CLEAN = StereoCondition()
GRID = [StereoCondition(snr_db=-5.0), StereoCondition(snr_db=20.0, distractor=0.5, clip_seconds=0.1, votes=16)]


@dataclass(frozen=True)
class ToyClips:
    """Fifty clips of noise as a dataset of the kind `tde` holds them, with whatever labels."""

    dataset: str = "tde"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"seed": SECRET}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {"speech": {"location": "/secret/place", "licences": {"CC0": 50}}}

    @property
    def layout(self) -> Layout:
        fields = (
            Field("audio", "int16", "noise", (2, 16_000), ("channel", "sample"), chunk_rows=10),
            Field("sample_id", "str", "name"),
            Field("interaural_time_difference", "float64", "delay"),
            Field("azimuth", "float64", "left positive"),
            Field("speaker", "str", "who"),
            Field("room", "str", "where"),
            Field("rt60_nominal", "float64", "label"),
        )
        return Layout("clip", 50, 25, fields)

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(SECRET, f"clip-{row}")
        azimuth = rng.uniform(15, 90) * rng.choice([-1, 1])
        return {
            "audio": np.rint(9000 * np.stack([babble(1.0, rng) for _ in range(2)])),
            "sample_id": f"secret-clip-{row:05d}",
            "interaural_time_difference": 6e-4 * np.sin(np.radians(azimuth)),
            "azimuth": azimuth,
            "speaker": f"secret-speaker-{row % 7}",
            "room": f"secret-room-{row % 2}",
            "rt60_nominal": 0.1,
        }


@dataclass(frozen=True)
class Relabelled:
    """The rows of `plan`, with the same sound and pictures, and other labels: `changes` by the name of the field."""

    plan: Any
    changes: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)

    def render(self, row: int) -> dict[str, Any]:
        rendered = self.plan.render(row)
        changed = {name: change(rendered[name]) for name, change in self.changes.items()}
        return rendered | changed


CASES = {
    "tde": (ToyClips(), GRID, {"interaural_time_difference": lambda t: 0.5 * t, "speaker": lambda s: s[::-1]}),
    "left-right": (ToyClips(), [StereoCondition(clip_seconds=0.48)], {"azimuth": lambda a: -a}),
    "rotation": (ToyViews(), [AsStored()], {"heading": lambda h: -h}),
    "azimuth": (
        ToyHomes(),
        [BinauralCondition(), BinauralCondition(snr_db=10.0, sources=2, dominance_db=3.0)],
        {"azimuth": lambda a: -a, "scene": lambda s: s[::-1]},
    ),
}
SPLIT = {"rotation": "all", "azimuth": "all"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """For each track a source and its sealed copy: TRACK.zarr, TRACK-public.zarr, TRACK.parquet."""
    folder = tmp_path_factory.mktemp("sealed")
    for track, (plan, grid, _) in CASES.items():
        generate(plan, str(folder / f"{track}.zarr"))
        sealed(folder, track, grid)
    return folder


def sealed(folder: Path, track: str, grid, source: str = "", salt: bytes | None = SALT, **options):
    source = source or track
    return seal(
        str(folder / f"{source}.zarr"),
        track=track,
        conditions=grid,
        labels_path=folder / f"{source}.parquet",
        out=str(folder / f"{source}-public.zarr"),
        split=SPLIT.get(track),
        salt=salt,
        **options,
    )


def opened(folder: Path, track: str):
    """Return source, its labels, the public copy, its labels, and where each source sample lies in the public copy."""
    source, public = Dataset(str(folder / f"{track}.zarr")), Dataset(str(folder / f"{track}-public.zarr"))
    known = load_track(track)
    private = read_labels_file(folder / f"{track}.parquet").labels
    own, hidden = open_source(known, source, SPLIT.get(track)).labels, open_source(known, public).labels
    return source, own, public, hidden, private.rows


def given(track: str, dataset: Dataset, labels: Labels, condition) -> dict[str, Any]:
    """Return everything that methods are given of `labels`, arrays joined over batches."""
    stimulus = load_track(track).stimulus
    source = open_source(load_track(track), dataset, SPLIT.get(track) if dataset.name != "sealed" else None)
    batches = list(source.batches(labels, condition))
    joined = {array.name: np.concatenate([getattr(one, array.name) for one in batches]) for array in stimulus.arrays}
    return joined | {name: getattr(batches[0], name) for name in stimulus.constants}


def files_of(url: Path) -> dict[str, bytes]:
    """Return the content of every file of a dataset by its path."""
    return {str(path.relative_to(url)): path.read_bytes() for path in sorted(url.rglob("*")) if path.is_file()}


class TestWhatMethodsAreGiven:
    @pytest.mark.parametrize("track", CASES)
    def test_it_is_the_same_bit_by_bit(self, folder, track):
        source, open_labels, public, hidden, place = opened(folder, track)
        for condition in CASES[track][1]:
            suited = load_track(track).stimulus.suited(source, condition)
            expected = given(track, source, open_labels, suited)
            found = given(track, public, hidden, suited)
            assert set(expected) == set(found)
            for name, values in expected.items():
                moved = found[name][place] if np.shape(values)[:1] == place.shape else found[name]
                assert np.asarray(moved).dtype == np.asarray(values).dtype
                np.testing.assert_array_equal(moved, values)

    def test_every_field_of_a_batch_is_accounted_for(self):
        for stimulus in (load_track(name).stimulus for name in TRACKS):
            fields = {field.name for field in dataclasses.fields(stimulus.batch)}
            assert fields == {array.name for array in stimulus.arrays} | set(stimulus.constants) | {"sample_id"}

    @pytest.mark.parametrize("track", CASES)
    def test_labels_of_the_private_file_are_those_of_the_source_in_its_order(self, folder, track):
        source, expected, public, hidden, place = opened(folder, track)
        found = read_labels_file(folder / f"{track}.parquet")
        assert found.source_sample_id.tolist() == expected.sample_id.tolist()
        np.testing.assert_array_equal(found.labels.truth, expected.truth)
        np.testing.assert_array_equal(found.labels.clusters, expected.clusters)
        assert found.labels.cluster_name == expected.cluster_name
        assert set(found.labels.groups) == set(expected.groups)
        for name, values in expected.groups.items():
            np.testing.assert_array_equal(found.labels.groups[name], values)
        assert hidden.sample_id[place].tolist() == found.labels.sample_id.tolist()
        assert np.isnan(hidden.truth).all()
        assert found.source == {
            "name": source.name,
            "fingerprint": source.fingerprint,
            "split": SPLIT.get(track),
            "published": load_track(track).benchmarks(source),
        }
        assert (found.track, found.fingerprint) == (track, public.fingerprint)

    def test_several_shards_are_written_in_order(self, tmp_path, folder, monkeypatch):
        monkeypatch.setattr("whence.leaderboard.sealing.seal.ROWS_PER_SHARD", 16)
        (tmp_path / "tde.zarr").symlink_to(folder / "tde.zarr")
        sealed(tmp_path, "tde", GRID)
        one, many = Dataset(str(folder / "tde-public.zarr")), Dataset(str(tmp_path / "tde-public.zarr"))
        assert len([name for name in many.manifest["files"] if name.startswith("condition_0_audio")]) == 4
        for name in one.manifest["arrays"]:
            np.testing.assert_array_equal(one.column(name), many.column(name))

    def test_a_sealed_set_passes_verification(self, folder):
        for track in CASES:
            checks = verify_dataset(Dataset(str(folder / f"{track}-public.zarr")))
            assert all(check.passed for check in checks), checks


class TestLeaks:
    """Attempts to read an answer off the public copy."""

    @pytest.mark.parametrize("track", CASES)
    def test_no_byte_depends_on_a_label(self, tmp_path, folder, track):
        """The same sounds and pictures with all labels changed seal to the same files, but for the commitment."""
        plan, grid, changes = CASES[track]
        generate(Relabelled(plan, changes), str(tmp_path / f"{track}.zarr"))
        sealed(tmp_path, track, grid)
        truths = [read_labels_file(place / f"{track}.parquet").labels.truth for place in (folder, tmp_path)]
        assert (truths[0] != truths[1]).all()
        one, other = (files_of(place / f"{track}-public.zarr") for place in (folder, tmp_path))
        assert set(one) == set(other)
        assert {name for name in one if one[name] != other[name]} == {"zarr.json", "manifest.json"}
        for name in ("zarr.json", "manifest.json"):
            a, b = (re.sub(rb'"(commitment|fingerprint|exact)": "\w{64}"', b"", each[name]) for each in (one, other))
            assert a == b

    @pytest.mark.parametrize("track", CASES)
    def test_it_holds_what_methods_are_given_and_names(self, folder, track):
        public = Dataset(str(folder / f"{track}-public.zarr"))
        kinds = {"tde": ["audio"], "left-right": ["audio"], "azimuth": ["audio"]}
        arrays = kinds.get(track, ["images_0", "images_1", "pitch_deg"])
        expected = {f"condition_{k}_{name}" for k in range(len(CASES[track][1])) for name in arrays} | {"sample_id"}
        assert set(public.group.array_keys()) == expected
        assert list(public.group.group_keys()) == []
        assert set(public.recipe) == {"track", "source", "conditions", "constants", "commitment"}
        assert set(public.attributes) == {
            "format", "complete", "dataset", "recipe", "software", "licences", "fingerprint", "content"
        }  # fmt: skip

    @pytest.mark.parametrize("track", CASES)
    def test_no_word_of_the_source_is_in_it(self, folder, track):
        source, labels, public, _, _ = opened(folder, track)
        words = {str(SECRET), source.fingerprint, "secret", str(folder), *labels.sample_id, *labels.clusters}
        names = "\n".join(public.column("sample_id").tolist())
        for path, content in {**files_of(folder / f"{track}-public.zarr"), "names": names.encode()}.items():
            for word in words:
                assert str(word).encode() not in content, f"{path} holds {word!r}"
                assert str(word) not in path

    def test_names_are_no_hash_of_what_is_known(self, folder):
        _, labels, public, _, _ = opened(folder, "tde")
        names = set(public.column("sample_id").tolist())
        assert all(re.fullmatch(r"[0-9a-f]{20}", name) for name in names)
        known = [b"", b"name", public.fingerprint.encode(), bytes.fromhex(public.recipe["commitment"])]
        for text in labels.sample_id:
            for prefix in ("", "name/"):
                tried = [hmac.new(key, f"{prefix}{text}".encode(), hashlib.sha256).hexdigest() for key in known]
                assert not names & {digest[:20] for digest in [*tried, sha256(f"{prefix}{text}".encode())]}

    def test_neither_order_nor_names_tell_anything(self, folder):
        _, labels, public, _, place = opened(folder, "tde")
        numbers = np.array([int(name, 16) for name in public.column("sample_id")], dtype=float)[place]
        for known in (place.astype(float), numbers):
            for secret in (labels.truth, np.abs(labels.truth), np.arange(len(labels)), labels.rows % 7):
                assert abs(np.corrcoef(known, secret)[0, 1]) < 4 / np.sqrt(len(labels))

    def test_all_files_have_the_same_time(self, folder):
        times = {path.stat().st_mtime for path in (folder / "tde-public.zarr").rglob("*")}
        assert len(times) == 1

    def test_every_seal_is_another_one(self, tmp_path, folder):
        urls = []
        for name in ("a", "b"):
            (tmp_path / f"{name}.zarr").symlink_to(folder / "tde.zarr")
            urls.append(sealed(tmp_path, "tde", GRID, name, salt=None).url)
        one, other = map(Dataset, urls)
        assert one.recipe["commitment"] != other.recipe["commitment"]
        assert not set(one.column("sample_id")) & set(other.column("sample_id"))
        first = [read_labels_file(tmp_path / f"{name}.parquet").labels.rows.tolist() for name in ("a", "b")]
        assert first[0] != first[1]


@pytest.fixture(scope="module", params=[7, SECRET], ids=["guessable", "secret"])
def attacked(request, tmp_path_factory, corpus):
    """A sealed set from a seed: the public copy, its labels, the speech, the seed."""
    folder = tmp_path_factory.mktemp("attacked")
    recipe = TdeRecipe(clips=2, rt60=(0.1,), corpus=corpus.digest, seed=request.param)
    generate(TdePlan(recipe, corpus), str(folder / "d.zarr"))
    done = sealed(folder, "tde", [CLEAN], "d", allow_guessable_seed=True)
    return Dataset(done.url), read_labels_file(done.labels_path), corpus, request.param


class TestRegeneration:
    """Whoever has the program and the speech tries to make the set again, with its answers."""

    def test_by_its_own_recipe(self, attacked):
        public, _, _, _ = attacked
        assert plan_of(public, {}) is None
        with pytest.raises(ValidationError):
            TdeRecipe(**public.recipe)

    def test_by_trying_seeds(self, attacked):
        """Every number in the recipe and many others: with a guessable seed this gives all answers away."""
        public, labels, corpus, seed = attacked
        heard = public.column("condition_0_audio")
        text = canonical_json(public.attributes)
        numbers = {int(found) for found in re.findall(r"(?<![\w.])\d{1,9}(?![\w.])", text)}
        hashes = {int(found, 16) for found in re.findall(r"\b[0-9a-f]{64}\b", text)}
        recovered = {}
        for tried in sorted(set(range(20)) | numbers | hashes | {PAPER_SEED, 2**64}):
            recovered |= self._recovered(
                public, heard, TdeRecipe(clips=2, rt60=(0.1,), corpus=corpus.digest, seed=tried), corpus
            )
        truth = dict(zip(labels.labels.sample_id, labels.labels.truth, strict=True))
        assert recovered == (truth if seed < 2**64 else {})

    @staticmethod
    def _recovered(public, heard, recipe, corpus) -> dict[str, float]:
        """Return the delay, by sealed name, of every clip that a rendering by `recipe` equals bit by bit."""
        plan, found = TdePlan(recipe, corpus), {}
        for row in range(plan.layout.rows):
            rendered = plan.render(row)
            clip = (rendered["audio"].astype(np.float32) / np.float32(32768))[:, 200 : 200 + heard.shape[2]]
            matches = np.flatnonzero((heard == clip).all(axis=(1, 2)))
            if row == 0 and not matches.size:
                break
            found |= {public.column("sample_id")[k]: rendered["interaural_time_difference"] for k in matches}
        return found

    def test_a_guessable_seed_is_refused(self, tmp_path, corpus):
        for k, (options, message) in enumerate(
            [
                (
                    {"seed": 7},
                    r"made from seed 7, which anyone can guess.* secret --seed of at least 2\^64, such as \d",
                ),
                ({"seed": PAPER_SEED, "protocol": "paper"}, "published protocol, whose answers follow from a seed"),
            ]
        ):
            recipe = TdeRecipe(clips=1, rt60=(0.1,), corpus=corpus.digest, **options)
            generate(TdePlan(recipe, corpus), str(tmp_path / f"{k}.zarr"))
            with pytest.raises(InputError, match=message):
                sealed(tmp_path, "tde", GRID, str(k))
            assert {path.name for path in tmp_path.glob("*") if path.name.startswith(f"{k}")} == {f"{k}.zarr"}

    @pytest.mark.parametrize(("seed", "least", "most"), [(0, 0.99, 1.0), (SECRET, 0.0, 0.1)])
    def test_noise_is_not_drawn_again_from_names_alone(self, tmp_path, folder, seed, least, most):
        """Whoever guesses all names, and even which sample is which, cannot take the noise away without the seed."""
        (tmp_path / "tde.zarr").symlink_to(folder / "tde.zarr")
        condition = StereoCondition(snr_db=0.0)
        sealed(tmp_path, "tde", [CLEAN, condition])
        _, labels, public, _, place = opened(tmp_path, "tde")
        clean, noisy = (public.column(f"condition_{k}_audio")[place] for k in range(2))
        for name, noise in zip(labels.sample_id, noisy - clean, strict=True):
            rng = generator_for(seed, stream("noise", condition, str(name)))
            drawn = rng.standard_normal((2, 2048), dtype=np.float32)[:, 200:1351]
            rest = noise - drawn * np.vdot(drawn, noise) / np.vdot(drawn, drawn)
            assert least < np.sum(rest**2) / np.sum(noise**2) < most

    @pytest.mark.parametrize(
        ("seeds", "expected"), [((SECRET, SECRET), SECRET), ((None, None), 0), ((SECRET, SECRET + 1), None)]
    )
    def test_noise_of_merged_sets_has_the_seeds_of_all(self, seeds, expected):
        """Sets of two seeds, joined, had noise of seed 0, which anyone draws again who guesses names."""
        recipes = [{} if seed is None else {"seed": seed} for seed in seeds]
        found, turned = (_merged_seed(some) for some in (recipes, recipes[::-1]))
        assert found == expected or (expected is None and found > 2**200 and found != turned)
        assert _merged_seed([*recipes, {"seed": 5}]) > 2**200

    @pytest.mark.parametrize("copy", ["open", "sealed"])
    @pytest.mark.parametrize(
        ("one", "other", "least"),
        [
            (StereoCondition(snr_db=-5.0), StereoCondition(snr_db=0.0), 0.2),
            (StereoCondition(distractor=0.5), StereoCondition(distractor=1.0), 0.05),
        ],
    )
    def test_two_conditions_of_a_clip_do_not_give_it_clean(self, tmp_path, folder, copy, one, other, least):
        """The weights are those that fit the clean clip best, which is more than an attacker can know."""
        (tmp_path / "tde.zarr").symlink_to(folder / "tde.zarr")
        sealed(tmp_path, "tde", [one, other])
        source, own, public, hidden, place = opened(tmp_path, "tde")
        clean = given("tde", source, own, CLEAN)["audio"]
        if copy == "sealed":
            heard = [given("tde", public, hidden, condition)["audio"][place] for condition in (one, other)]
        else:
            heard = [given("tde", source, own, condition)["audio"] for condition in (one, other)]
        left = []
        for wanted, *clips in zip(clean, *heard, strict=True):
            columns = np.stack([clip.ravel() for clip in clips], axis=1)
            weights = np.linalg.lstsq(columns, wanted.ravel(), rcond=None)[0]
            left.append(np.sum((wanted.ravel() - columns @ weights) ** 2) / np.sum(wanted**2))
        assert min(left) > least


def _merged_seed(recipes) -> int:
    merged = {**common_recipe(recipes), "merged": [{"recipe": recipe} for recipe in recipes]}
    return seed_of(SimpleNamespace(recipe=merged))


class TestCommitment:
    def test_it_is_the_salted_hash_of_the_labels(self, folder):
        found = check_commitment(folder / "tde.parquet", Dataset(str(folder / "tde-public.zarr")))
        assert found.passed
        labels = read_labels_file(folder / "tde.parquet")
        assert labels.commitment == Dataset(str(folder / "tde-public.zarr")).recipe["commitment"]
        assert dataclasses.replace(labels, salt="00" * 32).commitment != labels.commitment

    @pytest.mark.parametrize("column", ["truth", "half", "cluster", "sample_id", "source_sample_id", "row"])
    def test_a_changed_file_is_found_out(self, tmp_path, folder, column):
        table = parquet.read_table(folder / "tde.parquet")
        values = table[column].to_pylist()
        values[3] = values[4] if values[3] != values[4] else {"public": "private"}.get(values[3], "public")
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array(values, type=table.schema.field(column).type))
        parquet.write_table(table, tmp_path / "changed.parquet")
        with pytest.raises(VerificationError, match="was changed after it was sealed"):
            read_labels_file(tmp_path / "changed.parquet")
        assert not check_commitment(tmp_path / "changed.parquet", Dataset(str(folder / "tde-public.zarr"))).passed

    def test_a_changed_label_with_a_commitment_of_its_own_is_found_out(self, tmp_path, folder):
        table = parquet.read_table(folder / "tde.parquet")
        about = json.loads(table.schema.metadata[b"whence"])
        labels = read_labels_file(folder / "tde.parquet")
        changed = labels.labels.truth * 2
        labels = dataclasses.replace(labels, labels=dataclasses.replace(labels.labels, truth=changed))
        about["commitment"] = labels.commitment
        table = table.set_column(table.column_names.index("truth"), "truth", pa.array(changed))
        parquet.write_table(table.replace_schema_metadata({b"whence": json.dumps(about)}), tmp_path / "l.parquet")
        check = check_commitment(tmp_path / "l.parquet", Dataset(str(folder / "tde-public.zarr")))
        assert "carries the commitment" in check.faults[0]

    def test_labels_of_another_set(self, folder):
        check = check_commitment(folder / "tde.parquet", Dataset(str(folder / "left-right-public.zarr")))
        assert [fault.split(" the ")[1].split()[0] for fault in check.faults] == ["commitment", "fingerprint"]
        with pytest.raises(InputError, match="labels go with a sealed one"):
            check_commitment(folder / "tde.parquet", Dataset(str(folder / "tde.zarr")))

    @pytest.mark.parametrize("content", [b"", b"PAR1 nothing", None])
    def test_no_label_file(self, tmp_path, content):
        path = tmp_path / "l.parquet"
        if content is None:
            parquet.write_table(pa.table({"truth": [1.0]}), path)
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match="is no label file that `whence seal` wrote"):
            read_labels_file(path)

    def test_a_short_file_takes_no_more_memory_than_a_label_file(self, tmp_path, folder, monkeypatch):
        """Whoever checks the labels of a set that retired reads a stranger's file: 300 bytes stood for gigabytes."""
        path = tmp_path / "l.parquet"
        table = parquet.read_table(folder / "tde.parquet")
        rows = len(table)
        bomb = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * (2**28 // rows + 1)])
        many = pa.array([[1.0] * 20] * rows)
        for column, match in (
            (("cluster", bomb), "so many long ones that no seal wrote them"),
            (("cluster", pa.nulls(rows, pa.string())), "words that are missing"),
            (("more", bomb.cast(pa.dictionary(pa.int32(), pa.large_string()))), "column 'more' holds"),
            (("more", pa.array([["word"]] * rows)), "column 'more' holds list"),
            (("more", many), "the file has more than 1000 values"),
        ):
            kept = table.drop_columns([column[0]]) if column[0] in table.column_names else table
            parquet.write_table(kept.append_column(*column), path, compression="zstd")
            if column[1] is many:
                few = dataclasses.replace(LIMITS, values=1000)
                monkeypatch.setattr("whence.leaderboard.sealing.labels_file.LIMITS", few)
            with pytest.raises(InputError, match=f"is no label file.*{match}") as caught:
                check_commitment(path, Dataset(str(folder / "tde-public.zarr")))
            assert len(str(caught.value)) < 1000

    def test_no_seal_writes_more_than_boards_read(self, tmp_path, folder, monkeypatch):
        labels = read_labels_file(folder / "tde.parquet")
        monkeypatch.setattr("whence.leaderboard.sealing.labels_file.LIMITS", dataclasses.replace(LIMITS, values=10))
        with pytest.raises(InputError, match=r"more than 10 values.*: seal fewer samples"):
            write_labels_file(tmp_path / "l.parquet", labels)
        assert list(tmp_path.iterdir()) == []

    def test_only_the_owner_may_read_it(self, folder):
        assert stat.S_IMODE((folder / "tde.parquet").stat().st_mode) == 0o600


def some_labels(clusters) -> Labels:
    names = np.array([f"s{k}" for k in range(len(clusters))], dtype=object)
    return Labels(np.arange(len(names)), names, np.zeros(len(names)), np.array(clusters, dtype=object), {})


class TestHalves:
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
    def test_no_cluster_is_in_both(self, share):
        clusters = [f"speaker-{k}" for k in range(40) for _ in range(1 + k % 5)]
        found = halves(some_labels(clusters), share, SALT)
        sides = {(cluster, half) for cluster, half in zip(clusters, found, strict=True)}
        assert len(sides) == 40
        assert np.mean(found == "private") == pytest.approx(share, abs=3 / len(clusters))

    def test_samples_of_one_cluster_are_parted_one_by_one(self):
        assert np.mean(halves(some_labels(["a"] * 10), 0.3, SALT) == "private") == pytest.approx(0.3)

    def test_the_secret_decides(self):
        labels = some_labels(list("abcdefghijklmnopqrst"))
        assert halves(labels, 0.5, SALT).tolist() != halves(labels, 0.5, bytes(32)).tolist()

    def test_no_private_half(self):
        assert set(halves(some_labels(list("abc")), 0.0, SALT)) == {"public"}

    def test_what_cannot_be_parted(self):
        with pytest.raises(InputError, match="1 sample of 1 speaker cannot be parted so"):
            halves(some_labels(["a"]), 0.5, SALT)


class TestRefusals:
    @pytest.fixture
    def place(self, tmp_path, folder):
        (tmp_path / "tde.zarr").symlink_to(folder / "tde.zarr")
        return tmp_path

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"out": "taken.zarr"}, "exists: choose another path or remove it"),
            ({"out": "set.zarr/public.zarr"}, "lies inside a dataset"),
            ({"out": "public"}, r"expected a name that ends in \.zarr"),
            ({"labels_path": "taken.zarr"}, "exists: choose another path"),
            ({"labels_path": "public.zarr/l.parquet"}, "lies inside a dataset, which may become public"),
            ({"track": "rotation"}, "the track 'rotation' takes hm3d-ss or panoramas"),
            ({"conditions": [CLEAN, CLEAN]}, "is asked for twice"),
            ({"private_share": 1.0}, "expected 0"),
            ({"split": "test"}, "has no splits"),
            ({"url": "nothing.zarr"}, "does not exist"),
        ],
    )
    def test_one_line_and_nothing_written(self, place, options, message):
        (place / "taken.zarr").mkdir()
        before = sorted(place.rglob("*"))
        paths = {"url": "tde.zarr", "out": "public.zarr", "labels_path": "l.parquet"} | options
        url, out, labels = (place / paths.pop(name) for name in ("url", "out", "labels_path"))
        with pytest.raises(InputError, match=message):
            seal(str(url), **{"track": "tde", "conditions": [CLEAN]} | paths, out=str(out), labels_path=labels)
        assert sorted(place.rglob("*")) == before

    def test_a_sealed_set(self, tmp_path, folder):
        with pytest.raises(InputError, match="is sealed already"):
            seal(
                str(folder / "tde-public.zarr"),
                track="tde",
                labels_path=tmp_path / "l.parquet",
                out=str(tmp_path / "p.zarr"),
            )

    def test_what_fails_half_way_leaves_nothing(self, place, monkeypatch):
        def full(*arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("whence.leaderboard.sealing.seal.write_labels_file", full)
        with pytest.raises(OSError, match="No space left"):
            sealed(place, "tde", GRID)
        assert [path.name for path in place.iterdir()] == ["tde.zarr"]

    def test_licences_go_along(self, folder):
        assert licences_of(Dataset(str(folder / "tde.zarr"))) == {"speech": ["CC0"]}
        assert Dataset(str(folder / "tde-public.zarr")).attributes["licences"] == {"speech": ["CC0"]}


class TestBench:
    METHODS = ("gcc-phat", "gcc-phat:protocol=best", "ml", "beta")

    def test_predictions_are_those_of_the_open_set(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)
        source, public = str(folder / "tde.zarr"), str(folder / "tde-public.zarr")
        run = bench("tde", source, tmp_path / "open", methods=self.METHODS, conditions=GRID, report=False)
        files = bench("tde", public, tmp_path / "sealed", methods=self.METHODS, report=False).files
        labels = read_labels_file(folder / "tde.parquet").labels
        assert len(files) == len(run.files) == 8
        for expected, found in zip(map(read_predictions, run.files), map(read_predictions, files), strict=True):
            for key in ("method", "condition"):
                assert found.metadata[key] == expected.metadata[key]
            by_name = found.frame.set_index("sample_id")["prediction"]
            np.testing.assert_array_equal(by_name[labels.sample_id], expected.frame["prediction"])
            assert "rt60_nominal" not in found.frame

    def test_the_command_says_where_scores_come_from(self, folder, tmp_path, capsys):
        public, run = str(folder / "left-right-public.zarr"), tmp_path / "run"
        command = ["bench", "left-right", public, "--method", "iid-rms", "--out", str(run)]
        for _ in range(2):
            with pytest.raises(SystemExit) as done:
                main(command)
            assert done.value.code == 0
        assert "scores come from the board (`whence submit`)" in capsys.readouterr().out
        assert sorted(path.name for path in run.iterdir()) == ["predictions", RUN]
        times = [path.stat().st_mtime_ns for path in (run / "predictions").iterdir()]
        bench("left-right", public, run, methods=["iid-rms"], report=False)
        assert [path.stat().st_mtime_ns for path in (run / "predictions").iterdir()] == times
        with pytest.raises(SystemExit):
            main([*command, "--json"])
        listed = json.loads(capsys.readouterr().out)
        assert listed["sealed"]
        assert all(Path(path).is_file() for path in listed["predictions"])

    def test_some_conditions(self, folder, tmp_path):
        public = str(folder / "tde-public.zarr")
        files = bench("tde", public, tmp_path, methods=["zero"], conditions=GRID[1:], report=False).files
        assert [read_predictions(path).metadata["condition"]["distractor"] for path in files] == [0.5]
        with pytest.raises(InputError, match=r"does not hold SNR 10 dB \(72 ms.*it has SNR -5 dB"):
            bench("tde", public, tmp_path, conditions=[StereoCondition(snr_db=10.0)])

    def test_what_is_refused(self, folder, tmp_path):
        public, source = str(folder / "tde-public.zarr"), str(folder / "tde.zarr")
        with pytest.raises(InputError, match="was sealed for the track 'tde', not 'left-right'"):
            bench("left-right", public, tmp_path)
        bench("tde", public, tmp_path, methods=["zero"], report=False)
        with pytest.raises(InputError, match="was run on a sealed set: its scores come from the board"):
            open_run(tmp_path)
        with pytest.raises(InputError, match="holds a run of track 'tde' on another dataset"):
            bench("tde", source, tmp_path, methods=["zero"])


def test_the_commands(tmp_path, folder, capsys):
    """`whence seal` writes both files; `whence verify --labels` reveals the commitment."""
    public, labels = tmp_path / "p.zarr", tmp_path / "l.parquet"
    options = ["--track", "tde", "--labels", str(labels), "--out", str(public), "--snr", "10", "0"]
    with pytest.raises(SystemExit) as done:
        main(["seal", str(folder / "tde.zarr"), *options, "--private-share", "0.3"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    assert "50 samples for tde, SNR 10 dB; SNR 0 dB; publish it" in said
    assert "keep this file private" in said
    assert read_labels_file(labels).commitment in said
    assert np.mean(read_labels_file(labels).half == "private") == pytest.approx(0.3, abs=0.1)
    for file, code, line in (
        (labels, 0, "ok      the labels are those that the set was sealed with"),
        (folder / "tde.parquet", 1, "FAILED  the labels are those that the set was sealed with"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(["verify", str(public), "--labels", str(file)])
        assert exit_.value.code == code
        assert line in capsys.readouterr().out
