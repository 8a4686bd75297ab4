"""The main table of a track: methods in rank order against conditions, chance and ceiling at its ends.

It is built once, here, and rendered by the terminal, the report and the board.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..questions.settings import Stated
from .results import CEILING, CHANCE, Row

MISSING = "missing"


class MetricLike(Protocol):
    """The attributes of a metric that a table needs."""

    @property
    def name(self) -> str:
        """Its name in files."""

    @property
    def label(self) -> str:
        """Its name for readers."""

    @property
    def unit(self) -> str:
        """The unit of its values."""

    @property
    def higher_is_better(self) -> bool:
        """Whether the highest value ranks first."""


@dataclass(frozen=True)
class ScoreCell:
    """A score, None if it is missing, and whether it leads by more than noise."""

    row: Row | None
    strong: bool = False


@dataclass(frozen=True)
class ScoreLine:
    """A method, chance or the ceiling: its scores under each condition, and means over them.

    `beside` are means of other metrics, `ranks` the lowest and highest rank (None: not ranked), `skill` the mean skill,
    from 0 at chance to 1 at the ceiling (NaN: unknown), `diagnostics` their means.
    """

    name: str
    cells: Sequence[ScoreCell]
    beside: Sequence[float | None]
    ranks: tuple[int, int] | None
    skill: float
    samples: int
    seconds_per_sample: float | None
    diagnostics: Sequence[float | None]

    @property
    def is_bound(self) -> bool:
        """Whether this is chance or the ceiling rather than a method."""
        return self.name in (CHANCE, CEILING)


@dataclass(frozen=True)
class MainTable:
    """The table by `metric`: its conditions, the other metrics beside it, the names of diagnostics, its lines."""

    metric: MetricLike
    conditions: Sequence[Stated]
    beside: Sequence[MetricLike]
    diagnostics: Sequence[str]
    lines: Sequence[ScoreLine]


def main_table(
    rows: Sequence[Row], metric: MetricLike, conditions: Sequence[Stated], beside: Sequence[MetricLike] = ()
) -> MainTable:
    """Return the scores `rows` by `metric` under `conditions`: ceiling, methods from best to worst, chance.

    Methods with a missing condition come last. A score is strong if it alone has rank 1 among two or more methods.
    """
    known = {(row.method, row.metric, frozenset(row.condition.items())): row for row in rows}
    keys = [frozenset(condition.items()) for condition in conditions]
    strong = _alone_first([row for row in rows if row.metric == metric.name])
    diagnostics = list(dict.fromkeys(name for row in rows for name in row.diagnostics))

    def line(name: str) -> ScoreLine:
        found = [known.get((name, metric.name, key)) for key in keys]
        present = [row for row in found if row is not None]
        ranks = sorted({row.rank for row in present if row.rank is not None})
        return ScoreLine(
            name=name,
            cells=[ScoreCell(row, strong.get(key) == name) for row, key in zip(found, keys, strict=True)],
            beside=[_mean(r.value for key in keys if (r := known.get((name, m.name, key)))) for m in beside],
            ranks=(ranks[0], ranks[-1]) if ranks else None,
            skill=_known_mean([row.skill for row in present]),
            samples=max((row.n for row in present), default=0),
            seconds_per_sample=_mean(row.seconds_per_sample for row in present),
            diagnostics=[_mean(row.diagnostics.get(one) for row in present) for one in diagnostics],
        )

    return MainTable(
        metric, conditions, beside, diagnostics, [line(name) for name in ordered(rows, metric, conditions)]
    )


def ordered(rows: Sequence[Row], metric: MetricLike, conditions: Sequence[Stated]) -> list[str]:
    """Return the ceiling, the methods from best to worst by their mean over `conditions`, and chance."""
    values: dict[str, list[float]] = {}
    for row in rows:
        if row.metric == metric.name and row.condition in conditions:
            values.setdefault(row.method, []).append(row.value)
    sign = -1 if metric.higher_is_better else 1
    methods = [name for name in values if name not in (CHANCE, CEILING)]
    methods.sort(key=lambda name: (-len(values[name]), sign * float(np.mean(values[name]))))
    return [*(n for n in (CEILING,) if n in values), *methods, *(n for n in (CHANCE,) if n in values)]


def _alone_first(rows: Sequence[Row]) -> dict[frozenset[tuple[str, float | int | None]], str]:
    """Return, by condition, the method that leads by more than noise, if there is one."""
    by_condition: dict[frozenset[tuple[str, float | int | None]], list[Row]] = {}
    for row in rows:
        if row.rank is not None:
            by_condition.setdefault(frozenset(row.condition.items()), []).append(row)
    leaders = {key: [row.method for row in ranked if row.rank == 1] for key, ranked in by_condition.items()}
    return {key: names[0] for key, names in leaders.items() if len(names) == 1 and len(by_condition[key]) > 1}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _known_mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values and np.isfinite(values).all() else float("nan")


def rank_text(ranks: tuple[int, int] | None, dash: str = "-") -> str:
    """Return ranks as tables print them: one, or the lowest and the highest; empty if there is none.

    >>> rank_text((1, 3)), rank_text((2, 2)), rank_text(None)
    ('1-3', '2', '')
    """
    if ranks is None:
        return ""
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}{dash}{ranks[1]}"
