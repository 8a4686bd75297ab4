"""The commands of the documents, and how each page is run: as it is written, in a folder of its own, at toy size."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import sofa_sets
import soundfile
from conftest import babble
from PIL import Image
from scipy import signal
from test_upstream_hm3d_ss import metadata, write_set
from toy_sounding_sets import write_public_sets
from warm_process import run_warm, simple_command

from whence.conventions import SAMPLE_RATE
from whence.datagen.cameras import Camera
from whence.datagen.panoramas import crop

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

QUICKSTART = """python - <<'END'
from whence.cli import main
from whence.datagen import hm3d_ss, sounding_objects, tde
tde.RT60_LABELS = 0.1, 0.5
tde.PRESETS['tiny'], hm3d_ss.PRESETS['tiny'], sounding_objects.PRESETS['tiny'] = 1, (2, 1), (2, 1)
main(['quickstart', '--speech', 'path/to/speech'])
END"""

RECTANGLES = r"""python - <<'END'
import sys; sys.path.insert(0, {tests!r})
from toy_sounding import ToySounding
from whence.datagen.pipeline import generate
generate(ToySounding(), '\1')
END"""
"""Rectangles that hum in place of rendered homes; tests/test_sounding_objects.py runs the command itself."""

HOMES = RECTANGLES.replace("toy_sounding import ToySounding", "toy_homes import SeenHomes").replace(
    "ToySounding()", "SeenHomes()"
)
"""Places whose pictures are waves of colour in place of rendered homes."""

SHIPPED = rf"whence card {ROOT}/models/weights/salvati.safetensors \1"
"""Weights that come with Whence, in place of those of a training."""

TOY = [
    (r"^whence generate hm3d-ss (\S+) --scene-count 800 --examples 5$", HOMES.format(tests=str(Path(__file__).parent))),
    (
        r"^whence generate sounding-objects (\S+) --preset small( --pictures 12)?$",
        RECTANGLES.format(tests=str(Path(__file__).parent)),
    ),
    (r"^(whence train attention .*?)( --preset (tiny|small))?$", r"\1 --preset tiny --set steps=3 batch=8"),
    (r"^(python -m whence\.benchmarks\.studies\.retrieval.*)$", r"\1 --split all"),
    (r"^pip install '\.\[learned\]' && whence quickstart$", QUICKSTART),
    (r"^(whence generate tde (?!.*--speakers).*)--preset small$", r"\1--clips 2 --rt60 0.1 0.5"),
    (r"^(whence generate tde .*--speakers test) --preset small$", r"\1 --clips 2 --rt60 0.1"),
    (r"^(whence generate random-rooms .*)--preset (tiny|small)$", r"\1--clips 64 --val-clips 16"),
    (
        r"^(whence train (?!attention).*?)( --preset tiny)?( --set hidden=32)?$",
        r"\1 --preset tiny --set steps=3 batch=8\3",
    ),
    (r"^(whence generate brir .*?)( --preset tiny)?$", r"\1 --clips 1"),
    (r"^(whence generate hm3d-ss \S+) --preset (tiny|small)", r"\1 --scene-count 2 --examples 1"),
    (r"^(whence generate sounding-objects \S+) --preset tiny", r"\1 --homes 2 --pictures 1"),
    (r"^(whence generate panoramas .*?)( --pairs 12)?( --largest-rotation \d+)?$", r"\1 --pairs 1\3"),
    (r"^(whence generate panning \S+) --homes 20 --clips 1$", r"\1 --homes 1 --clips 1"),
    (r"^(whence bench panning \S+) --method .* (--out \S+)$", r"\1 --method zero pan --max-samples 4 \2"),
    (r"^(python -m whence\.benchmarks\.studies\.panning \S+ \S+) --method .*$", r"\1 --frames 1"),
    (r"^(whence turn .*)$", r"\1 --seconds 2 --speech path/to/speech"),
    (r"^(whence generate scenes .*)--count 10$", r"\1--count 1"),
    (r"^(whence bench tde (?!.*--method).*)$", r"\1 --method zero gcc-phat --snr 10"),
    (r"^(whence bench tde \S+ .*--method (mine|gcc-phat|network)(?!.*--snr).*)$", r"\1 --snr 10"),
    (r"^(whence copy .*?)s3://my-bucket/(.*)$", r"\1bucket/\2"),
    (r"^(whence bench guided .*)$", r"\1 --snr 30 --max-samples 4 --clip-seconds 0.1"),
    (r"^(whence bench left-right .*)$", r"\1 --method gcc-phat --snr clean"),
    (r"^(whence probe-physics .*)$", r"\1 --max-samples 4"),
    (r"^whence card RUN/checkpoint\.safetensors (.*)$", SHIPPED),
    (r"^(whence bench rotation (?!.*--method).*)$", r"\1 --method sift"),
    (r"^(whence bench azimuth (?!.*--method).*)$", r"\1 --method itd-sphere"),
    (
        r"^(whence submit .*)--board https://board.example.org$",
        r"\1--board board --team us\ncp board/submissions/delays/*.parquet submission.parquet",
    ),
    (r"^(python -m whence\.benchmarks\.speed\.gcc_phat)$", r"\1 --clips 16 --plain-clips 4 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.threads)$", r"\1 --clips 1 --pairs 1 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.generate.*)$", r"\1 --clips 1"),
    (r"^(python -m whence\.benchmarks\.speed\.homes)$", r"\1 --homes 1 --examples 1 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.leaderboard.*)$", r"\1 --teams 2 --each 2 --clips 100 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.mesh)$", r"\1 --scenes 0 --sources 1 --headings 1 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.raycast)$", r"\1 --views 1 --triangles 1 --any-speed"),
    (r"^(python -m whence\.benchmarks\.speed\.shoebox)$", r"\1 --rooms room1 --rt60 0.1 --seconds 0 --any-speed"),
    (r"^(python -m whence\.benchmarks\.studies\.procedural_views docs)$", r"\1 --rows 1 --plans 1"),
    (r"^(python -m whence\.benchmarks\.studies\.delay_grid .*)$", r"\1 --few 2 --fewer 2 --method whence-delay"),
    (r"^(python -m whence\.benchmarks\.studies\.rotation_solvers) --pairs 200$", r"\1 --pairs 3"),
    (r"^(python -m whence\.benchmarks\.studies\.speech_spectrum .*)$", r"\1 --clips 1"),
]
"""What a line of a page becomes; a line that none of these matches is run as it is written."""

NOT_RUN = {
    "pip install '.[test]' && pytest -n logical": "it is this test run, and .ci/run runs it word for word",
    "conda install habitat-sim headless -c conda-forge -c aihabitat": "habitat-sim is no part of Whence",
    "git clone https://github.com/facebookresearch/habitat-sim.git && cd habitat-sim": "the same",
    "git checkout RLRAudioPropagationUpdate": "the same",
    "python setup.py install --headless --audio": "the same",
    "whence generate hm3d-ss data/homes.zarr --scenes path/to/hm3d --renderer habitat --acoustics soundspaces": (
        "needs habitat-sim; tests/test_habitat.py runs the adapter on a stand-in"
    ),
    "python -m whence.benchmarks.speed.leaderboard --database postgresql://board@/postgres": (
        "needs PostgreSQL; tests/test_docs_results.py runs it on a cluster of its own"
    ),
    "python -m whence.benchmarks.studies.vgg_ss_sample vggss.json": (
        "needs the boxes of VGG-SS; tests/test_scripts.py runs it on boxes of its own"
    ),
    "python -m whence.benchmarks.speed.reads data/tde.zarr": "tests/test_scripts.py runs it on clips of its own",
    "python -m whence.benchmarks.speed.torch_reading tde data/tde.zarr --workers 0 2": (
        "tests/test_scripts.py runs it on clips of its own"
    ),
    "whence import checkpoint model.pth ngcc.safetensors --model ngcc-phat": (
        "needs the authors' file; tests/test_importing.py imports one of its layout"
    ),
    (
        "python -m whence.benchmarks.studies.ngcc_table --speech path/to/speech --checkpoint ngcc.safetensors "
        "--rt60 0.2 0.4 0.6 --out docs/results/ngcc_table.md"
    ): "needs the same file; tests/test_scripts.py runs it on weights of its own",
    "python -m whence.benchmarks.speed.batched_lattice --device cuda --batch 1024": (
        "needs a GPU; tests/test_scripts.py runs it on a CPU"
    ),
    "python -m whence.benchmarks.speed.all --markdown speed.md": "tests/test_scripts.py runs it on scripts at toy size",
    "from dask_jobqueue import SLURMCluster": "needs a Slurm cluster",
    "python -m whence.benchmarks.studies.elevation runs/azimuths": "tests/test_scripts.py runs it on homes of its own",
    (
        "whence train slfm --data data/many.zarr --out train/heard "
        "--set held=true steps=250 learning_rate=0.003 binaural=0 validations=5"
    ): "docs/train.md has a shorter one; tests/test_slfm.py trains in every way",
    (
        "whence train slfm --data data/many.zarr --out train/both "
        "--set start=train/heard/checkpoint.safetensors steps=300 learning_rate=0.001 binaural=0 validations=6"
    ): "the same",
    (
        "whence train slfm --data data/many.zarr --out train/longer "
        "--set start=train/both/checkpoint.safetensors steps=600 learning_rate=0.001 binaural=0 validations=6"
    ): "the same",
    (
        "whence train slfm --data data/many.zarr --out train/supervised "
        "--set learns_from=labels steps=1200 validations=12"
    ): "the same",
    (
        "for s in hears=true hears=false sees=nothing sees=rotation task=left-to-right; do whence train slfm-pretext "
        "--data data/many.zarr --out train/pretext-$s --set $s steps=300 validations=3 prompts=0; done"
    ): "tests/test_pretext.py trains in every way",
    (
        "for f in slfm random; do for of in rotation azimuth; do whence train probe --data data/many.zarr "
        "--out train/$f-$of --set features=$f of=$of steps=400 validations=4; done; done"
    ): "the same; tests/test_probe.py trains both",
    (
        "whence bench probe data/many.zarr --method probe:checkpoint=train/slfm-rotation/checkpoint.safetensors "
        "probe:checkpoint=train/random-rotation/checkpoint.safetensors "
        "probe:checkpoint=train/slfm-azimuth/checkpoint.safetensors "
        "probe:checkpoint=train/random-azimuth/checkpoint.safetensors slfm sift itd-sphere --out runs/probe"
    ): "docs/train.md has a shorter one",
    (
        "for l in multiple-instance slavc tri-map fnac; do whence train contrastive --data data/fewer.zarr "
        "--out train/$l --set loss=$l rows=96 columns=128 steps=900 validations=6; done"
    ): "tests/test_picture_models.py trains one, tests/test_picture_losses.py has a step of each",
    (
        "whence bench sounding-object data/fewer.zarr "
        "--method contrastive:checkpoint=train/multiple-instance/checkpoint.safetensors "
        "contrastive:checkpoint=train/slavc/checkpoint.safetensors "
        "contrastive:checkpoint=train/tri-map/checkpoint.safetensors "
        "contrastive:checkpoint=train/fnac/checkpoint.safetensors --out runs/contrastive"
    ): "needs those checkpoints; the page benches others",
    (
        "for k in speech music environment; do whence generate hm3d-ss data/heard-$k.zarr --scene-count 40 "
        "--examples 4 --seed 1 --speech path/to/$k; whence bench azimuth data/heard-$k.zarr --split all "
        "--method itd-sphere gcc-phat slfm slfm:checkpoint=supervised --out runs/heard-$k; done"
    ): "needs music and sounds; the page renders other homes and benches them",
    "whence compare runs/contrastive": "needs that run; the page compares another",
    (
        "whence train rotnce --data data/homes.zarr --out train/rotnce --set steps=150 validations=3"
    ): "docs/train.md has a shorter one",
    (
        "whence train probe --data data/homes.zarr --out train/homes-random-rotation "
        "--set features=random steps=400 validations=4"
    ): "docs/train.md has a shorter one",
    (
        "whence train probe --data data/homes.zarr --out train/homes-random-azimuth "
        "--set of=azimuth features=random steps=400 validations=4"
    ): "docs/train.md has a shorter one",
    (
        "whence train probe --data data/homes.zarr --out train/homes-imagenet-rotation "
        "--set features=imagenet steps=400 validations=4"
    ): "tests/test_probe.py trains it",
    (
        "whence train avsa --data data/homes.zarr --out train/avsa --set steps=300 validations=3"
    ): "docs/train.md has a shorter one",
    (
        "whence train probe --data data/homes.zarr --out train/homes-rotnce-azimuth "
        "--set of=azimuth features=train/rotnce/checkpoint.safetensors steps=400 validations=4"
    ): "tests/test_view_contrast.py reads such features",
    (
        "whence train probe --data data/homes.zarr --out train/homes-avsa-rotation "
        "--set features=train/avsa/checkpoint.safetensors steps=400 validations=4"
    ): "the same",
    (
        "whence train probe --data data/homes.zarr --out train/homes-avsa-azimuth "
        "--set of=azimuth features=train/avsa/checkpoint.safetensors steps=400 validations=4"
    ): "the same",
    (
        "whence bench probe data/homes.zarr "
        "--method probe:checkpoint=train/homes-random-rotation/checkpoint.safetensors "
        "probe:checkpoint=train/homes-imagenet-rotation/checkpoint.safetensors "
        "probe:checkpoint=train/homes-avsa-rotation/checkpoint.safetensors "
        "probe:checkpoint=train/homes-random-azimuth/checkpoint.safetensors "
        "probe:checkpoint=train/homes-rotnce-azimuth/checkpoint.safetensors "
        "probe:checkpoint=train/homes-avsa-azimuth/checkpoint.safetensors --out runs/rivals"
    ): "docs/train.md has a shorter one",
}
"""Lines that are not run, and why; for a block of Python its first line stands for it."""

ELSEWHERE = {"host.md": "tests/test_host_page.py runs its blocks, which share a server"}

TDE = "whence generate tde data/tde.zarr --speech path/to/speech --clips 2 --rt60 0.1 0.5"
BENCH = "whence bench tde data/tde.zarr --method zero gcc-phat --snr 10 --out runs/"
GIVEN = {
    "bench.md": [TDE],
    "physics.md": [TDE],
    "compare.md": [TDE, f"{BENCH}tde", f"{BENCH}mine"],
    "recipes.md": [TDE, f"{BENCH}tde"],
    "papers.md": [TDE, f"{BENCH}tde", f"{BENCH}mine"],
    "submit.md": [
        f"{TDE} --seed {2**127}",
        "whence seal data/tde.zarr --track tde --snr 10 --labels labels.parquet --out PUBLIC.zarr",
        "whence leaderboard init board --files --title Board",
        "whence leaderboard add-track board delays PUBLIC.zarr --title Delays",
    ],
}
"""What a page takes as given: the commands of other pages."""


@dataclass(frozen=True)
class Block:
    """A block of a page: its language and its text."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block shows, if its first line names one."""
        named = re.match(r"# (\w+\.(?:py|toml))\n", self.text)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """Every block of `page` in a language, in order."""
    found = re.findall(r"^( *)```(\w+)\n(.*?)^\1```$", page.read_text(encoding="utf-8"), re.S | re.M)
    return [Block(language, text) for _, language, text in found]


