"""Sets made in parts, closed, merged and copied: the same bytes as in one run, and nothing half done looks whole."""

import fcntl
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from test_pipeline import SLOW, data_files
from toy_plan import FIELDS, ToyPlan

from whence.benchmarks.report.citations import cited
from whence.benchmarks.report.dataset_card import dataset_card
from whence.cli import main
from whence.datagen import parts, pipeline
from whence.datagen.copying import COPYING, copy
from whence.datagen.dataset import Dataset
from whence.datagen.merging import plan_merge
from whence.datagen.parts import Part, finish, generate_part
from whence.datagen.pipeline import generate
from whence.datagen.recipes import plan_again, read_record
from whence.datagen.shards import Field, Layout
from whence.datagen.storage import Folder
from whence.datagen.verification import verify_dataset
from whence.errors import InputError
from whence.locks import one_of_writers
from whence.registry import DATASETS

PLAN = ToyPlan()


@dataclass(frozen=True)
class ToyHomes(ToyPlan):
    """Homes of one split each, which play clips of a dataset inside."""

    dataset: str = "toy-homes"
    clips: int = 3
    split: str = "train"
    made_here: bool = True

    @property
    def provenance(self) -> Mapping[str, Any]:
        place = "procedural" if self.made_here else "homes"
        return {"scenes": {"location": place, "licence": "CC0"}, "speech": {"licences": {"CC0": self.clips}}}

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {**super().recipe, "clips": self.clips, "split": self.split, "scenes": f"digest {self.seed}"}

    @property
    def parts(self) -> Mapping[str, Any]:
        return {"dry": ToyPlan(seed=self.seed, rows=self.clips)}

    @property
    def layout(self) -> Layout:
        more = (Field("scene", "str", "home"), Field("split", "str", "by home"), Field("dry_clip", "int64", "heard"))
        return Layout("row", self.rows, self.rows_per_shard, (*FIELDS, *more))

    def render(self, row: int) -> dict[str, Any]:
        return super().render(row) | {"scene": f"home-{row % 2}", "split": self.split, "dry_clip": row % self.clips}


def replan_homes(dataset: Any, elsewhere: Any) -> ToyHomes:
    """Return the plan that `dataset` was made by."""
    known = {key: value for key, value in dataset.recipe.items() if key != "scenes"}
    return ToyHomes(**known, made_here=dataset.attributes["scenes"]["location"] == "procedural")


