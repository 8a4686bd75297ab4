"""Checks that the sources of a dataset are heard on the side given by their azimuths."""

import numpy as np
import numpy.typing as npt

from .acoustics.ears import NearEar, near_ear_of_clips, near_ear_of_responses
from .dataset import Dataset, read_rows

Float64 = npt.NDArray[np.float64]

MOST_SOURCES = 600
"""Number of sources to check, spread evenly over the dataset."""
MOST_SWAPPED = 0.1
"""Largest share of direct sounds in which the far ear may lead."""


def side_faults(dataset: Dataset) -> tuple[int, tuple[str, ...]] | None:
    """Return the number of lateral sources of `dataset` that were checked, and the faults found.

    If the direct sound is stored separately, as in HM3D-SS, the near ear must lead for nine sources in ten; in clips
    through measured responses, for most. None for a dataset of another kind, or with sealed labels.
    """
    if "azimuth" not in dataset:
        return None
    if "impulse_response_direct" in dataset:
        near = _direct_sound(dataset)
        wrong = near.verdict != "right" or near.swapped.size > MOST_SWAPPED * near.which.size
    elif dataset.name == "brir":
        near = _clips(dataset)
        wrong = near.verdict != "right" and near.agreeing <= near.opposed
    else:
        return None
    count = near.which.size
    return count, ((f"left and right are swapped or alike: {near}",) if count and wrong else ())


def _direct_sound(dataset: Dataset) -> NearEar:
    """Return the near-ear cues in the direct sound of a dataset of views."""
    azimuth = dataset.column("azimuth")
    rows = _spread(len(dataset), MOST_SOURCES // int(np.prod(azimuth.shape[1:])))
    heard = read_rows(dataset.array("impulse_response_direct"), rows, dataset.url)
    lateral = (np.sin(np.radians(azimuth)) * _flatness(dataset))[rows]
    return near_ear_of_responses(heard.reshape(-1, *heard.shape[-2:]), lateral.ravel())


def _flatness(dataset: Dataset) -> Float64:
    """Return the cosine of each source's elevation (row, source, view), 1 if no positions are stored."""
    if "source_position" not in dataset or "camera_position" not in dataset:
        return np.ones_like(dataset.column("azimuth"))
    towards = dataset.column("source_position")[:, :, None] - dataset.column("camera_position")[:, None]
    return np.asarray(np.hypot(towards[..., 0], towards[..., 2]) / np.linalg.norm(towards, axis=-1))


def _clips(dataset: Dataset) -> NearEar:
    """Return the near-ear cues in the clips of a dataset from measured responses."""
    rows = _spread(len(dataset), MOST_SOURCES)
    return near_ear_of_clips(dataset.audio(rows), np.sin(np.radians(dataset.column("azimuth")[rows])))


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """Return up to `most` of `count` rows, spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, max(most, 1))).astype(np.intp))
