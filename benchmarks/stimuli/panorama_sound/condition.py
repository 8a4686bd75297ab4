"""The settings of a panorama with a moment of sound: how much of it is heard, and how noisy it is."""

from dataclasses import asdict, dataclass

from ....errors import InputError
from ...questions.settings import setting
from ..noise import NOISE, check_noise

LONGEST_CLIP = 12.0
"""Length of a recording, s."""


@dataclass(frozen=True)
class PanoramaSoundCondition:
    """One condition of the grid.

    `clip_seconds` is the length of the sound around a frame, `snr_db` the level of white noise relative to it (None:
    clean).
    """

    clip_seconds: float = setting(
        1.0,
        name="clip",
        unit="s",
        option="--clip-seconds",
        metavar="S ...",
        help="Length of a clip in s. [default: the track's]",
        present="{:g} s",
    )
    snr_db: float | None = setting(None, **NOISE)

    def __post_init__(self) -> None:
        if not 0.1 <= self.clip_seconds <= LONGEST_CLIP:
            raise InputError(f"clip_seconds={self.clip_seconds:g}: expected 0.1 to {LONGEST_CLIP:g} s")
        check_noise(self.snr_db)

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name."""
        return asdict(self)

    def label(self) -> str:
        """Return a short name for tables and files."""
        return f"{self.clip_seconds:g} s, {'clean' if self.snr_db is None else f'SNR {self.snr_db:g} dB'}"

    def given(self) -> str:
        """Describe what a method is given of one sample."""
        return f"the panorama and {self.clip_seconds:g} s of sound around the frame"

    def published_form(self) -> bool:
        """Return False: papers only asked people about their panoramas."""
        return False
