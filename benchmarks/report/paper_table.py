"""A table for a paper: scores of one or several runs, with any settings as rows and columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import InputError
from ...registry import nearest
from ...threads import thread_policy
from ..questions.metrics import Metric
from ..questions.settings import OFF_WORDS, Level, Setting, Stated, Wording
from ..questions.track import Track
from ..running.run import Run
from ..scoring.compare import check_comparable, merged, metric_named
from ..scoring.main_table import ordered
from ..scoring.results import CEILING, CHANCE, Row, score, why_unranked
from ..scoring.scored import Scored
from .paper_names import PaperNames

METHOD, METRIC = "method", "metric"
Value = str | Level
"""A place on an axis: a method, a metric, or a level of a setting."""
Place = tuple[Value, ...]
Interval = Literal["half", "ends", "none"]


@dataclass(frozen=True)
class Axis:
    """What lies along the rows or the columns: its `keys`, and the places in order."""

    keys: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class PaperCell:
    """A score, None if it is missing, and whether it leads by more than noise."""

    row: Row | None
    strong: bool = False


@dataclass(frozen=True)
class PaperTable:
    """The table: rows against columns, the cells by both, and the words for everything.

    `note` says what is fixed, counted and printed bold; `bounds` are the places of chance and the ceiling.
    """

    track: Track
    metrics: tuple[Metric, ...]
    rows: Axis
    columns: Axis
    cells: Mapping[tuple[Place, Place], PaperCell]
    names: PaperNames
    note: str

    def cell(self, row: Place, column: Place) -> PaperCell:
        """Return the cell at `row` and `column`; an empty one if it was never scored."""
        return self.cells.get((row, column), PaperCell(None))

    def metric(self, name: Value) -> Metric:
        """Return the metric `name`."""
        return next(one for one in self.metrics if one.name == name)

    def setting(self, key: str) -> Setting:
        """Return the setting `key`."""
        return self.track.wording.of(key)

    def value_name(self, key: str, value: Value) -> str:
        """Return `value` as a file of names has it."""
        return value if isinstance(value, str) else self.setting(key).level_text(value)

    def is_bound(self, row: Place) -> bool:
        """Whether `row` is chance or the ceiling rather than a method."""
        return any(key == METHOD and value in (CHANCE, CEILING) for key, value in zip(self.rows.keys, row, strict=True))


@thread_policy()
def paper_table(
    runs: Sequence[Run],
    metrics: Sequence[str] = (),
    *,
    rows: Sequence[str] = (METHOD,),
    columns: Sequence[str] = (),
    where: Mapping[str, Sequence[str]] | None = None,
    names: PaperNames | None = None,
) -> PaperTable:
    """Return the scores of `runs`, which are on one track and the same samples, as a table.

    `rows` and `columns` are `method`, `metric` or settings; by default, columns are the settings that vary. `where`
    gives the values to show by key, in order; a key on neither axis must have one. Values are bold by the rule of
    reports, among the methods shown: the best one is, if its paired difference to the second excludes zero. Raises
    InputError for unknown names, and where several scores would share a cell.
    """
    check_comparable(runs)
    track = runs[0].track
    chosen = tuple(dict.fromkeys(metric_named(track, one) for one in metrics or (track.metrics[0].name,)))
    several = merged(runs, chosen)
    known = _keys(track, several, runs[0].labels.groups)
    asked = {_key(key, known, "--where"): tuple(values) for key, values in (where or {}).items()}
    if METRIC in asked:
        raise InputError(f"--where metric={','.join(asked[METRIC])}: name metrics with --metric")
    several = _methods(several, asked.get(METHOD))
    down, across = _axes(track, several, rows, columns, known, asked)
    if METRIC not in (*down, *across) and (len(chosen) > 1 or not across):
        across = [*across, METRIC]
    found = score(replace(track, metrics=chosen), runs[0].labels, several, {}, "").rows
    kept = _selected(found, track.wording, (*down, *across), asked)
    _check_single(track.wording, kept, (*down, *across))
    table = PaperTable(
        track=track,
        metrics=chosen,
        rows=_axis(down, kept, track.wording, asked, chosen),
        columns=_axis(across, kept, track.wording, asked, chosen),
        cells=_cells(kept, down, across),
        names=names or PaperNames(),
        note=_note(runs[0], kept, (*down, *across)),
    )
    table.names.check(_said(table, known.values()))
    return table


def _methods(several: Sequence[Scored], shown: Sequence[str] | None) -> list[Scored]:
    """Return those of `several` that are `shown`, all if it is None."""
    if shown is None:
        return list(several)
    _check_known(shown, [*dict.fromkeys(one.method for one in several), CHANCE, CEILING], "--where method")
    kept = [one for one in several if one.method in shown]
    if not kept:
        raise InputError(f"--where method={','.join(shown)}: name a method beside it")
    return kept


def _axes(
    track: Track,
    several: Sequence[Scored],
    rows: Sequence[str],
    columns: Sequence[str],
    known: Mapping[str, str],
    asked: Mapping[str, Sequence[str]],
) -> tuple[list[str], list[str]]:
    """Return the keys of the rows and of the columns, by default the settings that vary."""
    down, across = _distinct(rows, known, "--rows"), _distinct(columns, known, "--columns")
    if not columns:
        varying = track.wording.varying([one.condition for one in several])
        across = [key for key in varying if key not in down and len(asked.get(key, ())) != 1]
    twice = [key for key in down if key in across]
    if twice:
        raise InputError(f"--rows and --columns both have {twice[0]}: give it to one of them")
    return down, across


def _keys(track: Track, several: Sequence[Scored], groups: Iterable[str]) -> dict[str, str]:
    """Return the keys that an axis can have, also by the name of their option: `snr` is `snr_db`."""
    keys = dict.fromkeys([METHOD, METRIC, *(key for one in several for key in one.condition), *groups])
    found = {key: key for key in keys}
    for key in keys:
        option = track.wording.of(key).option.removeprefix("--").replace("-", "_")
        found.setdefault(option or key, key)
    return found


def _key(name: str, known: Mapping[str, str], option: str) -> str:
    if name not in known:
        raise InputError(f"{option} {name}: {nearest(name, set(known.values()))}")
    return known[name]


def _distinct(names: Sequence[str], known: Mapping[str, str], option: str) -> list[str]:
    keys = [_key(name, known, option) for name in names]
    if len(set(keys)) < len(keys):
        raise InputError(f"{option} {','.join(names)}: give each once")
    return keys


def _check_known(values: Iterable[str], known: Sequence[str], option: str) -> None:
    for value in values:
        if value not in known:
            raise InputError(f"{option}={value}: {nearest(value, known)}")


def _value(row: Row, key: str) -> Value:
    return row.method if key == METHOD else row.metric if key == METRIC else row.condition.get(key)


def _selected(
    found: Sequence[Row], wording: Wording, axes: Sequence[str], asked: Mapping[str, Sequence[str]]
) -> list[Row]:
    """Return the scores to show: over all samples or, if the table asks for a part of them, over that part."""
    parts = {key for key in (*axes, *asked) if key in wording.parts}
    kept = [row for row in found if set(wording.part_keys(row.condition)) == parts]
    if not kept:
        raise InputError(f"{', '.join(sorted(parts))}: samples are split by one of them at a time")
    drawn = {CHANCE} if METHOD in axes and METHOD not in asked else set()
    bounds = ({CHANCE, CEILING} & set(asked.get(METHOD, ()))) | drawn
    kept = [row for row in kept if row.method in bounds or row.method not in (CHANCE, CEILING)]
    for key, words in asked.items():
        levels = _levels(key, words, kept, wording)
        kept = [row for row in kept if _value(row, key) in levels]
    if not kept:
        raise InputError("--where: no score has all of these values; give fewer")
    return kept


def _levels(key: str, words: Sequence[str], rows: Sequence[Row], wording: Wording) -> list[Value]:
    """Return the values of `key` that a user typed."""
    there = list(dict.fromkeys(_value(row, key) for row in rows))
    if key == METHOD:
        return list(words)
    texts = {wording.of(key).level_text(level): level for level in there if not isinstance(level, str)}
    found: list[Value] = []
    for word in words:
        matching = [level for level in there if _is_level(word, level, wording.of(key))]
        if not matching:
            raise InputError(f"--where {key}={word}: there are {', '.join(texts)}")
        found += matching
    return found


def _is_level(word: str, level: Value, setting: Setting) -> bool:
    if level is None or isinstance(level, str):
        return level is None and word.lower() in (*OFF_WORDS, setting.level_text(None))
    try:
        return float(word) == level
    except ValueError:
        return word == setting.level_text(level)


def _check_single(wording: Wording, rows: Sequence[Row], axes: Sequence[str]) -> None:
    """Raise InputError if the axes leave several scores for one cell, naming what varies."""
    for key in (METHOD, METRIC):
        _check_one(key, dict.fromkeys(str(_value(row, key)) for row in rows), axes)
    conditions = _conditions(rows)
    places = {tuple(one.get(key) for key in axes) for one in conditions}
    if len(places) < len(conditions):
        for key in wording.varying(conditions):
            levels = wording.of(key).in_order(one.get(key) for one in conditions)
            _check_one(key, [wording.of(key).level_text(level) for level in levels], axes)


def _check_one(key: str, values: Iterable[str], axes: Sequence[str]) -> None:
    several = list(values)
    if key not in axes and len(several) > 1:
        there = ", ".join(several)
        raise InputError(f"{key} varies ({there}): give it to --rows or --columns, or choose one: --where {key}=...")


def _conditions(rows: Sequence[Row]) -> list[Stated]:
    return list({str(row.condition): row.condition for row in rows}.values())


def _axis(
    keys: Sequence[str],
    rows: Sequence[Row],
    wording: Wording,
    asked: Mapping[str, Sequence[str]],
    metrics: Sequence[Metric],
) -> Axis:
    """Return the places of `rows` along `keys` in order: as asked for, methods by score, levels as they were run."""
    conditions = _conditions(rows)
    order: dict[str, list[Value]] = {}
    for key in keys:
        if key == METHOD:
            order[key] = [*asked.get(key, ()), *ordered(rows, metrics[0], conditions)]
        elif key == METRIC:
            order[key] = [one.name for one in metrics]
        else:
            given = _levels(key, asked[key], rows, wording) if key in asked else []
            order[key] = [*given, *dict.fromkeys(_value(row, key) for row in rows)]
    places = dict.fromkeys(tuple(_value(row, key) for key in keys) for row in rows)
    ranked = sorted(places, key=lambda place: [order[k].index(v) for k, v in zip(keys, place, strict=True)])
    return Axis(tuple(keys), tuple(ranked))


def _cells(rows: Sequence[Row], down: Sequence[str], across: Sequence[str]) -> dict[tuple[Place, Place], PaperCell]:
    """Return the cells; a score is strong if it alone has rank 1 among two or more methods of its condition."""
    ranked: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.rank is not None:
            ranked.setdefault((row.metric, str(row.condition)), []).append(row)
    leaders = {key: [row for row in some if row.rank == 1] for key, some in ranked.items() if len(some) > 1}

    def cell(row: Row) -> PaperCell:
        first = leaders.get((row.metric, str(row.condition)), [])
        return PaperCell(row, len(first) == 1 and first[0] is row)

    return {
        (tuple(_value(row, key) for key in down), tuple(_value(row, key) for key in across)): cell(row) for row in rows
    }


def _note(run: Run, rows: Sequence[Row], axes: Sequence[str]) -> str:
    """Return in words what all scores share, the samples, and what bold means."""
    condition, wording = rows[0].condition, run.track.wording
    fixed = [key for key in ("snr_db", *wording.part_keys(condition)) if key in condition and key not in axes]
    method = "" if METHOD in axes else rows[0].method
    clusters, counts = len(set(run.labels.clusters.tolist())), sorted({row.n for row in rows})
    each = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    samples = f"{each} {run.track.stimulus.noun}s of {clusters} {run.labels.cluster_name}s"
    bold = why_unranked(run.labels) or "bold: better than all others, by paired 95 % intervals"
    return "; ".join(filter(None, [method, wording.text(condition, fixed), samples, bold]))


def _said(table: PaperTable, keys: Iterable[str]) -> dict[str, list[str]]:
    """Return every value that names may rename, by key."""
    said: dict[str, list[str]] = {key: [] for key in keys}
    said[METRIC] = [name for one in table.metrics for name in (one.name, one.label.lower())]
    for axis in (table.rows, table.columns):
        for k, key in enumerate(axis.keys):
            if key != METRIC:
                said[key] = [table.value_name(key, place[k]) for place in axis.places]
    return said
