"""Checks that what a sounding-objects dataset says of its pictures and sounds is what they show and hold."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ...conventions import wrap_degrees
from ..acoustics.ears import near_ear_of_responses
from ..cameras import PITCH_DEG, Camera, orientation, project
from ..dataset import Dataset, read_rows
from ..sphere import azimuths_of
from .masks import box_and_area
from .slots import ELSEWHERE, OBJECTS, OFF_SCREEN

Float64 = npt.NDArray[np.float64]

MARGIN = 0.35
"""How far beyond its box the centre of an object may be seen, as a share of the box: part of it may be hidden."""
FARTHEST_OFF = 10.0
"""Largest angle between the azimuth of an object and the middle of what shows of it in a panorama, degrees."""
ROWS_AT_ONCE = 200
MOST_SWAPPED = 0.2
"""Largest share of responses in which the far ear may lead: here reflections are part of them."""


def seen_at(azimuth: npt.ArrayLike, elevation: npt.ArrayLike) -> Float64:
    """Return the points (n, 2) of the picture, as fractions, at which directions (degrees, left and up positive) lie.

    NaN behind the camera.

    >>> seen_at([0.0], [-22.5]).round(6).tolist()
    [[0.5, 0.5]]
    """
    turn, rise = np.radians(np.atleast_1d(azimuth)), np.radians(np.atleast_1d(elevation))
    towards = np.stack([-np.sin(turn) * np.cos(rise), np.sin(rise), -np.cos(turn) * np.cos(rise)], axis=1)
    camera = Camera()
    points, _ = project(camera, orientation(0.0, PITCH_DEG), np.zeros(3), towards)
    return np.asarray(points / [camera.width, camera.height])


def panorama_faults(dataset: Dataset) -> Iterator[str]:
    """Yield the objects of panoramas that do not show where they are heard, and frames in which none of them sounds."""
    azimuth, sounding = dataset.column("azimuth"), dataset.column("sounding")
    count = azimuth.shape[1]
    for row in range(len(dataset)):
        mask = read_rows(dataset.array("mask"), np.array([row]), dataset.url)[0]
        turned = np.exp(1j * np.radians(azimuths_of(mask.shape[1])))
        for k in range(count):
            centre = np.degrees(np.angle((mask == k + 1).sum(axis=0) @ turned))
            if not (mask == k + 1).any():
                yield f"row {row}: the mask shows no object {k}"
            elif abs(wrap_degrees(centre - azimuth[row, k])) > FARTHEST_OFF:
                yield f"row {row}: object {k} shows at {centre:.1f} degrees and is heard at {azimuth[row, k]:.1f}"
        if sounding[row].min() < -1 or sounding[row].max() >= count or (sounding[row] < 0).all():
            yield f"row {row}: sounding names a source that is not there, or none in any frame"


def empty_slots(dataset: Dataset, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return where labels of this `shape`, (rows, sources), belong to empty slots; False for datasets without slots."""
    kinds = dataset.column("category") if "category" in dataset else None
    return kinds < 0 if kinds is not None and kinds.shape == shape else np.zeros(shape, np.bool_)


def picture_faults(dataset: Dataset) -> Iterator[str]:
    """Yield the boxes and areas that differ from the masks, and the objects that are not where they are heard."""
    box, area = dataset.column("box"), dataset.column("area")
    present = dataset.column("category")[:, :OBJECTS] >= 0
    for start in range(0, len(dataset), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(dataset)))
        for row, mask in zip(rows, read_rows(dataset.array("mask"), rows, dataset.url), strict=True):
            for k in range(OBJECTS):
                shown, share = box_and_area(mask, k)
                if np.isfinite(share) != present[row, k]:
                    yield f"row {row}: the mask shows {'an' if np.isfinite(share) else 'no'} object {k}"
                elif not np.array_equal(shown, box[row, k], equal_nan=True):
                    yield f"row {row}: box {k} does not enclose what the mask shows"
                elif not np.array_equal(share, area[row, k], equal_nan=True):
                    yield f"row {row}: area {k} is not that of the mask"


def direction_faults(dataset: Dataset) -> Iterator[str]:
    """Yield the objects whose direction does not point into their box, and the sources that are not out of view."""
    box, category = dataset.column("box").astype(np.float64), dataset.column("category")
    azimuth, elevation = dataset.column("azimuth"), dataset.column("elevation")
    for k in range(OBJECTS):
        points = seen_at(azimuth[:, k], elevation[:, k])
        room = MARGIN * (box[:, k, 2:] - box[:, k, :2])
        inside = ((points > box[:, k, :2] - room) & (points < box[:, k, 2:] + room)).all(axis=1)
        for row in np.flatnonzero(~inside & (category[:, k] >= 0)):
            yield f"row {row}: object {k} is not seen where its direction points"
    half = Camera().horizontal_field_of_view / 2
    for row in np.flatnonzero((np.abs(azimuth[:, OBJECTS:]) <= half).any(axis=1)):
        yield f"row {row}: a source out of view is in view"
    for number, kinds in enumerate(category.tolist()):
        if kinds[OFF_SCREEN] in kinds[:OBJECTS] or kinds[ELSEWHERE] not in kinds[:OBJECTS]:
            yield f"row {number}: the kinds of the sources out of view are not as they should be"


def sound_faults(dataset: Dataset) -> Iterator[str]:
    """Yield the sources without a sound, the empty slots with one, and responses with left and right swapped."""
    category = dataset.column("category")
    for start in range(0, len(dataset), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(dataset)))
        heard = np.asarray(read_rows(dataset.array("dry"), rows, dataset.url).any(axis=2))
        for row, slot in np.argwhere(heard != (category[rows] >= 0)):
            yield f"row {rows[row]}: source {slot} {'sounds, but is empty' if heard[row, slot] else 'is silent'}"
    if "impulse_response" in dataset:
        yield from _side_faults(dataset)


def _side_faults(dataset: Dataset) -> Iterator[str]:
    rows = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), 120)).astype(np.intp))
    heard = read_rows(dataset.array("impulse_response"), rows, dataset.url)
    azimuth, elevation = (np.radians(dataset.column(name)[rows]) for name in ("azimuth", "elevation"))
    lateral, there = (np.sin(azimuth) * np.cos(elevation)).ravel(), (dataset.column("category")[rows] >= 0).ravel()
    near = near_ear_of_responses(heard.reshape(-1, *heard.shape[-2:])[there], lateral[there])
    if near.which.size and (near.verdict != "right" or near.swapped.size > MOST_SWAPPED * near.which.size):
        yield f"left and right are swapped or alike: {near}"
