"""The scores of an open phase: one a submission, rounded to a step, and of a team only what beats its best by a step.

This is the Ladder of Blum and Hardt (2015, "The Ladder: a reliable leaderboard for machine learning competitions").
Whoever sends many submissions and learns from the answers learns next to nothing of the labels: what changes a score by
less than noise would changes nothing that is shown.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from ...benchmarks.questions.metrics import Metric, Vector
from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ...benchmarks.scoring.statistics import FEWEST_CLUSTERS, Estimator, Interval, interval_of, skill
from .paired import Terms
from .record import EntryInfo

STEPS = (1, 2, 5, 10)
REACH = 1.5
"""Steps from a shown score to the ends of its shown interval, which holds the 95 % interval of the exact score."""


@dataclass(frozen=True)
class Rung:
    """A score as it is shown, and the step to which it is rounded; 0 where it is exact."""

    value: float
    step: float


def step_of(own: Interval, ceiling: float, samples: int) -> float:
    """Return the step of the score `own` over so many `samples`: 1, 2 or 5 times a power of ten, 0 at the ceiling.

    The difference to the ceiling, paired on the same samples, is told from zero by the 95 % interval of `own`: a step
    spans at least that from the score to either end. It is also at least 2 / sqrt(samples) of that difference, as if
    errors varied as much as they are large: answers that are equally wrong everywhere but in a few places get no finer
    step.
    """
    ends = [end for end in (own.high - own.value, own.value - own.low) if math.isfinite(end)]
    return _rounded_up(max([2 * abs(own.value - ceiling) / math.sqrt(samples), *ends]))


def _rounded_up(width: float) -> float:
    """Return the first of 1, 2, 5 times powers of ten that is not below `width`; 0 for 0.

    >>> _rounded_up(0.013), _rounded_up(2.0), _rounded_up(0.0)
    (0.02, 2.0, 0.0)
    """
    if width <= 0:
        return 0.0
    power = math.floor(math.log10(width))
    steps = [float(f"{first}e{power}") for first in STEPS]
    return next((step for step in steps if step >= width), steps[-1])


def rounded(value: float, step: float) -> float:
    """Return the multiple of `step` next to `value`; the value itself where the step is 0.

    >>> rounded(0.1234, 0.02), rounded(0.1234, 0.0)
    (0.12, 0.1234)
    """
    return float(f"{step * round(value / step):.12g}") if step else value


def climbed(metric: Metric, scores: Mapping[str, tuple[float, float]], teams: Mapping[str, str]) -> dict[str, Rung]:
    """Return which `scores` (value, step), by key in the order in which they came, are shown, and as what.

    The first of a team is shown; a later one only if it beats the best that is shown of its team by more than its step.

    >>> from whence.benchmarks.questions.metrics import MEAN_ABSOLUTE_ERROR_MS
    >>> scores = {"a": (0.31, 0.1), "b": (0.22, 0.1), "c": (0.17, 0.1), "d": (0.29, 0.1)}
    >>> climbed(MEAN_ABSOLUTE_ERROR_MS, scores, {"a": "Ada", "b": "Ada", "c": "Ada", "d": "Bob"})
    {'a': Rung(value=0.3, step=0.1), 'c': Rung(value=0.2, step=0.1), 'd': Rung(value=0.3, step=0.1)}
    """
    sign = -1 if metric.higher_is_better else 1
    best: dict[str, float] = {}
    shown = {}
    for key, (value, step) in scores.items():
        if sign * value < best.get(teams[key], math.inf) - step:
            shown[key] = Rung(rounded(value, step), step)
            best[teams[key]] = sign * shown[key].value
    return shown


def rounded_rows(
    bounds: Mapping[str, Vector],
    terms: Terms,
    entries: Mapping[str, EntryInfo],
    seconds: Mapping[str, float],
    samples: int,
    estimator: Estimator,
) -> list[Row]:
    """Return the rows of an open phase: chance, the ceiling and the entries that have a score of their own.

    `bounds` are the terms of chance and ceiling; the half has so many `samples`. `entries` are in the order in which
    they came: each of the host's baselines is shown, and none that the host has not confirmed. Ranks, intervals and
    skill follow from the rounded scores alone.
    """
    metric, clusters = terms.metric, terms.clusters
    means = {key: terms.by_entry[key].mean(axis=0) for key, info in entries.items() if info.submitted}
    found = {key: interval_of(metric, estimator(metric, one, clusters)) for key, one in means.items()}
    chance = interval_of(metric, estimator(metric, bounds[CHANCE], clusters))
    ceiling = metric.summarise(bounds[CEILING])
    scores = {key: (one.value, step_of(one, ceiling, len(clusters.codes))) for key, one in found.items()}
    width = step_of(chance, ceiling, len(clusters.codes))
    shown = {
        CHANCE: Rung(rounded(chance.value, width), width),
        CEILING: Rung(rounded(ceiling, width), 0.0),
        **climbed(metric, scores, {key: _climber(key, entries[key]) for key in scores}),
    }
    ranks = _ranks(metric, {key: rung for key, rung in shown.items() if key in scores})
    return [
        Row(
            method=key,
            condition={},
            metric=metric.name,
            unit=metric.unit,
            value=rung.value,
            ci_low=low,
            ci_high=high,
            n=samples,
            skill=skill(rung.value, shown[CHANCE].value, shown[CEILING].value),
            rank=ranks.get(key) if clusters.count >= FEWEST_CLUSTERS else None,
            seconds_per_sample=seconds.get(key),
        )
        for key, rung in shown.items()
        for low, high in [_interval(rung, shown[CEILING].value)]
    ]


def _climber(key: str, info: EntryInfo) -> str:
    """Return who climbs: a team with all that it sends, each baseline alone."""
    return f"baseline {key}" if info.kind == "baseline" else f"team {info.team}"


def _ranks(metric: Metric, shown: Mapping[str, Rung]) -> dict[str, int]:
    """Return the ranks of shown scores, by key; equal ones share theirs (1, 1, 3)."""
    sign = -1 if metric.higher_is_better else 1
    values = {key: sign * rung.value for key, rung in shown.items()}
    ordered = sorted(values.values())
    return {key: 1 + bisect_left(ordered, value) for key, value in values.items()}


def _interval(rung: Rung, ceiling: float) -> tuple[float, float]:
    """Return the shown interval of a shown score, which ends at the ceiling."""
    low, high = (float(f"{rung.value + sign * REACH * rung.step:.12g}") for sign in (-1, 1))
    return (ceiling if low < ceiling <= rung.value else low), (ceiling if rung.value <= ceiling < high else high)
