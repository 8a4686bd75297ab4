"""The settings of stereo clips: noise, a second talker, clip length and voting windows.

The constants are StereoCRW's (Sec. 4.1 and its released evaluation code).
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ....conventions import SAMPLE_RATE
from ....errors import InputError
from ...questions.settings import setting
from ..noise import NOISE, check_noise

SKIPPED = 200
"""Samples dropped after mixing."""
PUBLISHED_VOTES = 128
CLIP_LENGTH: dict[str, Any] = {
    "name": "clip",
    "unit": "s",
    "option": "--clip-seconds",
    "metavar": "S ...",
    "help": "Length of a clip in s. [default: the track's]",
    "present": "{:g} s",
}


@dataclass(frozen=True)
class StereoCondition:
    """One condition of the grid. None: no noise, no distractor, a window as long as the clip.

    `snr_db` is relative to the clip's own level, `distractor` is the second talker's level relative to the first,
    `clip_seconds` is what one vote may hear, `votes` windows of `window` samples are spread over the clip.
    """

    snr_db: float | None = setting(None, **NOISE)
    distractor: float | None = setting(
        None,
        name="distractor",
        option="--distractor",
        metavar="W ...",
        help="Second talker's level, target = 1. [default: off]",
        absent="one talker",
        off="none",
    )
    clip_seconds: float = setting(0.064, **CLIP_LENGTH)
    window: int | None = setting(
        None,
        name="window",
        unit="samples",
        option="--window",
        metavar="N",
        help="Window of one vote, in samples. [default: the clip]",
        single=True,
        present="windows of {:g} samples",
        follows="clip_seconds",
    )
    votes: int = setting(
        128,
        name="votes",
        option="--votes",
        metavar="N",
        help="Number of windows that vote on a clip. [default: 128]",
        single=True,
    )
    stored_samples: ClassVar[int] = SAMPLE_RATE
    longest_seconds: ClassVar[float] = 0.8
    published_votes: ClassVar[int] = PUBLISHED_VOTES

    def __post_init__(self) -> None:
        if self.votes < 1:
            raise InputError(f"votes={self.votes}: expected 1 or more")
        if not 0.004 <= self.clip_seconds <= self.longest_seconds:
            most = f"{self.longest_seconds:.3g} s of the {self._stored}"
            raise InputError(f"clip length {self.clip_seconds} s: expected 0.004 to {most}")
        if self.window is not None and not 64 <= self.window <= self.patch:
            raise InputError(f"window={self.window} samples: expected 64 to {self.patch}, the clip's length")
        check_noise(self.snr_db)
        if self.distractor is not None and not 0 < self.distractor <= 10:
            raise InputError(f"distractor={self.distractor}: expected a level above 0, relative to the target's")
        if self.read_samples > self.stored_samples:
            raise InputError(f"{self.votes} votes on clips of {self.clip_seconds} s need more than the {self._stored}")

    @property
    def _stored(self) -> str:
        """What is stored of a clip, in words."""
        seconds = self.stored_samples / SAMPLE_RATE
        return "stored second" if seconds == 1 else f"stored {seconds:g} s"

    @property
    def patch(self) -> int:
        """Samples of the clip."""
        return round(self.clip_seconds * SAMPLE_RATE)

    @property
    def kept_samples(self) -> int:
        """Samples given to a method: the clip, and one more for each further vote."""
        return self.patch + self.votes - 1

    @property
    def read_samples(self) -> int:
        """Samples over which the noise level is set: twice a short clip, 1.2 times a longer one."""
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

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name, with the window spelt out."""
        return asdict(self) | {"window": self.window_samples}

    def label(self) -> str:
        """Return a short name for tables and files."""
        noise = "clean" if self.snr_db is None else f"SNR {self.snr_db:g} dB"
        talker = "" if self.distractor is None else f", distractor {self.distractor:g}"
        return f"{noise}{talker}"

    def given(self) -> str:
        """Describe how much of a clip a method hears."""
        milliseconds = 1e3 * self.kept_samples / SAMPLE_RATE
        return f"{milliseconds:.0f} ms: {self.votes} windows of {self.window_samples} samples"

    def published_form(self) -> bool:
        """Return whether there are as many votes as published, by windows as long as the clip."""
        return self.votes == self.published_votes and self.window_samples == self.patch
