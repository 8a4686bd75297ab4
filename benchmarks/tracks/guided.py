"""Track `guided`: the time delay of the speaker that one points at (StereoCRW, Sec. 4.3).

Two speakers talk at once. Each is pointed at in turn, by another clip of the same voice; the paper points by a face.
"""

import numpy as np

from ...datagen.dataset import Dataset
from ...datagen.talkers import TALKERS
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.bearing import DISTANCE, MEAN_BEARING_ERROR, SPACING
from ..questions.labels import Labels, ground_truth
from ..questions.plausibility import check_delays
from ..questions.quantities import DELAY
from ..questions.track import PublishedSet, Track
from ..stimuli.guided.batch import GUIDED
from ..stimuli.guided.condition import GuidedCondition
from .parts import RT60
from .tde import silence


def read_labels(dataset: Dataset) -> Labels:
    """Return both talkers of every row with their delays (s), by speaker, with the nominal RT60 (s)."""
    rows, talkers = (index.ravel() for index in np.indices((len(dataset), TALKERS)))
    left, right = dataset.column("microphone_position").swapaxes(0, 1)
    names = [f"{name}/talker-{k}" for name, k in zip(dataset.column("sample_id")[rows], talkers, strict=True)]
    return Labels(
        rows=rows,
        sample_id=np.array(names, dtype=object),
        truth=dataset.column("interaural_time_difference")[rows, talkers],
        clusters=dataset.column("speaker").astype(object)[rows, talkers],
        groups={"rt60_nominal": dataset.column("rt60_nominal")[rows]},
        within=talkers[:, None],
        known={SPACING: np.linalg.norm(left - right, axis=-1)[rows], DISTANCE: dataset.column("distance")[rows]},
    )


TRACK = Track(
    name="guided",
    question="By how much does the speaker that I point at reach the left ear before the right one?",
    datasets=("talkers",),
    stimulus=GUIDED,
    answer=answer_in(
        DELAY, "interaural time difference t_right - t_left of the speaker pointed at, in seconds", check_delays
    ),
    metrics=(
        metrics.ROOT_MEAN_SQUARE_ERROR_MS,
        metrics.MEAN_ABSOLUTE_ERROR_MS,
        metrics.SHARE_WITHIN_TENTH_MS,
        MEAN_BEARING_ERROR,
    ),
    read_labels=read_labels,
    chance=silence,
    ceiling=ground_truth,
    default_conditions=(GuidedCondition(snr_db=30.0), GuidedCondition(snr_db=10.0)),
    default_methods=("zero", "random-oracle", "gcc-phat", "oracle-mask"),
    beside=(metrics.SHARE_WITHIN_TENTH_MS, MEAN_BEARING_ERROR),
    parts=(RT60,),
    published=(PublishedSet("VoxCeleb2 visually guided TDE", "talkers"),),
    reference="gcc-phat",
)
