"""The program as a user runs it: what it prints, what it writes, and what it says to a mistake."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zarr
from warm_process import run_whence

from whence.commands.arguments import spread_lists


def whence(*arguments: object, cwd: Path | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program and check its exit code; a wrong input must cost one line and no traceback."""
    answer = run_whence(*arguments, folder=cwd)
    assert answer.returncode == code, answer.stderr[-2000:]
    assert "Traceback" not in answer.stderr
    if code == 2:
        assert len([line for line in answer.stderr.splitlines() if line.startswith("error: ")]) == 1, answer.stderr
    return answer


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def place(tmp_path_factory, speech_folder) -> Path:
    """A folder with a rendered dataset `d.zarr` of 30 clips and the speech it came from."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(speech_folder, folder / "speech")
    whence("generate", "tde", "d.zarr", "--speech", "speech", "--clips", 5, "--rt60", 0.1, 0.5, cwd=folder)
    return folder


class TestPath:
    """Generate, inspect, verify, bench, compare, report: the whole way."""

    def test_generate_says_what_it_made_and_is_idempotent(self, place):
        before = snapshot(place / "d.zarr")
        again = whence(
            "generate", "tde", "d.zarr", "--speech", "speech", "--clips", 5, "--rt60", "0.1,0.5", "--json", cwd=place
        )
        assert json.loads(again.stdout)["rows"] == 30
        assert snapshot(place / "d.zarr") == before

    def test_inspect(self, place):
        shown = whence("inspect", "d.zarr", cwd=place).stdout
        assert "interaural_time_difference" in shown
        assert "realised, T30 (s)" in shown
        tables = json.loads(whence("inspect", "d.zarr", "--json", cwd=place).stdout)
        assert ["rows", "30"] in tables[0]["rows"]

    def test_inspect_page(self, place):
        whence("inspect", "d.zarr", "--html", "page.html", cwd=place)
        page = (place / "page.html").read_text()
        assert page.count("<audio") >= 3
        assert "http://" not in page
        assert "https://" not in page

    def test_verify(self, place):
        checks = json.loads(whence("verify", "d.zarr", "--json", cwd=place).stdout)
        assert len(checks) == 5
        assert not any(check["faults"] for check in checks)

    def test_bench_compare_report(self, place):
        shown = whence(
            "bench", "tde", "d.zarr", "--method", "zero", "gcc-phat", "--snr", 30, -10, "--out", "run", cwd=place
        )
        assert "SNR -10 dB" in shown.stdout
        assert {path.name for path in (place / "run").iterdir()} >= {
            "results.json", "results.csv", "tables.md", "tables.tex", "report.html", "predictions",
        }  # fmt: skip
        assert "difference to the best" in whence("compare", "run", cwd=place).stdout
        kept = {name: data for name, data in snapshot(place / "run").items() if "report" not in name}
        shown = whence(
            "bench", "tde", "d.zarr", "--method", "zero", "--snr", 30, "--out", "run", "--no-report", cwd=place
        )
        assert "pictures: `whence report run` draws them" in shown.stdout
        later = snapshot(place / "run")
        then, now = (json.loads(files.pop("results.json")) for files in (kept, later))
        assert then["made"].pop("commands") == now["made"].pop("commands")[:-1]
        assert now == then
        assert later == {k: v for k, v in kept.items() if not k.startswith("figures")}
        assert not (place / "run" / "figures").exists()
        whence("report", "run", cwd=place)
        assert (place / "run" / "report.html").exists()

    def test_bench_prints_json(self, place):
        rows = json.loads(
            whence("bench", "left-right", "d.zarr", "--method", "gcc-phat", "--out", "side", "--json", cwd=place).stdout
        )["rows"]
        assert {row["metric"] for row in rows} == {"binary_accuracy"}

    def test_default_run_folder_names_the_dataset(self, place):
        whence("bench", "tde", "d.zarr", "--method", "zero", "--snr", "clean", cwd=place)
        assert len(list((place / "runs").glob("tde-*/report.html"))) == 1

    def test_a_renamed_dataset_keeps_its_fingerprint(self, place):
        first = json.loads(whence("inspect", "d.zarr", "--json", cwd=place).stdout)[0]["rows"][2]
        shutil.copytree(place / "d.zarr", place / "copy.zarr")
        assert json.loads(whence("inspect", "copy.zarr", "--json", cwd=place).stdout)[0]["rows"][2] == first

    def test_lists(self):
        assert "gcc-phat" in whence("methods").stdout
        tracks = {row["track"] for row in json.loads(whence("tracks", "--json").stdout)}
        assert tracks >= {"tde", "left-right", "rotation"}
        assert {row["name"] for row in json.loads(whence("doctor", "--json").stdout)} >= {"lattice engine", "torch"}


class TestMeasured:
    def test_brir_left_right(self, tmp_path, shared_data, place):
        whence(
            "generate", "brir", "b.zarr", "--brir", shared_data / "brir" / "surrey_anechoic_16k",
            "--speech", place / "speech", "--clips", 2, cwd=tmp_path,
        )  # fmt: skip
        answer = whence("bench", "left-right", "b.zarr", "--method", "gcc-phat", "--json", cwd=tmp_path)
        accuracy = [r for r in json.loads(answer.stdout)["rows"] if r["method"] == "gcc-phat"]
        assert accuracy[0]["value"] >= 98
        assert accuracy[0]["n"] == 24

    def test_in_the_wild(self, tmp_path):
        rng = np.random.default_rng(0)
        for name, lag in (("videoA_0010_0020", 5), ("videoB_0100_0110", -5)):
            sound = rng.standard_normal(48_000)
            stereo = np.stack([sound, np.roll(sound, lag)], axis=1) * 0.1
            soundfile.write(tmp_path / f"{name}.wav", stereo, 16_000)
        rows = ["path,start_time,itd_label,if_flip"]
        rows += [f"./x/videoA_0010_0020,15,{label},{flip}" for label, flip in ((0, 0), (3, 1))]
        rows += [f"./x/videoB_0100_0110,30,{label},{flip}" for label, flip in ((2, 0), (1, 1))]
        (tmp_path / "labels.csv").write_text("\n".join([*rows, "./x/gone_0001_0002,0,0,0"]))
        shown = whence("import", "in-the-wild", "w.zarr", "--clips", ".", "--labels", "labels.csv", cwd=tmp_path)
        assert "lacks 1 recording of labels.csv" in shown.stderr
        answer = whence("bench", "left-right", "w.zarr", "--method", "gcc-phat", "--json", cwd=tmp_path)
        values = [r["value"] for r in json.loads(answer.stdout)["rows"] if r["method"] == "gcc-phat"]
        assert values == [100.0]


def wrong(name: str, message: str, *arguments: object) -> object:
    """Return one mistake: what the user typed and what the answer must say."""
    return pytest.param(arguments, message, id=name)


class TestMistakes:
    """Exit code 2, one helpful line, and nothing that was there is harmed."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            wrong("missing folder", "nowhere: no such folder", "generate", "tde", "x.zarr", "--speech", "nowhere"),
            wrong("speech is a file", "notes.txt", "generate", "tde", "x.zarr", "--speech", "notes.txt"),
            wrong("text named wav", "broken.wav", "generate", "tde", "x.zarr", "--speech", "text"),
            wrong("nan audio", "nan.wav", "generate", "tde", "x.zarr", "--speech", "nan"),
            wrong("digital silence", "silent", "generate", "tde", "x.zarr", "--speech", "silence"),
            wrong("empty folder", "empty", "generate", "tde", "x.zarr", "--speech", "empty"),
            wrong("no .zarr", "ends in .zarr", "generate", "tde", "x", "--speech", "speech"),
            wrong("foreign folder", "not a Whence dataset", "generate", "tde", "foreign.zarr", "--speech", "speech"),
            wrong("other recipe", "clips: 5 there, 6 here", "generate", "tde", "d.zarr", "--speech", "speech",
                  "--clips", 6, "--rt60", 0.1, 0.5),
            wrong("bad rt60", "rt60=9.0 s: expected", "generate", "tde", "x.zarr", "--speech", "speech", "--rt60", 9),
            wrong("bad engine", "lattice", "generate", "tde", "x.zarr", "--engine", "latice"),
            wrong("bad preset", "'--preset': 'huge' is not one of", "generate", "tde", "x.zarr", "--preset", "huge"),
            wrong("bad number", "clips", "generate", "tde", "x.zarr", "--clips", "many"),
            wrong("unknown option", "--spech", "generate", "tde", "x.zarr", "--spech", "speech"),
            wrong("unknown command", "benhc", "benhc"),
            wrong("output below a file", "notes.txt", "generate", "tde", "notes.txt/x.zarr", "--speech", "speech"),
            wrong("no responses", "index.csv does not exist", "generate", "brir", "x.zarr", "--brir", "speech"),
            wrong("no SOFA file", "no.sofa does not exist", "generate", "brir", "x.zarr", "--brir", "no.sofa"),
            wrong("no dataset", "does not exist", "bench", "tde", "nowhere.zarr"),
            wrong("not a dataset", "is not a Whence dataset", "bench", "tde", "foreign.zarr"),
            wrong("unknown track", "did you mean 'tde'", "bench", "tdee", "d.zarr"),
            wrong("unknown method", "did you mean 'gcc-phat'", "bench", "tde", "d.zarr", "--method", "gcc-phta"),
            wrong("method of another track", "serves left-right", "bench", "tde", "d.zarr", "--method", "iid-rms"),
            wrong("bad snr", "--snr", "bench", "tde", "d.zarr", "--snr", "loud"),
            wrong("bad window", "window=9999", "bench", "tde", "d.zarr", "--window", 9999),
            wrong("out is a file", "notes.txt is a file", "bench", "tde", "d.zarr", "--out", "notes.txt"),
            wrong("no scheduler", "no Dask scheduler answers", "generate", "tde", "x.zarr", "--speech", "speech",
                  "--scheduler", "tcp://127.0.0.1:1"),
            wrong("unknown address", "cannot be opened", "generate", "tde", "foo://x.zarr", "--speech", "speech"),
            wrong("long name", "File name too long", "generate", "tde", "x" * 300 + ".zarr", "--speech", "speech"),
            wrong("impossible snr", "expected -100 to 200", "bench", "tde", "d.zarr", "--snr", -9000),
            wrong("out in a dataset", "lies inside a dataset", "bench", "tde", "d.zarr", "--out", "d.zarr/run"),
            wrong("page in a dataset", "lies inside a dataset", "inspect", "d.zarr", "--html", "d.zarr/zarr.json"),
            wrong("damaged root", "zarr.json is damaged", "inspect", "list.zarr"),
            wrong("broken method", "SyntaxError", "bench", "tde", "d.zarr", "--method", "broken.py:Mine"),
            wrong("no run", "holds no run.json", "compare", "speech"),
            wrong("no labels", "does not exist", "import", "in-the-wild", "x.zarr", "--clips", "speech",
                  "--labels", "no.csv"),
        ],
    )  # fmt: skip
    def test_wrong_input(self, place, arguments, message):
        self.lay_out_mistakes(place)
        before = snapshot(place)
        answer = whence(*arguments, cwd=place, code=2)
        assert message in answer.stderr
        after = snapshot(place)
        assert {name: after.get(name) for name in before} == before
        assert not [name for name in after if name.startswith("x.zarr")]

    @staticmethod
    def lay_out_mistakes(place: Path) -> None:
        """Put the files of every mistake beside the dataset."""
        for folder in ("text", "nan", "silence", "empty", "foreign.zarr"):
            (place / folder).mkdir(exist_ok=True)
        (place / "list.zarr").mkdir(exist_ok=True)
        (place / "list.zarr" / "zarr.json").write_text("[1]")
        (place / "broken.py").write_text("class Mine(:")
        (place / "notes.txt").write_text("not audio")
        (place / "foreign.zarr" / "mine.txt").write_text("precious")
        (place / "text" / "broken.wav").write_text("not audio")
        soundfile.write(place / "nan" / "nan.wav", np.full(32_000, np.nan), 16_000, subtype="FLOAT")
        soundfile.write(place / "silence" / "silent.wav", np.zeros(32_000), 16_000)

    def test_a_truncated_shard(self, place):
        shutil.copytree(place / "d.zarr", place / "torn.zarr", dirs_exist_ok=True)
        shard = place / "torn.zarr" / "audio" / "c" / "0" / "0" / "0"
        shard.write_bytes(shard.read_bytes()[:1000])
        whence("bench", "tde", "torn.zarr", "--method", "gcc-phat", "--out", "torn-run", cwd=place, code=2)
        checked = whence("verify", "torn.zarr", cwd=place, code=1)
        assert "audio/c/0/0/0: changed" in checked.stdout

    def test_a_missing_shard(self, place):
        shutil.copytree(place / "d.zarr", place / "gap.zarr", dirs_exist_ok=True)
        (place / "gap.zarr" / "audio" / "c" / "0" / "0" / "0").unlink()
        answer = whence("bench", "tde", "gap.zarr", "--method", "gcc-phat", "--out", "gap-run", cwd=place, code=2)
        assert "lacks 1 of its files, such as audio/c/0/0/0" in answer.stderr

    def test_a_changed_label_fails_verification(self, place):
        shutil.copytree(place / "d.zarr", place / "forged.zarr", dirs_exist_ok=True)
        zarr.open_group(str(place / "forged.zarr"), mode="r+")["azimuth"][:] = np.ones(30)
        assert "azimuth/c/0: changed" in whence("verify", "forged.zarr", cwd=place, code=1).stdout

    def test_changed_metadata_fails_verification(self, place):
        shutil.copytree(place / "d.zarr", place / "edited.zarr", dirs_exist_ok=True)
        root = place / "edited.zarr" / "zarr.json"
        content = json.loads(root.read_text())
        content["attributes"]["whence"]["recipe"]["seed"] = 7
        content["consolidated_metadata"]["metadata"]["azimuth"]["attributes"]["units"] = "radians"
        root.write_text(json.dumps(content))
        shown = whence("verify", "edited.zarr", cwd=place, code=1).stdout
        assert "the recipe differs from the manifest" in shown
        assert "azimuth/zarr.json: the array differs" in shown

    def test_speech_that_changed_cannot_verify(self, place):
        shutil.copytree(place / "speech", place / "speech2", dirs_exist_ok=True)
        next((place / "speech2").rglob("*.wav")).unlink()
        answer = whence("verify", "d.zarr", "--speech", "speech2", cwd=place, code=2)
        assert "is not the speech that the dataset was made from" in answer.stderr

    def test_an_unfinished_dataset_says_how_to_finish_it(self, place):
        shutil.copytree(place / "d.zarr", place / "half.zarr", dirs_exist_ok=True)
        (place / "half.zarr" / "manifest.json").unlink()
        answer = whence("bench", "tde", "half.zarr", cwd=place, code=2)
        assert "run its `whence generate` command again" in answer.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_in_one_line_and_keeps_what_is_finished(tmp_path, speech_folder, workers):
    options = ["--speech", str(speech_folder), "--clips", "100", "--workers", str(workers)]
    command = [sys.executable, "-m", "whence", "generate", "tde", str(tmp_path / "d.zarr"), *options]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    while not list((tmp_path / "d.zarr").glob("progress/*.json")) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "stopped; run the same command again" in told
    assert "Traceback" not in told
    assert list((tmp_path / "d.zarr").glob("progress/*.json"))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    subprocess.run(["umount", disk], check=True)


