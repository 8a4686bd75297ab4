"""The sound of each kind of thing that a home holds: synthesised from physics, spoken, or from recordings.

`synthesise(kind, seconds, rng)` gives the sound of one individual thing: its figures are drawn from `rng`, so another
seed is another telephone or another dog. The kinds in `SPOKEN` (television, radio, person) need speech of any length
from a corpus as well: `synthesise(kind, seconds, rng, speech=corpus.load(k))`.

`open_sounds(folder)` opens recordings. `excerpt` cuts a recording to a clip in which something sounds, and `levelled`
brings it to the level of the synthesised sounds. A kind, or a part of it, that the folder lacks has to be synthesised.

The synthesised sounds are procedural: measured against published figures, not validated by listening.
"""

from .excerpts import excerpt, levelled
from .kinds import KINDS
from .synthesis import SPOKEN, synthesise

__all__ = ["KINDS", "SPOKEN", "excerpt", "levelled", "synthesise"]
