"""The sound of each kind of thing that a home holds: synthesised from physics, spoken, or from recordings.

`synthesise(kind, seconds, rng)` gives the sound of one individual thing: its figures are drawn from `rng`, so another
seed is another telephone or another dog. The kinds in `SPOKEN` (television, radio, person) need speech of any length
from a corpus as well: `synthesise(kind, seconds, rng, speech=corpus.load(k))`.

`open_sounds(folder)` opens recordings, held out by name: `sounds.clips_of(kind, "test")` are the indices for tests. A
clip of one is `levelled(excerpt(sounds.load(k), seconds, rng=rng), rng=rng)`: cut where it sounds, at the level of the
synthesised sounds. A kind or part that has no recording must be synthesised.

Put `RECIPE` and `sounds.digest` into the recipe of a dataset: they say when the same seed gives other sounds.

The synthesised sounds are procedural: measured against published figures, not validated by listening.
"""

from .excerpts import excerpt, levelled
from .kinds import KINDS
from .recordings import Sounds, open_sounds, reopen_sounds
from .synthesis import RECIPE, SPOKEN, synthesise

__all__ = ["KINDS", "RECIPE", "SPOKEN", "Sounds", "excerpt", "levelled", "open_sounds", "reopen_sounds", "synthesise"]
