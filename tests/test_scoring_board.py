"""A board scores as `whence bench` does: the same numbers, to the last digit."""

import dataclasses
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from toy_board import all_rows, toy_card, toy_labels, toy_submission, toy_submissions, with_rows

from whence.benchmarks import bench as benching
from whence.benchmarks.questions.metrics import MEAN_ABSOLUTE_ERROR_MS
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.running.run import dataset_of
from whence.benchmarks.scoring.results import CEILING, CHANCE, read_results
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.tde import plan_tde
from whence.errors import InputError
from whence.leaderboard.sealing.labels_file import read_labels_file
from whence.leaderboard.sealing.seal import seal
from whence.leaderboard.standing.scoring import labels_of, score_submissions
from whence.leaderboard.submission.bundle import build_submission
from whence.leaderboard.submission.expectation import check_submission, expectation_of
from whence.leaderboard.submission.file import write_submission

CONDITIONS = [StereoCondition(snr_db=snr) for snr in (20.0, -5.0)]
METHODS = ("gcc-phat", "gcc-phat:protocol=best", "scot")


@pytest.fixture(scope="module")
def place(tmp_path_factory, speech_folder) -> Path:
    """A small set, sealed, benched both ways: `run` on the set itself, `sealed-run` on its sealed copy."""
    folder = tmp_path_factory.mktemp("board")
    generate(plan_tde(str(speech_folder), clips=6, rt60=(0.1, 0.5)), str(folder / "d.zarr"))
    benching.bench("tde", str(folder / "d.zarr"), folder / "run", methods=METHODS, conditions=CONDITIONS, report=False)
    seal(
        str(folder / "d.zarr"),
        track="tde",
        labels_path=folder / "labels.parquet",
        out=str(folder / "public.zarr"),
        conditions=CONDITIONS,
        allow_guessable_seed=True,
    )
    benching.bench("tde", str(folder / "public.zarr"), folder / "sealed-run", methods=METHODS, report=False)
    return folder


def built(place: Path, method: str):
    """The submission of a method, written and read as the board does."""
    expectation = expectation_of(dataset_of(place / "sealed-run"))
    path = place / f"submission-{METHODS.index(method)}.parquet"
    write_submission(build_submission(place / "sealed-run", method, toy_card(method), expectation), path)
    submission = expectation.read(path)
    check_submission(submission, expectation)
    return submission


def test_submitted_scores_are_those_of_the_bench_to_the_last_digit(place):
    labels = read_labels_file(place / "labels.parquet")
    results = score_submissions(labels, {method: built(place, method) for method in METHODS}, "all")
    benched = read_results(place / "run")
    assert len(results.rows) == len(benched.rows) > 100
    compared = 0
    for ours in benched.rows:
        (board,) = results.find(method=ours.method, metric=ours.metric, condition=ours.condition)
        for field in ("value", "ci_low", "ci_high", "skill", "n", "rank", "unit"):
            one, other = getattr(ours, field), getattr(board, field)
            both_unknown = isinstance(one, float) and np.isnan(one) and np.isnan(other)
            assert one == other or both_unknown, (ours.method, ours.metric, ours.condition, field)
            compared += 1
    assert compared == 7 * len(benched.rows)


def test_predictions_on_the_sealed_set_are_those_on_the_set_itself(place):
    """So that the scores above can be equal at all: the sealed audio is what the harness makes, bit by bit."""
    labels = read_labels_file(place / "labels.parquet")
    source_name = dict(zip(labels.labels.sample_id, labels.source_sample_id, strict=True))
    submission = built(place, "gcc-phat:protocol=best")
    rows = all_rows(submission)
    for k, condition in enumerate(submission.header.conditions):
        mine = rows.condition == k
        sealed = {source_name[n]: p for n, p in zip(rows.sample_id[mine], rows.answers[mine], strict=True)}
        for path in (place / "run" / "predictions").glob("*.parquet"):
            found = read_predictions(path)
            if found.method == submission.header.method and found.metadata["condition"] == dict(condition):
                open_set = dict(zip(found.frame["sample_id"], found.frame["prediction"], strict=True))
                assert sealed == open_set


