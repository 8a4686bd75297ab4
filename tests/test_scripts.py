"""Timings and studies at toy size: what they print is true; how fast it was is not asked."""

import importlib
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from toy_homes import ToyHomes, direction
from toy_panning import ToyPanning

from whence.benchmarks.bench import bench
from whence.benchmarks.speed import all as every
from whence.benchmarks.speed import (
    fourier,
    gcc_phat,
    homes,
    leaderboard,
    leaderboard_attack,
    mesh,
    raycast,
    reads,
    shoebox,
    stores,
    threads,
    torch_reading,
)
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.benchmarks.studies import (
    calibration,
    delay_grid,
    elevation,
    label_recovery,
    ngcc_table,
    panning,
    procedural_views,
    rotation_solvers,
    sounding_objects,
    speech_spectrum,
    vgg_ss_sample,
)
from whence.datagen import home
from whence.datagen import raycast as engine
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.scenes.scene import Scene
from whence.datagen.shards import Field
from whence.datagen.tde import plan_tde
from whence.errors import InputError
from whence.models.delay.ngcc_phat import NgccPhat, NgccPhatRecipe
from whence.models.training.checkpoint import write_checkpoint
from whence.models.training.recipe import recipe_from
from whence.threads import ONE_THREAD

FOLDER = Path(gcc_phat.__file__).parents[1]
FILES = sorted([*FOLDER.glob("speed/*.py"), *FOLDER.glob("studies/*.py")])
SCRIPTS = [f"{path.parent.name}.{path.stem}" for path in FILES if "__main__" in path.read_text()]


def numbers(line: str) -> list[float]:
    """Every number in `line`, in order."""
    return [float(number.replace(",", "")) for number in re.findall(r"[-+]?\d[\d,]*\.?\d*", line)]


def lines_of(shown: str, *starts: str) -> list[str]:
    """The first line that begins with each of `starts`."""
    lines = shown.splitlines()
    return [next(line for line in lines if line.lstrip().startswith(start)) for start in starts]


def finite_and_positive(values: list[float]) -> bool:
    return all(math.isfinite(value) and value > 0 for value in values)


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_says_what_it_does_and_refuses_what_it_does_not_know(name, capsys):
    script = importlib.import_module(f"whence.benchmarks.{name}")
    with pytest.raises(SystemExit, match="0"):
        script.main(["--help"])
    assert f"python -m whence.benchmarks.{name}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        script.main(["--no-such-option"])


def test_all_prints_one_table_of_what_ran_and_what_could_not(capsys, monkeypatch, tmp_path):
    threads_once = "--clips 1 --pairs 1 --threads 2"
    listed = (
        every.Measured("threads", "one BLAS thread", "several", options=threads_once),
        every.Measured("mesh", "responses", "RLR", "no_such_package"),
        every.Measured("score_maps", "maps", "none", options="--no-such-option", promises=False),
    )
    monkeypatch.setattr(every, "MEASURED", listed)
    assert every.main(["--any-speed", "--markdown", str(tmp_path / "speed.md")]) == 1
    shown, written = capsys.readouterr().out, (tmp_path / "speed.md").read_text()
    kept, missing, failed = (re.split(r"  +", line) for line in lines_of(shown, "threads ", "mesh ", "score_maps "))
    assert (kept[2], kept[5]) == ("several", "not all checked")
    least, most, middle = numbers(kept[3])
    assert 0 < least <= middle <= most
    assert missing == ["mesh", "responses", "RLR: not installed"]
    assert failed[4] == "FAILED"  # and there is no ratio
    assert "medians of 1 pairs" in shown
    assert "unrecognized arguments: --no-such-option" in shown
    assert "| mesh | responses | RLR: not installed |  |  |  |" in written
    assert f"## One BLAS thread: threads {threads_once}\n\n```text\n" in written
    assert every.main(["--only", "mesh"]) == 0


