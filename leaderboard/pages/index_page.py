"""The first page: every track with its question, its phase and who leads."""

from collections.abc import Sequence

from ..standing.record import Standing
from .addresses import Address, Addresses, live
from .page_table import Cell, Group, Head, Line, PageTable
from .rendering import render
from .view import BoardView, view_of
from .words import day, joined, number, per_cent, row_interval

TITLE = "Leaderboard"


def render_index(standings: Sequence[Standing], addresses: Addresses = live, title: str = TITLE) -> str:
    """Return the page that lists the tracks of `standings`."""
    table = index_table(standings)
    return render("index.html", Address("index"), addresses, title, table=table)


def index_table(standings: Sequence[Standing]) -> PageTable:
    """Return the tracks, a row each, with the best score of all conditions together."""
    heads = [
        Head("track", number=False),
        Head("first", number=False),
        Head("best score"),
        Head("skill", "%"),
        Head("entries"),
        Head("newest"),
        Head("phase", number=False),
    ]
    found = [_line(view_of(standing)) for standing in standings]
    records = [record for _, record in found]
    return PageTable("tracks", "Tracks", heads, [Group([line for line, _ in found])], records, place=Address("index"))


def _line(view: BoardView) -> tuple[Line, dict[str, object]]:
    standing, metric = view.standing, view.standing.metric
    rows = view.scores(next(iter(view.conditions.values())), metric)
    best = rows[0] if rows else None
    leaders = [row.method for row in rows if row.rank == 1]
    note = "tied" if len(leaders) > 1 else "" if leaders or best is None else view.why_unranked
    newest = max((entry.submitted for entry in standing.entries.values()), default="")
    score = f"{metric.label} {number(best.value, best.unit)} {best.unit}" if best else ""
    cells = [
        Cell(standing.title, standing.question, link=Address("board", standing.slug), number=False),
        Cell(joined([view.labels[key] for key in leaders]), note, number=False),
        Cell(score, row_interval(best) if best else ""),
        Cell(per_cent(best.skill) if best else ""),
        Cell(str(len(standing.entries))),
        Cell(day(newest) if standing.entries else ""),
        Cell(standing.phase, number=False),
    ]
    record: dict[str, object] = {
        "slug": standing.slug,
        "title": standing.title,
        "track": standing.track,
        "fingerprint": standing.fingerprint,
        "first": " ".join(leaders),
        "metric": metric.name,
        "unit": metric.unit,
        "value": best.value if best else None,
        "ci_low": best.ci_low if best else None,
        "ci_high": best.ci_high if best else None,
        "skill": best.skill if best else None,
        "entries": len(standing.entries),
        "phase": standing.phase,
        "half": standing.half,
    }
    return Line(cells), record
