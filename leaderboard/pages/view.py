"""A standing as its pages look at it: conditions by name, scores by entry, and what of it a reader has chosen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal, TypeVar

from ...benchmarks.questions.settings import Wording
from ...benchmarks.questions.track import Track
from ...benchmarks.scoring.main_table import MainTable, ScoreLine, main_table
from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ...benchmarks.scoring.statistics import Interval
from ...errors import InputError
from ...registry import load_track
from ..standing.record import Entry, MetricInfo, PublishedNumber, Standing
from ..submission.names import looks

Condition = Mapping[str, float | None]
Order = Literal["rank", "name", "newest", "fastest"]
Show = Literal["all", "submissions", "baselines"]
ORDERS: dict[Order, str] = {"rank": "rank", "name": "name", "newest": "newest first", "fastest": "fastest first"}
SHOWN: dict[Show, str] = {"all": "all entries", "submissions": "submissions", "baselines": "baselines"}
TOGETHER = "all"
"""The name of all conditions together."""
MOST_COLUMNS = 4
"""Conditions that stand beside all together; of more, only those that differ from the middle in the first setting."""
FITTING_COLUMNS = 8
"""Conditions whose columns fit on a page of 1280 pixels; each further metric beside the one that ranks takes two."""
KEPT_VIEWS = 16
"""Views of standings that are kept: indexing a large one takes long."""


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
    """A row of links that change one thing: the field of `Choice` called `changes`."""

    title: str
    options: Sequence[Option]
    changes: Literal["condition", "metric", "show"] = "condition"


FIRST_CHOICE = Choice()
"""The board as it opens."""


Key = frozenset[tuple[str, float | None]]
"""A condition as a key of mappings."""


def frozen(condition: Condition) -> Key:
    """Return `condition` as a key of mappings."""
    return frozenset(condition.items())


@dataclass(frozen=True)
class BoardView:
    """A standing, its conditions by name, and its rows by entry, condition and metric."""

    standing: Standing
    _lines: dict[tuple[Key, str], dict[str, ScoreLine]] = field(default_factory=dict, repr=False)
    """The main table under one condition by one metric, by entry; made when it is first asked for."""

    @cached_property
    def track(self) -> Track | None:
        """The track, None where it is not registered here any more."""
        try:
            found: Track = load_track(self.standing.track)
        except InputError:
            return None
        return found

    @cached_property
    def wording(self) -> Wording:
        """How conditions read; without the track, settings are called by their keys."""
        return self.track.wording if self.track else Wording({}, frozenset())

    @cached_property
    def pooled(self) -> list[Condition]:
        """The conditions over all samples, in the board's order; none while the phase is open, which tells of no single
        one.
        """
        return [] if self.standing.is_open else [dict(condition) for condition in self.standing.conditions]

    @cached_property
    def _parts(self) -> list[Condition]:
        whole = {frozen(condition) for condition in self.pooled}
        found = {frozen(row.condition): row.condition for row in self.standing.rows}
        return [condition for key, condition in found.items() if key not in whole]

    @cached_property
    def part_keys(self) -> list[str]:
        """The settings by which the samples are split: no condition over all samples has them."""
        pooled = {key for condition in self.pooled for key in condition}
        return list(dict.fromkeys(key for part in self._parts for key in part if key not in pooled))

    @cached_property
    def keys(self) -> list[str]:
        """The settings that differ among the conditions, then those by which the samples are split."""
        return [*self.wording.varying(self.pooled), *self.part_keys]

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """Every condition by its name in addresses; all of them together come first unless there is but one."""
        together: list[Condition] = [] if len(self.pooled) == 1 else [{}]
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
            several = len(self.standing.conditions) > 1
            return "all conditions together" if several else f"all {self.standing.noun}s"
        return (self.wording.text(condition, shown) or f"all {self.standing.noun}s").replace("-", "−")

    def split(self, condition: Condition) -> list[Condition]:
        """Return the parts of the samples under the pooled `condition`."""
        return [part for part in self._parts if condition.items() <= part.items()]

    @cached_property
    def middle(self) -> Condition:
        """The pooled condition that stands for all; {} where there is none."""
        return self.wording.middle(self.pooled) if self.pooled else {}

    def metric(self, name: str) -> MetricInfo:
        """Return the metric called `name`, the one that ranks where it is empty; raises NothingHere."""
        return looked_up(name or self.standing.metric.name, {metric.name: metric for metric in self.standing.metrics})

    @cached_property
    def _rows(self) -> dict[tuple[str, Key, str], Row]:
        every = (*self.standing.overall, *self.standing.rows)
        return {(row.method, frozen(row.condition), row.metric): row for row in every}

    def row(self, key: str, condition: Condition, metric: MetricInfo) -> Row | None:
        """Return the score of the entry (or bound) `key`; None where there is none."""
        return self._rows.get((key, frozen(condition), metric.name))

    def measured(self, condition: Condition) -> list[MetricInfo]:
        """Return the metrics by which there are scores under `condition`."""
        return [metric for metric in self.standing.metrics if self.row(CHANCE, condition, metric)]

    def table(self, conditions: Sequence[Condition], metric: MetricInfo) -> MainTable:
        """Return the main table by `metric` under `conditions`; beside the metric that ranks stand the track's others.

        Under all conditions together these are means over them.
        """
        rows = [row for condition in conditions for row in self._rows_under.get(frozen(condition), [])]
        return main_table(rows, metric, conditions, self.beside if metric is self.standing.metric else ())

    @cached_property
    def _rows_under(self) -> dict[Key, list[Row]]:
        found: dict[Key, list[Row]] = {}
        for row in self._rows.values():
            found.setdefault(frozen(row.condition), []).append(row)
        return found

    @cached_property
    def beside(self) -> list[MetricInfo]:
        """The metrics that stand beside the one that ranks wherever it is shown."""
        names = {metric.name for metric in self.track.beside} if self.track else set()
        return [metric for metric in self.standing.metrics if metric.name in names]

    def lines(self, condition: Condition, metric: MetricInfo) -> dict[str, ScoreLine]:
        """Return the lines of the main table under `condition` by entry: ceiling, best to worst, chance."""
        place = frozen(condition), metric.name
        if place not in self._lines:
            self._lines[place] = {line.name: line for line in self.table([condition], metric).lines}
        return self._lines[place]

    def scores(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        """Return the scores of the entries, by rank and then by value; chance and ceiling are not among them."""
        lines = [line for line in self.lines(condition, metric).values() if not line.is_bound]
        found = [row for line in lines if (row := line.cells[0].row) is not None]
        sign = -1 if metric.higher_is_better else 1
        return sorted(found, key=lambda row: (row.rank or 0, sign * row.value, row.method))

    def leaders(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        """Return the scores that share rank 1, best first; none where there are no ranks."""
        return [row for row in self.scores(condition, metric) if row.rank == 1]

    @property
    def why_unranked(self) -> str:
        """Why a table has no ranks, in one line."""
        return self.standing.unranked or f"no ranks: there are too few {self.standing.cluster_name}s"

    def leads_alone(self, row: Row, metric: MetricInfo) -> bool:
        """Return whether noise cannot have put `row` first: rank 1, alone, among two entries or more.

        Rounded scores do not tell.
        """
        return not self.standing.is_open and self.lines(row.condition, metric)[row.method].cells[0].strong

    @cached_property
    def unscored(self) -> list[Entry]:
        """The entries that an open phase shows without a score of their own, in the order in which they came."""
        scored = {row.method for row in self.standing.overall} if self.standing.is_open else self.standing.entries
        return [entry for key, entry in self.standing.entries.items() if key not in scored]

    def why_unscored(self, entry: Entry) -> str:
        """Return why `entry` has no score of its own while the phase is open."""
        if not entry.submitted:
            return "the host has not confirmed it"
        best = self.score_for(entry)
        return "" if best is None else f"no better by a step than {self.labels[best.method]}"

    def score_for(self, entry: Entry) -> Row | None:
        """Return the rounded score of an open phase that counts for `entry`: its own or else the best of its team."""
        return self._row_of.get(entry.key) or self._best_of.get((entry.team, entry.kind))

    @cached_property
    def _row_of(self) -> dict[str, Row]:
        return {row.method: row for row in self.standing.overall}

    @cached_property
    def _best_of(self) -> dict[tuple[str, str], Row]:
        """The best row of each team."""
        found: dict[tuple[str, str], Row] = {}
        for key in self.standing.ranked:
            entry = self.standing.entries[key]
            found.setdefault((entry.team, entry.kind), self._row_of[key])
        return found

    def bounds(self, condition: Condition, metric: MetricInfo) -> list[Row]:
        """Return the ceiling and chance under `condition`."""
        return [row for key in (CEILING, CHANCE) if (row := self.row(key, condition, metric)) is not None]

    @cached_property
    def _differences(self) -> dict[tuple[Key, str, str], Interval]:
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
    def _published(self) -> dict[Key, list[PublishedNumber]]:
        found: dict[Key, list[PublishedNumber]] = {}
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
        """What each entry is called: its card's name, with the team, then the key, where others read the same."""
        entries = self.standing.entries
        names = {
            key: (e.card.name, f"{e.card.name} ({e.team})", f"{e.card.name} ({key})") for key, e in entries.items()
        }
        taken = [Counter(map(looks, forms)) for forms in zip(*names.values(), strict=True)]
        return {
            key: next((form for form, known in zip(forms, taken, strict=True) if known[looks(form)] == 1), forms[-1])
            for key, forms in names.items()
        }

    def condition_switches(self, choice: Choice) -> list[Switch]:
        """Return the links to other conditions: all together, then one row a setting."""
        here = self.conditions[choice.condition]
        switches = [] if len(self.pooled) < 2 else [Switch("Conditions", [self._option("all together", {}, choice)])]
        for key in self.keys:
            setting = self.wording.of(key)
            options = [
                self._option(setting.level_text(level).replace("-", "−"), self._nearest(key, level, here), choice, key)
                for level in setting.in_order([c.get(key) for c in self.conditions.values() if key in c])
            ]
            if key in self.part_keys:
                whole = {k: v for k, v in (here or self.middle).items() if k != key}
                options.insert(0, self._option("all", whole, choice, key))
            switches.append(Switch(setting.axis, options))
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
        """Return the links to other metrics; those that all conditions together lack lead to the middle condition.

        A metric that no sample of the set counts for is left out.
        """
        here = self.conditions[choice.condition]
        measured = self.measured(here)
        options = []
        somewhere = {metric.name for metric in (self.standing.metric, *measured, *self.measured(self.middle))}
        offered = [metric for metric in self.standing.metrics if metric.name in somewhere]
        for metric in offered:
            known = metric in measured or metric is self.standing.metric
            target = replace(
                choice, metric=metric.name, condition=choice.condition if known else self.name(self.middle)
            )
            options.append(Option(metric.label, self.tidy(target), metric.name == choice.metric))
        return Switch("Measure", options, "metric")

    def tidy(self, choice: Choice) -> Choice:
        """Return `choice` with the board's own first choice spelt out; raises NothingHere for an unknown name."""
        name = choice.condition or next(iter(self.conditions))
        condition, metric = looked_up(name, self.conditions), self.metric(choice.metric)
        if metric.name != self.standing.metric.name and metric not in self.measured(condition):
            raise NothingHere(choice.metric)
        return replace(choice, condition=name, metric=metric.name)

    def columns(self, condition: Condition) -> list[Condition]:
        """Return the conditions that stand beside `condition` as columns: those that differ in the first setting.

        Beside all conditions together, a few pooled ones; none where there is only one. Of more than fit on a page,
        some from the first to the last.
        """
        if len(self.pooled) < 2:
            return []
        if not condition and len(self.pooled) <= MOST_COLUMNS:
            return self.pooled
        condition, others = condition or self.middle, self.keys[1:]
        found = [c for c in self.conditions.values() if c.keys() == condition.keys()]
        along = [c for c in found if all(c.get(k) == condition.get(k) for k in others if k in condition)]
        return spread(along, max(3, FITTING_COLUMNS - 2 * len(self.beside)), along.index(condition))


def spread(found: Sequence[T], most: int, kept: int) -> list[T]:
    """Return at most `most` (3 or more) of `found`, evenly from the first to the last, with the one at `kept`.

    >>> spread("abcdefghi", 3, 7), spread("abc", 3, 0)
    (['a', 'e', 'h'], ['a', 'b', 'c'])
    """
    if len(found) <= most:
        return list(found)
    places = [round(k * (len(found) - 1) / (most - 1)) for k in range(most)]
    nearest = min(range(most), key=lambda k: abs(places[k] - kept))
    return [found[k] for k in (*places[:nearest], kept, *places[nearest + 1 :])]


@lru_cache(maxsize=KEPT_VIEWS)
def view_of(standing: Standing) -> BoardView:
    """Return the view of `standing`, the same one while it is shown again and again."""
    return BoardView(standing)
