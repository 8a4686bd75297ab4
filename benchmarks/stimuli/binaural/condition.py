"""The settings of binaural clips: how reverberant, how noisy, and how many sources are heard."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ....errors import InputError

RATIO = 0.2
"""Level of the indirect sound in the released script of SLfM, where nothing else is asked for."""


@dataclass(frozen=True)
class BinauralCondition:
    """One cell of the grid.

    `reverberation` is the level of the indirect sound relative to the room's own, `snr_db` that of white noise,
    relative to the clip (None: clean). `sources` are heard at once, the first of them being the one that is asked
    for; each of the others is `dominance_db` below it, or by a draw from 5 to 29 dB where that is None.
    `reverberation` and `sources` are None until `suited` to a dataset, and stay so where the clips are recordings.
    """

    reverberation: float | None = None
    snr_db: float | None = None
    sources: int | None = None
    dominance_db: float | None = None

    def __post_init__(self) -> None:
        if self.reverberation is not None and not 0 <= self.reverberation <= 100:
            raise InputError(f"reverberation={self.reverberation:g}: expected 0 (none) to 100; 1 is the room's own")
        if self.snr_db is not None and not -100 <= self.snr_db <= 200:
            raise InputError(f"snr={self.snr_db:g} dB: expected -100 to 200, or clean")
        if self.sources is not None and self.sources < 1:
            raise InputError(f"sources={self.sources}: expected 1 or more")
        if self.dominance_db is not None and not -100 <= self.dominance_db <= 100:
            raise InputError(f"dominance={self.dominance_db:g} dB: expected -100 to 100")
        if self.dominance_db is not None and self.sources == 1:
            raise InputError("--dominance needs something to dominate: ask for --sources 2 or more")

    def columns(self) -> dict[str, float]:
        """Return the condition as the columns of a predictions file; NaN where a setting is off."""
        return {key: float("nan") if value is None else float(value) for key, value in self.stated().items()}

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
        """Return what a method hears of one sample."""
        return "the whole clip" if self.reverberation is None else "2.55 s of a rendered clip"

    def suited(self, rendered: bool) -> "BinauralCondition":
        """Return the condition for clips that are `rendered` now, or were recorded; raises InputError if it cannot."""
        if rendered:
            ratio = RATIO if self.reverberation is None else self.reverberation
            return replace(self, reverberation=ratio, sources=self.sources or 1)
        asked = {"--reverberation": self.reverberation, "--sources": self.sources, "--dominance": self.dominance_db}
        wrong = [option for option, value in asked.items() if value is not None]
        if wrong:
            raise InputError(f"{wrong[0]} applies to hm3d-ss alone: the clips of this dataset are heard as recorded")
        return self


OPTIONS = ("snr", "reverberation", "sources", "dominance")


def grid_of_options(given: Mapping[str, Any], own: Sequence[BinauralCondition]) -> list[BinauralCondition]:
    """Return every combination of the options `given`, noise varying fastest; the track's `own` for the others."""
    return [
        BinauralCondition(reverberation, snr_db, given.get("sources", own[0].sources), dominance)
        for reverberation in given.get("reverberation", [own[0].reverberation])
        for dominance in given.get("dominance", [own[0].dominance_db])
        for snr_db in given.get("snr", [condition.snr_db for condition in own])
    ]
