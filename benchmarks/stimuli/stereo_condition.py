"""What is done to a stored clip before a method hears it, decided by the sample's name alone.

The order and the constants are StereoCRW's: a segment is read, a second talker is mixed in, white noise is added,
200 samples are dropped, and just as many samples are kept as the votes need.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from ..conventions import SAMPLE_RATE
from ..datagen.acoustics.auralize import add_distractor, add_noise
from ..digests import generator_for
from ..errors import InputError
from .method import StereoBatch

SKIPPED = 200
"""Samples dropped after mixing."""
CONDITION_SEED = 0

Names = npt.NDArray[np.object_]
"""Names of samples or blocks, (n,)."""


@dataclass(frozen=True)
class Condition:
    """One cell of the grid. None: no noise, no distractor, a window as long as the clip.

    `snr_db` is relative to the clip's own level, `distractor` is the second talker's level relative to the first,
    `clip_seconds` is what one vote may hear, `votes` windows of `window` samples are spread over the clip.
    """

    snr_db: float | None = None
    distractor: float | None = None
    clip_seconds: float = 0.064
    window: int | None = None
    votes: int = 128

    def __post_init__(self) -> None:
        if self.votes < 1:
            raise InputError(f"votes={self.votes}: expected 1 or more")
        if not 0.004 <= self.clip_seconds <= 0.8:
            raise InputError(f"clip length {self.clip_seconds} s: expected 0.004 to 0.8 s of the stored second")
        if self.window is not None and not 64 <= self.window <= self.patch:
            raise InputError(f"window={self.window} samples: expected 64 to {self.patch}, the clip's length")
        if self.snr_db is not None and not -100 <= self.snr_db <= 200:
            raise InputError(f"snr={self.snr_db:g} dB: expected -100 to 200, or clean")
        if self.distractor is not None and not 0 < self.distractor <= 10:
            raise InputError(f"distractor={self.distractor}: expected a level above 0, relative to the target's")
        if self.read_samples > SAMPLE_RATE:
            raise InputError(f"{self.votes} votes on clips of {self.clip_seconds} s need more than the stored second")

    @property
    def patch(self) -> int:
        """Samples of the clip."""
        return round(self.clip_seconds * SAMPLE_RATE)

    @property
    def kept_samples(self) -> int:
        """Samples a method is given: the clip, and one more for each vote but the first."""
        return self.patch + self.votes - 1

    @property
    def read_samples(self) -> int:
        """Samples read, over which the noise level is set: twice a short clip, 1.2 times a longer one."""
        published = round((2.0 if self.clip_seconds < 0.48 else 1.2) * self.patch)
        return max(published, SKIPPED + self.kept_samples)

    @property
    def window_samples(self) -> int:
        """Samples of one vote's window."""
        return self.window or self.patch

    @property
    def hop(self) -> int:
        """Samples between the starts of two votes' windows."""
        spare = self.kept_samples - self.window_samples
        return spare // (self.votes - 1) if self.votes > 1 else spare + 1

    def columns(self) -> dict[str, float]:
        """Return the condition as the columns of a predictions file; NaN where there is no noise or distractor."""
        return {key: float("nan") if value is None else float(value) for key, value in self.stated().items()}

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name, with the window spelt out."""
        return asdict(self) | {"window": self.window_samples}

    def label(self) -> str:
        """Return a short name for tables and files."""
        noise = "clean" if self.snr_db is None else f"SNR {self.snr_db:g} dB"
        talker = "" if self.distractor is None else f", distractor {self.distractor:g}"
        return f"{noise}{talker}"


def condition_grid(
    snr_db: Sequence[float | None],
    distractor: Sequence[float | None],
    clip_seconds: Sequence[float],
    window: int | None,
    votes: int,
) -> list[Condition]:
    """Return every combination, noise varying fastest."""
    return [
        Condition(snr, level, seconds, window, votes)
        for seconds in clip_seconds
        for level in distractor
        for snr in snr_db
    ]


def degrade(
    audio: npt.NDArray[np.float32],
    sample_id: str,
    condition: Condition,
    distractor: npt.NDArray[np.float32] | None = None,
    skipped: int = SKIPPED,
) -> npt.NDArray[np.float32]:
    """Return what a method hears of one clip: float32 (2, kept_samples).

    `audio` is the stored second (2, 16000) and `distractor`, another one, the second talker; the first `skipped`
    samples are dropped after mixing.
    """
    segment = audio[:, : condition.read_samples]
    if condition.distractor is not None and distractor is not None:
        segment = add_distractor(segment, distractor[:, : condition.read_samples], condition.distractor)
    if condition.snr_db is not None:
        segment = add_noise(segment, condition.snr_db, generator_for(CONDITION_SEED, f"noise/{sample_id}"))
    return segment[:, skipped : skipped + condition.kept_samples]


def block_names(*columns: Sequence[object] | npt.NDArray[np.generic]) -> Names:
    """Return the names (n,) of the blocks that `columns`, each (n,), make together."""
    return np.array(["/".join(map(str, values)) for values in zip(*columns, strict=True)], dtype=object)


def distractor_rows(sample_ids: Names, blocks: Names) -> npt.NDArray[np.intp]:
    """Return for each sample the row of its second talker: another sample of the same block (room and RT60).

    The choice depends on the names in the block alone. A sample alone in its block has none and raises InputError.
    """
    chosen = np.empty(len(sample_ids), dtype=np.intp)
    for block in np.unique(blocks.astype(str)):
        rows = np.flatnonzero(blocks.astype(str) == block)
        if rows.size < 2:
            raise InputError(
                f"distractor: room and RT60 {str(block)!r} hold one clip only, so there is no second talker"
            )
        for k, row in enumerate(rows):
            draw = int(generator_for(CONDITION_SEED, f"distractor/{sample_ids[row]}").integers(rows.size - 1))
            chosen[row] = rows[draw if draw < k else draw + 1]
    return chosen


def stereo_batch(
    clips: npt.NDArray[np.float32],
    sample_ids: Names,
    condition: Condition,
    distractors: npt.NDArray[np.float32] | None,
    skipped: int = SKIPPED,
) -> StereoBatch:
    """Return the batch that methods hear: `clips` and `distractors` are stored seconds (clips, 2, 16000)."""
    others = [None] * len(clips) if distractors is None else list(distractors)
    heard = np.stack(
        [
            degrade(clip, name, condition, other, skipped)
            for clip, name, other in zip(clips, map(str, sample_ids), others, strict=True)
        ]
    )
    return StereoBatch(
        heard, tuple(map(str, sample_ids)), SAMPLE_RATE, condition.window_samples, condition.hop, condition.votes
    )
