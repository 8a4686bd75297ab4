"""Track `azimuth`: from where a sound comes to two ears (SLfM, Sec. 4.3).

Of HM3D-SS, the first source is asked for in every view; the paper scores the first view alone, of which the others
are turned copies. Its error is that of sounds in front, every answer being folded to the front, since most of its
methods, like the rigid sphere, tell no front from back. Chance says straight ahead: its error is then the mean of
|azimuth|, of which the published chance of 40.28 degrees (speech; 40.81 with music) does not say how it was found.
"""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.labels import Float64, Labels
from ..questions.quantities import AZIMUTH
from ..questions.track import Track
from ..stimuli.binaural.batch import BINAURAL, RENDERED
from ..stimuli.binaural.condition import BinauralCondition

ASKED = 0
"""The source of an example that is asked for."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every clip with its azimuth (degrees, left positive), by scene, or by speaker where clips are stored."""
    return _rendered_labels(dataset) if dataset.name == RENDERED else _stored_labels(dataset)


def _rendered_labels(dataset: Dataset) -> Labels:
    azimuth = dataset.column("azimuth").astype(np.float64)[:, ASKED]
    rows, views = (index.ravel() for index in np.indices(azimuth.shape))
    examples = dataset.column("sample_id")[rows]
    names = [f"{example}/source-{ASKED}/view-{view}" for example, view in zip(examples, views, strict=True)]
    return Labels(
        rows=rows,
        sample_id=np.array(names, dtype=object),
        truth=azimuth[rows, views],
        clusters=dataset.column("scene").astype(object)[rows],
        groups={},
        within=np.stack([np.full_like(views, ASKED), views], axis=1),
        cluster_name="scene",
    )


def _stored_labels(dataset: Dataset) -> Labels:
    return Labels(
        rows=np.arange(len(dataset)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=dataset.column("azimuth").astype(np.float64),
        clusters=dataset.column("speaker").astype(object),
        groups={},
    )


def straight_ahead(truth: Float64) -> Float64:
    """Return azimuth 0 for every sample: the best that one can say without listening."""
    return np.zeros_like(truth)


TRACK = Track(
    name="azimuth",
    question="From where does the sound come?",
    datasets=("hm3d-ss", "brir"),
    stimulus=BINAURAL,
    prediction="azimuth of the (first) source in degrees: 0 ahead, positive to the left",
    quantity=AZIMUTH,
    metrics=(
        metrics.FRONT_AZIMUTH_ERROR,
        metrics.FOLDED_AZIMUTH_ERROR,
        metrics.AZIMUTH_SIDE,
        metrics.FRONT_BACK_CONFUSION,
    ),
    read_labels=read_labels,
    chance=straight_ahead,
    ceiling=np.copy,
    default_conditions=(BinauralCondition(),),
    default_methods=(
        "zero",
        "random-azimuth",
        "itd-sphere",
        "ild-sphere",
        "gcc-phat",
        "gcc-phat:votes=mode",
        "gcc-phat:protocol=best",
    ),
    published={"hm3d-ss": ("HM3D-SS filtered test",)},
    published_recipe={"views": 4, "head": "rigid sphere"},
    reference="gcc-phat",
)
