"""Track `azimuth`: the direction of a sound from binaural audio (SLfM, Sec. 4.3).

In HM3D-SS, the label is the azimuth of the first source in every view; the paper scores the first view only, and the
others are rotated copies of it. Its error covers sounds in front, with every prediction folded to the front, since most
of its methods, like the rigid sphere, cannot tell front from back. Chance predicts straight ahead, so its error is the
mean |azimuth|; the paper does not say how it obtained its chance of 40.28 degrees (speech; 40.81 with music).
"""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions import metrics
from ..questions.answer import answer_in
from ..questions.labels import Float64, Labels, clusters_of, ground_truth, labelled, truth_in
from ..questions.plausibility import check_angles
from ..questions.quantities import AZIMUTH
from ..questions.track import PublishedSet, Track
from ..stimuli.binaural.batch import BINAURAL, RENDERED
from ..stimuli.binaural.condition import BinauralCondition
from .rotation import of_four_views

ASKED = 0
"""Index of the source whose azimuth is the label."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every clip with its azimuth (degrees, left positive), clustered by scene, or by speaker or video
    for stored clips."""
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
    clusters, noun = clusters_of(dataset)
    everything = Labels(
        rows=np.arange(len(dataset)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=truth_in(dataset, "azimuth"),
        clusters=clusters,
        cluster_name=noun,
        groups={},
    )
    return labelled(everything, dataset, "a column azimuth_deg")


def heard_by_a_sphere(dataset: Dataset) -> bool:
    """Return whether a set of homes has four views and the rigid-sphere head, as published."""
    return of_four_views(dataset) and dataset.recipe.get("head", "rigid sphere") == "rigid sphere"


def straight_ahead(labels: Labels) -> Float64:
    """Return azimuth 0 for every sample, the best guess without listening."""
    return np.zeros(len(labels))


TRACK = Track(
    name="azimuth",
    question="From where does the sound come?",
    datasets=("hm3d-ss", "brir", "recordings"),
    stimulus=BINAURAL,
    answer=answer_in(AZIMUTH, "azimuth of the (first) source in degrees: 0 ahead, positive to the left", check_angles),
    metrics=(
        metrics.FRONT_AZIMUTH_ERROR,
        metrics.UNFOLDED_AZIMUTH_ERROR,
        metrics.FOLDED_AZIMUTH_ERROR,
        metrics.AZIMUTH_SIDE,
        metrics.FRONT_BACK_CONFUSION,
        metrics.AZIMUTH_CLASS,
    ),
    read_labels=read_labels,
    chance=straight_ahead,
    ceiling=ground_truth,
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
    beside=(metrics.UNFOLDED_AZIMUTH_ERROR, metrics.FRONT_BACK_CONFUSION),
    published=(
        PublishedSet("HM3D-SS filtered test", "hm3d-ss", heard_by_a_sphere),
        PublishedSet("HM3D-SS linear probe", "hm3d-ss", heard_by_a_sphere),
    ),
    reference="gcc-phat",
)
