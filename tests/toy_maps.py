"""A track whose answers are maps and whose truth is boxes: bright boxes in noisy pictures, for tests.

It is what a new modality takes: a stimulus (condition, batch, exhibit), a track, and one line that registers it, here
the entry point that `register` writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from whence.benchmarks.display.exhibit import Exhibit
from whence.benchmarks.questions.answer import AnswerKind, Answers
from whence.benchmarks.questions.labels import Labels, arrays_of_truth
from whence.benchmarks.questions.metrics import Metric
from whence.benchmarks.questions.settings import Setting, setting
from whence.benchmarks.questions.source import Source
from whence.benchmarks.questions.stimulus import GivenArray, Stimulus
from whence.benchmarks.questions.track import Track
from whence.benchmarks.stimuli.noise import NOISE, check_noise
from whence.datagen.dataset import Dataset, read_rows
from whence.datagen.shards import Field, Layout
from whence.digests import generator_for

SIZE, PIXELS = 56, 28
"""Cells of a map and pixels of a picture, on either side."""
SCENES = 8


@dataclass(frozen=True)
class Grainy:
    """How noisy the pictures are."""

    snr_db: float | None = setting(None, **NOISE)

    def __post_init__(self) -> None:
        check_noise(self.snr_db)

    def stated(self) -> dict[str, float | int | None]:
        """Return the setting."""
        return {"snr_db": self.snr_db}

    def label(self) -> str:
        """Return a short name."""
        return "clean" if self.snr_db is None else f"SNR {self.snr_db:g} dB"

    def given(self) -> str:
        """Return what a method sees."""
        return "one picture"

    def published_form(self) -> bool:
        """Return False: nobody has published on this."""
        return False


@dataclass(frozen=True)
class PictureBatch:
    """Pictures, uint8 (n, 28, 28, 3)."""

    picture: np.ndarray
    sample_id: Sequence[str]
    brightness: float

    def __len__(self) -> int:
        return len(self.picture)


def batches(dataset: Dataset, labels: Labels, condition: Grainy) -> Iterator[PictureBatch]:
    """Yield the pictures of `labels`, with grain."""
    for part in labels.batches(16):
        pictures = read_rows(dataset.array("picture"), part.rows, dataset.url).astype(float)
        if condition.snr_db is not None:
            for picture, name in zip(pictures, part.sample_id, strict=True):
                grain = generator_for(0, f"{condition.snr_db}/{name}").standard_normal(picture.shape)
                picture += 80 * 10 ** (-condition.snr_db / 20) * grain
        yield PictureBatch(pictures.clip(0, 255).astype(np.uint8), tuple(map(str, part.sample_id)), 200.0)


def exhibits(source: Source, labels: Labels, answers: Answers, condition: Grainy) -> list[Exhibit]:
    """Return each map as a picture."""
    return [Exhibit(drawing=_drawn(answer), alt="The map.") for answer in answers]


def _drawn(answer: np.ndarray) -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().imshow(answer)
    return figure


STIMULUS = Stimulus(
    noun="picture",
    sense="see",
    attention="look",
    condition=Grainy,
    batch=PictureBatch,
    size=16,
    arrays=(GivenArray("picture", ("row", "column", "colour"), "the picture, sRGB", "jpg"),),
    constants=("brightness",),
    batches=batches,
    exhibits="toy_maps:exhibits",
)


def box_map(boxes: np.ndarray) -> np.ndarray:
    """Return a map (56, 56) that is 1 inside `boxes` (k, 4), [x0, y0, x1, y1] as fractions, half-open, 0 outside."""
    centre = (np.arange(SIZE) + 0.5) / SIZE
    inside = [(centre >= y0) & (centre < y1) for _, y0, _, y1 in boxes]
    across = [(centre >= x0) & (centre < x1) for x0, _, x1, _ in boxes]
    return np.any([down[:, None] & side for down, side in zip(inside, across, strict=True)], axis=0).astype(float)


def _overlap(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return the intersection over union (n,) of the boxes and the cells above one half, in per cent."""
    true = np.stack([box_map(boxes) for boxes in truth]) > 0.5
    said = answers > 0.5
    return 100 * (true & said).sum(axis=(1, 2)) / (true | said).sum(axis=(1, 2))


