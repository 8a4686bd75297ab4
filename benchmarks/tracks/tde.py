"""Track `tde`: the time delay between two microphones (StereoCRW, Sec. 4.1)."""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.labels import Float64, Labels, ground_truth, voice_name
from ..questions.plausibility import check_delays
from ..questions.quantities import DELAY
from ..questions.track import PublishedSet, Track
from ..stimuli.stereo.batch import STEREO
from ..stimuli.stereo.condition import StereoCondition
from .parts import RT60

SNR_GRID = (30.0, 20.0, 10.0, 0.0, -10.0)


def read_labels(dataset: Dataset) -> Labels:
    """Return every clip with its delay (s), by speaker, with the nominal RT60 (s) if the rooms are simulated."""
    sample_id = dataset.column("sample_id").astype(object)
    simulated = "rt60_nominal" in dataset
    return Labels(
        rows=np.arange(len(dataset)),
        sample_id=sample_id,
        truth=dataset.column("interaural_time_difference"),
        clusters=dataset.column("speaker").astype(object),
        cluster_name=voice_name(dataset),
        groups={"rt60_nominal": dataset.column("rt60_nominal")} if simulated else {},
    )


def silence(labels: Labels) -> Float64:
    """Return zero delay for every sample, the best guess without listening."""
    return np.zeros(len(labels))


TRACK = Track(
    name="tde",
    question="By how much does a sound reach the left ear before the right one?",
    datasets=("tde", "brir"),
    stimulus=STEREO,
    answer=answer_in(DELAY, "interaural time difference t_right - t_left in seconds", check_delays),
    metrics=(
        metrics.MEAN_ABSOLUTE_ERROR_MS,
        metrics.ROOT_MEAN_SQUARE_ERROR_MS,
        metrics.MEDIAN_ABSOLUTE_ERROR_MS,
        metrics.SHARE_WITHIN_TENTH_MS,
    ),
    read_labels=read_labels,
    chance=silence,
    ceiling=ground_truth,
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
        "salvati",
        "ngcc-phat",
        "whence-delay",
    ),
    parts=(RT60,),
    published=(PublishedSet("TDE-Simulation", "tde"), PublishedSet("TDE-Simulation mixture", "tde")),
    reference="gcc-phat",
)
