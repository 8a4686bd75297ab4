"""The settings of stereo clips: noise, a second talker, and how much of a clip is heard in how many windows.

The constants are StereoCRW's (fact sheet tde_simulation.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ....conventions import SAMPLE_RATE
from ....errors import InputError

SKIPPED = 200
"""Samples dropped after mixing."""


@dataclass(frozen=True)
class StereoCondition:
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

    def given(self) -> str:
        """Return how much of a clip a method hears."""
        milliseconds = 1e3 * self.kept_samples / SAMPLE_RATE
        return f"{milliseconds:.0f} ms: {self.votes} windows of {self.window_samples} samples"


def condition_grid(
    snr_db: Sequence[float | None],
    distractor: Sequence[float | None],
    clip_seconds: Sequence[float],
    window: int | None,
    votes: int,
) -> list[StereoCondition]:
    """Return every combination, noise varying fastest."""
    return [
        StereoCondition(snr, level, seconds, window, votes)
        for seconds in clip_seconds
        for level in distractor
        for snr in snr_db
    ]


OPTIONS = ("snr", "distractor", "clip_seconds", "window", "votes")


def grid_of_options(given: Mapping[str, Any], own: Sequence[StereoCondition]) -> list[StereoCondition]:
    """Return the grid that the options `given` ask for, the track's `own` settings where they say nothing."""
    return condition_grid(
        given.get("snr", [condition.snr_db for condition in own]),
        given.get("distractor", [None]),
        given.get("clip_seconds", [own[0].clip_seconds]),
        given.get("window"),
        given.get("votes", own[0].votes),
    )