def _hit(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return np.where(_overlap(truth, answers) >= 50, 100.0, 0.0)


OVERLAP = Metric("box_overlap", "IoU", "%", True, _overlap, "mean")
SUCCESS = Metric("success", "success at 0.5", "%", True, _hit, "mean")


def read_labels(dataset: Dataset) -> Labels:
    """Return every picture with its one or two boxes, by scene, split by how many there are."""
    boxes = dataset.column("boxes")
    truth = arrays_of_truth([one[np.isfinite(one[:, 0])] for one in boxes])
    return Labels(
        rows=np.arange(len(dataset)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=truth,
        clusters=dataset.column("scene").astype(object),
        groups={"boxes": np.array([float(len(one)) for one in truth])},
        cluster_name="scene",
    )


def centre_blob(labels: Labels) -> Answers:
    """Return the same blob in the middle for every picture."""
    return np.repeat(box_map(np.array([[0.3, 0.3, 0.7, 0.7]]))[None], len(labels), axis=0)


def true_maps(labels: Labels) -> Answers:
    """Return the maps of the true boxes."""
    return np.stack([box_map(boxes) for boxes in labels.truth])


TRACK = Track(
    name="toy-maps",
    question="Where is it bright?",
    datasets=("toy-pictures",),
    stimulus=STIMULUS,
    answer=AnswerKind("a map that is above one half where it is bright", (SIZE, SIZE), "float16"),
    metrics=(OVERLAP, SUCCESS),
    read_labels=read_labels,
    chance=centre_blob,
    ceiling=true_maps,
    default_conditions=(Grainy(0.0), Grainy()),
    default_methods=("toy_maps.py:Bright",),
    parts=(Setting("boxes", "boxes", present="{:g} boxes", absent="any number of boxes"),),
)


@dataclass(frozen=True)
class Bright:
    """Says that it is bright where the picture is brighter than `threshold`."""

    threshold: float = 120.0
    version = "1"
    tracks = ("toy-maps",)

    def predict(self, batch: PictureBatch) -> np.ndarray:
        """Return the maps (n, 56, 56)."""
        bright = batch.picture.mean(axis=-1) > self.threshold
        return bright.repeat(SIZE // PIXELS, axis=1).repeat(SIZE // PIXELS, axis=2).astype(float)


class Blob:
    """Says the middle, whatever it sees."""

    version = "1"
    tracks = ("toy-maps",)
    ignores_input = True

    def predict(self, batch: PictureBatch) -> np.ndarray:
        """Return the same map for all."""
        return np.repeat(box_map(np.array([[0.3, 0.3, 0.7, 0.7]]))[None], len(batch), axis=0)


@dataclass(frozen=True)
class ToyPictures:
    """Pictures with one or two bright boxes, in eight scenes."""

    rows: int = 48
    dataset: str = "toy-pictures"

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How many."""
        return {"rows": self.rows}

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    @property
    def layout(self) -> Layout:
        """One row a picture."""
        fields = (
            Field("picture", "uint8", "sRGB", (PIXELS, PIXELS, 3), ("row", "column", "colour"), chunk_rows=8),
            Field("sample_id", "str", "name"),
            Field("scene", "str", "where"),
            Field("boxes", "float64", "bright boxes, NaN where there is none", (2, 4), ("box", "side")),
        )
        return Layout("picture", self.rows, 24, fields)

    def render(self, row: int) -> dict[str, Any]:
        """Return one picture; its boxes lie on whole pixels."""
        rng = generator_for(0, f"picture/{row}")
        boxes = np.full((2, 4), np.nan)
        picture = rng.integers(0, 60, (PIXELS, PIXELS, 3))
        for k in range(1 + row % 2):
            corner, size = rng.integers(0, PIXELS // 2, 2), rng.integers(6, 14, 2)
            end = corner + size
            boxes[k] = [*(corner / PIXELS), *(end / PIXELS)]
            picture[corner[1] : end[1], corner[0] : end[0]] = 200
        return {
            "picture": picture,
            "sample_id": f"picture/{row:03d}",
            "scene": f"scene-{row % SCENES}",
            "boxes": boxes,
        }


def register(folder: Path) -> str:
    """Register the track as another distribution would, in `folder`; return what PYTHONPATH must hold for it."""
    about = folder / "toy_maps-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-maps\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[whence.tracks]\ntoy-maps = toy_maps:TRACK\n")
    return f"{folder}:{Path(__file__).parent}"
