"""A standing: everything that a board shows of one track, and nothing from which a label can be read.

It is made once from labels and submissions (`standing.standing_of`) and then lives without them: pages, files and the
exported site are drawn from it alone. `to_json` gives (NaN is null):

```
{"format": 1, "slug", "title", "question", "track", "noun", "fingerprint", "commitment", "source",
 "phase": "open"|"closed", "half": "public"|"private"|"all", "harness", "samples", "cluster_name",
 "unranked",           why there are no ranks, in one line; empty where there are
 "conditions": [{setting: number|null}],          what methods were given, in the board's order
 "metrics": [{"name", "label", "unit", "higher_is_better"}],             the first one ranks
 "rows": [Row],        every score: `method` is an entry's key, "chance" or "ceiling"; conditions may also hold a
                       part of the samples, such as {"rt60_nominal": 0.5}
 "overall": [Row],     the first metric over all conditions together; their condition is {}
 "entries": {key: {"key", "kind": "submission"|"baseline", "team", "submitted", "method", "version",
                   "parameters", "harness", "card", "errors": [{"condition", "unit", "edges", "counts"}], "worst",
                   "physics": the report card that its submitter states, as `submission.physics`; or null}},
 "comparisons": [{"condition", "metric", "unit", "keys", "pairs": [[i, j, value, low, high]]}],
                       first metric of keys[i] minus that of keys[j], paired on the same samples; {}: all conditions;
                       of many entries only the best and the neighbours in rank are compared
 "published": [{"condition", "metric", "unit", "value", "method", "variant", "training_data", "source",
                "uncertain", "note"}]}
```

While the phase is open, only the first metric is there, `overall` holds rounded scores of the entries that have one of
their own, and `rows`, `errors`, `worst`, `comparisons` and `published` are empty (`ladder` says why).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ...benchmarks.scoring.results import CEILING, CHANCE, Row, finite
from ...benchmarks.scoring.statistics import Interval
from ...errors import InputError
from ..submission.card import Card, card_of
from ..submission.file import Condition
from ..submission.physics import StatedPhysics

FORMAT = 1
Kind = Literal["submission", "baseline"]
Phase = Literal["open", "closed"]
Half = Literal["public", "private", "all"]
HALVES: tuple[Half, ...] = ("public", "private", "all")


@dataclass(frozen=True)
class BoardInfo:
    """What the host says of a track: its name in addresses, its title, and whether it still takes submissions."""

    slug: str
    title: str
    phase: Phase = "open"


@dataclass(frozen=True)
class EntryInfo:
    """What a board knows of an entry besides its file: who sent it, when (ISO 8601, UTC), and as what.

    `submitted` is empty where the host has not confirmed who sent it.
    """

    team: str
    submitted: str
    kind: Kind = "submission"


@dataclass(frozen=True)
class MetricInfo:
    """A metric as pages need it."""

    name: str
    label: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True)
class ErrorHistogram:
    """How many errors of an entry lie between which `edges` (in `unit`), under one condition.

    There is one count fewer than edges; the last count also holds all larger errors.
    """

    condition: Condition
    unit: str
    edges: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True)
class Entry:
    """One line of the board. `worst` names samples of the public half that it gets most wrong, the worst first.

    `physics` is the report card as its submitter states it.
    """

    key: str
    kind: Kind
    team: str
    submitted: str
    method: str
    version: str
    parameters: Mapping[str, Any]
    harness: str
    card: Card
    errors: Sequence[ErrorHistogram] = ()
    worst: Sequence[str] = ()
    physics: StatedPhysics | None = None


@dataclass(frozen=True)
class PairedDifferences:
    """Differences between entries under one condition ({}: all together), with 95 % intervals.

    `pairs` holds (i, j, value, low, high): the metric of `keys[i]` minus that of `keys[j]`, i < j.
    """

    condition: Condition
    metric: str
    unit: str
    keys: Sequence[str]
    pairs: Sequence[tuple[int, int, float, float, float]]


@dataclass(frozen=True)
class PublishedNumber:
    """A printed number for one of the board's conditions; `uncertain`: the paper does not print all of it."""

    condition: Condition
    metric: str
    unit: str
    value: float
    method: str
    variant: str
    training_data: str
    source: str
    uncertain: bool
    note: str


