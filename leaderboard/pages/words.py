"""Numbers, intervals, ranks and verdicts as pages print them."""

import math
from collections.abc import Sequence

from ...benchmarks.questions.metrics import digits
from ...benchmarks.scoring.main_table import MISSING
from ...benchmarks.scoring.results import Row
from ...benchmarks.scoring.statistics import Interval
from ..standing.record import MetricInfo

NOT_MEASURED = MISSING
LARGE = 1e6
"""From here on a power of ten is shorter, and wide tables stay readable."""


def number(value: float, unit: str, *, signed: bool = False) -> str:
    """Return `value` as tables print it, a dash where it is not known.

    >>> number(-0.0123, "ms"), number(12.0, "%", signed=True), number(-1e140, "ms"), number(math.nan, "ms")
    ('−0.012', '+12.0', '−1.00e+140', '–')
    """
    if not math.isfinite(value):
        return "–"
    text = _fixed(value, digits(value, unit), "+" if signed else "")
    if not any(character in "123456789" for character in text):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def _fixed(value: float, places: int, sign: str = "") -> str:
    return f"{value:{sign}.2e}" if abs(value) >= LARGE else f"{value:{sign}.{places}f}"


def interval(low: float, high: float, unit: str, *, signed: bool = False) -> str:
    """Return an interval; empty where it is not known.

    >>> interval(0.1, 0.25, "ms"), interval(-0.1, 0.25, "ms", signed=True)
    ('0.100–0.250', '−0.100 to +0.250')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    joint = " to " if signed or low < 0 else "–"
    return f"{number(low, unit, signed=signed)}{joint}{number(high, unit, signed=signed)}"


def row_interval(row: Row) -> str:
    """Return the interval of a score."""
    return interval(row.ci_low, row.ci_high, row.unit)


def per_cent(skill: float) -> str:
    """Return a skill in per cent; empty where chance and ceiling coincide.

    >>> per_cent(0.774), per_cent(-0.001), per_cent(math.nan)
    ('77', '0', '')
    """
    return _fixed(round(100 * skill), 0).replace("-", "−") if math.isfinite(skill) else ""


def milliseconds(seconds: float | None) -> str:
    """Return a time a sample in milliseconds; empty where it is not known.

    >>> milliseconds(0.00213), milliseconds(1.5), milliseconds(None)
    ('2.13', '1500', '')
    """
    if seconds is None or not math.isfinite(seconds):
        return ""
    value = 1000 * seconds
    return _fixed(value, 0 if value >= 100 else 1 if value >= 10 else 2)


def day(moment: str) -> str:
    """Return the day of an ISO time, in words where it is not known.

    >>> day("2026-01-02T03:04:05Z"), day("")
    ('2026-01-02', 'unknown')
    """
    return moment[:10] or "unknown"


def joined(names: Sequence[str], most: int = 4) -> str:
    """Return names in a sentence.

    >>> joined(["a", "b", "c"]), joined(list("abcdef"))
    ('a, b and c', 'a, b, c, d and 2 others')
    """
    names = list(names)
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} others"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def metric_text(metric: MetricInfo) -> str:
    """Return a metric with its unit and direction."""
    return f"{metric.label} ({metric.unit}), {'higher' if metric.higher_is_better else 'lower'} is better"


def verdict(gap: Interval | None, metric: MetricInfo, a: str, b: str) -> str:
    """Return in words which of `a` and `b` is better by `gap`, the metric of `a` minus that of `b`."""
    if gap is None:
        return "not compared"
    if not (math.isfinite(gap.low) and math.isfinite(gap.high)):
        return "unknown: too few clusters for an interval"
    if not gap.distinguishable:
        return "cannot be told apart"
    return f"{a if (gap.value > 0) == metric.higher_is_better else b} is better"
