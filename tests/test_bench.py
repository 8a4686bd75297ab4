"""Conditions, harness, results, tables and comparison, on a small dataset rendered here."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.display.text_table import latex, markdown
from whence.benchmarks.questions.settings import grid as grid_of
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.report.tables import all_tables, comparison_table, published_table, score_table
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.scoring.compare import comparisons
from whence.benchmarks.scoring.results import read_results
from whence.benchmarks.stimuli.stereo.batch import block_names, degrade, distractor_rows, talker_start
from whence.benchmarks.stimuli.stereo.condition import StereoCondition as Condition
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.tde import TdePlan, TdeRecipe
from whence.errors import InputError
from whence.registry import load_track

MIXED = Condition(distractor=1.0)
MINE = """
import numpy as np

class Mine:
    version = "1"
    tracks = ("tde",)
    calls = 0

    def predict(self, batch):
        type(self).calls += len(batch)
        return np.full(len(batch), 1e-4)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory, corpus) -> str:
    """A TDE dataset of 36 clips: three rooms, two RT60."""
    url = str(tmp_path_factory.mktemp("data") / "tde.zarr")
    generate(TdePlan(TdeRecipe(clips=6, rt60=(0.1, 0.5), corpus=corpus.digest), corpus), url)
    return url


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    """A run of three methods at two noise levels."""
    grid = [Condition(snr_db=30.0), Condition(snr_db=10.0)]
    return bench(
        "tde", data, tmp_path_factory.mktemp("run"), methods=["zero", "gcc-phat", "ml"], conditions=grid, report=False
    )


def second(seed=0):
    """Return one stored second of noise, float32 (2, 16000)."""
    return (0.1 * np.random.default_rng(seed).standard_normal((2, 16000))).astype(np.float32)


def correlation(one, other):
    """Return the correlation of two sounds of the same shape."""
    return np.corrcoef(np.ravel(one), np.ravel(other))[0, 1]


