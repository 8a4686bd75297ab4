"""Track `panning`: where a camera should look in a panorama to follow the sound (Senocak et al. 2019, Sec. 5.5).

The paper let the maps of its network pan 360-degree videos and asked people which panning they preferred. Here each
frame is scored by the angle between the azimuth of the view centre and that of the object that sounds then, the
loudest one if several do. Sources are spread evenly over all azimuths, so looking ahead, and any answer that does not
listen, is 90 degrees off on average. Frames in which nothing is audible do not count.
"""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.labels import Float64, Labels, ground_truth
from ..questions.plausibility import check_angles
from ..questions.quantities import AZIMUTH
from ..questions.track import Track
from ..stimuli.panorama_sound.batch import PANORAMA_SOUND
from ..stimuli.panorama_sound.condition import PanoramaSoundCondition


def read_labels(dataset: Dataset) -> Labels:
    """Return every frame in which something sounds, with the azimuth of what does (degrees, left positive), by home."""
    sounding = dataset.column("sounding")
    rows, frames = np.nonzero(sounding >= 0)
    clips = dataset.column("sample_id")
    names = [f"{clips[row]}/frame-{frame:02d}" for row, frame in zip(rows, frames, strict=True)]
    return Labels(
        rows=rows,
        sample_id=np.array(names, dtype=object),
        truth=dataset.column("azimuth").astype(np.float64)[rows, sounding[rows, frames]],
        clusters=dataset.column("scene").astype(object)[rows],
        groups={},
        within=frames[:, None],
        cluster_name="scene",
    )


def straight_ahead(labels: Labels) -> Float64:
    """Return azimuth 0 for every frame: a camera that stays as it is."""
    return np.zeros(len(labels))


TRACK = Track(
    name="panning",
    question="Where should the camera look to follow the sound?",
    datasets=("panning",),
    stimulus=PANORAMA_SOUND,
    answer=answer_in(AZIMUTH, "azimuth of the view centre in degrees: 0 ahead, positive to the left", check_angles),
    metrics=(metrics.UNFOLDED_AZIMUTH_ERROR, metrics.MEDIAN_ANGULAR_ERROR, metrics.SOURCE_IN_VIEW),
    read_labels=read_labels,
    chance=straight_ahead,
    ceiling=ground_truth,
    default_conditions=(PanoramaSoundCondition(),),
    default_methods=("zero", "random-view", "pan", "pan:protocol=best"),
    beside=(metrics.SOURCE_IN_VIEW,),
)
