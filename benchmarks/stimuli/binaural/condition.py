"""The settings of binaural clips: how reverberant, how noisy, and how many sources are heard."""

from dataclasses import asdict, dataclass, replace

from ....errors import InputError
from ...questions.settings import setting
from ..noise import NOISE, check_noise

RATIO = 0.2
"""Default level of the indirect sound, from SLfM's released script."""


@dataclass(frozen=True)
class Rendering:
    """Resolved rendering settings: see `BinauralCondition`."""

    reverberation: float
    sources: int
    dominance_db: float | None


@dataclass(frozen=True)
class BinauralCondition:
    """One condition of the grid, as requested.

    `reverberation` is the level of the indirect sound relative to the room's own, `snr_db` that of white noise,
    relative to the clip (None: clean). `sources` is the number heard at once; the label is that of the first. Each of
    the others is `dominance_db` below it, or a random 5 to 29 dB if None. `reverberation` and `sources` are None until
    `suited` to a dataset, and remain None for recordings.
    """

    reverberation: float | None = setting(
        None,
        name="reverberation",
        option="--reverberation",
        metavar="R ...",
        help="Level of the indirect sound, the room's own = 1. [default: 0.2]",
    )
    snr_db: float | None = setting(None, **NOISE)
    sources: int | None = setting(
        None,
        name="sources",
        option="--sources",
        metavar="N",
        help="Sources heard at once; the first is the target. [default: 1]",
        single=True,
        present="sources: {:g}",
    )
    dominance_db: float | None = setting(
        None,
        name="dominance",
        unit="dB",
        option="--dominance",
        metavar="DB ...",
        help="Level of the first source over each other one, in dB. [default: random, 5 to 29]",
        present="others {:g} dB below",
        off="drawn",
    )

    def __post_init__(self) -> None:
        if self.reverberation is not None and not 0 <= self.reverberation <= 100:
            raise InputError(f"reverberation={self.reverberation:g}: expected 0 (none) to 100; 1 is the room's own")
        check_noise(self.snr_db)
        if self.sources is not None and self.sources < 1:
            raise InputError(f"sources={self.sources}: expected 1 or more")
        if self.dominance_db is not None and not -100 <= self.dominance_db <= 100:
            raise InputError(f"dominance={self.dominance_db:g} dB: expected -100 to 100")
        if self.dominance_db is not None and self.sources == 1:
            raise InputError("--dominance needs --sources 2 or more")

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name."""
        return asdict(self)

    def label(self) -> str:
        """Return a short name for tables and files."""
        noise = "clean" if self.snr_db is None else f"SNR {self.snr_db:g} dB"
        echo = [] if self.reverberation is None else [f"reverberation {self.reverberation:g}"]
        below = "5 to 29" if self.dominance_db is None else f"{self.dominance_db:g}"
        others = [f"{self.sources} sources ({below} dB below)"] if (self.sources or 1) > 1 else []
        return ", ".join([*echo, *others, noise])

    def given(self) -> str:
        """Describe what a method hears of one sample."""
        return "the whole clip" if self.reverberation is None else "2.55 s of a rendered clip"

    def suited(self, rendered: bool) -> "BinauralCondition":
        """Return the condition for `rendered` or recorded clips; raises InputError if it does not apply."""
        if rendered:
            how = self.rendering()
            return replace(self, reverberation=how.reverberation, sources=how.sources)
        asked = {"--reverberation": self.reverberation, "--sources": self.sources, "--dominance": self.dominance_db}
        wrong = [option for option, value in asked.items() if value is not None]
        if wrong:
            raise InputError(f"{wrong[0]} applies only to hm3d-ss: the clips of this dataset are recordings")
        return self

    def rendering(self) -> Rendering:
        """Return the rendering settings of this condition, with defaults for those not given."""
        ratio = RATIO if self.reverberation is None else self.reverberation
        return Rendering(ratio, self.sources or 1, self.dominance_db)

    def published_form(self) -> bool:
        """Return whether no noise is added and the level of other sources is random, as published."""
        return self.snr_db is None and self.dominance_db is None