class TestConditions:
    @pytest.mark.parametrize(
        ("seconds", "votes", "read", "kept"),
        [(0.064, 128, 2048, 1151), (0.48, 128, 9216, 7807), (0.064, 1, 2048, 1024)],
    )
    def test_lengths_are_the_published_ones(self, seconds, votes, read, kept):
        condition = Condition(clip_seconds=seconds, votes=votes)
        assert (condition.read_samples, condition.kept_samples, condition.hop) == (read, kept, 1)

    def test_a_shorter_window_spreads_its_votes(self):
        condition = Condition(clip_seconds=0.48, window=1024)
        assert condition.hop == (7807 - 1024) // 127

    def test_noise_is_relative_to_what_was_read(self):
        clip = second()
        noisy = degrade(clip, "a", Condition(snr_db=10.0, clip_seconds=0.48), seed=0)
        noise = noisy - clip[:, 200 : 200 + noisy.shape[1]]
        level = np.sqrt(np.mean(clip[:, :9216] ** 2)) / np.sqrt(np.mean(noise**2))
        assert 20 * np.log10(level) == pytest.approx(10, abs=0.15)

    @pytest.mark.parametrize(
        "other",
        [
            Condition(snr_db=20.0),
            Condition(snr_db=0.0, votes=127),
            Condition(snr_db=0.0, clip_seconds=0.07),
            Condition(snr_db=0.0, distractor=1e-6),
        ],
    )
    def test_every_condition_has_noise_of_its_own(self, other):
        clip, talker = second(), second(1)
        loud, soft = (degrade(clip, "a", one, talker, seed=0)[:, :1000] for one in (Condition(snr_db=0.0), other))
        start = clip[:, 200:1200]
        assert abs(correlation(loud - start, soft - start)) < 0.1

    def test_noise_depends_on_the_name_and_on_what_the_levels_are_not_on_how_they_are_written(self):
        clip, zero = second(), Condition(snr_db=0.0)
        noisy = degrade(clip, "a", zero, seed=0)
        assert abs(correlation(*(one - clip[:, 200:1351] for one in (noisy, degrade(clip, "b", zero, seed=0))))) < 0.1
        for same in (0, -0.0, np.float64(0)):
            np.testing.assert_array_equal(degrade(clip, "a", Condition(snr_db=same), seed=0), noisy)

    def test_distractor_keeps_to_its_block_and_is_never_the_clip_itself(self):
        names = np.array([f"clip{k}" for k in range(40)], dtype=object)
        blocks = block_names([k % 4 for k in range(40)])
        rows = distractor_rows(names, blocks, MIXED, seed=0)
        assert all(blocks[row] == blocks[k] and row != k for k, row in enumerate(rows))
        assert len(set(rows.tolist())) > 15

    def test_distractor_depends_on_the_block_alone(self):
        names = np.array([f"clip{k}" for k in range(10)], dtype=object)
        blocks = block_names(["x"] * 5 + ["y"] * 5)
        alone = distractor_rows(names[5:], blocks[5:], MIXED, seed=0)
        np.testing.assert_array_equal(distractor_rows(names, blocks, MIXED, seed=0)[5:] - 5, alone)

    def test_every_condition_chooses_its_own_second_talkers(self):
        names = np.array([f"clip{k}" for k in range(100)], dtype=object)
        one, other = (distractor_rows(names, names != "", Condition(distractor=w), seed=0) for w in (0.5, 1.0))
        assert np.count_nonzero(one == other) < 10

    @pytest.mark.parametrize("seconds", [0.064, 0.48])
    def test_two_levels_of_the_same_second_talker_do_not_give_the_clean_clip(self, seconds):
        """The talker may be the same by chance: then it is heard at another time."""
        clip, talker = second(1), second(2)
        levels = (0.5, 1.0)
        first, other = (
            degrade(clip, "a", Condition(distractor=w, clip_seconds=seconds), talker, seed=0) for w in levels
        )
        clean = clip[:, 200 : 200 + first.shape[1]]
        assert np.sqrt(np.mean((2 * first - other - clean) ** 2)) > 0.5 * np.sqrt(np.mean(clean**2))
        assert abs(correlation(first - clean, other - clean)) < 0.1

    def test_the_second_talker_is_heard_where_no_target_is(self):
        """A mixture must not hold what another clip's target sounds like, where the stored second is long enough."""
        for seconds, earliest in ((0.064, 2048), (0.3, 0)):
            condition = Condition(distractor=1.0, clip_seconds=seconds)
            starts = [talker_start(16_000, condition, f"{k}", seed=0) for k in range(300)]
            latest = 16_000 - condition.read_samples
            assert earliest <= min(starts) < earliest + 0.05 * latest
            assert 0.95 * latest < max(starts) <= latest
        assert talker_start(1_000, Condition(distractor=1.0), "a", seed=0) == 0

    def test_distractor_level(self):
        clip, other = second(1), second(2)
        mixed = degrade(clip, "a", Condition(distractor=0.5), other, seed=0)
        added = mixed - clip[:, 200 : 200 + mixed.shape[1]]
        assert np.sqrt(np.mean(added**2)) == pytest.approx(0.05, rel=0.03)

    def test_grid_is_every_combination(self):
        given = {"--snr": [30.0, None], "--distractor": [None, 0.1], "--clip-seconds": [0.064, 0.48]}
        grid = grid_of([Condition()], given, "tde")
        assert len(set(grid)) == 8

    @pytest.mark.parametrize(
        ("settings_", "message"),
        [
            ({"votes": 0}, "votes=0"),
            ({"clip_seconds": 2.0}, "clip length 2.0 s: expected 0.004 to 0.8"),
            ({"window": 4000}, "window=4000 samples: expected 64 to 1024"),
            ({"distractor": 0.0}, "distractor=0.0: expected a level above 0"),
            ({"clip_seconds": 0.8, "votes": 9000}, "more than the stored second"),
        ],
    )
    def test_impossible_ones_are_refused(self, settings_, message):
        with pytest.raises(InputError, match=message):
            Condition(**settings_)

    @settings(max_examples=30, deadline=None)
    @given(st.floats(0.004, 0.5), st.integers(1, 300))
    def test_windows_fit_into_what_is_kept(self, seconds, votes):
        condition = Condition(clip_seconds=seconds, votes=votes)
        heard = degrade(second(), "a", condition, seed=0)
        assert heard.shape[1] == condition.kept_samples
        assert (votes - 1) * condition.hop + condition.window_samples <= condition.kept_samples