class TestDisk:
    def test_a_full_disk_keeps_what_is_finished(self, small_disk, place):
        command = (
            "generate",
            "tde",
            small_disk / "d.zarr",
            "--speech",
            place / "speech",
            "--clips",
            20,
            "--workers",
            1,
        )
        answer = whence(*command, code=2)
        assert os.strerror(errno.ENOSPC) in answer.stderr
        assert "run the same command again" in answer.stderr
        assert "is not finished" in whence("inspect", small_disk / "d.zarr", code=2).stderr
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        resumed = json.loads(whence(*command, "--json").stdout)
        fresh = ("generate", "tde", place / "whole.zarr", *command[3:], "--json")
        assert json.loads(whence(*fresh).stdout)["fingerprint"] == resumed["fingerprint"]

    def test_a_read_only_disk(self, small_disk, place):
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        for command in (
            ("generate", "tde", small_disk / "d.zarr", "--speech", place / "speech", "--clips", 1),
            ("bench", "tde", place / "d.zarr", "--method", "zero", "--out", small_disk / "run"),
        ):
            assert os.strerror(errno.EROFS) in whence(*command, code=2).stderr


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        ("bench tde d --snr 30 -10 clean --out r", "bench tde d --snr=30 --snr=-10 --snr=clean --out r"),
        ("bench tde d --snr=30,20 -1", "bench tde d --snr=30 --snr=20 --snr=-1"),
        ("bench --snr 10 tde d", "bench --snr=10 tde d"),
        ("bench tde d --method a b --json", "bench tde d --method=a --method=b --json"),
        ("bench tde d --snr --json", "bench tde d --snr --json"),
    ],
)
def test_lists_spread(given, spread):
    assert spread_lists(given.split()) == spread.split()