@pytest.fixture(scope="module", autouse=True)
def _known():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, "toy", "toy_plan:replan")
        patch.setitem(DATASETS, "toy-homes", "test_storage:replan_homes")
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Toy sets of three seeds, a set of homes of two seeds, and a set of other arrays."""
    folder = tmp_path_factory.mktemp("sets")
    for seed in (1, 2, 3):
        generate(ToyPlan(seed=seed), str(folder / f"s{seed}.zarr"))
    for seed in (1, 2):
        generate(ToyHomes(seed=seed, clips=2 + seed), str(folder / f"h{seed}.zarr"))
    generate(ToyPlan(seed=4, rows_per_shard=2), str(folder / "small-shards.zarr"))
    return folder


def refused(*arguments: object) -> str:
    """Return the one line with which `whence` refuses `arguments`."""
    with pytest.raises(SystemExit) as stopped:
        main([str(one) for one in arguments])
    return str(stopped.value.code)


class TestParts:
    """`--shards` and `finish`."""

    def test_every_shard_is_in_one_part(self):
        for rows, count in ((11, 1), (11, 2), (11, 3), (11, 7), (400, 64)):
            layout = ToyPlan(rows=rows).layout
            every = [shard for k in range(count) for shard in Part(k + 1, count).shards_of(layout)]
            assert every == list(range(layout.shard_count))

    def test_parts_at_once_after_a_kill_give_the_bytes_of_one_run(self, place, tmp_path):
        path = tmp_path / "toy.zarr"
        script = SLOW.replace(
            "import generate", "import generate\nfrom whence.datagen.parts import Part, generate_part"
        )
        script = script.replace("generate(Slow(), sys.argv[1])", "generate_part(Slow(), sys.argv[1], Part(2, 2))")
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
        with subprocess.Popen([sys.executable, "-c", script, path], env=environment, stderr=subprocess.DEVNULL) as run:
            deadline = time.monotonic() + 60
            while not (path / "progress" / "000001.json").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            run.send_signal(signal.SIGKILL)
        with pytest.raises(InputError, match=r"2 of 3 shards \(0, 2\) are missing; .* --shards 1/2, 2/2$"):
            finish(str(path))
        with ThreadPoolExecutor() as pool:
            asked = [Part(2, 2), Part(1, 2), Part(2, 2)]
            assert [*pool.map(lambda part: generate_part(PLAN, str(path), part), asked)] == [
                range(1, 3),
                range(1),
                range(1, 3),
            ]
        with pytest.raises(InputError, match="`whence finish` closes it"):
            Dataset(str(path))
        assert finish(str(path)) == Dataset(str(place / "s1.zarr")).fingerprint
        assert data_files(path) == data_files(place / "s1.zarr")
        assert finish(str(path)) == Dataset(str(path)).fingerprint
        assert generate_part(PLAN, str(path), Part(1, 2)) == range(1)
        pipeline.render_shard(PLAN, str(path), 0)  # of one that was slower, where there are no locks
        assert not (path / "progress").exists()
        assert data_files(path) == data_files(place / "s1.zarr")

    def test_only_the_shards_of_the_part_are_rendered(self, tmp_path, monkeypatch):
        rendered, render = [], pipeline.render_shard
        monkeypatch.setattr(pipeline, "render_shard", lambda *a: (rendered.append(a[2]), render(*a))[1])
        for part in (Part(3, 3), Part(3, 3), Part(2, 5)):
            generate_part(PLAN, str(tmp_path / "toy.zarr"), part)
        assert rendered == [2, 0]

    def test_what_is_inside_comes_with_the_first_part(self, place, tmp_path):
        path, plan = tmp_path / "homes.zarr", ToyHomes(clips=3)
        generate_part(plan, str(path), Part(2, 2))
        (path / "progress" / "000000.json").write_text("{}")
        with pytest.raises(InputError, match="the dataset 'dry' inside is missing"):
            finish(str(path))
        generate_part(plan, str(path), Part(1, 2))
        assert finish(str(path)) == Dataset(str(place / "h1.zarr")).fingerprint

    def test_a_damaged_shard_is_named(self, tmp_path):
        path = tmp_path / "toy.zarr"
        generate_part(PLAN, str(path), Part(1, 1))
        (path / "image" / "c" / "1" / "0").write_bytes(b"torn")
        with pytest.raises(InputError, match=r"1 of 3 shards \(1\) are missing or damaged; .* --shards 1/1"):
            finish(str(path))
        assert not (path / "manifest.json").exists()

    def test_a_plain_run_waits_for_the_parts(self, tmp_path, capsys):
        path = tmp_path / "toy.zarr"
        generate_part(PLAN, str(path), Part(1, 3))
        with ThreadPoolExecutor() as pool:
            with one_of_writers(path), one_of_writers(path):
                plain = pool.submit(generate, PLAN, str(path))
                deadline = time.monotonic() + 20
                while "waiting until it has ended" not in capsys.readouterr().err and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert not plain.done()
            assert plain.result(20) == Dataset(str(path)).fingerprint
        assert not (path / ".whence.lock").exists()

    def test_parts_hold_the_folder_while_they_render(self, tmp_path, monkeypatch):
        path, held = tmp_path / "toy.zarr", []

        def watched(*_: object, **__: object) -> None:
            with (path / ".whence.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # other parts may
                with pytest.raises(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(True)

        monkeypatch.setattr(parts, "render_shards", watched)
        generate_part(PLAN, str(path), Part(1, 3))
        assert held

    @pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/2/3"])
    def test_another_part_is_refused(self, text, capsys):
        assert refused("generate", "tde", "x.zarr", f"--shards={text}") == "2"
        assert f"--shards {text}: expected K/N with K from 1 to N" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("name", "said"),
        [("nowhere.zarr", "does not exist"), ("bare", "not a Whence"), ("plain.zarr", "not made in parts")],
    )
    def test_nothing_else_is_closed(self, tmp_path, capsys, monkeypatch, name, said):
        (tmp_path / "bare").mkdir()
        monkeypatch.setattr(pipeline, "render_shards", lambda *_, **__: sys.exit())
        with pytest.raises(SystemExit):
            generate(PLAN, str(tmp_path / "plain.zarr"))
        assert refused("finish", tmp_path / name) == "2"
        assert said in capsys.readouterr().err


class TestMerge:
    """`merge`."""

    def test_rows_follow_one_another(self, place, tmp_path):
        path = tmp_path / "m.zarr"
        plan = plan_merge([str(place / "s1.zarr"), str(place / "s2.zarr")])
        assert plan.render(3)["azimuth"] == pickle.loads(pickle.dumps(plan)).render(3)["azimuth"]  # as workers get it
        generate(plan, str(path))
        merged, sources = Dataset(str(path)), [Dataset(str(place / f"s{k}.zarr")) for k in (1, 2)]
        for name in ("audio", "image", "azimuth", "rt60"):
            expected = np.concatenate([one.column(name) for one in sources])
            assert np.array_equal(merged.column(name), expected, equal_nan=expected.dtype.kind == "f")
        names = [f"{one.fingerprint[:8]}/{name}" for one in sources for name in one.column("sample_id")]
        assert merged.column("sample_id").tolist() == names
        assert [one["fingerprint"] for one in merged.recipe["merged"]] == [one.fingerprint for one in sources]
        assert "seed" not in merged.recipe
        assert all(check.passed for check in verify_dataset(merged, rerender=5))

    def test_the_fingerprint_does_not_depend_on_the_steps(self, place, tmp_path):
        one, two, three = (str(place / f"h{k}.zarr") if k < 3 else str(tmp_path / "h3.zarr") for k in (1, 2, 3))
        generate(ToyHomes(seed=3, clips=1), three)
        first = str(tmp_path / "first.zarr")
        generate(plan_merge([one, two]), first)
        at_once = generate(plan_merge([one, two, three]), str(tmp_path / "once.zarr"))
        assert generate(plan_merge([first, three]), str(tmp_path / "twice.zarr")) == at_once
        assert generate(plan_merge([three, one, two]), str(tmp_path / "turned.zarr")) != at_once

    def test_what_is_inside_is_merged_and_counted_on(self, place, tmp_path):
        urls = [str(place / "h1.zarr"), str(place / "h2.zarr")]
        generate(plan_merge(urls), str(tmp_path / "m.zarr"))
        merged, sources = Dataset(str(tmp_path / "m.zarr")), [Dataset(url) for url in urls]
        played = [one.part("dry").column("audio")[one.column("dry_clip")] for one in sources]
        again = merged.part("dry").column("audio")[merged.column("dry_clip")]
        assert np.array_equal(again, np.concatenate(played))
        assert len(set(merged.column("scene"))) == 4
        assert merged.attributes["speech"]["licences"] == {"CC0": 7}
        assert all(check.passed for check in verify_dataset(merged, rerender=5))

    def test_it_is_cited_and_has_no_recipe_of_its_own(self, tmp_path):
        urls, merged = [str(tmp_path / f"{seed}.zarr") for seed in (1, 2)], str(tmp_path / "m.zarr")
        for seed, url in enumerate(urls):
            generate(ToyHomes(seed=seed, made_here=bool(seed)), url)
        generate(plan_merge(urls), merged)
        assert "scenes" in [one.what for one in cited(Dataset(merged))]
        assert "--recipe" not in dataset_card(Dataset(merged))
        with pytest.raises(InputError, match="render each set that it was merged from"):
            plan_again(read_record(merged), {})

    def test_a_split_that_another_contradicts_is_refused(self, tmp_path):
        urls = [str(tmp_path / f"{split}.zarr") for split in ("train", "test")]
        for seed, url in enumerate(urls):
            generate(ToyHomes(seed=7 + seed, split=Path(url).stem, made_here=False), url)
        with pytest.raises(InputError, match="scene 'home-0' has another split"):
            plan_merge(urls)

    def test_rows_that_both_hold_are_refused(self, place, tmp_path):
        generate(ToyPlan(rows=6), str(tmp_path / "fewer.zarr"))
        with pytest.raises(InputError, match=r"holds 6 rows that .*s1\.zarr holds, such as row 0"):
            plan_merge([str(place / "s1.zarr"), str(tmp_path / "fewer.zarr")])

    @pytest.mark.parametrize(
        ("sources", "said"),
        [
            ("s1", "takes two datasets or more"),
            ("s1 s1", "holds what"),
            ("s1 nowhere", "does not exist"),
            ("s1 h1", "merge sets of one kind"),
            ("s1 small-shards", "another layout than .*audio, image.* 2 rows a shard.* there, .* 4 rows a shard"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, place, tmp_path, capsys, sources, said):
        before = sorted(tmp_path.iterdir())
        assert refused("merge", *(place / f"{one}.zarr" for one in sources.split()), tmp_path / "m.zarr") == "2"
        told = capsys.readouterr().err
        assert len(told.splitlines()) == 1
        assert re.search(said, told)
        assert sorted(tmp_path.iterdir()) == before


class TestCopy:
    """`copy`."""

    @pytest.fixture
    def memory(self):
        yield "memory://copies"
        fsspec.filesystem("memory").store.clear()

    def test_there_and_back(self, place, tmp_path, memory):
        source = place / "h1.zarr"
        sent, back = copy(str(source), f"{memory}/h.zarr"), copy(f"{memory}/h.zarr", str(tmp_path / "h.zarr"))
        assert sent == back
        assert sent.there == 0
        assert tree(tmp_path / "h.zarr") == tree(source)
        assert Dataset(f"{memory}/h.zarr").part("dry").fingerprint == Dataset(str(source)).part("dry").fingerprint
        again = copy(str(source), f"{memory}/h.zarr")
        assert (again.fresh, again.there) == (0, sent.fresh)

    @pytest.mark.parametrize("after", [0, 5, 12, 20])
    def test_a_copy_that_was_stopped_is_not_whole_and_goes_on(self, place, tmp_path, monkeypatch, after):
        source, target, written, write = place / "h1.zarr", tmp_path / "h.zarr", [], Folder.write

        def full(folder: Folder, name: str, content: bytes) -> None:
            if len(written) > after:
                raise OSError(28, "No space left on device")
            written.append(name)
            write(folder, name, content)

        with monkeypatch.context() as patch:
            patch.setattr(Folder, "write", full)
            with pytest.raises(OSError, match="No space"):
                copy(str(source), str(target))
        with pytest.raises(InputError, match="half copied: run its `whence copy`"):
            Dataset(str(target))
        done = copy(str(source), str(target))
        assert done.there == len(set(written) - {COPYING})
        assert tree(target) == tree(source)

    def test_a_damaged_source_is_not_copied(self, place, tmp_path):
        copy(str(place / "s1.zarr"), str(tmp_path / "s.zarr"))
        (tmp_path / "s.zarr" / "audio" / "c" / "0" / "0" / "0").write_bytes(b"changed")
        with pytest.raises(InputError, match="audio/c/0/0/0 is damaged: its sha256 is not that of the manifest"):
            copy(str(tmp_path / "s.zarr"), str(tmp_path / "t.zarr"))
        with pytest.raises(InputError, match="half copied"):
            Dataset(str(tmp_path / "t.zarr"))

    def test_a_damaged_copy_is_repaired(self, place, tmp_path):
        target = tmp_path / "s.zarr"
        copy(str(place / "s1.zarr"), str(target))
        (target / "audio" / "c" / "0" / "0" / "0").write_bytes(b"changed")
        (target / "azimuth" / "c" / "0").unlink()
        assert copy(str(place / "s1.zarr"), str(target)).fresh == 2
        assert tree(target) == tree(place / "s1.zarr")

    def test_storage_that_changes_bytes_is_told(self, place, tmp_path, monkeypatch):
        write = Folder.write
        monkeypatch.setattr(Folder, "write", lambda folder, name, content: write(folder, name, content[:-1] or b"x"))
        with pytest.raises(InputError, match="arrived changed"):
            copy(str(place / "s1.zarr"), str(tmp_path / "s.zarr"))

    def test_a_run_is_copied_and_brought_up_to_date(self, tmp_path, memory):
        run, url = tmp_path / "run", f"{memory}/run"
        (run / "predictions").mkdir(parents=True)
        for k in range(2):
            (run / "run.json").write_text(json.dumps({"track": "tde", "fingerprint": "f", "predictions": [k]}))
            (run / "predictions" / f"{k}.parquet").write_bytes(bytes([k]))
            copy(str(run), url)
        copy(url, str(tmp_path / "back"))
        assert tree(tmp_path / "back") == tree(run)
        (run / "run.json").write_text(json.dumps({"track": "azimuth", "fingerprint": "f"}))
        with pytest.raises(InputError, match="holds something else"):
            copy(str(run), url)

    @pytest.mark.parametrize(
        ("source", "target", "said"),
        [
            ("s1.zarr", "s2.zarr", "holds something else than a copy"),
            ("s1.zarr", "s1.zarr/inside", "inside one another"),
            ("nowhere.zarr", "x.zarr", "does not exist"),
            (".", "../x", "neither a dataset nor a run folder"),
            ("s1.zarr", "http://127.0.0.1:9/x.zarr", "http can only be read"),
            ("s1.zarr", "foo://x.zarr", "Protocol not known"),
        ],
    )
    def test_wrong_places(self, place, monkeypatch, capsys, source, target, said):
        monkeypatch.chdir(place)
        before = tree(place)
        assert refused("copy", source, target) == "2"
        assert said in capsys.readouterr().err
        assert tree(place) == before


def tree(path: Path) -> dict[str, bytes]:
    """Return every file below `path`."""
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