def test_halves_add_up(place):
    labels = read_labels_file(place / "labels.parquet")
    submissions = {"m": built(place, "scot")}
    parts = {half: score_submissions(labels, submissions, half) for half in ("public", "private", "all")}
    for condition in CONDITIONS:
        wanted = {"method": "m", "metric": "mean_absolute_error", "condition": condition.stated()}
        public, private, everything = (parts[half].find(**wanted)[0] for half in ("public", "private", "all"))
        assert public.n + private.n == everything.n
        mean = (public.n * public.value + private.n * private.value) / everything.n
        assert everything.value == pytest.approx(mean, rel=1e-12)


def test_chance_and_ceiling_come_from_the_labels_of_the_half():
    sealed = toy_labels()
    results = score_submissions(sealed, toy_submissions(sealed), "public")
    truth = labels_of(sealed, "public").truth
    chance = results.find(method=CHANCE, metric="mean_absolute_error")[0]
    assert chance.value == pytest.approx(1e3 * np.abs(truth).mean(), rel=1e-12)
    assert results.find(method=CEILING, metric="mean_absolute_error")[0].value == 0
    good = results.find(method="good", metric="mean_absolute_error")[0]
    assert good.skill == pytest.approx(1 - good.value / chance.value, rel=1e-12)


def test_values_against_plain_numpy():
    """Independent of all scoring code: mean absolute errors by hand, matched by name."""
    sealed = toy_labels()
    submissions = toy_submissions(sealed)
    results = score_submissions(sealed, submissions, "private")
    truth = {name: t for name, t, half in zip(sealed.labels.sample_id, sealed.labels.truth, sealed.half, strict=True)
             if half == "private"}  # fmt: skip
    for key, submission in submissions.items():
        one = all_rows(submission)
        for k, condition in enumerate(submission.header.conditions):
            rows = zip(one.condition, one.sample_id, one.answers, strict=True)
            errors = [abs(p - truth[n]) for c, n, p in rows if c == k and n in truth]
            (row,) = results.find(method=key, metric=MEAN_ABSOLUTE_ERROR_MS.name, condition=dict(condition))
            assert row.value == pytest.approx(1e3 * np.mean(errors), rel=1e-12)
            assert row.n == len(errors) == 120


def test_order_of_rows_and_conditions_does_not_matter():
    sealed = toy_labels()
    expectation = sealed.expectation
    values = np.random.default_rng(0).uniform(-5e-4, 5e-4, (len(sealed.conditions), len(sealed.labels)))
    straight = toy_submission(expectation, values)
    order = np.random.default_rng(1).permutation(values.size)
    shuffled = with_rows(straight, **{name: column[order] for name, column in vars(all_rows(straight)).items()})
    one, other = (score_submissions(sealed, {"m": found}, "all") for found in (straight, shuffled))
    assert one.rows == other.rows


def test_an_empty_half_and_a_reserved_name_are_refused():
    sealed = toy_labels()
    submissions = toy_submissions(sealed)
    everything = dataclasses.replace(sealed, half=np.full(len(sealed.labels), "public", dtype=object))
    with pytest.raises(InputError, match="no private half"):
        score_submissions(everything, submissions, "private")
    with pytest.raises(InputError, match="half 'both'"):
        score_submissions(sealed, submissions, "both")
    with pytest.raises(InputError, match="entry 'chance': the name is reserved"):
        score_submissions(sealed, {"chance": submissions["good"]}, "all")


def test_a_submission_with_holes_is_not_scored():
    sealed = toy_labels()
    one = toy_submissions(sealed)["good"]
    columns = {name: column[1:] for name, column in vars(all_rows(one)).items()}
    with pytest.raises(InputError, match="1 of 720 predictions are missing"):
        score_submissions(sealed, {"m": with_rows(one, **columns)}, "all")


