"""`synthesise`: the sound of one individual thing of any kind."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from . import animals, bells, clicks, machines, music, spoken, water
from .excerpts import excerpt, faded, levelled
from .kinds import KINDS
from .signals import Float64, Rng, samples_of

RECIPE = 1
"""Raise this whenever the same seed gives different sounds."""

LEAST_SECONDS = 1.0
"""Shorter clips could fall between two ticks of a clock."""

PROCEDURAL: Mapping[str, Callable[[int, Rng], Float64]] = {
    "telephone": bells.telephone,
    "alarm-clock": bells.alarm_clock,
    "wall-clock": clicks.wall_clock,
    "kettle": water.kettle,
    "tap": water.tap,
    "washing-machine": machines.washing_machine,
    "vacuum-cleaner": machines.vacuum_cleaner,
    "fan": machines.fan,
    "fridge": machines.fridge,
    "microwave": machines.microwave,
    "music-box": music.music_box,
    "piano": music.piano,
    "door-bell": bells.door_bell,
    "dog": animals.dog,
    "cat": animals.cat,
    "baby": animals.baby,
    "frying-pan": clicks.frying_pan,
    "smoke-alarm": bells.smoke_alarm,
    "hair-dryer": machines.hair_dryer,
}

SPOKEN: Mapping[str, Callable[[Float64, Rng], Float64]] = {
    "television": spoken.television,
    "radio": spoken.radio,
    "person": spoken.person,
}
"""The kinds that need speech."""


def synthesise(
    kind: str, seconds: float, rng: Rng, speech: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Return `seconds` of the sound of a `kind`, float32 (samples,) at 16 kHz: multiples of 1 / 32768, below 1.

    Kinds in `SPOKEN` need `speech` (samples,) at 16 kHz, of any length; the others take none. Raises InputError for an
    unknown kind, less than a second, or speech where none belongs or is missing.

    >>> synthesise("kettle", 3.0, np.random.default_rng(0)).shape
    (48000,)
    """
    if kind not in KINDS:
        raise InputError(f"kind={kind!r}: expected one of {', '.join(KINDS)}")
    if not (math.isfinite(seconds) and seconds >= LEAST_SECONDS):
        raise InputError(f"seconds={seconds}: expected at least {LEAST_SECONDS:g}")
    if (speech is not None) != (kind in SPOKEN):
        raise InputError(f"kind={kind!r}: {'takes no speech' if speech is not None else 'needs speech; give a clip'}")
    if speech is None:
        sound = PROCEDURAL[kind](samples_of(seconds), rng)
    else:
        sound = SPOKEN[kind](excerpt(speech, seconds, rng=rng), rng)
    return levelled(faded(sound), rng=rng)
