"""Stereo clips: the processing of a stored second before a method hears it.

The order is StereoCRW's: a segment is read, a second talker is mixed in, white noise is added, 200 samples are dropped,
and as many samples are kept as the votes need. All randomness depends only on the dataset's seed, the condition and the
sample's name: each condition draws its own noise and its own second talkers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import add_distractor, add_noise
from ....datagen.dataset import Dataset
from ....digests import generator_for
from ....errors import InputError
from ...display.notebook import Shown
from ...questions.labels import Labels
from ...questions.stimulus import GivenArray, Stimulus
from ..seeds import seed_of, stream
from .condition import SKIPPED, StereoCondition

BATCH = 128
"""Clips in memory at once."""
NOTHING_SKIPPED = ("in-the-wild", "recordings")
"""Datasets of recordings: their published protocol drops no samples (StereoCRW, Sec. 4.2)."""

Names = npt.NDArray[np.object_]
"""Names of samples or blocks, (n,)."""


@dataclass(frozen=True)
class StereoBatch(Shown):
    """Stereo clips as a method hears them.

    `audio` is float32 (clips, 2, samples), channel 0 left; `sample_rate` is in Hz. Vote k of a clip uses the `window`
    samples from `k * hop` on; there are `votes` of them. `sample_id` names each clip, for methods that need random
    numbers.
    """

    audio: npt.NDArray[np.float32]
    sample_id: Sequence[str]
    sample_rate: int
    window: int
    hop: int
    votes: int

    def __len__(self) -> int:
        return len(self.audio)


def batches(dataset: Dataset, labels: Labels, condition: StereoCondition) -> Iterator[StereoBatch]:
    """Yield what methods hear of `dataset` under `condition`, in the order of `labels`."""
    talkers = second_talkers(dataset, condition) if condition.distractor is not None else None
    for part in labels.batches(BATCH):
        yield heard(dataset, part, condition, talkers)


def heard(
    dataset: Dataset, labels: Labels, condition: StereoCondition, talkers: npt.NDArray[np.intp] | None
) -> StereoBatch:
    """Return what methods hear of the samples `labels`; `talkers` is what `second_talkers` returned."""
    others = [None] * len(labels) if talkers is None else list(dataset.audio(talkers[labels.rows]))
    clips, names = dataset.audio(labels.rows), tuple(map(str, labels.sample_id))
    skipped = skipped_samples(dataset)
    audio = np.stack(
        [
            degrade(clip, name, condition, other, skipped, seed=seed_of(dataset))
            for clip, name, other in zip(clips, names, others, strict=True)
        ]
    )
    return StereoBatch(audio, names, SAMPLE_RATE, condition.window_samples, condition.hop, condition.votes)


def skipped_samples(dataset: Dataset) -> int:
    """Return how many samples the published protocol of `dataset` drops after mixing."""
    return 0 if dataset.name in NOTHING_SKIPPED else SKIPPED


@lru_cache(maxsize=2)
def second_talkers(dataset: Dataset, condition: StereoCondition) -> npt.NDArray[np.intp]:
    """Return the row of each row's second talker under `condition`, from the same room and nominal RT60.

    Depends only on the dataset and the condition, not on the track or the samples scored.
    """
    rooms = dataset.column("room")
    nominal = dataset.column("rt60_nominal") if "rt60_nominal" in dataset else np.zeros(len(dataset))
    names = dataset.column("sample_id").astype(object)
    return distractor_rows(names, block_names(rooms, nominal), condition, seed=seed_of(dataset))


def degrade(
    audio: npt.NDArray[np.float32],
    sample_id: str,
    condition: StereoCondition,
    distractor: npt.NDArray[np.float32] | None = None,
    skipped: int = SKIPPED,
    *,
    seed: int,
) -> npt.NDArray[np.float32]:
    """Return what a method hears of one clip: float32 (2, kept_samples).

    `audio` is the stored second (2, 16000) and `distractor` that of the second talker. The noise, and where the second
    talker starts, are drawn from `seed`, `condition` and `sample_id`. The first `skipped` samples are dropped after
    mixing.
    """
    segment = audio[:, : condition.read_samples]
    if condition.distractor is not None and distractor is not None:
        start = talker_start(distractor.shape[1], condition, sample_id, seed=seed)
        other = distractor[:, start : start + condition.read_samples]
        segment = add_distractor(segment, other, condition.distractor)
    if condition.snr_db is not None:
        segment = add_noise(segment, condition.snr_db, generator_for(seed, stream("noise", condition, sample_id)))
    return segment[:, skipped : skipped + condition.kept_samples]


def talker_start(length: int, condition: StereoCondition, sample_id: str, *, seed: int) -> int:
    """Return the first sample that is heard of a second talker of `length` samples, drawn.

    It follows what is read of targets if the rest is long enough. Otherwise one mixture would hold what another clip's
    target sounds like, and the mixtures of a sealed set could be solved for their targets.

    >>> 2048 <= talker_start(16_000, StereoCondition(distractor=1.0), "a", seed=0) <= 16_000 - 2048
    True
    """
    read = condition.read_samples
    earliest = read if 2 * read <= length else 0
    rng = generator_for(seed, stream("distractor-start", condition, sample_id))
    return int(rng.integers(earliest, max(length - read, 0) + 1))


def block_names(*columns: Sequence[object] | npt.NDArray[np.generic]) -> Names:
    """Return block names (n,), combined from `columns`, each (n,)."""
    return np.array(["/".join(map(str, values)) for values in zip(*columns, strict=True)], dtype=object)


def distractor_rows(sample_ids: Names, blocks: Names, condition: StereoCondition, *, seed: int) -> npt.NDArray[np.intp]:
    """Return for each sample the row of its second talker: another sample of the same block (room and RT60).

    The choice depends only on `seed`, `condition` and the names in the block. Raises InputError for a sample alone in
    its block.
    """
    chosen = np.empty(len(sample_ids), dtype=np.intp)
    for block in np.unique(blocks.astype(str)):
        rows = np.flatnonzero(blocks.astype(str) == block)
        if rows.size < 2:
            raise InputError(
                f"distractor: room and RT60 {str(block)!r} hold only one clip, so there is no second talker"
            )
        for k, row in enumerate(rows):
            rng = generator_for(seed, stream("distractor", condition, str(sample_ids[row])))
            draw = int(rng.integers(rows.size - 1))
            chosen[row] = rows[draw if draw < k else draw + 1]
    return chosen


AUDIO = GivenArray("audio", ("channel", "time"), "what is heard: left and right channel, float", "wav")
LISTENING = ("sample_rate", "window", "hop", "votes")
"""The constants shared by all clips of a condition."""

STEREO = Stimulus(
    noun="clip",
    sense="hear",
    attention="listen",
    condition=StereoCondition,
    batch=StereoBatch,
    size=BATCH,
    arrays=(AUDIO,),
    constants=LISTENING,
    batches=batches,
    exhibits="whence.benchmarks.stimuli.stereo.exhibit:clips",
    physics="whence.benchmarks.stimuli.stereo.physics:checks",
)