def prose(page: Path) -> str:
    """`page` without its blocks."""
    return re.sub(r"^( *)```.*?^\1```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def toy(line: str) -> str:
    """`line` at toy size; of the benches only those of README draw a report."""
    small = next((re.sub(pattern, less, line) for pattern, less in TOY if re.match(pattern, line)), line)
    return f"{small} --no-report" if small.startswith("whence bench ") and line not in README_LINES else small


README_LINES = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def run_by_results(page: Path, line: str) -> bool:
    """Whether `line` of another page runs a script that docs/results.md runs as well."""
    return page != RESULTS and line.startswith("python -m ") and line in RESULTS.read_text().splitlines()


def scripts(page: Path) -> Iterator[str]:
    """What is run for `page`: each line of its shell blocks, and each block of Python that is no file."""
    for block in blocks(page):
        if block.language == "bash":
            lines = (line for line in block.text.splitlines() if line not in NOT_RUN and not run_by_results(page, line))
            yield from map(toy, lines)
        elif block.language == "python" and not block.file and block.text.splitlines()[0] not in NOT_RUN:
            yield f"python - <<'END'\n{block.text}END"


def run_page(page: Path, folder: Path) -> None:
    """Run `page` in the empty `folder`, after what it takes as given; the first command that fails fails the test."""
    prepare(folder)
    for script in [*GIVEN.get(page.name, ()), *scripts(page)]:
        shell(script, folder)


def shell(script: str, folder: Path) -> str:
    """Run `script` in `folder` and return what it prints."""
    if command := simple_command(script):
        done = run_warm(*command, folder)
    else:
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


# What the pages call yours --------------------------------------------------------------------------------------


def prepare(folder: Path) -> None:
    """Write into `folder` what stands under `path/to` in the documents, and the files that they show."""
    rng = np.random.default_rng(7)
    for k in range(6):
        write_sound(folder / f"path/to/speech/speaker{k % 3}/utterance{k}.wav", babble(1.6 + 0.3 * k, rng))
    write_responses(folder / "path/to/responses")
    write_own_recordings(folder, rng)
    sofa_sets.write(folder / "path/to/room.sofa")
    write_sound(folder / "path/to/recordings/walk.wav", rng.uniform(-0.5, 0.5, (6 * SAMPLE_RATE, 2)))
    (folder / "labels.csv").write_text("path,start_time,itd_label,if_flip\nwalk.wav,30,1,0\nwalk.wav,90,3,0\n")
    for scene in ("00000-kfPV7w3FaU5", "00017-oEPjPNSPmzL", "00800-TEEsavR23oF"):
        write_set(folder / "path/to/hm3d-4view-rotation" / scene / "pair-0000/pair-0003", metadata(scene=scene))
    for name in ("hall", "yard"):
        write_photograph(folder / f"path/to/photographs/{name}.png", rng)
    write_public_sets(folder)
    write_film(folder / "path/to", rng)
    write_sound(folder / "path/to/kettle.wav", 0.1 * rng.standard_normal(SAMPLE_RATE))
    for block in (block for page in PAGES for block in blocks(page) if block.file):
        (folder / str(block.file)).write_text(block.text)


def write_sound(path: Path, sound: np.ndarray) -> None:
    """Write `sound` (samples,) or (samples, channels)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, SAMPLE_RATE, subtype="FLOAT")


def write_own_recordings(folder: Path, rng: np.random.Generator) -> None:
    """Write two recordings in which a channel is late, and their labels as docs/own.md shows them."""
    for name, lags in (("kitchen", (4, -6)), ("hall", (8, 8))):
        parts = [rng.uniform(-0.5, 0.5, 2 * SAMPLE_RATE + abs(lags[0])) for _ in lags]
        sides = [np.stack([part, np.roll(part, lag)], axis=1) for part, lag in zip(parts, lags, strict=True)]
        write_sound(folder / f"path/to/mine/{name}.wav", np.concatenate(sides))
    shown, pairs = [block.text for block in blocks(ROOT / "docs/own.md") if block.language == "text"]
    (folder / "mine.csv").write_text(shown)
    (folder / "pairs.csv").write_text(pairs)
    write_turned(folder / "path/to/pictures/hall", rng, {"001": 0.0, "002": 20.0, "003": -15.0})
    focal = Camera().width / 2 / math.tan(math.radians(Camera().horizontal_field_of_view) / 2)
    lens = {"fx": focal, "fy": focal, "cx": Camera().width / 2, "cy": Camera().height / 2}
    (folder / "lens.json").write_text(json.dumps(lens | {"w": Camera().width, "h": Camera().height}))


def write_responses(folder: Path) -> None:
    """Write responses of a head without a room: the far ear hears later and 6 dB softer."""
    rows = ["file,azimuth_deg,distance_m"]
    for azimuth, delay in ((60, 8), (20, 3), (-40, -6)):
        response = np.zeros((400, 2))
        response[100, int(delay < 0)], response[100 + abs(delay), int(delay > 0)] = 0.8, 0.4
        write_sound(folder / f"at{azimuth}.wav", response)
        rows.append(f"at{azimuth}.wav,{azimuth},2.5")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")


def write_film(folder: Path, rng: np.random.Generator) -> None:
    """Write a kitchen, ten frames of it, and the same as a video, all of noise."""
    (folder / "frames").mkdir()
    film = cv2.VideoWriter(str(folder / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5.0, (160, 120))
    for k in range(10):
        frame = rng.integers(0, 255, (120, 160, 3)).astype(np.uint8)
        Image.fromarray(frame).save(folder / f"frames/frame-{k}.png")
        film.write(frame)
    film.release()
    Image.fromarray(frame).save(folder / "kitchen.png")


def write_photograph(path: Path, rng: np.random.Generator) -> None:
    """Write a panorama of blots, 1024 x 512."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blots(rng)).save(path)


def write_turned(folder: Path, rng: np.random.Generator, headings: Mapping[str, float]) -> None:
    """Write what the camera of HM3D-SS sees of blots at each of `headings` (degrees, left positive)."""
    folder.mkdir(parents=True)
    around = blots(rng)
    for name, heading in headings.items():
        Image.fromarray(crop(around, heading, 0.0)).save(folder / f"{name}.jpg")


def blots(rng: np.random.Generator) -> np.ndarray:
    """Return a panorama (512, 1024, 3) of blots, in which features are found."""
    found = signal.fftconvolve(rng.standard_normal((512, 1024, 3)), np.ones((5, 5, 1)) / 25, mode="same", axes=(0, 1))
    return np.uint8(np.clip(128 + 400 * found, 0, 255))