class TestHarness:
    def test_predictions_say_what_they_are(self, run):
        one = read_predictions(next((run.folder / "predictions").glob("gcc-phat--SNR_10*")))
        assert one.metadata["fingerprint"] == run.dataset.fingerprint
        assert one.metadata["parameters"] == {"protocol": "paper", "votes": "mean"}
        assert list(one.frame.columns) == [
            "sample_id", "rt60_nominal", "snr_db", "distractor", "clip_seconds", "window", "votes", "prediction",
        ]  # fmt: skip
        assert parquet.read_schema(next((run.folder / "predictions").glob("*"))).metadata[b"whence"]

    def test_rerun_computes_only_what_is_missing(self, tmp_path, data):
        (tmp_path / "mine.py").write_text(MINE)
        name = f"{tmp_path}/mine.py:Mine"
        first = bench("tde", data, tmp_path / "run", methods=[name], conditions=[Condition(snr_db=30.0)], report=False)
        files = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "predictions").glob("*")}
        both = [Condition(snr_db=30.0), Condition(snr_db=0.0)]
        second_run = bench("tde", data, tmp_path / "run", methods=[name], conditions=both, report=False)
        assert {path: path.stat().st_mtime_ns for path in files} == files
        assert len(second_run.scored) == 2 * len(first.scored)

    def test_a_changed_method_file_is_run_again(self, tmp_path, data):
        for delay in ("1e-4", "2e-4"):
            (tmp_path / "mine.py").write_text(MINE.replace("1e-4", delay))
            name = f"{tmp_path}/mine.py:Mine"
            run = bench(
                "tde", data, tmp_path / "run", methods=[name], conditions=[Condition(snr_db=30.0)], report=False
            )
            assert set(read_predictions(run.files[0]).answers) == {float(delay)}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("return np.full(len(batch), np.nan)", "not finite for the sample room1/rt60-0.1/00000"),
            ("return np.zeros((len(batch), 2))", r"returned shape \(36, 2\): expected \(36,\)"),
        ],
    )
    def test_a_bad_prediction_is_refused(self, tmp_path, data, body, message):
        (tmp_path / "mine.py").write_text(MINE.replace("return np.full(len(batch), 1e-4)", body))
        with pytest.raises(InputError, match=message):
            bench("tde", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"])

    def test_a_method_that_writes_into_its_batch_harms_nobody_else(self, tmp_path, data):
        (tmp_path / "mine.py").write_text(MINE.replace("type(self).calls += len(batch)", "batch.audio[:] = 0"))
        names, grid = [f"{tmp_path}/mine.py:Mine", "gcc-phat"], [Condition(snr_db=10.0)]
        together = bench("tde", data, tmp_path / "a", methods=names, conditions=grid, report=False).files[1]
        alone = bench("tde", data, tmp_path / "b", methods=["gcc-phat"], conditions=grid, report=False).files[0]
        np.testing.assert_array_equal(*(read_predictions(file).answers for file in (together, alone)))

    def test_the_second_talker_depends_on_the_clip_alone(self, tmp_path, data):
        grid = [Condition(distractor=0.5)]
        few, all_ = (
            bench(
                "tde", data, tmp_path / str(n), methods=["gcc-phat"], conditions=grid, max_samples=n, report=False
            ).files[0]
            for n in (7, None)
        )
        np.testing.assert_array_equal(read_predictions(few).answers, read_predictions(all_).answers[:7])

    def test_a_damaged_prediction_is_computed_again(self, tmp_path, data):
        first = bench("tde", data, tmp_path, methods=["ml"], conditions=[Condition()], report=False)
        path = next((tmp_path / "predictions").glob("*"))
        path.write_bytes(path.read_bytes()[:100])
        again = bench("tde", data, tmp_path, methods=["ml"], conditions=[Condition()], report=False)
        assert [row.value for row in again.results.rows] == [row.value for row in first.results.rows]

    def test_a_method_may_import_what_lies_beside_it_and_hold_paths(self, tmp_path, data):
        (tmp_path / "beside.py").write_text("DELAY = 3e-4")
        (tmp_path / "deep.py").write_text(
            "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom pathlib import Path\n"
            "import numpy as np\nfrom beside import DELAY\n\n@dataclass(frozen=True)\nclass Deep:\n"
            "    weights: Path = Path('none')\n    version = '1'\n    tracks = ('tde',)\n"
            "    def predict(self, batch):\n        return np.full(len(batch), DELAY)\n"
        )
        run = bench(
            "tde",
            data,
            tmp_path / "r",
            methods=[f"{tmp_path}/deep.py:Deep:weights=w.pt"],
            conditions=[Condition()],
            report=False,
        )
        assert set(read_predictions(run.files[0]).answers) == {3e-4}
        assert run.scored[0].metadata["parameters"] == {"weights": "w.pt"}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("raise KeyError('x')", r"raised KeyError: 'x' \(mine\.py, line 10\)"),
            ("return ['left'] * len(batch)", "raised ValueError"),
        ],
    )
    def test_a_failing_method_is_named_with_its_line(self, tmp_path, data, body, message):
        (tmp_path / "mine.py").write_text(MINE.replace("type(self).calls += len(batch)", body))
        with pytest.raises(InputError, match=message):
            bench("tde", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"])

    def test_a_run_folder_keeps_to_its_track_and_out_of_datasets(self, run, data):
        with pytest.raises(InputError, match="holds a run of track 'tde'"):
            bench("left-right", data, run.folder, methods=["gcc-phat"])
        with pytest.raises(InputError, match="lies inside a dataset"):
            bench("tde", data, Path(data) / "run", methods=["zero"])

    def test_first_samples_only(self, tmp_path, data):
        run = bench("tde", data, tmp_path, methods=["zero"], conditions=[Condition()], max_samples=10, report=False)
        assert {row.n for row in run.results.rows if "rt60_nominal" not in row.condition} == {10}

    def test_a_dataset_of_another_kind_is_refused(self, tmp_path, shared_data, corpus):
        from whence.datagen.brir import plan_brir

        plan = plan_brir(f"{shared_data}/brir/surrey_anechoic_16k", str(corpus.location), clips=1)
        generate(plan, str(tmp_path / "b.zarr"))
        dataset = Dataset(str(tmp_path / "b.zarr"))
        dataset.name = "pictures"
        with pytest.raises(InputError, match="of kind 'pictures'; the track 'tde' takes tde or brir"):
            _ = open_source(load_track("tde"), dataset).labels


class TestResults:
    def test_values_are_those_of_the_predictions(self, run):
        dataset = Dataset(run.dataset.url)
        truth = dataset.column("interaural_time_difference")
        one = next(p for p in run.scored if p.method == "gcc-phat" and p.condition["snr_db"] == 10)
        errors = 1000 * np.abs(read_predictions(one.file).answers - truth)
        row = run.results.find(method="gcc-phat", metric="mean_absolute_error", snr_db=10.0, rt60_nominal=None)[0]
        assert row.value == pytest.approx(errors.mean())
        assert row.ci_low < row.value < row.ci_high or np.isnan(row.ci_low)
        half = run.results.find(method="gcc-phat", metric="mean_absolute_error", snr_db=10.0, rt60_nominal=0.5)[0]
        assert half.value == pytest.approx(errors[dataset.column("rt60_nominal") == 0.5].mean())

    def test_zero_is_chance_and_the_truth_the_ceiling(self, run):
        for row in run.results.rows:
            if row.metric == "mean_absolute_error" and row.method in ("zero", "chance", "ceiling"):
                assert row.skill == pytest.approx({"zero": 0, "chance": 0, "ceiling": 1}[row.method])

    def test_files_hold_the_same(self, run):
        again = read_results(run.folder)
        content = json.loads((run.folder / "results.json").read_text())
        assert set(content) == {"track", "dataset", "protocol", "rows", "made"}
        assert len(again.rows) == len(run.results.rows) == len(pd.read_csv(run.folder / "results.csv"))
        assert [row.value for row in again.rows] == [row.value for row in run.results.rows]

    def test_a_finished_run_opens_again(self, run):
        again = open_run(run.folder)
        assert len(again.scored) == len(run.scored) == 6

    def test_a_moved_dataset_is_found_again(self, tmp_path, data):
        shutil.copytree(data, tmp_path / "old" / "d.zarr")
        bench(
            "tde",
            str(tmp_path / "old" / "d.zarr"),
            tmp_path / "old" / "run",
            methods=["zero"],
            conditions=[Condition()],
            report=False,
        )
        shutil.move(tmp_path / "old", tmp_path / "new")
        assert len(open_run(tmp_path / "new" / "run").labels) == 36
        shutil.move(tmp_path / "new" / "d.zarr", tmp_path / "e.zarr")
        with pytest.raises(InputError, match="has moved: give it with --data"):
            open_run(tmp_path / "new" / "run")
        assert len(open_run(tmp_path / "new" / "run", str(tmp_path / "e.zarr")).labels) == 36

    def test_no_run_there(self, tmp_path):
        with pytest.raises(InputError, match=r"holds no run\.json"):
            open_run(tmp_path)


class TestTables:
    def test_rows_are_in_order_between_ceiling_and_chance(self, run):
        table = score_table(run.results, run.track, run.track.metrics[0])
        assert (table.rows[0][0], table.rows[-1][0]) == ("ceiling", "chance")
        assert table.heads[:3] == ["method", "SNR 30 dB", "SNR 10 dB"]

    def test_a_missing_cell_says_so_and_ranks_last(self, run):
        rows = [row for row in run.results.rows if not (row.method == "ml" and row.condition["snr_db"] == 10)]
        thinner = type(run.results)(run.results.track, run.results.dataset, run.results.protocol, rows)
        table = score_table(thinner, run.track, run.track.metrics[0])
        assert [row[0] for row in table.rows] == ["ceiling", "gcc-phat", "zero", "ml", "chance"]
        assert table.rows[3][2] == "missing"

    def test_published_numbers_stand_beside_ours(self, run):
        table = published_table(run.results, run.track)
        row = next(row for row in table.rows if row[0] == "GCC-PHAT (Mean)" and row[2] == "MAE")
        assert row[3] == "0.16 ms"
        assert row[1] == "SNR 10 dB, RT60 0.5 s, 0.064 s*"
        ours = run.results.find(method="gcc-phat", metric="mean_absolute_error", snr_db=10.0, rt60_nominal=0.5)[0]
        assert row[4].startswith(f"{ours.value:.3f}")

    def test_published_numbers_of_another_dataset_do_not(self, tmp_path, data):
        run = bench("left-right", data, tmp_path, methods=["gcc-phat", "iid-rms"], report=False)
        assert published_table(run.results, run.track) is None

    def test_markdown_and_latex(self, run):
        for table in all_tables(run.results, run.track, run.labels):
            text, tex = markdown(table), latex(table)
            assert text.count("\n|") == len(table.rows) + 2
            assert tex.count(r"\\") >= len(table.rows)
            assert tex.startswith(r"\begin{table}  % needs \usepackage{booktabs}")
        assert (run.folder / "tables.md").exists()
        assert (run.folder / "tables.tex").exists()


class TestComparison:
    def test_the_best_is_first_and_differs_from_itself_by_nothing(self, run):
        rows = comparisons([run])
        first = next(row for row in rows if row.condition["snr_db"] == 10)
        assert (first.rank, first.difference) == (None, 0), "two speakers are too few to rank"
        assert all(row.difference >= 0 for row in rows)

    def test_runs_of_different_datasets_are_refused(self, run, tmp_path, corpus):
        url = str(tmp_path / "other.zarr")
        generate(TdePlan(TdeRecipe(clips=6, rt60=(0.1, 0.5), seed=1, corpus=corpus.digest), corpus), url)
        other = bench("tde", url, tmp_path / "run", methods=["zero"], conditions=[Condition(snr_db=30.0)], report=False)
        with pytest.raises(InputError, match="are of different datasets"):
            comparisons([run, other])

    def test_runs_on_twins_compare(self, run, tmp_path, corpus):
        @dataclass(frozen=True)
        class Elsewhere(TdePlan):
            """The same clips, one sample of which another library rounds down."""

            def render(self, row):
                fields = super().render(row)
                fields["audio"][row % 2, 1_000 + row] -= np.sign(fields["audio"][row % 2, 1_000 + row])
                return fields

        url = str(tmp_path / "twin.zarr")
        generate(Elsewhere(TdeRecipe(clips=6, rt60=(0.1, 0.5), corpus=corpus.digest), corpus), url)
        other = bench("tde", url, tmp_path / "run", methods=["zero"], conditions=[Condition(snr_db=30.0)], report=False)
        assert other.dataset.fingerprint != run.dataset.fingerprint
        assert {row.n for row in comparisons([run, other])} == {36}
        assert open_run(run.folder, url).dataset.fingerprint == other.dataset.fingerprint

    def test_two_methods_of_one_name_are_told_apart(self, run, tmp_path, data):
        from whence.benchmarks.scoring.compare import _shared_subsets

        for folder, delay in (("a", "1e-4"), ("b", "2e-4")):
            (tmp_path / "mine.py").write_text(MINE.replace("1e-4", delay))
            bench(
                "tde",
                data,
                tmp_path / folder,
                methods=[f"{tmp_path}/mine.py:Mine"],
                conditions=[Condition()],
                report=False,
            )
        runs = [open_run(tmp_path / folder) for folder in ("a", "b")]
        names = list(_shared_subsets(runs, runs[0].track.metrics[0])[0].terms)
        assert names == [f"{tmp_path}/mine.py:Mine", f"{tmp_path}/mine.py:Mine (b)"]

    def test_a_method_that_misses_a_condition_is_listed_last(self, tmp_path, data):
        for name, grid in (("zero", [Condition(), Condition(snr_db=0.0)]), ("ml", [Condition()])):
            bench("tde", data, tmp_path / name, methods=[name], conditions=grid, report=False)
        rows = comparisons([open_run(tmp_path / name) for name in ("zero", "ml")])
        missing = [row for row in rows if row.n == 0]
        assert [(row.method, row.condition["snr_db"]) for row in missing] == [("ml", 0.0)]
        assert comparison_table(rows, load_track("tde").wording).rows[-1][3] == "missing"

    def test_ratios_to_a_named_method(self, run):
        rows = {(row.method, row.condition["snr_db"]): row for row in comparisons([run], against="zero")}
        for (method, snr), row in rows.items():
            zero = rows["zero", snr]
            assert row.against == "zero"
            assert row.difference == pytest.approx(row.value - zero.value)
            assert row.ratio == pytest.approx(row.value / zero.value)
            assert row.ratio_low <= row.ratio <= row.ratio_high or method == "zero"
        table = comparison_table(list(rows.values()), load_track("tde").wording, against="zero")
        assert "ratio to zero [95 %]" in table.heads
        with pytest.raises(InputError, match=r"--against gcc-fat: .*gcc-phat"):
            comparisons([run], against="gcc-fat")

    def test_unknown_metric(self, run):
        with pytest.raises(InputError, match="mean_absolute_error"):
            comparisons([run], "mean_absolut_error")


def test_every_documented_block_of_a_method_runs(tmp_path, data):
    """The method in docs/bench.md is real."""
    page = (Path(__file__).parents[1] / "docs" / "bench.md").read_text()
    (tmp_path / "mine.py").write_text(page.split("```python\n")[1].split("```")[0])
    run = bench(
        "tde", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], conditions=[Condition()], report=False
    )
    assert set(read_predictions(run.files[0]).answers) == {0.0}
