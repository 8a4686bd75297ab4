"""Judges the up axis and unit of a scene from the geometry along each axis (`scene_axes`).

The likelihood of an axis and unit is the product of three factors: the largest flat face across the axis (floors and
ceilings are larger than walls), the headroom along it (a ceiling is about 2.6 m above the floor), and the objects (most
stand on the floor, hardly any hang from the ceiling). The frame implied by the file layout is kept unless the geometry
clearly contradicts it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from ...errors import InputError
from .frame import Frame, Up
from .scene_axes import Axis

UNITS = {1.0: "metre", 0.01: "centimetre", 0.0254: "inch", 0.001: "millimetre"}
"""Units that headroom can distinguish, by length in metres; feet look like metres in a hall."""
HEADROOM, SPREAD = 2.6, 0.35
"""Typical headroom of a home, m, and the standard deviation of its logarithm."""
LEAST_HEADROOM, GREATEST_HEADROOM = 1.9, 4.5
"""Range of headroom that confirms a guess, m."""
HIGH, HIGHEST = 5.0, 20.0
"""Headroom above which (as below the least) a remark is made, and that of the highest hall with a floor, m."""
LIKELIER, CLEARLY, UNRIVALLED = 1.5, 4.0, 2.0
"""Likelihood ratios to the assumed frame: a remark is made from the first on. From the second on the scene is read
differently, if that reading is also at least the third times as likely as any other."""
MORE_HANGS, ONLY_HANGS = 0.05, 0.15
"""Excess of hanging over standing objects: a remark is made from the first on; from the second on the scene is upside
down."""
LEAST_COVERED = 0.3
"""Least share of columns with a ceiling: a scene with less is open above and cannot be judged."""
MOST_TILTED = 3.0
"""Tilt of most floors and ceilings above which a scene is refused, degrees."""
CLEARER, CLEAR = 2.0, 0.5
"""A scene is not turned over if along another axis so many times more objects stand or hang, at least this share."""
FOOT = 0.3048

_AXES: tuple[Up, ...] = ("x", "y", "z")


@dataclass(frozen=True)
class Judgement:
    """The `frame` of a scene, with a `remark` for the user and its `figures`, both "" if there is none."""

    frame: Frame
    remark: str = ""
    figures: str = ""


class _Guess(NamedTuple):
    likelihood: float
    frame: Frame
    headroom: float
    """Metres."""
    excess: float
    """Excess of hanging over standing objects."""


def judge(
    axes: Sequence[Axis], assumed: Frame, trust: float = 1.0, *, up: Up | None = None, scale: float | None = None
) -> Judgement:
    """Return the judged frame of a scene with these `axes` (x, y, z).

    The axis of `assumed` counts as `trust` times as likely as the geometry says. `up` and `scale` are the user's
    settings, None if not given. Raises InputError (without the name of the scene) if only the user can decide, or if
    its floors are tilted.
    """
    found = _judged(axes, assumed, trust, up, scale)
    axis = axes[_number(found.frame.up)]
    if not (up and scale) and axis.covered >= LEAST_COVERED and axis.tilt > MOST_TILTED:
        raise InputError(
            f"most of its floors and ceilings are tilted by {axis.tilt:.0f} degrees: level it, or give both --up and "
            "--scale to take it as it is"
        )
    return found


def _judged(axes: Sequence[Axis], assumed: Frame, trust: float, up: Up | None, scale: float | None) -> Judgement:
    """Return the judgement of `judge`, whatever the tilt."""
    start = Frame(up or assumed.up, scale or assumed.metres_per_unit)
    guesses = _guesses(axes, start, trust, up, scale)
    kept = next(each for each in guesses if each.frame == start)
    best = max(guesses, key=lambda each: each.likelihood)
    if (up and scale) or axes[_number(start.up)].covered < LEAST_COVERED:
        return Judgement(start)
    if best.likelihood <= LIKELIER * kept.likelihood or best.likelihood == 0:
        return _kept(kept, guesses, up, scale)
    figures = f"rooms {best.headroom:.3g} m high instead of {kept.headroom:.3g} m"
    if best.likelihood < CLEARLY * kept.likelihood:
        likelier = f"that {_said(best.frame, start)} is likelier: {as_options(best.frame, start)} reads it so"
        return Judgement(start, f"read as if {_said(start)}, but its geometry says {likelier}", figures)
    rival = max((each.likelihood for each in guesses if each not in (best, kept)), default=0.0)
    if best.likelihood < UNRIVALLED * rival or not LEAST_HEADROOM <= best.headroom <= GREATEST_HEADROOM:
        raise _only_the_user_knows(kept, up, scale)
    return _corrected(best, start, figures)


def _guesses(axes: Sequence[Axis], start: Frame, trust: float, up: Up | None, scale: float | None) -> list[_Guess]:
    """Return a guess for every axis and unit, or only for those set by the user."""
    found = []
    for name, axis in zip(_AXES, axes, strict=True):
        is_start = name == start.up[-1]
        if up and not is_start:
            continue
        for unit in (scale,) if scale else UNITS:
            height = axis.headroom * unit
            usual = math.exp(-0.5 * (math.log(height / HEADROOM) / SPREAD) ** 2) if height > 0 else 0.0
            things = 0.2 + min(abs(axis.standing - axis.hanging), 1.0)
            likelihood = usual * axis.flat * things * (trust if is_start else 1.0)
            frame = Frame(start.up if is_start else name, unit)
            excess = (axis.hanging - axis.standing) * (-1 if frame.up.startswith("-") else 1)
            found.append(_Guess(likelihood, frame, height, excess))
    return found


def _kept(kept: _Guess, guesses: Sequence[_Guess], up: Up | None, scale: float | None) -> Judgement:
    """Return the judgement of a scene read as assumed, corrected if it is upside down, with a remark if too high."""
    if not scale and kept.headroom > HIGHEST:
        raise _only_the_user_knows(kept, up, scale)
    if not up and kept.excess >= ONLY_HANGS:
        if max(abs(each.excess) for each in guesses) >= max(CLEARER * kept.excess, CLEAR):
            raise _only_the_user_knows(kept, up, scale)  # objects stand along another axis
        return _corrected(kept, kept.frame, f"{kept.excess:.0%} more hangs than stands")
    if not up and kept.excess >= MORE_HANGS:
        other = Frame(_opposite(kept.frame.up), kept.frame.metres_per_unit)
        turned = f"{as_options(other, kept.frame)} turns it over"
        remark = f"read as if {_said(kept.frame, other)}, but more hangs than stands: {turned}"
        return Judgement(kept.frame, remark, f"{kept.excess:.0%} more")
    if not scale and not LEAST_HEADROOM <= kept.headroom <= HIGH:
        kind, unit = ("low", "is another") if kept.headroom < HIGH else ("high", f"is the foot, {FOOT}")
        remark = f"read in metres, its rooms are {kind}: --scale METRES_PER_UNIT if its unit {unit}"
        return Judgement(kept.frame, remark, f"{kept.headroom:.3g} m")
    return Judgement(kept.frame)


def _corrected(best: _Guess, start: Frame, figures: str) -> Judgement:
    """Return the judgement that the frame of the scene is that of `best`, upright, instead of `start`."""
    clearly = MORE_HANGS if best.frame.up != start.up else ONLY_HANGS
    up = _opposite(best.frame.up) if best.excess >= clearly else best.frame.up
    frame = Frame(up, best.frame.metres_per_unit)
    remark = f"its geometry says that {_said(frame, start)}, and it is read so: {as_options(start, frame)} prevents it"
    return Judgement(frame, remark, figures)


def _only_the_user_knows(kept: _Guess, up: Up | None, scale: float | None) -> InputError:
    options = [name for name, given in (("--up {y,z,x,-y,-z,-x}", up), ("--scale METRES_PER_UNIT", scale)) if not given]
    return InputError(
        f"if {_said(kept.frame)}, its rooms are {kept.headroom:.3g} m high, and its geometry does not tell what is "
        f"right: give {' or '.join(options)} (0.01 for centimetres, 0.0254 for inches)"
    )


def _said(frame: Frame, other: Frame | None = None) -> str:
    """Return `frame` in words, or only its differences from `other`."""
    sign = "-" if frame.up.startswith("-") else "+"
    parts = [f"{sign}{frame.up[-1].upper()} is up"] if other is None or other.up != frame.up else []
    if other is None or other.metres_per_unit != frame.metres_per_unit:
        unit = UNITS.get(frame.metres_per_unit)
        parts.append(f"its unit is the {unit}" if unit else f"its unit is {frame.metres_per_unit:g} m")
    return " and ".join(parts)


def as_options(frame: Frame, other: Frame) -> str:
    """Return the command-line options that select `frame` instead of `other`."""
    parts = [f"--up={frame.up}"] if frame.up != other.up else []
    if frame.metres_per_unit != other.metres_per_unit:
        parts.append(f"--scale {frame.metres_per_unit:g}")
    return " ".join(parts)


def _number(up: Up) -> int:
    return _AXES.index(cast(Up, up[-1]))


def _opposite(up: Up) -> Up:
    return cast(Up, up[-1] if up.startswith("-") else f"-{up}")
