"""Track `left-right`: on which side a sound is (StereoCRW, Sec. 4.2).

Sounds within 10 degrees of straight ahead or behind are left out, as the published benchmark leaves out its centre.
"""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.labels import Float64, Labels
from ..questions.track import Track
from ..stimuli.stereo.batch import STEREO
from ..stimuli.stereo.condition import StereoCondition

CENTRE_DEG = 10.0


def read_labels(dataset: Dataset) -> Labels:
    """Return every lateral clip with its side, +1 left and -1 right, by speaker or video."""
    recorded = dataset.name == "in-the-wild"
    side = dataset.column("side").astype(np.float64) if recorded else _side(dataset.column("azimuth"))
    everything = Labels(
        rows=np.arange(len(dataset)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=side,
        clusters=dataset.column("video" if recorded else "speaker").astype(object),
        cluster_name="video" if recorded else "speaker",
        groups={"rt60_nominal": dataset.column("rt60_nominal")} if "rt60_nominal" in dataset else {},
    )
    return everything.take(np.flatnonzero(side))


def _side(azimuth: Float64) -> Float64:
    """Return +1 for azimuths (degrees) to the left, -1 to the right, 0 within `CENTRE_DEG` of ahead or behind.

    >>> _side(np.array([30.0, -90.0, 5.0, 175.0])).tolist()
    [1.0, -1.0, 0.0, 0.0]
    """
    folded = np.minimum(np.abs(azimuth), 180 - np.abs(azimuth))
    return np.where(folded > CENTRE_DEG, np.sign(azimuth), 0.0)


def commoner_side(truth: Float64) -> Float64:
    """Return for every sample the side that is commoner in `truth`: the best that one can say without listening."""
    return np.full_like(truth, 1.0 if truth.sum() >= 0 else -1.0)


TRACK = Track(
    name="left-right",
    question="Is the sound on the left or on the right?",
    datasets=("tde", "brir", "in-the-wild"),
    stimulus=STEREO,
    prediction="a number that is >= 0 for left",
    quantity=None,
    metrics=(metrics.ACCURACY,),
    read_labels=read_labels,
    chance=commoner_side,
    ceiling=np.copy,
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
    ),
    published={"in-the-wild": ("YouTube in-the-wild left/right",)},
    reference="gcc-phat",
)