@dataclass(frozen=True, eq=False)
class Standing:
    """What a board shows of one track; see the head of this file for its form in JSON.

    It never changes and may be large, so it equals itself alone: pages remember by it what they made of it.
    """

    slug: str
    title: str
    question: str
    track: str
    noun: str
    fingerprint: str
    commitment: str
    source: str
    phase: Phase
    half: Half
    harness: str
    samples: int
    cluster_name: str
    conditions: Sequence[Condition]
    metrics: Sequence[MetricInfo]
    rows: Sequence[Row]
    overall: Sequence[Row]
    entries: Mapping[str, Entry] = field(default_factory=dict)
    comparisons: Sequence[PairedDifferences] = ()
    published: Sequence[PublishedNumber] = ()
    unranked: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the phase is open: then scores are rounded, see `ladder`."""
        return self.phase == "open"

    @property
    def metric(self) -> MetricInfo:
        """The metric that ranks."""
        return self.metrics[0]

    @property
    def ranked(self) -> list[str]:
        """The keys of the entries, best first by all conditions together."""
        sign = -1 if self.metric.higher_is_better else 1
        own = [row for row in self.overall if row.method not in (CHANCE, CEILING)]
        return [row.method for row in sorted(own, key=lambda row: (sign * row.value, row.method))]

    def row(self, key: str, condition: Condition, metric: str | None = None) -> Row | None:
        """Return the score of an entry, "chance" or "ceiling" under `condition` ({}: all); None where there is none."""
        name, rows = metric or self.metric.name, self.rows if condition else self.overall
        wanted = dict(condition)
        found = (row for row in rows if row.method == key and row.metric == name)
        return next((row for row in found if dict(row.condition) == wanted), None)

    def difference(self, a: str, b: str, condition: Condition) -> Interval | None:
        """Return the first metric of entry `a` minus that of `b` under `condition` ({}: all), None where unknown."""
        for table in self.comparisons:
            if dict(table.condition) != dict(condition) or not {a, b} <= set(table.keys):
                continue
            i, j = table.keys.index(a), table.keys.index(b)
            for first, second, value, low, high in table.pairs:
                if (first, second) == (i, j):
                    return Interval(value, low, high)
                if (first, second) == (j, i):
                    return Interval(-value, -high, -low)
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the standing as JSON values."""
        return {
            "format": FORMAT,
            **{key: value for key, value in vars(self).items() if key not in _NESTED},
            "conditions": [dict(condition) for condition in self.conditions],
            "metrics": [vars(metric) for metric in self.metrics],
            "rows": [row_json(row) for row in self.rows],
            "overall": [row_json(row) for row in self.overall],
            "entries": {key: _entry_json(entry) for key, entry in self.entries.items()},
            "comparisons": [_pairs_json(table) for table in self.comparisons],
            "published": [finite(vars(number)) | {"condition": dict(number.condition)} for number in self.published],
        }


_NESTED = ("conditions", "metrics", "rows", "overall", "entries", "comparisons", "published")
_ADDED = "unranked"
"""What standings of earlier versions lack."""


def standing_from_json(content: Mapping[str, Any]) -> Standing:
    """Return the standing that `to_json` gave `content` for; raises InputError for anything else."""
    if content.get("format") != FORMAT:
        raise InputError(f"a standing of format {content.get('format')!r}: this Whence reads {FORMAT}")
    try:
        plain = {f.name: content[f.name] for f in fields(Standing) if f.name not in (*_NESTED, _ADDED)}
        return Standing(
            **plain,
            unranked=content.get(_ADDED, ""),
            conditions=content["conditions"],
            metrics=[MetricInfo(**metric) for metric in content["metrics"]],
            rows=[_row(row) for row in content["rows"]],
            overall=[_row(row) for row in content["overall"]],
            entries={key: _entry(entry) for key, entry in content["entries"].items()},
            comparisons=[_pairs(table) for table in content["comparisons"]],
            published=[PublishedNumber(**number) for number in content["published"]],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"this is no standing of a board: {error}") from None


def row_json(row: Row) -> dict[str, Any]:
    """Return a score as JSON values."""
    return finite(vars(row)) | {"condition": dict(row.condition), "diagnostics": dict(row.diagnostics)}


def _row(content: Mapping[str, Any]) -> Row:
    unknown = ("value", "ci_low", "ci_high", "skill")
    known: dict[str, Any] = {k: math.nan if value is None and k in unknown else value for k, value in content.items()}
    return Row(**known)


def _entry_json(entry: Entry) -> dict[str, Any]:
    errors = [vars(histogram) | {"condition": dict(histogram.condition)} for histogram in entry.errors]
    physics = entry.physics.model_dump() if entry.physics else None
    return vars(entry) | {
        "card": entry.card.model_dump(),
        "errors": errors,
        "worst": list(entry.worst),
        "physics": physics,
    }


def _entry(content: Mapping[str, Any]) -> Entry:
    errors = [ErrorHistogram(**histogram) for histogram in content["errors"]]
    stated = content.get("physics")
    physics = StatedPhysics.model_validate(stated) if stated else None
    return Entry(**{**content, "card": card_of(content["card"], stored=True), "errors": errors, "physics": physics})


def _pairs_json(table: PairedDifferences) -> dict[str, Any]:
    pairs = [[i, j, *(None if math.isnan(x) else x for x in interval)] for i, j, *interval in table.pairs]
    return vars(table) | {"condition": dict(table.condition), "keys": list(table.keys), "pairs": pairs}


def _pairs(content: Mapping[str, Any]) -> PairedDifferences:
    pairs = [(i, j, *(math.nan if x is None else x for x in interval)) for i, j, *interval in content["pairs"]]
    return PairedDifferences(**{**content, "pairs": pairs})
