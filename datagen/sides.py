"""Checks that the sources of a dataset are heard on the side given by their azimuths."""

import numpy as np
import numpy.typing as npt

from .acoustics.delay_pattern import FARTHEST, delay_pattern
from .acoustics.ears import level_difference, near_ear_of_clips, near_ear_of_responses
from .acoustics.head_cues import direct_delay
from .dataset import Dataset, read_rows

Float64 = npt.NDArray[np.float64]

MOST_SOURCES = 600
"""Number of sources to check, spread evenly over the dataset."""
MOST_SWAPPED = 0.1
"""Largest share of direct sounds in which the far ear may lead."""
MOST_APART = 0.02
"""Largest share of direct sounds whose delay, or level, may be that of no head at the stated place."""
MOST_BENT = 0.1
"""The same of other engines, which bend sound round edges, so that it arrives from there."""
LARGEST_LEVEL = 50.0
"""dB by which one ear may be louder; 25 on measured heads, more only near the ear."""


def side_faults(dataset: Dataset) -> tuple[int, tuple[str, ...]] | None:
    """Return the number of lateral sources of `dataset` that were checked, and the faults found.

    If the direct sound is stored separately, as in HM3D-SS, the near ear must lead for nine sources in ten, both ears
    must hear, and delays must follow the azimuths. In clips through measured responses, the near ear must lead for
    most, the far ear for one in ten at most, and the stored delays must follow the azimuths. None for a dataset of
    another kind, or with sealed labels.
    """
    if "azimuth" not in dataset:
        return None
    if "impulse_response_direct" in dataset:
        ours = dataset.attributes.get("engine", {}).get("name") == "native"
        return _direct_faults(*_direct_sound(dataset), MOST_APART if ours else MOST_BENT)
    return _clip_faults(dataset) if dataset.name == "brir" else None


def _direct_sound(dataset: Dataset) -> tuple[Float64, Float64, Float64]:
    """Return direct sounds (n, 2, samples) that are heard, and how far left and ahead (n,) their sources are."""
    azimuth = dataset.column("azimuth")
    rows = _spread(len(dataset), MOST_SOURCES // int(np.prod(azimuth.shape[1:])))
    stored = read_rows(dataset.array("impulse_response_direct"), rows, dataset.url)
    heard = stored.reshape(-1, *stored.shape[-2:]).astype(np.float64)
    angle, flat = np.radians(azimuth[rows]).ravel(), _flatness(dataset)[rows].ravel()
    told = heard.any(axis=(1, 2)) & np.isfinite(angle)
    return heard[told], (np.sin(angle) * flat)[told], (np.cos(angle) * flat)[told]


def _direct_faults(heard: Float64, lateral: Float64, ahead: Float64, most_apart: float) -> tuple[int, tuple[str, ...]]:
    """Return the number of direct sounds from the side, and what is wrong with more of them than `most_apart`."""
    near = near_ear_of_responses(heard, lateral)
    swapped = near.verdict != "right" or near.swapped.size > MOST_SWAPPED * near.which.size
    faults = [f"left and right are swapped or alike: {near}"] if near.which.size and swapped else []
    deaf = int((np.abs([level_difference(pair) for pair in heard]) > LARGEST_LEVEL).sum())
    if deaf > most_apart * len(heard):
        faults.append(f"one ear is silent, or nearly, in {deaf} of {len(heard)} direct sounds")
    return near.which.size, (*faults, *([] if faults else _delay_faults(heard, lateral, ahead, most_apart)))


def _delay_faults(heard: Float64, lateral: Float64, ahead: Float64, most_apart: float) -> list[str]:
    """Return how the delays of direct sounds contradict their directions."""
    pattern = delay_pattern([direct_delay(pair) for pair in heard], lateral, ahead)
    apart = int((pattern.apart > FARTHEST).sum()) if pattern.clear else 0
    if pattern.fault or apart <= most_apart * len(heard):
        return [pattern.fault] if pattern.fault else []
    return [f"{apart} of {len(heard)} direct sounds have the delay of another azimuth"]


def _flatness(dataset: Dataset) -> Float64:
    """Return the cosine of each source's elevation (row, source, view), 1 if no positions are stored."""
    if "source_position" not in dataset or "camera_position" not in dataset:
        return np.ones_like(dataset.column("azimuth"))
    towards = dataset.column("source_position")[:, :, None] - dataset.column("camera_position")[:, None]
    return np.asarray(np.hypot(towards[..., 0], towards[..., 2]) / np.linalg.norm(towards, axis=-1))


def _clip_faults(dataset: Dataset) -> tuple[int, tuple[str, ...]]:
    """Return the number of clips with a source at the side, and what is wrong with all clips or delays."""
    rows, angle = _spread(len(dataset), MOST_SOURCES), np.radians(dataset.column("azimuth"))
    near = near_ear_of_clips(dataset.audio(rows), np.sin(angle[rows]))
    mostly = near.verdict != "right" and near.agreeing <= near.opposed
    if near.which.size and (mostly or near.swapped.size > MOST_SWAPPED * near.which.size):
        return near.which.size, (f"left and right are swapped or alike: {near}",)
    places = np.unique(np.stack([angle, dataset.column("interaural_time_difference")], axis=1), axis=0)
    fault = delay_pattern(places[:, 1], np.sin(places[:, 0]), np.cos(places[:, 0])).fault
    return near.which.size, ((fault,) if fault else ())


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """Return up to `most` of `count` rows, spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, max(most, 1))).astype(np.intp))
