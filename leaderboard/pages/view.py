"""A standing as its pages look at it: conditions by name, scores by entry, and what of it a reader has chosen."""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

from ...benchmarks.report.tables import group_keys, varying_keys
from ...benchmarks.report.view import TYPICAL_SNR_DB, axis_title, in_order, level_text, stated_text
from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ...benchmarks.scoring.statistics import Interval
from ..standing.record import Entry, MetricInfo, PublishedNumber, Standing

Condition = Mapping[str, float | None]
Order = Literal["rank", "name", "newest", "fastest"]
Show = Literal["all", "submissions", "baselines"]
ORDERS: dict[Order, str] = {"rank": "rank", "name": "name", "newest": "newest first", "fastest": "fastest first"}
SHOWN: dict[Show, str] = {"all": "all entries", "submissions": "submissions", "baselines": "baselines"}
TOGETHER = "all"
"""The name of all conditions together."""
MOST_COLUMNS = 4
"""Conditions that stand beside all together; of more, only those that differ from the middle in the first setting."""


class NothingHere(KeyError):
    """A track, entry, condition, metric or file that the board does not have."""


T = TypeVar("T")


def looked_up(name: str, known: Mapping[str, T]) -> T:
    """Return what `known` holds under `name`; raises NothingHere."""
    if name not in known:
        raise NothingHere(name)
    return known[name]


@dataclass(frozen=True)
class Choice:
    """What a reader of a board has chosen; empty names stand for the board's own first choice."""

    condition: str = ""
    metric: str = ""
    order: Order = "rank"
    show: Show = "all"


@dataclass(frozen=True)
class Option:
    """One link of a switch: its text, the choice that it leads to, and whether that is the present one."""

    text: str
    choice: Choice
    current: bool


@dataclass(frozen=True)
class Switch:
    """A row of links that change one thing."""

    title: str
    options: Sequence[Option]


FIRST_CHOICE = Choice()
"""The board as it opens."""


def frozen(condition: Condition) -> frozenset[tuple[str, float | None]]:
    """Return `condition` as a key of mappings."""
    return frozenset(condition.items())


