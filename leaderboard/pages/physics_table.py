"""The report card of an entry as a table of its page, by its submitter's word."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...benchmarks.questions.physics import Check
from ...benchmarks.scoring.findings import VERDICTS
from ...english import counted
from ..standing.record import Entry
from ..submission.physics import StatedCard, StatedDeviation, StatedFinding, StatedShare, stated_lines
from .page_table import Cell, Group, Head, Line
from .view import BoardView
from .words import interval, number

CLAIMED = "as reported by the submitter; the board has no model to check it with"


def physics_caption(entry: Entry) -> str:
    """Return what the table is of, and by whose word."""
    assert entry.physics is not None
    return f"Answers to changed input, on {counted(entry.physics.samples, 'sample')}: {CLAIMED}"


def physics_heads() -> Sequence[Head]:
    """Return the heads of the table."""
    return [
        Head("check", number=False),
        Head("what physics says", number=False),
        Head("condition", number=False),
        Head("samples"),
        Head("mean deviation", "95 % interval"),
        Head("within", "%, 95 % interval"),
        Head("verdict", number=False),
    ]


def physics_groups(view: BoardView, entry: Entry) -> list[Group]:
    """Return the lines, those of one condition together."""
    known = _checks(view)
    cards = entry.physics.cards if entry.physics else []
    return [Group([_line(one, known, _condition_text(view, card)) for one in card.findings]) for card in cards]


def physics_records(entry: Entry) -> list[dict[str, Any]]:
    """Return the lines in full precision."""
    if entry.physics is None:
        return []
    origin = {"dataset": entry.physics.fingerprint}
    return [
        {**card.condition, **origin, "check": one.check, "n": one.n, **_flat(one), "verdict": one.verdict}
        for card, one in stated_lines(entry.physics)
    ]


def _checks(view: BoardView) -> Mapping[str, Check]:
    """Return the checks of the board's own track, by name; none if it is not registered here any more."""
    declared = view.track.stimulus.load_physics() if view.track else None
    return {check.name: check for check in (declared(view.track) if declared else ())}


def _condition_text(view: BoardView, card: StatedCard) -> str:
    """Return the condition in words, by names alone: a stranger's level may be none of the track's."""
    levels = {key: "off" if level is None else f"{level:g}" for key, level in card.condition.items()}
    return ", ".join(f"{view.wording.of(key).axis} {level}" for key, level in levels.items())


def _line(one: StatedFinding, known: Mapping[str, Check], condition: str) -> Line:
    check = known.get(one.check)
    return Line(
        [
            Cell(one.check, number=False),
            Cell(check.physics if check else "", number=False),
            Cell(condition, number=False),
            Cell(str(one.n)),
            _measured(one.deviation, check.distance.unit if check else ""),
            _measured(one.share, "%"),
            Cell(VERDICTS[one.verdict], number=False),
        ]
    )


def _measured(stated: StatedDeviation | StatedShare, unit: str) -> Cell:
    value, low, high = (math.nan if each is None else each for each in (stated.value, stated.low, stated.high))
    text = number(value, unit)
    shown = text if unit == "%" or text == "–" else f"{text} {unit}"
    return Cell(shown, interval(low, high, unit))


def _flat(one: StatedFinding) -> dict[str, Any]:
    parts = {"deviation": one.deviation, "share": one.share}
    return {f"{name}_{key}": value for name, part in parts.items() for key, value in part.model_dump().items()}
