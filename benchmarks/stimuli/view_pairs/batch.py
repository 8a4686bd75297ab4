"""Pairs of views of the same place: two pictures by a camera that rotated in between."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....datagen.dataset import Dataset, read_rows
from ...display.notebook import Shown
from ...questions.labels import Labels
from ...questions.stimulus import GivenArray, Stimulus
from .condition import AsStored

BATCH = 64
"""Pairs in memory at once: 30 MB of pictures of 320 x 240."""

Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ViewPairBatch(Shown):
    """Pairs of pictures as a method sees them.

    `images_0` and `images_1` are uint8 (pairs, height, width, 3), red first. `intrinsics` (3, 3) is in pixels, the
    centre of the pixel in row i and column j at the image point (j + 0.5, i + 0.5). `pitch_deg` (pairs,) is how far
    the camera looks up (negative: down) in both pictures, which phones measure by gravity.
    """

    images_0: Pictures
    images_1: Pictures
    sample_id: Sequence[str]
    intrinsics: npt.NDArray[np.float64]
    pitch_deg: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.images_0)


def batches(dataset: Dataset, labels: Labels, condition: AsStored) -> Iterator[ViewPairBatch]:
    """Yield view 0 and view `within` of each sample's row, in the order of `labels`."""
    for part in labels.batches(BATCH):
        yield seen(dataset, part)


def seen(dataset: Dataset, labels: Labels) -> ViewPairBatch:
    """Return the samples `labels` as methods see them."""
    rows, place = np.unique(labels.rows, return_inverse=True)
    images = read_rows(dataset.array("image"), rows, dataset.url)
    names = tuple(map(str, labels.sample_id))
    first, second = images[place, 0], images[place, labels.within[:, 0]]
    return ViewPairBatch(first, second, names, intrinsics(dataset), _pitch(dataset, labels.rows))


def intrinsics(dataset: Dataset) -> npt.NDArray[np.float64]:
    """Return the camera matrix (3, 3), in pixels, of the pictures of `dataset`."""
    array = dataset.array("image")
    height, width = array.shape[-3:-1]
    field_of_view = float(np.asarray(array.attrs["horizontal_field_of_view_deg"]))
    focal = width / 2 / math.tan(math.radians(field_of_view) / 2)
    return np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])


def _pitch(dataset: Dataset, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    if "pitch" in dataset:
        return np.asarray(dataset.column("pitch")[rows], dtype=np.float64)
    return np.full(len(rows), float(np.asarray(dataset.array("image").attrs["pitch_deg"])))


_PICTURE = ("row", "column", "colour")

VIEW_PAIRS = Stimulus(
    noun="pair",
    sense="see",
    attention="look",
    condition=AsStored,
    batch=ViewPairBatch,
    size=BATCH,
    arrays=(
        GivenArray("images_0", _PICTURE, "first view, sRGB", "0.jpg"),
        GivenArray("images_1", _PICTURE, "second view, sRGB", "1.jpg"),
        GivenArray("pitch_deg", (), "how far the camera looks up in both views, degrees"),
    ),
    constants=("intrinsics",),
    batches=batches,
    exhibits="whence.benchmarks.stimuli.view_pairs.exhibit:pairs",
    physics="whence.benchmarks.stimuli.view_pairs.physics:checks",
)