def test_gcc_phat_agrees_with_the_plain_way(capsys):
    assert gcc_phat.main(["--clips", "16", "--plain-clips", "4", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    for line in lines_of(shown, *(f"{name} " for name in gcc_phat.METHODS)):
        assert finite_and_positive([float(cell.rstrip("x")) for cell in line.split()[2:]])
    assert numbers(*lines_of(shown, "largest difference"))[0] < 0.001
    assert numbers(*lines_of(shown, "sharing"))[-1] > 0


def test_gcc_phat_fails_where_sharing_changes_answers(capsys, monkeypatch):
    true = gcc_phat.answered
    monkeypatch.setattr(
        gcc_phat, "answered", lambda methods, batches: true(methods, batches) + (len(methods) > 1 and 1e-9)
    )
    assert gcc_phat.main(["--clips", "2", "--plain-clips", "1", "--any-speed"]) == 1


def test_the_thread_policy_changes_no_answer(capsys, monkeypatch):
    assert threads.main(["--clips", "1", "3", "--pairs", "2", "--threads", "2", "--any-speed"]) == 0
    for line in lines_of(capsys.readouterr().out, "1 ", "3 "):
        assert finite_and_positive([float(cell.rstrip("x")) for cell in line.split()])
    monkeypatch.setattr(threads, "by_policy", lambda ask: ask() + 1)
    assert threads.main(["--clips", "1", "--pairs", "1", "--threads", "2", "--any-speed"]) == 1


def test_gcc_phat_fails_where_the_two_disagree(capsys, monkeypatch):
    plain = gcc_phat.plain_gcc_phat
    monkeypatch.setattr(gcc_phat, "plain_gcc_phat", lambda audio: plain(audio) + 0.1)
    assert gcc_phat.main(["--clips", "16", "--plain-clips", "4", "--any-speed"]) == 1
    assert "0.1000 samples" in capsys.readouterr().out


def test_fourier_agrees_with_scipy(capsys, monkeypatch):
    monkeypatch.setattr(fourier, "SIZES", ((3, 60),))
    assert fourier.main(["--repeat", "2", "--any-speed"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert [line[:4] for line in shown] == [
        [kind, "3", "60", name] for kind in ("float32", "float64") for name in ("rfft", "irfft")
    ]
    assert all(finite_and_positive([float(cell) for cell in line[4:7]]) for line in shown)
    monkeypatch.setattr(fourier, "irfft", lambda spectra, size: np.zeros((3, 60)))
    assert fourier.main(["--repeat", "2", "--any-speed"]) == 1


def test_shoebox_agrees_with_pyroomacoustics(capsys):
    assert shoebox.main(["--rooms", "room1", "--rt60", "0.1", "--seconds", "0", "--any-speed"]) == 0
    (row,) = (numbers(line) for line in lines_of(capsys.readouterr().out, "room1"))
    _, rt60, order, images, ours_ms, theirs_ms, ratio, error_db, *_ = row
    assert (rt60, order, images) == (0.1, 9, 1159)
    assert finite_and_positive([ours_ms, theirs_ms, ratio])
    assert error_db < -48


def test_the_batched_lattice_agrees_with_both_others(capsys):
    batched_lattice = importlib.import_module("whence.benchmarks.speed.batched_lattice")
    assert batched_lattice.main(["--rt60", "0.1", "--batch", "3", "--device", "cpu"]) == 0
    rt60, order, batch, *ms, over_lattice, over_rival, error, apart = numbers(
        *lines_of(capsys.readouterr().out, "0.1 ")
    )
    assert (rt60, order, batch) == (0.1, 9, 3)
    assert finite_and_positive([*ms, over_lattice, over_rival])
    assert apart < -75
    assert error < -48


def test_raycast_traces_what_every_sample_would_show(capsys):
    before = {name: getattr(engine, name) for name in raycast.STAGES}
    assert raycast.main(["--views", "1", "--triangles", "1", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    (_, quick_ms, every_ms, ratio, psnr_db, difference, *_) = numbers(*lines_of(shown, "0 "))
    assert finite_and_positive([quick_ms, every_ms, ratio])
    assert psnr_db > 50
    assert difference < 0.1
    shares = [numbers(line)[0] for line in shown.splitlines() if " %  " in line and line.endswith(tuple(STAGES))]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert {name: getattr(engine, name) for name in raycast.STAGES} == before


def test_homes_cost_the_sum_of_their_stages(capsys):
    view = home.TracedHome.view
    assert homes.main(["--homes", "1", "--examples", "1", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    seconds, hours, examples = numbers(shown.splitlines()[0])[:3]
    assert hours == pytest.approx(seconds * examples / 3600, abs=0.1)
    rows = [numbers(line) for line in shown.splitlines() if " %  " in line]
    assert len(rows) == 6
    assert sum(share for share, _ in rows) == pytest.approx(100, abs=1)
    assert sum(ms for _, ms in rows) == pytest.approx(1e3 * seconds, rel=0.01)
    assert home.TracedHome.view is view


STAGES = {*raycast.STAGES.values(), "everything else"}


def test_maps_without_input_on_boxes_by_hand(capsys, tmp_path):
    """A box of 0.36 of the picture in the middle, and a small one in a corner."""
    boxes = [{"bbox": [[0.2, 0.2, 0.8, 0.8]]}, {"bbox": [[0.0, 0.0, 0.25, 0.25], [0.0, 0.25, 0.1, 0.3]]}]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    assert vgg_ss_sample.main([str(tmp_path / "boxes.json")]) == 0
    rows = capsys.readouterr().out.splitlines()
    found = [row.rsplit(", ", 1)[1].split() for row in rows[1:]]
    assert [(words[0], float(words[1])) for words in found] == [
        ("half_at_least", 50),
        ("half_at_least", 0),
        ("half_at_least", 50),
        ("adaptive", 50),
    ]
    assert next(words[2:5] for words in found) == ["1.3", "to", "98.7"], "one of two (Clopper and Pearson)"


@pytest.mark.parametrize("content", ["", "[]", '[{"file": "a"}]', '[{"bbox": [[1, 2, 3]]}]', "{"])
def test_boxes_of_another_layout_are_refused(tmp_path, content):
    (tmp_path / "boxes.json").write_text(content)
    with pytest.raises(InputError, match=r"boxes\.json"):
        vgg_ss_sample.main([str(tmp_path / "boxes.json")])


def test_quartered_faces_look_the_same():
    home = raycast.procedural_scene(1, 0)
    finer = raycast.finer(home, len(home.faces) + 1)
    assert len(finer.faces) == 4 * len(home.faces)
    assert area(finer) == pytest.approx(area(home), rel=1e-5)


def area(scene: Scene) -> float:
    """The area of all faces, m2."""
    a, b, c = np.moveaxis(scene.vertices[scene.faces].astype(float), 1, 0)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_mesh_and_the_other_engine_hear_the_same_boxes(capsys):
    pytest.importorskip("rlr_audio_propagation", reason="the other engine is for Linux x86-64")
    assert mesh.main(["--scenes", "0", "--sources", "1", "--headings", "1", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    for row in lines_of(shown, *mesh.BOXES):
        triangles, native_ms, rlr_ms, ratio, native_s, rlr_s, apart, *_ = numbers(row.split(maxsplit=2)[2])
        assert triangles == 12
        assert finite_and_positive([native_ms, rlr_ms, ratio, native_s, rlr_s])
        assert apart == pytest.approx(100 * (native_s / rlr_s - 1), abs=1)
    _, scattering, _ = numbers(lines_of(shown, "median")[0].replace("RT60", ""))
    assert scattering < 10


def test_reading_for_torch_counts_every_sample(tmp_path, speech_folder, capsys):
    pytest.importorskip("torch")
    generate(plan_tde(str(speech_folder), clips=1, rt60=(0.1,)), str(tmp_path / "d.zarr"))
    assert torch_reading.main(["tde", str(tmp_path / "d.zarr"), "--least", "0"]) == 0
    rows = lines_of(capsys.readouterr().out, "Zarr alone", "Stream", "Samples")
    assert finite_and_positive([numbers(row)[-1] for row in rows])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # WebDataset leaves its files open
def test_reads_are_the_same_rows_from_every_store(tmp_path, speech_folder, capsys, monkeypatch):
    generate(plan_tde(str(speech_folder), clips=3, rt60=(0.1,)), str(tmp_path / "d.zarr"))
    asked = [str(tmp_path / "d.zarr"), "--rounds", "1", "--folder", str(tmp_path)]
    with pytest.raises(InputError, match="9 rows, less than a batch of 32"):
        reads.main(asked)
    monkeypatch.setattr(stores, "BATCH", 4)
    assert reads.main([*asked, "--layouts"]) == 0
    shown = capsys.readouterr().out
    for line in lines_of(shown, reads.OURS, "tar files, by tarfile", "HDF5", "Arrow", "NumPy", "lz4, 5 a shard"):
        assert finite_and_positive(numbers(line)[-3:])
    monkeypatch.setattr(reads, "RIVALS", {"shifted": lambda values, folder: reads.memory_map(shifted(values), folder)})
    assert reads.main(asked) == 1
    assert "shifted: gives other rows" in capsys.readouterr().out


def shifted(values):
    return {name: array + 1 for name, array in values.items()}


def test_generate_measures_a_command_that_succeeds(speech_folder):
    command = [sys.executable, "-m", "whence.benchmarks.speed.generate", "--speech", speech_folder, "--clips", "1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"rows": 15' in shown
    first, last = numbers(lines_of(shown, "largest memory")[0])
    assert finite_and_positive([first, last])


def test_generate_fails_with_the_command(tmp_path):
    command = [sys.executable, "-m", "whence.benchmarks.speed.generate", "--speech", tmp_path / "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_leaderboard_answers_while_it_scores(capsys):
    assert leaderboard.main(["--teams", "2", "--each", "2", "--clips", "100", "--readers", "4", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    assert lines_of(shown, "4 uploads taken")[0].endswith(": [202]")
    totals = [numbers(line) for line in shown.splitlines() if line.startswith("all ") and "scored" not in line]
    assert len(totals) == 2
    for requests, *milliseconds in totals:
        assert requests == 0 or finite_and_positive(milliseconds)


def test_uploads_go_on_under_attack(capsys):
    assert leaderboard_attack.main(["--uploads", "2", "--clips", "60", "--any-speed"]) == 0
    shown = capsys.readouterr().out
    assert numbers(*lines_of(shown, "attacked with"))[0] > 0
    for line in lines_of(shown, "service", "folder"):
        before, under = line.split(";")
        assert finite_and_positive(numbers(before)[:2])
        assert finite_and_positive(numbers(under)[:2])
    assert sum("refused after" in line for line in shown.splitlines()) == 3


def test_labels_are_recovered_from_exact_scores_and_from_no_rounded_ones(capsys):
    assert label_recovery.main(["--clips", "80", "--submissions", "30"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    found = {row[1].strip(): [float(cell) for cell in row[2:-1]] for row in rows}
    assert list(found) == list(label_recovery.ATTACKS)
    assert found["equations"][1] == 0
    assert all(70 < rounded <= 100 for rounded, _ in found.values())


def test_rotation_solvers_find_the_turn(capsys):
    assert rotation_solvers.main(["--pairs", "3"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    assert [row[1].strip() for row in rows] == list(rotation_solvers.SOLVERS)
    mean, median, _, largest, failed, _ = (float(cell) for cell in rows[-1][2:-1])
    assert median <= largest < 0.5
    assert mean < 0.3
    assert failed == 0


def test_spectra_of_speech(capsys, speech_folder):
    assert speech_spectrum.main(["--speech", str(speech_folder), "--clips", "1"]) == 0
    shown = capsys.readouterr().out
    found = [numbers(line[38:]) for line in lines_of(shown, *speech_spectrum.SPECTRA)]
    brightness = [row[0] for row in found]
    assert brightness[2] > brightness[0]  # what pre-emphasis is for
    for _, mae, rmse, mode_mae, mode_rmse in found:
        assert 0 < mae <= rmse < 2
        assert 0 < mode_mae <= mode_rmse < 2
    assert numbers(lines_of(shown, speech_spectrum.PUBLISHED)[0].split(")")[1]) == [0.160, 0.318, 0.179, 0.396]


def test_coverage_of_stated_uncertainties(tmp_path, capsys):
    data, run = str(tmp_path / "tde.zarr"), tmp_path / "run"
    generate(plan_tde(None, clips=4, rt60=(0.1, 0.9)), data)
    conditions = [StereoCondition(snr_db=30.0)]
    bench("tde", data, run, methods=["gcc-phat"], conditions=conditions, report=False)
    with pytest.raises(InputError, match="no method of this run states its uncertainty"):
        calibration.main([str(run)])
    bench("tde", data, run, methods=["whence-delay"], conditions=conditions, report=False)
    assert calibration.main([str(run)]) == 0
    row = lines_of(capsys.readouterr().out, "| whence-delay")[0]
    level, overall, dry, reverberant = (float(cell) for cell in row.split("|")[2:6])
    assert level == 30
    assert overall == pytest.approx((dry + reverberant) / 2, abs=0.1)
    assert 40 < overall <= 100


@dataclass(frozen=True)
class HighAndLow(ToyHomes):
    """Homes with every other talker 60 degrees above the ears; the head stands elsewhere in each."""

    @property
    def layout(self):
        known = super().layout
        places = (
            Field("camera_position", "float64", "m", (4, 3), ("view", "axis")),
            Field("source_position", "float64", "m", (3, 3), ("source", "axis")),
        )
        return replace(known, fields=(*known.fields, *places))

    def render(self, row):
        found = super().render(row)
        head = np.array([row, 1.5, -row] * 4).reshape(4, 3)
        towards = direction(found["azimuth"][:, 0])
        towards[:, 1] = np.tan(np.radians(60 * (row % 2)))
        return {**found, "camera_position": head, "source_position": head[0] + 2 * towards}


def test_elevation_alone_mistakes_azimuths(tmp_path, capsys):
    data, run = str(tmp_path / "homes.zarr"), tmp_path / "run"
    generate(HighAndLow(), data)
    bench("azimuth", data, run, methods=["zero"], split="all", report=False)
    assert elevation.main([str(run)]) == 0
    azimuth = Dataset(data).column("azimuth")[:, 0]
    front = np.abs(azimuth) <= 90
    heard = np.degrees(np.arcsin(np.sin(np.radians(azimuth[1::2])) / 2))
    high = np.abs(heard - azimuth[1::2])[front[1::2]].mean()
    shown = {row.split("|")[1].strip(): row for row in lines_of(capsys.readouterr().out, "| known", "| zero")}
    level, above = (float(cell) for cell in shown["known lateral angle"].split("|")[3:5])
    assert level == pytest.approx(0, abs=0.01)
    assert above == pytest.approx(high, abs=0.01)
    assert float(shown["zero, reverberation 0.2"].split("|")[2]) == pytest.approx(
        np.abs(azimuth[front]).mean(), abs=0.01
    )


def test_the_grid_of_the_time_delay(tmp_path):
    """Every cell is the mean error of its clips, ratios are quotients of cells, and the page shows the same numbers."""
    data, runs, out = str(tmp_path / "tde.zarr"), tmp_path / "runs", tmp_path / "out"
    generate(plan_tde(None, clips=2, rt60=(0.1, 0.9)), data)
    few = ["--few", "2", "--fewer", "2", "--method", "whence-delay"]
    assert delay_grid.main([data, str(out), "--runs", str(runs), *few]) == 0
    cells = pd.read_csv(out / "delay_grid.csv")
    assert set(cells["part"]) == {"noise", "untrained", "talkers", "lengths", "votes"}
    assert set(cells["method"]) == {"zero", "gcc-phat", "whence-delay"}
    noise = cells[(cells["part"] == "noise") & (cells["metric"] == "mean_absolute_error")]
    truth = np.abs(Dataset(data).column("interaural_time_difference"))
    zero = noise[(noise["method"] == "zero") & noise["rt60_nominal"].isna()]
    assert zero["value"].to_numpy() == pytest.approx(np.full(5, 1e3 * truth.mean()), abs=1e-4)
    page = (out / "delay_grid.md").read_text()
    own, classical = (
        noise[(noise["method"] == name) & noise["rt60_nominal"].notna()]["value"].to_numpy()
        for name in ("whence-delay", "gcc-phat")
    )
    ratio = (own / classical)[classical > delay_grid.EASY_MS]
    row = numbers(lines_of(page[page.index("MAE over that") :], "| whence-delay")[0].removeprefix("| whence-delay"))
    assert row[:2] == pytest.approx([ratio.min(), ratio.max()], abs=0.011)
    assert f"in the {ratio.size} of {classical.size} cells" in page
    assert (out / "delay_grid.png").stat().st_size > 10_000


@pytest.fixture
def small_ngcc(tmp_path):
    """A checkpoint of a narrow, untrained NGCC-PHAT."""
    recipe = recipe_from(NgccPhatRecipe, "tiny", ["width=2", "sinc_taps=63", "max_lag=23"])
    card = {"model": "ngcc-phat", "recipe": recipe.model_dump(mode="json")}
    write_checkpoint(tmp_path / "ngcc.safetensors", NgccPhat.network(recipe), card)
    return str(tmp_path / "ngcc.safetensors")


def test_the_table_of_ngcc_phat(capsys, speech_folder, small_ngcc, tmp_path):
    conditions = ["--clips", "2", "--rt60", "0", "0.4", "--snr", "30", "0", "--out", str(tmp_path / "table.md")]
    assert ngcc_table.main(["--speech", str(speech_folder), "--checkpoint", small_ngcc, *conditions]) == 0
    shown = capsys.readouterr().out
    assert (tmp_path / "table.md").read_text().strip() == shown.strip()
    rows = [line.split("|")[1:-1] for line in shown.splitlines() if line.startswith("| ")][1:]
    found = {tuple(cell.strip() for cell in row[:3]): [numbers(cell) for cell in row[3:]] for row in rows}
    assert len(found) == 8
    assert found["NGCC-PHAT", "0.4", "30"][3] == [4.383, 8.552, 0.723]  # published
    (mae, _), (rmse,), (near,), published = found["GCC-PHAT", "anechoic", "30"]
    assert published == [0.866, 0.966]
    assert mae <= rmse < 1
    assert near == 1
    assert mae < found["GCC-PHAT", "0.4", "0"][0][0]


def test_published_errors_are_counted_where_they_lie_within_our_interval():
    """Errors of 1 and 3 samples: 2 ± 1.96, a standard error of 1. Published: 1.218, 4.340 for NGCC-PHAT."""
    errors = [np.full(15, 1.0), np.full(15, -3.0)]
    found = {("NGCC-PHAT", 0.2, 30): errors, ("NGCC-PHAT", 0.2, 0): errors, ("GCC-PHAT", 0.2, 30): errors}
    assert ngcc_table.mean_and_error(np.array(errors)) == pytest.approx((2, 1))
    assert list(ngcc_table.agreements(found)) == ["NGCC-PHAT 1 of 2", "GCC-PHAT 1 of 1"]


def test_responses_lose_rumble_and_keep_speech():
    impulse = np.eye(1, 16_000, 8_000, dtype=np.float32)
    gain = np.abs(np.fft.rfft(ngcc_table.high_passed(impulse)[0], 16_000))
    assert gain[[0, 10, 100, 4_000]] == pytest.approx([0, 0.5, 1, 1], abs=5e-3)  # -3 dB twice at 10 Hz


def test_pauses_are_cut_from_speech():
    tone = np.sin(np.arange(16_000, dtype=np.float32))
    quiet = np.concatenate([tone, 0.01 * tone, tone])
    assert ngcc_table.without_pauses(tone) == pytest.approx(tone)
    assert len(ngcc_table.without_pauses(quiet)) == pytest.approx(32_000 + 2048, abs=1024)


def test_speech_that_is_too_short_for_the_table_is_refused(small_ngcc, tmp_path):
    soundfile.write(tmp_path / "short.wav", np.ones(20_000) * 0.1, 16_000)
    soundfile.write(tmp_path / "paused.wav", np.repeat([0.5, 0.0], 20_000), 16_000)
    with pytest.raises(InputError, match=r"no utterance lasts 1\.92 s without pauses"):
        ngcc_table.main(["--speech", str(tmp_path), "--checkpoint", small_ngcc])


def test_pictures_of_the_flats(tmp_path):
    assert procedural_views.main([str(tmp_path), "--rows", "1", "--plans", "1"]) == 0
    with Image.open(tmp_path / "procedural_views.png") as views:
        assert views.size == (5 * 320, 240)
        assert len(np.unique(views)) > 50
    with Image.open(tmp_path / "procedural_plans.png") as plans:
        assert len(np.unique(plans)) > 10


def test_the_sheet_of_sounding_objects_shows_each_of_them(tmp_path):
    sheet = tmp_path / "sheet.png"
    assert sounding_objects.main([str(sheet), "--kinds", "kettle", "wall-clock", "--seeds", "2"]) == 0
    with Image.open(sheet) as picture:
        rows = np.asarray(picture).reshape(2, sounding_objects.CELL + sounding_objects.LABEL, -1, 3)
    assert rows.shape[2] == 2 * sounding_objects.CELL
    assert not np.array_equal(rows[0], rows[1])
    for row in rows:
        first, second = np.split(row[: sounding_objects.CELL], 2, axis=1)
        assert not np.array_equal(first, second)
        assert len(np.unique(first.reshape(-1, 3), axis=0)) > 100


def test_one_thread_starts_again_with_one_thread_for_each_library():
    code = (
        "import os, sys\n"
        "from whence.benchmarks.speed.script import run_in_one_thread\n"
        "run_in_one_thread(lambda arguments: print(arguments, os.environ['OMP_NUM_THREADS']) or 3)"
    )
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "8")}
    command = [sys.executable, "-c", code, "a", "b c"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("['a', 'b c'] 1\n", 3)


def test_the_strip_of_a_panning_camera(tmp_path):
    generate(ToyPanning(rows=2), str(tmp_path / "p.zarr"))
    arguments = [str(tmp_path / "strip.png"), str(tmp_path / "p.zarr"), "--method", "random-view"]
    for frames in (2, 3):
        assert panning.main([*arguments, "--clip", "1", "--frames", str(frames)]) == 0
        with Image.open(tmp_path / "strip.png") as strip:
            assert strip.width == round(6.4 * panning.DPI)
            assert strip.height == pytest.approx((1.84 * frames + 0.3) * panning.DPI, abs=2)
    with pytest.raises(InputError, match="clips 0 to 1"):
        panning.main([*arguments, "--clip", "2"])
