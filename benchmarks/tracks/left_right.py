"""Track `left-right`: the side of a sound (StereoCRW, Sec. 4.2).

Sounds within 10 degrees of straight ahead or behind are left out, as the published benchmark does.
"""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import AnswerKind
from ..questions.labels import Float64, Labels, clusters_of, ground_truth, labelled, truth_in
from ..questions.track import PublishedSet, Track
from ..stimuli.stereo.batch import STEREO
from ..stimuli.stereo.condition import StereoCondition
from .parts import RT60

CENTRE_DEG = 10.0
PUBLISHED_ROWS = 1770
"""Rows of StereoCRW's label file: 885 clips of 33 videos, each unchanged and with its channels swapped."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every lateral clip with its side, +1 left and -1 right, by speaker or video."""
    clusters, noun = clusters_of(dataset)
    everything = Labels(
        rows=np.arange(len(dataset)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=_sides(dataset),
        clusters=clusters,
        cluster_name=noun,
        groups={"rt60_nominal": dataset.column("rt60_nominal")} if "rt60_nominal" in dataset else {},
    )
    return labelled(everything, dataset, "a column side or azimuth_deg")


def _sides(dataset: Dataset) -> Float64:
    """Return the side (n,) as labelled, or else by the azimuth; NaN where neither tells."""
    said = truth_in(dataset, "side")
    side = np.where(np.nan_to_num(said) != 0, said, _side(truth_in(dataset, "azimuth")))
    return np.where(side == 0, np.nan, side)


def _side(azimuth: Float64) -> Float64:
    """Return +1 for azimuths (degrees) to the left, -1 to the right, 0 within `CENTRE_DEG` of ahead or behind.

    >>> _side(np.array([30.0, -90.0, 5.0, 175.0])).tolist()
    [1.0, -1.0, 0.0, 0.0]
    """
    folded = np.minimum(np.abs(azimuth), 180 - np.abs(azimuth))
    return np.where(folded > CENTRE_DEG, np.sign(azimuth), 0.0)


def of_the_published_list(dataset: Dataset) -> bool:
    """Return whether the label file of the recordings is as long as the published one."""
    missing = dataset.attributes.get("engine", {}).get("rows_without_recording", 0)
    return len(dataset) + int(missing) == PUBLISHED_ROWS


def commoner_side(labels: Labels) -> Float64:
    """Return the more common side for every sample, the best guess without listening."""
    return np.full(len(labels), 1.0 if labels.truth.sum() >= 0 else -1.0)


def _texts(truth: float, answer: float) -> tuple[str, str]:
    return _side_text(truth), f"{_side_text(answer)} ({answer:.3g})"


def _side_text(value: float) -> str:
    return "left" if value >= 0 else "right"


TRACK = Track(
    name="left-right",
    question="Is the sound on the left or on the right?",
    datasets=("tde", "brir", "in-the-wild", "recordings"),
    stimulus=STEREO,
    answer=AnswerKind("a number that is >= 0 for left", texts=_texts),
    metrics=(metrics.ACCURACY,),
    read_labels=read_labels,
    chance=commoner_side,
    ceiling=ground_truth,
    default_conditions=(StereoCondition(clip_seconds=0.48),),
    default_methods=(
        "random",
        "gcc-phat",
        "gcc-phat:protocol=best",
        "scot",
        "roth",
        "flat",
        "ml",
        "beta",
        "iid-rms",
        "iid-vote",
        "whence-delay",
    ),
    parts=(RT60,),
    published=(PublishedSet("YouTube in-the-wild left/right", "in-the-wild", of_the_published_list),),
    reference="gcc-phat",
)
