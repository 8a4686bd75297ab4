"""The settings of clips with two talkers: those of stereo clips, with both talkers equally loud."""

from dataclasses import dataclass
from typing import ClassVar

from ...questions.settings import setting
from ..stereo.condition import CLIP_LENGTH, StereoCondition

PUBLISHED_VOTES = 512
STORED_SAMPLES = 19_200
"""1.2 s, as `datagen.talkers` stores them."""


@dataclass(frozen=True)
class GuidedCondition(StereoCondition):
    """One condition of the grid. The other talker is as loud as the one pointed at: `distractor` is 1.

    The rest is as in `StereoCondition`; a clip may be longer, as 1.2 s are stored.
    """

    distractor: float | None = setting(1.0, name="other talker", present="other talker at level {:g}")
    clip_seconds: float = setting(0.48, **CLIP_LENGTH)
    stored_samples: ClassVar[int] = STORED_SAMPLES
    longest_seconds: ClassVar[float] = 1.0
    published_votes: ClassVar[int] = PUBLISHED_VOTES

    def label(self) -> str:
        """Return a short name for tables and files."""
        return "clean" if self.snr_db is None else f"SNR {self.snr_db:g} dB"
