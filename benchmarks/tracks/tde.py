"""Track `tde`: the time delay between two microphones (StereoCRW, Sec. 4.1)."""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.labels import Float64, Labels, clusters_of, ground_truth, labelled, truth_in
from ..questions.plausibility import check_delays
from ..questions.quantities import DELAY
from ..questions.track import PublishedSet, Track
from ..stimuli.stereo.batch import STEREO
from ..stimuli.stereo.condition import StereoCondition
from .parts import RT60

SNR_GRID = (30.0, 20.0, 10.0, 0.0, -10.0)


def read_labels(dataset: Dataset) -> Labels:
    """Return every clip with its delay (s), by speaker or video, with the nominal RT60 (s) of simulated rooms."""
    sample_id = dataset.column("sample_id").astype(object)
    simulated = "rt60_nominal" in dataset
    clusters, noun = clusters_of(dataset)
    everything = Labels(
        rows=np.arange(len(dataset)),
        sample_id=sample_id,
        truth=truth_in(dataset, "interaural_time_difference"),
        clusters=clusters,
        cluster_name=noun,
        groups={"rt60_nominal": dataset.column("rt60_nominal")} if simulated else {},
    )
    return labelled(everything, dataset, "a column delay_ms")


def silence(labels: Labels) -> Float64:
    """Return zero delay for every sample, the best guess without listening."""
    return np.zeros(len(labels))


TRACK = Track(
    name="tde",
    question="By how much does a sound reach the left ear before the right one?",
    datasets=("tde", "brir", "recordings"),
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