class TestBundle:
    """What is taken from a run, and what is not."""

    def test_a_method_that_is_not_there(self, place):
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        with pytest.raises(InputError, match=r"--method gcc: .* holds none of it; did you mean 'gcc-phat'"):
            build_submission(place / "sealed-run", "gcc", toy_card("m"), expectation)

    def test_a_run_on_another_dataset(self, place):
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        with pytest.raises(InputError, match=r"is a run on the dataset .*, not on"):
            build_submission(place / "run", "scot", toy_card("m"), expectation)

    def test_an_open_dataset_takes_no_submission(self, place):
        with pytest.raises(InputError, match="submissions are for sealed ones"):
            expectation_of(dataset_of(place / "run"))

    def test_a_run_on_a_twin_is_sent_for_the_dataset_of_the_board(self, place):
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        twin = replace(expectation, fingerprint="0" * 64)
        sent = build_submission(place / "sealed-run", "scot", toy_card("m"), twin)
        assert sent.header.fingerprint == "0" * 64
        other = replace(twin, content={**expectation.content, "exact": "1" * 64})
        with pytest.raises(InputError, match="bench the board's own one"):
            build_submission(place / "sealed-run", "scot", toy_card("m"), other)

    def test_no_run(self, place, tmp_path):
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        for folder in (tmp_path / "absent", tmp_path):
            with pytest.raises(InputError, match=r"holds no run\.json: give the --out folder of a `whence bench`"):
                build_submission(folder, "m", toy_card("m"), expectation)
        shutil.copy(place / "sealed-run" / "run.json", tmp_path)
        with pytest.raises(InputError, match="holds no predictions"):
            build_submission(tmp_path, "m", toy_card("m"), expectation)

    def test_a_run_of_some_samples_or_conditions_is_refused(self, place, tmp_path):
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        benching.bench(
            "tde", str(place / "public.zarr"), tmp_path / "few", methods=["zero"], max_samples=5, report=False
        )
        few = build_submission(tmp_path / "few", "zero", toy_card("m"), expectation)
        with pytest.raises(InputError, match="predictions are missing"):
            check_submission(few, expectation)
        benching.bench(
            "tde",
            str(place / "public.zarr"),
            tmp_path / "one",
            methods=["zero"],
            conditions=CONDITIONS[:1],
            report=False,
        )
        one = build_submission(tmp_path / "one", "zero", toy_card("m"), expectation)
        with pytest.raises(InputError, match="1 of 2 conditions are missing"):
            check_submission(one, expectation)

    def test_of_two_files_for_one_condition_the_listed_one_counts(self, place, tmp_path):
        shutil.copytree(place / "sealed-run", tmp_path / "run")
        first = next((tmp_path / "run" / "predictions").glob("scot--*.parquet"))
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        listed = all_rows(build_submission(tmp_path / "run", "scot", toy_card("m"), expectation))
        table = parquet.read_table(first)
        zero = table.set_column(table.column_names.index("prediction"), "prediction", pa.array(np.zeros(len(table))))
        parquet.write_table(zero, first.with_name("scot--again.parquet"))
        found = all_rows(build_submission(tmp_path / "run", "scot", toy_card("m"), expectation))
        np.testing.assert_array_equal(found.answers, listed.answers)

    def test_folders_of_methods_and_their_parameters_stay_at_home(self, place, tmp_path):
        (tmp_path / "mine.py").write_text(
            "from dataclasses import dataclass\nfrom pathlib import Path\n\nimport numpy as np\n\n\n"
            "@dataclass\nclass Mine:\n    weights: Path\n    other: str = ''\n    depth: float = 1.0\n"
            "    version = '1'\n    tracks = ('tde',)\n\n"
            "    def predict(self, batch):\n        return np.zeros(len(batch))\n"
        )
        label = f"{tmp_path}/mine.py:Mine:weights={tmp_path}/lr=0.1/w.pt:other=C;\\x\\folder/:depth=0.5"
        benching.bench("tde", str(place / "public.zarr"), tmp_path / "run", methods=[label], report=False)
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        submission = build_submission(tmp_path / "run", label, toy_card("m"), expectation)
        assert submission.header.method == "mine.py:Mine:weights=w.pt:other=folder:depth=0.5"
        assert submission.header.parameters == {"weights": "w.pt", "other": "folder", "depth": 0.5}
        check_submission(submission, expectation)
