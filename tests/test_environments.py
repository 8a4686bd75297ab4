"""Odd environments, as a user meets them: no home, no cache, a notebook's backend, ASCII, several starts."""

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from toy_plan import ToyPlan

import whence.baselines
import whence.datagen
from whence import cli, locks, places, spelling
from whence.datagen import pipeline
from whence.datagen.pipeline import generate
from whence.datagen.storage import Folder
from whence.errors import InputError
from whence.files import written_whole
from whence.locks import LOCK, sole_writer
from whence.threads import ONE_THREAD

WHENCE = [sys.executable, "-m", "whence"]
TESTS = Path(__file__).parent
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="mounts and other users need root, unshare and setpriv",
)


def run(command, code=0, cwd=None, **environment):
    """Run `command` with a clean environment of `environment`; return its output, which holds no traceback."""
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    clean = {name: value for name, value in clean.items() if value is not None}
    out = subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True)
    text = out.stdout.decode(errors="replace") + out.stderr.decode(errors="replace")
    assert "Traceback" not in text, text
    assert out.returncode == code, text
    return out


@pytest.fixture(scope="module")
def data(tmp_path_factory, speech_folder):
    """A dataset of one clip a room."""
    path = tmp_path_factory.mktemp("data") / "d.zarr"
    rest = ["--speech", speech_folder, "--clips", 1, "--rt60", 0.1, "--workers", 1]
    run([*WHENCE, "generate", "tde", path, *rest])
    return path


def bench(data, out):
    return [*WHENCE, "bench", "tde", data, "--method", "zero", "--snr", "clean", "--out", out]