@dataclass(frozen=True)
class BoardView:
    """A standing, its conditions by name, and its rows by entry, condition and metric."""

    standing: Standing

    @cached_property
    def pooled(self) -> list[Condition]:
        """The conditions over all samples, in the board's order."""
        return [dict(condition) for condition in self.standing.conditions]

    @cached_property
    def _parts(self) -> list[Condition]:
        found = {frozen(row.condition): row.condition for row in self.standing.rows if group_keys(row.condition)}
        return list(found.values())

    @cached_property
    def keys(self) -> list[str]:
        """The settings that differ among the conditions, then those by which the samples are split."""
        split = dict.fromkeys(key for part in self._parts for key in group_keys(part))
        return [*varying_keys(self.pooled), *split]

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """Every condition by its name in addresses; all of them together come first where there are several."""
        together: list[Condition] = [{}] if len(self.pooled) > 1 else []
        return {self.name(condition): condition for condition in (*together, *self.pooled, *self._parts)}

    def name(self, condition: Condition) -> str:
        """Return the name of `condition` in addresses, such as `snr_db-10`.

        Only what varies is named; where nothing does, or for all conditions together, that is "all".
        """
        stated = [(key, condition[key]) for key in self.keys if key in condition]
        return "_".join(f"{key}-{'off' if level is None else f'{level:g}'}" for key, level in stated) or TOGETHER

    def text(self, condition: Condition) -> str:
        """Return `condition` for a reader: what tells it from the others."""
        shown = [key for key in self.keys if key in condition]
        if not shown:
            return "all conditions together" if len(self.pooled) > 1 else f"all {self.standing.noun}s"
        return stated_text(condition, shown).replace("-", "−")

    def split(self, condition: Condition) -> list[Condition]:
        """Return the parts of the samples under the pooled `condition`."""
        return [part for part in self._parts if condition.items() <= part.items()]

    @cached_property
    def middle(self) -> Condition:
        """The pooled condition that stands for all: 10 dB where there is one, else the middle one."""
        typical = [c for c in self.pooled if c.get("snr_db") == TYPICAL_SNR_DB] or self.pooled
        return typical[(len(typical) - 1) // 2]

    def metric(self, name: str) -> MetricInfo:
        """Return the metric called `name`, the one that ranks where it is empty; raises NothingHere."""
        return looked_up(name or self.standing.metric.name, {metric.name: metric for metric in self.standing.metrics})

    @cached_property
    def _rows(self) -> dict[tuple[str, frozenset[tuple[str, float | None]], str], Row]:
        every = (*self.standing.overall, *self.standing.rows)
        return {(row.method, frozen(row.condition), row.metric): row for row in every}

    def row(self, key: str, condition: Condition, metric: MetricInfo) -> Row | None:
        """Return the score of the entry (or bound) `key`; None where there is none."""
        return self._rows.get((key, frozen(condition), metric.name))

    def measured(self, condition: Condition) -> list[MetricInfo]:
        """Return the metrics by which there are scores under `condition`."""
        return [metric for metric in self.standing.metrics if self.row(CHANCE, condition, metric)]

    def scores(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        """Return the scores of the entries, best first; chance and ceiling are not among them."""
        place = frozen(condition), metric.name
        if place not in self._scores:
            self._scores[place] = self._sorted(condition, metric)
        return self._scores[place]

    @cached_property
    def _scores(self) -> dict[tuple[frozenset[tuple[str, float | None]], str], list[Row]]:
        return {}

    def leads_alone(self, row: Row, metric: MetricInfo) -> bool:
        """Return whether noise cannot have put `row` first: rank 1, alone, among two entries or more."""
        if row.rank != 1:
            return False
        scores = self.scores(row.condition, metric)
        return len(scores) > 1 and scores[1].rank != 1

    def _sorted(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        found = [row for key in self.standing.entries if (row := self.row(key, condition, metric)) is not None]
        sign = -1 if metric.higher_is_better else 1
        return sorted(found, key=lambda row: (row.rank or 0, sign * row.value, row.method))

    def bounds(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        """Return the ceiling and chance under `condition`."""
        return [row for key in (CEILING, CHANCE) if (row := self.row(key, condition, metric)) is not None]

    @cached_property
    def _differences(self) -> dict[tuple[frozenset[tuple[str, float | None]], str, str], Interval]:
        return {
            (place, table.keys[i], table.keys[j]): Interval(value, low, high)
            for table in self.standing.comparisons
            for place in (frozen(table.condition),)
            for i, j, value, low, high in table.pairs
        }

    def difference(self, a: str, b: str, condition: Condition) -> Interval | None:
        """Return the metric that ranks of entry `a` minus that of `b`; None where they were not compared."""
        found = self._differences.get((frozen(condition), a, b))
        if found is not None:
            return found
        turned = self._differences.get((frozen(condition), b, a))
        return None if turned is None else Interval(-turned.value, -turned.high, -turned.low)

    @cached_property
    def _published(self) -> dict[frozenset[tuple[str, float | None]], list[PublishedNumber]]:
        found: dict[frozenset[tuple[str, float | None]], list[PublishedNumber]] = {}
        for one in self.standing.published:
            found.setdefault(frozen(one.condition), []).append(one)
        return found

    def published_under(self, condition: Condition) -> list[PublishedNumber]:
        """Return what papers print for `condition`."""
        return self._published.get(frozen(condition), [])

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of entries that were compared, which have a page, better ranks first."""
        names = self.standing.ranked
        place = {key: k for k, key in enumerate(names)}
        known = {(min(pair), max(pair)) for _, a, b in self._differences for pair in [(place[a], place[b])]}
        return [(names[i], names[j]) for i, j in sorted(known)]

    def entry(self, key: str) -> Entry:
        """Return the entry `key`; raises NothingHere where there is none."""
        return looked_up(key, self.standing.entries)

    @cached_property
    def labels(self) -> dict[str, str]:
        """What each entry is called: its card's name, with the team, then the key, where others are called the same."""
        entries = self.standing.entries
        names = {
            key: (e.card.name, f"{e.card.name} ({e.team})", f"{e.card.name} ({key})") for key, e in entries.items()
        }
        taken = [Counter(forms) for forms in zip(*names.values(), strict=True)]
        return {
            key: next((form for form, known in zip(forms, taken, strict=True) if known[form] == 1), forms[-1])
            for key, forms in names.items()
        }

    def condition_switches(self, choice: Choice) -> list[Switch]:
        """Return the links to other conditions: all together, then one row a setting."""
        here = self.conditions[choice.condition]
        switches = [] if len(self.pooled) < 2 else [Switch("Conditions", [self._option("all together", {}, choice)])]
        for key in self.keys:
            levels = in_order(key, [c.get(key) for c in self.conditions.values() if key in c])
            options = [
                self._option(level_text(key, level).replace("-", "−"), self._nearest(key, level, here), choice, key)
                for level in levels
            ]
            if group_keys({key: None}):
                whole = {k: v for k, v in (here or self.middle).items() if k != key}
                options.insert(0, self._option("all", whole, choice, key))
            switches.append(Switch(axis_title(key), options))
        return switches

    def _option(self, text: str, target: Condition, choice: Choice, key: str | None = None) -> Option:
        here = self.conditions[choice.condition]
        current = bool(here) and here.get(key) == target.get(key) if key else not here
        metric = choice.metric if self.metric(choice.metric) in self.measured(target) else ""
        return Option(text, replace(choice, condition=self.name(target), metric=metric), current)

    def _nearest(self, key: str, level: float | None, here: Condition) -> Condition:
        """Return the condition with this `level` that agrees most with `here`, or the middle from all together."""
        having = [c for c in self.conditions.values() if key in c and c[key] == level]
        reference = here or self.middle

        def distance(condition: Condition) -> tuple[int, int]:
            agreed = sum(condition.get(k, "absent") == reference.get(k, "absent") for k in self.keys)
            return -agreed, len(condition)

        return min(having, key=distance)

    def metric_switch(self, choice: Choice) -> Switch:
        """Return the links to other metrics; those that all conditions together lack lead to the middle condition."""
        here = self.conditions[choice.condition]
        measured = self.measured(here)
        options = []
        offered = self.standing.metrics if self.standing.rows else [self.standing.metric]
        for metric in offered:
            known = metric in measured or metric is self.standing.metric
            target = replace(
                choice, metric=metric.name, condition=choice.condition if known else self.name(self.middle)
            )
            options.append(Option(metric.label, self.tidy(target), metric.name == choice.metric))
        return Switch("Measure", options)

    def tidy(self, choice: Choice) -> Choice:
        """Return `choice` with the board's own first choice spelt out; raises NothingHere for an unknown name."""
        name = choice.condition or next(iter(self.conditions))
        condition, metric = looked_up(name, self.conditions), self.metric(choice.metric)
        if metric.name != self.standing.metric.name and metric not in self.measured(condition):
            raise NothingHere(choice.metric)
        return replace(choice, condition=name, metric=metric.name)

    def choices(self) -> list[Choice]:
        """Return every choice that a reader has."""
        return [
            Choice(name, metric.name, order, show)
            for name, condition in self.conditions.items()
            for metric in (self.measured(condition) or [self.standing.metric])
            for order in ORDERS
            for show in SHOWN
        ]

    def columns(self, condition: Condition) -> list[Condition]:
        """Return the conditions that stand beside `condition` as columns: those that differ in the first setting.

        Beside all conditions together, a few pooled ones; none where there is only one.
        """
        if len(self.pooled) < 2:
            return []
        if not condition and len(self.pooled) <= MOST_COLUMNS:
            return self.pooled
        condition, others = condition or self.middle, self.keys[1:]
        found = [c for c in self.conditions.values() if c.keys() == condition.keys()]
        return [c for c in found if all(c.get(k) == condition.get(k) for k in others if k in condition)]


_RECENT: OrderedDict[int, BoardView] = OrderedDict()
"""The views of the standings shown last, by identity: a standing never changes, and indexing a large one takes long."""
_KEPT = 16


def view_of(standing: Standing) -> BoardView:
    """Return the view of `standing`, the same one while it is shown again and again."""
    view = _RECENT.get(id(standing))
    if view is None or view.standing is not standing:
        view = _RECENT[id(standing)] = BoardView(standing)
    while len(_RECENT) > _KEPT:
        _RECENT.popitem(last=False)
    return view
