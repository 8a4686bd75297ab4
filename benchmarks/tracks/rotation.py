"""Track `rotation`: the rotation of a camera between two views of the same place (SLfM, Sec. 4.3 and 4.4).

A sample is a pair of view 0 and view k of one row. Chance predicts no rotation: the mean |rotation| of views that share
10 instances is close to the published chance of 29.41 degrees, whereas rotations drawn from the labels have an error a
third larger.
"""

import re

import numpy as np

from ...conventions import wrap_degrees
from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.labels import Float64, Labels, ground_truth
from ..questions.plausibility import check_angles
from ..questions.quantities import ROTATION
from ..questions.track import PublishedSet, Track
from ..stimuli.view_pairs.batch import VIEW_PAIRS
from ..stimuli.view_pairs.condition import AsStored
from .parts import ROTATION_BAND

BANDS_DEG = (30.0, 60.0, 90.0)
"""Upper ends of the bands of |rotation| that are also scored separately. A camera with a field of view of 60 degrees
sees half of the first view's width again at 30, and from 60 on only the picture's corners."""


PUBLISHED_VIEWS = 4
STANFORD_NAME = re.compile(r"camera_[0-9a-f]{32}_\w+_frame_equirectangular_domain_rgb")
"""File names of the photographs of Stanford2D3D (Armeni et al. 2017)."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every pair of view 0 and a further view with the rotation between them (deg, left positive)."""
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


def of_four_views(dataset: Dataset) -> bool:
    """Return whether a set of homes has as many views of each place as the published one."""
    return bool(dataset.recipe.get("views", PUBLISHED_VIEWS) == PUBLISHED_VIEWS)


def of_stanford(dataset: Dataset) -> bool:
    """Return whether all photographs are named like those of Stanford2D3D."""
    return all(STANFORD_NAME.search(str(name)) for name in set(dataset.column("panorama").tolist()))


def standing_still(labels: Labels) -> Float64:
    """Return no rotation for every sample."""
    return np.zeros(len(labels))


TRACK = Track(
    name="rotation",
    question="By how much has the camera turned between two views?",
    datasets=("hm3d-ss", "panoramas", "view-pairs"),
    stimulus=VIEW_PAIRS,
    answer=answer_in(
        ROTATION,
        "rotation of the camera from the first view to the second in degrees, positive to the left",
        check_angles,
    ),
    metrics=(
        metrics.MEAN_ANGULAR_ERROR,
        metrics.MEDIAN_ANGULAR_ERROR,
        *metrics.RECALL_AREAS,
        metrics.FAILURES,
        metrics.ROTATION_CLASS,
    ),
    read_labels=read_labels,
    chance=standing_still,
    ceiling=ground_truth,
    default_conditions=(AsStored(),),
    default_methods=("zero", "random-rotation", "sift", "sift:protocol=best"),
    parts=(ROTATION_BAND,),
    published=(
        PublishedSet("HM3D-SS filtered test", "hm3d-ss", of_four_views),
        PublishedSet("HM3D-SS linear probe", "hm3d-ss", of_four_views),
        PublishedSet("Stanford2D3D panorama crops", "panoramas", of_stanford),
    ),
    reference="sift",
)
