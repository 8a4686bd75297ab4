"""The settings of a picture with a sound: how many ears hear it, and how noisy it is."""

from dataclasses import asdict, dataclass

from ....errors import InputError
from ...questions.settings import setting
from ..noise import NOISE, check_noise


@dataclass(frozen=True)
class PictureSoundCondition:
    """One condition of the grid.

    With one ear, the sound is dry, as papers have it; with two, it is what the ears beside the camera hear in the room.
    `snr_db` is the level of white noise, relative to the sound (None: clean).
    """

    ears: int = setting(
        1,
        name="ears",
        option="--ears",
        metavar="1|2",
        help="1: the dry sound; 2: as the room sounds to both ears. [default: 1]",
        single=True,
        present="ears: {:g}",
    )
    snr_db: float | None = setting(None, **NOISE)

    def __post_init__(self) -> None:
        if self.ears not in (1, 2):
            raise InputError(f"ears={self.ears:g}: expected 1 (the dry sound) or 2 (as the room sounds)")
        object.__setattr__(self, "ears", int(self.ears))
        check_noise(self.snr_db)

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name."""
        return asdict(self)

    def label(self) -> str:
        """Return a short name for tables and files."""
        heard = "mono" if self.ears == 1 else "binaural"
        return f"{heard}, {'clean' if self.snr_db is None else f'SNR {self.snr_db:g} dB'}"

    def given(self) -> str:
        """Describe what a method is given of one sample."""
        return "the picture and the dry sound" if self.ears == 1 else "the picture and the sound at both ears"

    def published_form(self) -> bool:
        """Return whether the sound is mono and clean, as published."""
        return self.ears == 1 and self.snr_db is None
