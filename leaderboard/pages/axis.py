"""Where a number lies on a drawn scale, in per cent of its width, so that pages need no script to draw it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

BEYOND = 0.25
"""How far past chance a scale may reach, in distances between ceiling and chance; what lies beyond is cut."""


@dataclass(frozen=True)
class Bar:
    """A value with its interval on a scale, all in per cent of its width; None: not known or not shown.

    `marks` are levels to compare with (name, place, text); `cut` says that part of the interval lies outside.
    """

    value: float | None
    low: float | None
    high: float | None
    marks: tuple[tuple[str, float, str], ...] = ()
    cut: bool = False


@dataclass(frozen=True)
class Axis:
    """A linear scale from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def spanning(cls, values: Iterable[float], margin: float = 0.04) -> "Axis":
        """Return the scale that holds all finite `values` with a `margin` at each end.

        >>> Axis.spanning([0.0, 1.0, math.nan], margin=0.1)
        Axis(low=-0.1, high=1.1)
        """
        finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        room = margin * ((high - low) or abs(high) or 1.0)
        return cls(low - room, high + room)

    @classmethod
    def between(cls, chance: float, ceiling: float, values: Iterable[float]) -> "Axis":
        """Return the scale that holds chance, ceiling and `values`, cut not far beyond chance."""
        if not (math.isfinite(chance) and math.isfinite(ceiling)):
            return cls.spanning(values)
        edge = chance + BEYOND * (chance - ceiling)
        low, high = sorted((ceiling, edge))
        return cls.spanning(
            [chance, ceiling, *(min(max(value, low), high) for value in values if math.isfinite(value))]
        )

    def at(self, value: float) -> float:
        """Return where `value` lies, 0 to 100; values outside lie at the ends.

        >>> Axis(0.0, 2.0).at(0.5), Axis(0.0, 2.0).at(9.0)
        (25.0, 100.0)
        """
        return round(100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0), 2)

    def bar(self, value: float, low: float, high: float, marks: Iterable[tuple[str, float, str]] = ()) -> Bar:
        """Return a value with its interval; `marks` are (name, value, text)."""
        placed = tuple((name, self.at(level), text) for name, level, text in marks if math.isfinite(level))
        ends = [self.at(end) if math.isfinite(end) else None for end in (low, high)]
        known = [end for end in (value, low, high) if math.isfinite(end)]
        cut = any(not self.low <= end <= self.high for end in known)
        return Bar(self.at(value) if self.low <= value <= self.high else None, ends[0], ends[1], placed, cut)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round numbers on the scale, `about` so many.

        >>> Axis(0.0, 1.0).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [float(f"{k * step:.12g}") + 0.0 for k in range(first, last + 1)]
