"""Two talkers at once: both images of a row are mixed as they are read, and one voice is pointed at.

A row gives two samples, one for each talker, with the same mixture: the second image is scaled to the level of the
first over what is read, both are halved, and noise is added as for stereo clips. `query` is another clip of the voice
pointed at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import add_noise, joint_rms
from ....datagen.dataset import Dataset, as_floats, read_rows
from ....digests import generator_for
from ...questions.labels import Labels
from ...questions.stimulus import GivenArray, Stimulus
from ..seeds import seed_of, stream
from ..stereo.batch import AUDIO, LISTENING, StereoBatch
from ..stereo.condition import SKIPPED
from .condition import GuidedCondition

BATCH = 32
"""Clips in memory at once."""
HEADROOM = np.float32(0.5)
"""Gain of either talker, so that their sum is not clipped."""
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class GuidedBatch(StereoBatch):
    """Mixtures of two talkers as a method hears them: a `StereoBatch`, and which voice is meant.

    `query` is float32 (clips, samples): a dry mono clip of the voice whose delay is asked for, with other words.
    """

    query: Float32


@dataclass(frozen=True)
class RevealedBatch(GuidedBatch):
    """What only oracles are given: a `GuidedBatch` with the truth.

    `target` is float32 (clips, 2, samples): the talker pointed at alone, as in the mixture. `delays` are float64
    (clips, 2), in seconds: its own, then that of the other talker.
    """

    target: Float32
    delays: npt.NDArray[np.float64]


def batches(dataset: Dataset, labels: Labels, condition: GuidedCondition) -> Iterator[GuidedBatch]:
    """Yield what methods hear of `dataset` under `condition`, in the order of `labels`."""
    for one in revealed(dataset, labels, condition):
        yield GuidedBatch(one.audio, one.sample_id, one.sample_rate, one.window, one.hop, one.votes, one.query)


def revealed(dataset: Dataset, labels: Labels, condition: GuidedCondition) -> Iterator[RevealedBatch]:
    """Yield the same with the truth."""
    delays = dataset.column("interaural_time_difference")
    for part in labels.batches(BATCH):
        talker = part.within[:, 0]
        mixed, images, queries = _mixed(dataset, part, condition)
        yield RevealedBatch(
            mixed,
            tuple(map(str, part.sample_id)),
            SAMPLE_RATE,
            condition.window_samples,
            condition.hop,
            condition.votes,
            queries,
            images,
            delays[part.rows[:, None], np.stack([talker, 1 - talker], axis=1)],
        )


def _mixed(dataset: Dataset, labels: Labels, condition: GuidedCondition) -> tuple[Float32, Float32, Float32]:
    """Return mixtures and the images pointed at, both (n, 2, samples), and the queries (n, samples) of `labels`."""
    rows, place = np.unique(labels.rows, return_inverse=True)
    stored = dataset.audio(rows)
    queries = as_floats(read_rows(dataset.array("query"), rows, dataset.url))
    names, seed = dataset.column("sample_id")[rows], seed_of(dataset)
    made = [mixture(clips, str(name), condition, seed=seed) for clips, name in zip(stored, names, strict=True)]
    talker = labels.within[:, 0]
    images = np.stack([made[row][1][who] for row, who in zip(place, talker, strict=True)])
    return np.stack([made[row][0] for row in place]), images, queries[place, talker]


def mixture(clips: Float32, name: str, condition: GuidedCondition, *, seed: int) -> tuple[Float32, Float32]:
    """Return what is heard of a row (2, samples), and each talker in it (2, 2, samples).

    `clips` (2, 2, stored) are the images of both talkers. The noise is drawn from `seed`, `condition` and the row's
    `name`, and is the same whoever is pointed at.
    """
    read = clips[:, :, : condition.read_samples]
    first, second = map(joint_rms, read)
    gains = np.array([1.0, first / second if second > 0 else 0.0], dtype=np.float32) * HEADROOM
    images = gains[:, None, None] * read
    together = images.sum(axis=0)
    if condition.snr_db is not None:
        together = add_noise(together, condition.snr_db, generator_for(seed, stream("noise", condition, name)))
    kept = slice(SKIPPED, SKIPPED + condition.kept_samples)
    return together[:, kept], images[:, :, kept]


QUERY = GivenArray("query", ("query_sample",), "another clip of the voice pointed at: dry, mono, float")

GUIDED = Stimulus(
    noun="clip",
    sense="hear",
    attention="listen",
    condition=GuidedCondition,
    batch=GuidedBatch,
    size=BATCH,
    arrays=(AUDIO, QUERY),
    constants=LISTENING,
    batches=batches,
    revealed=revealed,
    exhibits="whence.benchmarks.stimuli.guided.exhibit:clips",
    physics="whence.benchmarks.stimuli.guided.physics:checks",
)
