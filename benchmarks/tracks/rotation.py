"""Track `rotation`: by how much a camera has turned between two views of the same place (SLfM, Sec. 4.3 and 4.4).

A sample is a pair of view 0 and view k of one row. Chance says that the camera has not turned: the mean of |rotation|
of views that share 10 instances is near the published chance of 29.41 degrees, whereas a rotation drawn from the
labels would be off by a third more.
"""

import numpy as np

from ...conventions import wrap_degrees
from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.labels import Float64, Labels
from ..questions.quantities import ROTATION
from ..questions.track import Track
from ..stimuli.view_pairs.batch import VIEW_PAIRS, AsStored

BANDS_DEG = (30.0, 60.0, 90.0)
"""Upper ends of the bands of |rotation| that are also scored apart; a camera of 60 degrees sees half of the first
view's width again at 30, nothing from 60 on except near the picture's corners."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every pair of view 0 and another view with the heading from the first to the second (deg, left +)."""
    heading = dataset.column("heading").astype(np.float64)
    rows, views = (index.ravel() for index in np.indices((len(heading), heading.shape[1] - 1)))
    truth = wrap_degrees(heading[rows, views + 1] - heading[rows, 0])
    cluster = "scene" if "scene" in dataset else "panorama"
    names = [f"{name}/view-{k + 1}" for name, k in zip(dataset.column("sample_id")[rows], views, strict=True)]
    return Labels(
        rows=rows,
        sample_id=np.array(names, dtype=object),
        truth=truth,
        clusters=dataset.column(cluster).astype(object)[rows],
        groups={"rotation_up_to": band(truth)},
        within=(views + 1)[:, None],
        cluster_name=cluster,
    )


def band(rotation: Float64) -> Float64:
    """Return the upper end of the band that each |rotation| (deg) lies in.

    >>> band(np.array([-12.0, 45.0, 88.0])).tolist()
    [30.0, 60.0, 90.0]
    """
    return np.asarray(BANDS_DEG)[np.searchsorted(BANDS_DEG[:-1], np.abs(rotation))]


def standing_still(truth: Float64) -> Float64:
    """Return no rotation for every sample."""
    return np.zeros_like(truth)


TRACK = Track(
    name="rotation",
    question="By how much has the camera turned between two views?",
    datasets=("hm3d-ss", "panoramas"),
    stimulus=VIEW_PAIRS,
    prediction="rotation of the camera from the first view to the second in degrees, positive to the left",
    quantity=ROTATION,
    metrics=(
        metrics.MEAN_ANGULAR_ERROR,
        metrics.MEDIAN_ANGULAR_ERROR,
        *metrics.RECALL_AREAS,
        metrics.FAILURES,
    ),
    read_labels=read_labels,
    chance=standing_still,
    ceiling=np.copy,
    default_conditions=(AsStored(),),
    default_methods=("zero", "random-rotation", "sift", "sift:protocol=best"),
    published={"hm3d-ss": ("HM3D-SS filtered test",), "panoramas": ("Stanford2D3D panorama crops",)},
    published_recipe={"views": 4},
    reference="sift",
)
