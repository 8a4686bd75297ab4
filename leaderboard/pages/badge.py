"""A badge: a small picture for a README that says where an entry stands, or who leads a track."""

from ..standing.record import Standing
from .rendering import environment
from .view import BoardView, view_of
from .words import joined, number

_NARROW, _WIDE = frozenset("fijlrtI.,:;|!'()[] "), frozenset("mwMWQO@%—")
LONGEST = 48
"""Characters of the longest text on a badge."""


def text_width(text: str) -> float:
    """Return about how wide `text` is in pixels at 11 px, in the usual sans-serif fonts.

    >>> text_width("ill") < text_width("www")
    True
    """
    return sum(3.9 if c in _NARROW else 9.6 if c in _WIDE else 7.9 if c.isupper() else 6.7 for c in text)


def render_badge(standing: Standing, key: str | None = None) -> str:
    """Return the badge of the entry `key`, or of the leader where it is None, as SVG.

    Raises NothingHere for an unknown entry.
    """
    view = view_of(standing)
    left, right = standing.title, _standing_text(view) if key is None else _entry_text(view, key)
    left, right = (text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in (left, right))
    widths = [round(text_width(text) + 14) for text in (left, right)]
    return environment().get_template("badge.svg").render(left=left, right=right, widths=widths)


def _standing_text(view: BoardView) -> str:
    rows = view.scores(next(iter(view.conditions.values())), view.standing.metric)
    if not rows:
        return "no entries"
    leaders = [view.labels[row.method] for row in rows if row.rank == 1] or [view.labels[rows[0].method]]
    return f"{joined(leaders, 1)}: {number(rows[0].value, rows[0].unit)} {rows[0].unit}"


def _entry_text(view: BoardView, key: str) -> str:
    view.entry(key)
    rows = view.scores(next(iter(view.conditions.values())), view.standing.metric)
    row = next((row for row in rows if row.method == key), None)
    if row is None:
        return "no score of its own" if view.standing.is_open else "not scored"
    score = f"{number(row.value, row.unit)} {row.unit}"
    if row.rank is None:
        return f"{score}, not ranked"
    tied = sum(other.rank == row.rank for other in rows)
    return f"rank {row.rank}{' (tied)' if tied > 1 else ''} of {len(rows)}: {score}"