class TestNoHome:
    KERNEL = (
        "from whence.datagen.rendering.filtering import empty_samples; from whence.baselines import spectra;"
        "import numba; print(len(empty_samples()), numba.config.CACHE_DIR)"
    )

    @needs_root
    def test_code_and_home_that_cannot_be_written(self, data, tmp_path):
        """The packages are mounted read-only and HOME is a folder that cannot be made, as in a read-only image."""
        mounts = " && ".join(f"mount --bind '{f}' '{f}' && mount -o remount,ro,bind '{f}'" for f in read_only_folders())
        command = f'{mounts} && exec "$0" "$@"'
        inside = ["unshare", "-m", "bash", "-c", command]
        odd = {"HOME": "/proc/nohome", "TMPDIR": str(tmp_path)}
        private = tmp_path / f"whence-{os.geteuid()}"
        out = run([*inside, sys.executable, "-c", self.KERNEL], **odd)
        assert out.stdout.decode().split() == ["11", str(private)]
        assert list(private.rglob("*.nbi"))
        out = run([*inside, *bench(data, tmp_path / "r")], **odd)
        assert "matplotlib" not in out.stderr.decode().lower()
        assert (tmp_path / "r" / "report.html").exists()
        said = doctor(run([*inside, *WHENCE, "doctor", "--json", "--quick"], **odd))
        assert said["home folder"]["detail"] == "/proc/nohome, not writable"
        assert not said["home folder"]["present"]
        for cache in ("numba cache", "matplotlib folder"):
            assert said[cache]["detail"] == f"{private}, writable, since the usual folders are not"

    @needs_root
    def test_a_user_without_an_entry(self, data, tmp_path):
        """As with `docker run -u 12345`: no HOME, no name; libraries would make a folder called `~` here."""
        here, temporary = tmp_path / "here", tmp_path / "tmp"
        for folder in (here, temporary):
            folder.mkdir()
            folder.chmod(0o777)
        reading = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
        user = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", *reading, "--"]
        odd = {"HOME": None, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
        run([*user, *bench(data, here / "r")], cwd=here, **odd)
        said = doctor(run([*user, *WHENCE, "doctor", "--json", "--quick"], cwd=here, **odd))
        assert (
            said["home folder"]["detail"] == f"HOME is not set, user 12345 is unknown; {temporary}/whence-12345 is used"
        )
        assert [path.name for path in here.iterdir()] == ["r"]

    def test_a_cache_of_another_user_is_not_used(self, tmp_path, monkeypatch):
        monkeypatch.setattr(places.tempfile, "tempdir", str(tmp_path))
        ours = places.private_folder()
        assert ours == tmp_path / f"whence-{os.getuid()}"
        assert ours.stat().st_mode & 0o777 == 0o700
        ours.chmod(0o777)
        assert places.private_folder() is None
        ours.rmdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        ours.symlink_to(tmp_path / "elsewhere")
        assert places.private_folder() is None
        monkeypatch.setattr(places.os, "getuid", lambda: 54321)
        (tmp_path / "whence-54321").mkdir(mode=0o700)
        assert places.private_folder() is None

    def test_without_any_folder_nothing_is_cached(self, monkeypatch):
        from whence import compiled

        asked = []

        def njit(cache=False, **options):
            asked.append(cache)
            if cache:
                raise RuntimeError("cannot cache function: no locator available")
            return lambda function: function

        monkeypatch.setattr(compiled.numba, "njit", njit)
        monkeypatch.setattr(compiled, "private_folder", lambda: None)
        assert compiled.njit(cache=True, nogil=True)(abs)(-2) == 2
        assert asked == [True, True, False]


def read_only_folders():
    """The folders of our packages, beside whose files compiled functions are kept."""
    return sorted({str(Path(module.__file__).parent) for module in (whence, whence.datagen, whence.baselines)})


def doctor(out):
    return {found["name"]: found for found in json.loads(out.stdout)}


def test_a_backend_that_is_not_here(data, tmp_path):
    run(bench(data, tmp_path / "r"), MPLBACKEND="module://none_such.backend_inline")
    assert (tmp_path / "r" / "report.html").exists()


def test_the_python_door_opens_with_a_backend_that_is_not_here(data, tmp_path):
    code = f"import whence; whence.bench('tde', {str(data)!r}, methods='zero', out={str(tmp_path / 'r')!r})"
    run([sys.executable, "-c", code], MPLBACKEND="nonsense")


def test_doctor_names_a_backend_that_is_not_here():
    for backend, said in (("module://none_such.x", ", which is not here"), ("module://", ""), ("agg", "")):
        found = doctor(run([*WHENCE, "doctor", "--json", "--quick"], MPLBACKEND=backend))["matplotlib backend"]
        assert found["detail"] == f"MPLBACKEND={backend}{said}; pictures are drawn without one"


def test_the_user_keeps_a_backend_that_is_here():
    code = (
        "import os, whence.benchmarks, matplotlib;"
        "print(matplotlib.get_backend(), os.environ['MPLBACKEND']); matplotlib.rcdefaults()"
    )
    assert run([sys.executable, "-c", code], MPLBACKEND="svg").stdout == b"svg svg\n"


class TestLetters:
    @pytest.mark.parametrize(
        "odd",
        [
            {"PYTHONIOENCODING": "ascii"},
            {"LC_ALL": "POSIX"},
            {"LANG": "C"},
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        ],
        ids=str,
    )
    def test_ascii(self, data, tmp_path, odd):
        out = run(bench(data, tmp_path / "r"), **odd)
        assert out.stdout.isascii()
        assert out.stderr.isascii()
        table = out.stdout.decode()
        assert "+-" in table
        assert "| zero" in table
        assert "?" not in table
        assert "\\x" not in table
        assert b"\\u" not in out.stderr
        assert len({len(line) for line in table.splitlines() if line.startswith(("|", "+"))}) == 1
        assert "±" in (tmp_path / "r" / "tables.md").read_text(encoding="utf-8")

    def test_a_name_that_the_locale_cannot_read(self, data, tmp_path):
        locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        out = run(bench(data, tmp_path / "r\xe9"), 2, **locale)
        assert b"set LC_ALL=C.UTF-8 or PYTHONUTF8=1" in out.stderr

    def test_an_encoding_of_few_letters(self, data, tmp_path):
        out = run(bench(data, tmp_path / "r"), PYTHONIOENCODING="latin-1")
        assert "±" in out.stdout.decode("latin-1")
        assert run([*WHENCE, "inspect", tmp_path / "東.zarr"], 2, PYTHONIOENCODING="latin-1").stderr.isascii()

    def test_utf_8_stays(self, data, tmp_path):
        assert "±" in run(bench(data, tmp_path / "r"), LANG="C.UTF-8").stdout.decode()

    def test_no_letter_is_lost(self):
        assert spelling.spelled("±3° │ ─ ╭ é 東 \udce9") == "+-3 deg | - + \\xe9 \\u6771 \\udce9"


SLOW = """
import errno, fcntl, sys, time
from dataclasses import dataclass
from toy_plan import ToyPlan
from whence.datagen.pipeline import generate

@dataclass(frozen=True)
class Slow(ToyPlan):
    def render(self, row):
        time.sleep(float(sys.argv[2]))
        return super().render(row)

def no_locks(*_):
    raise OSError(errno.ENOLCK, "No locks available")

if __name__ == "__main__":
    if "--no-locks" in sys.argv:
        fcntl.flock = no_locks
    print(generate(Slow(), sys.argv[1], workers=2 if "--two" in sys.argv else 1))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    return path


def start(script, out, seconds=0.05, *options, **environment):
    """Start generating the toy dataset, `seconds` a row."""
    command = [sys.executable, str(script), str(out), str(seconds), *options]
    clean = {**os.environ, "PYTHONPATH": str(TESTS), **environment}
    return subprocess.Popen(command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(processes):
    """Return (output, error output) of each process; none failed."""
    found = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), found
    return found


class TestSeveralStarts:
    def test_they_wait_for_each_other_and_say_so(self, script, tmp_path):
        expected = generate(ToyPlan(), str(tmp_path / "one.zarr"))
        found = answers([start(script, tmp_path / "toy.zarr") for _ in range(3)])
        assert [out for out, _ in found] == [f"{expected}\n"] * 3
        said = [line for _, err in found for line in err.splitlines() if "waiting" in line]
        assert said
        assert all(re.search(r"toy\.zarr is being written by process \d+ on \S+ since \d\d:\d\d:\d\d", s) for s in said)
        assert not (tmp_path / "toy.zarr" / LOCK).exists()

    def test_a_holder_that_has_not_yet_written_its_name_is_named(self, tmp_path, capsys):
        def hold():
            with sole_writer(tmp_path) as held:
                return held

        with (tmp_path / LOCK).open("w") as lock, ThreadPoolExecutor(1) as waiting:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entered = waiting.submit(hold)
            time.sleep(0.2)
            lock.write("process 7 on a machine")
            lock.flush()
            time.sleep(0.2)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert entered.result(timeout=60)
        assert "is being written by process 7 on a machine: waiting" in capsys.readouterr().err

    def test_a_killed_process_holds_nothing(self, script, tmp_path):
        path = tmp_path / "toy.zarr"
        run_ = start(script, path, 0.5)
        wait_for(path / "progress" / "000000.json")
        run_.kill()
        run_.communicate()
        assert (path / LOCK).exists()
        assert generate(ToyPlan(), str(path)) == generate(ToyPlan(), str(tmp_path / "one.zarr"))
        assert not (path / LOCK).exists()

    def test_where_files_cannot_be_locked_the_result_is_right(self, script, tmp_path):
        expected = generate(ToyPlan(), str(tmp_path / "one.zarr"))
        found = answers([start(script, tmp_path / "toy.zarr", 0.01, "--no-locks") for _ in range(3)])
        assert [out for out, _ in found] == [f"{expected}\n"] * 3
        assert generate(ToyPlan(), str(tmp_path / "toy.zarr")) == expected
        assert not list(tmp_path.rglob(LOCK))

    def test_two_benches_into_one_folder(self, data, tmp_path):
        both = [
            subprocess.Popen([*map(str, bench(data, tmp_path / "r"))], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        answers(both)
        assert len(list((tmp_path / "r" / "predictions").iterdir())) == 1
        assert not (tmp_path / "r" / LOCK).exists()

    def test_a_refused_run_leaves_no_folder(self, tmp_path):
        with pytest.raises(InputError), sole_writer(tmp_path / "run"):
            raise InputError("refused")
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(("fault", "raised"), [(errno.ENOLCK, False), (errno.ENOTSUP, False), (errno.EIO, True)])
    def test_file_systems_without_locks(self, tmp_path, monkeypatch, fault, raised):
        def flock(*_):
            raise OSError(fault, os.strerror(fault))

        monkeypatch.setattr(locks.fcntl, "flock", flock)
        if raised:
            with pytest.raises(OSError, match="Input/output"), sole_writer(tmp_path):
                pass
        else:
            with sole_writer(tmp_path) as held:
                assert not held
        assert not locks.can_lock(tmp_path)

    def test_a_whole_dataset_needs_no_lock(self, tmp_path):
        path = tmp_path / "toy.zarr"
        expected = generate(ToyPlan(), str(path))
        with (path / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert generate(ToyPlan(), str(path)) == expected


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


class TestWorkers:
    def test_what_dask_sets_for_them_ends_with_them(self, tmp_path, monkeypatch):
        for name in ONE_THREAD:
            monkeypatch.delenv(name, raising=False)
        before = dict(os.environ)
        with pipeline._local_cluster(2) as client:
            client.restart()  # as where a worker has died
            assert [*client.run(lambda: os.environ["OMP_NUM_THREADS"]).values()] == ["1", "1"]
        assert dict(os.environ) == before


class TestNoWorkers:
    def test_said_aloud_and_the_same_bytes(self, tmp_path, monkeypatch, capsys):
        expected = generate(ToyPlan(), str(tmp_path / "one.zarr"))
        monkeypatch.setattr(pipeline, "workers_fault", lambda: "no loopback: Permission denied")
        assert generate(ToyPlan(), str(tmp_path / "toy.zarr"), workers=2) == expected
        assert "no worker processes here (no loopback: Permission denied)" in capsys.readouterr().err

    @needs_root
    def test_without_a_loopback(self, script, tmp_path):
        expected = generate(ToyPlan(), str(tmp_path / "one.zarr"))
        command = ["unshare", "-n", sys.executable, script, tmp_path / "toy.zarr", 0, "--two"]
        out = run(command, PYTHONPATH=str(TESTS))
        assert out.stdout.decode() == f"{expected}\n"
        assert "no loopback: Network is unreachable" in out.stderr.decode()
        said = doctor(run(["unshare", "-n", *WHENCE, "doctor", "--json", "--quick"]))
        assert not said["worker processes"]["present"]


class TestAddresses:
    @pytest.mark.parametrize("url", ["s3://bucket/run", "s3://", "s3:/bucket/run", "gs://b", "file:///tmp/run", "hf:"])
    def test_what_must_be_local(self, data, tmp_path, monkeypatch, capsys, url):
        monkeypatch.chdir(tmp_path)
        for command in (
            ["bench", "tde", data, "--method", "zero", "--out", url],
            ["quickstart", "--out", url],
            ["inspect", data, "--html", url],
            ["generate", "scenes", url],
            ["leaderboard", "init", url],
        ):
            with pytest.raises(SystemExit, match="2"):
                cli.main(list(map(str, command)))
            assert "must be local" in capsys.readouterr().err, command
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("url", "package", "hint"),
        [
            ("gs://b/x.zarr", "gcsfs", "pip install gcsfs"),
            ("abfs://b/x.zarr", "adlfs", "pip install adlfs"),
            ("s3://b/x.zarr", "s3fs", "pip install 'whence[s3]'"),
            ("hf://datasets/b/x.zarr", "huggingface_hub", "pip install 'whence[hf]'"),
            ("http://127.0.0.1:9/x.zarr", "aiohttp", "pip install 'whence[http]'"),
        ],
    )
    def test_what_is_missing_is_named(self, tmp_path, url, package, hint):
        """The package is hidden where it is here."""
        hiding, here = tmp_path / "hiding", tmp_path / "here"
        hiding.mkdir()
        here.mkdir()
        (hiding / f"{package}.py").write_text(f"raise ModuleNotFoundError('No module named {package}')")
        out = run([*WHENCE, "verify", url], 2, here, PYTHONPATH=str(hiding))
        assert hint in out.stderr.decode()
        assert len(out.stderr.splitlines()) == 1
        assert list(here.iterdir()) == []

    @pytest.mark.parametrize("url", ["s3:/b/x.zarr", "gs:/b/x.zarr"])
    def test_one_slash_is_no_folder(self, url):
        with pytest.raises(InputError, match=f"did you mean {url[:2]}://"):
            Folder(url)

    def test_no_file_is_written_behind_a_url(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=r"s3://b/f\.json is a URL"), written_whole(Path("s3://b/f.json")):
            pass
        assert list(tmp_path.iterdir()) == []
