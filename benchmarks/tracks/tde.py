"""Track `tde`: the time delay between two microphones (StereoCRW, Sec. 4.1)."""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.labels import Float64, Labels
from ..questions.quantities import DELAY
from ..questions.track import Track
from ..stimuli.stereo.batch import STEREO
from ..stimuli.stereo.condition import StereoCondition

SNR_GRID = (30.0, 20.0, 10.0, 0.0, -10.0)


def read_labels(dataset: Dataset) -> Labels:
    """Return every clip with its delay (s), by speaker, with the nominal RT60 (s) where the rooms are simulated."""
    sample_id = dataset.column("sample_id").astype(object)
    simulated = "rt60_nominal" in dataset
    return Labels(
        rows=np.arange(len(dataset)),
        sample_id=sample_id,
        truth=dataset.column("interaural_time_difference"),
        clusters=dataset.column("speaker").astype(object),
        groups={"rt60_nominal": dataset.column("rt60_nominal")} if simulated else {},
    )


def silence(truth: Float64) -> Float64:
    """Return zero delay for every sample: the best that one can say without listening."""
    return np.zeros_like(truth)


TRACK = Track(
    name="tde",
    question="By how much does a sound reach the left ear before the right one?",
    datasets=("tde", "brir"),
    stimulus=STEREO,
    prediction="interaural time difference t_right - t_left in seconds",
    quantity=DELAY,
    metrics=(
        metrics.MEAN_ABSOLUTE_ERROR_MS,
        metrics.ROOT_MEAN_SQUARE_ERROR_MS,
        metrics.MEDIAN_ABSOLUTE_ERROR_MS,
        metrics.SHARE_WITHIN_TENTH_MS,
    ),
    read_labels=read_labels,
    chance=silence,
    ceiling=np.copy,
    default_conditions=tuple(StereoCondition(snr_db=snr) for snr in SNR_GRID),
    default_methods=(
        "zero",
        "random",
        "gcc-phat",
        "gcc-phat:votes=mode",
        "gcc-phat:protocol=best",
        "scot",
        "roth",
        "flat",
        "ml",
        "beta",
    ),
    published={"tde": ("TDE-Simulation", "TDE-Simulation mixture")},
    reference="gcc-phat",
)
