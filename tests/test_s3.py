"""Datasets behind s3://, against moto's server: made, killed and resumed, made twice at once, benched; its faults."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_plan import ToyPlan
from warm_process import run_whence

from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate

pytest.importorskip("moto", reason="the S3 server of the tests, moto, is not here")
pytest.importorskip("s3fs", reason="s3fs is not here")

TOY = """
import os, sys
from toy_plan import ToyPlan
from whence.datagen import pipeline

def killed_after_one(plan, url, shard):
    if shard:
        os._exit(9)
    return render_shard(plan, url, shard)

if __name__ == "__main__":
    if "kill" in sys.argv:
        render_shard, pipeline.render_shard = pipeline.render_shard, killed_after_one
    print(pipeline.generate(ToyPlan(), sys.argv[1], workers=int(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The environment of a user of an S3 server on this machine, which holds the bucket `sounds`."""
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        user = {
            "AWS_ENDPOINT_URL": address_in(log, process),
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        make = "import s3fs; s3fs.S3FileSystem().mkdir('sounds')"
        subprocess.run([sys.executable, "-c", make], env=environment(user), check=True, capture_output=True)
        yield user
    finally:
        process.terminate()
        process.wait()


def address_in(log, process):
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def environment(user):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("AWS_")}, **user}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return generate(ToyPlan(), str(tmp_path_factory.mktemp("toy") / "toy.zarr"))


@pytest.fixture
def toy(tmp_path, server):
    """Starts generating the toy dataset."""
    (tmp_path / "toy.py").write_text(TOY)

    def start(url, *options):
        command = [sys.executable, str(tmp_path / "toy.py"), url, *options]
        return subprocess.Popen(
            command, env=environment(server), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def test_a_killed_run_is_resumed_by_two_workers(toy, expected):
    """The parent lists what is there before its workers write: what it knew then is no longer true."""
    killed = toy("s3://sounds/killed.zarr", "1", "kill")
    killed.communicate(timeout=120)
    assert killed.returncode == 9
    resumed = toy("s3://sounds/killed.zarr", "2")
    out, err = resumed.communicate(timeout=120)
    assert (out, resumed.returncode) == (f"{expected}\n", 0), err


def test_two_starts_at_once(toy, expected):
    both = [toy("s3://sounds/twice.zarr", "1") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (out, process.returncode) == (f"{expected}\n", 0), err


def whence(server, *arguments):
    return run_whence(*arguments, environment=environment(server))


def test_a_dataset_is_made_and_benched(server, speech_folder, tmp_path):
    url, rest = "s3://sounds/d.zarr", ("--speech", speech_folder, "--clips", 1, "--rt60", 0.1, "--workers", 1)
    made = whence(server, "generate", "tde", url, *rest)
    assert made.returncode == 0, made.stderr
    out = whence(server, "bench", "tde", url, "--method", "zero", "--snr", "clean", "--out", tmp_path / "run")
    assert out.returncode == 0, out.stderr
    assert (tmp_path / "run" / "report.html").exists()
    back, run = tmp_path / "d.zarr", tmp_path / "run"
    script = "import sys; from whence.datagen.copying import copy; copy(*sys.argv[1:3]); copy(*sys.argv[3:])"
    command = [sys.executable, "-c", script, url, back, run, "s3://sounds/run"]
    copied = subprocess.run(command, env=environment(server), capture_output=True, text=True)
    assert copied.returncode == 0, copied.stderr
    assert Dataset(str(back)).fingerprint in (run / "run.json").read_text()


@pytest.mark.parametrize(
    ("changed", "url", "said"),
    [
        ({}, "s3://no-such-bucket/x.zarr", "bucket does not exist"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://sounds/x.zarr", "Could not connect"),
    ],
)
def test_a_fault_of_the_storage_is_one_line(server, speech_folder, changed, url, said):
    user = {**server, **changed, "AWS_MAX_ATTEMPTS": "1"}
    out = whence(user, "generate", "tde", url, "--speech", speech_folder, "--clips", 1)
    assert out.returncode == 2
    assert said in out.stderr.splitlines()[-1]
    assert "Traceback" not in out.stderr
