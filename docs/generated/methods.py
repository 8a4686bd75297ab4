"""The page of the methods: what each does, its parameters and its source."""

import dataclasses
import typing
from typing import Any

from whence.registry import METHODS, TRACKS, load

from .markdown import anchor, code, prose, table

INTRODUCTION = """# Methods

Give parameters behind the name: `--method gcc-phat:protocol=best`. Trained methods need the extra `learned`; those with
a [checkpoint](checkpoints.md) of ours run by their name alone, the others as `NAME:checkpoint=FILE`. This page is drawn
from the code.

"""


def page() -> str:
    """Return the page: a table for each track, then every method."""
    tables = "".join(f"\n**{track}**\n\n{_table(track)}" for track in TRACKS)
    return INTRODUCTION + tables + "".join(map(section, METHODS))


def _table(track: str) -> str:
    rows = [
        (f"[`{name}`](#{anchor(name)})", one.summary, "trained" if one.trained else "")
        for name, one in METHODS.items()
        if track in one.tracks
    ]
    return table(("method", "what it does", ""), rows)


def section(name: str) -> str:
    """Return what is said of the method `name`."""
    one, found = METHODS[name], load(METHODS[name].target)
    serves = f"Tracks: {code(one.tracks)}." if one.tracks else "Serves no track: it learns features for others."
    return f"\n## {name}\n\n{one.summary}. {serves}\n\n{prose(found)}\n\n{parameters(found)}"


def parameters(method: Any) -> str:
    """Return the parameters of a `method` with their defaults; empty if it has none."""
    if not dataclasses.is_dataclass(method):
        return ""
    rows = [(f"`{one.name}`", _choices(one.type), _default(one)) for one in dataclasses.fields(method) if one.init]
    return table(("parameter", "values", "default"), rows) if rows else ""


def _choices(kind: Any) -> str:
    """Return the values that a parameter may have, or its type.

    >>> _choices(typing.Literal["paper", "best"]), _choices(float | None)
    ("'paper', 'best'", 'float | None')
    """
    if typing.get_origin(kind) is typing.Annotated:
        return _choices(typing.get_args(kind)[0])
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(map(repr, typing.get_args(kind)))
    return str(getattr(kind, "__name__", kind)) if isinstance(kind, type) else str(kind)


def _default(one: Any) -> str:
    return "required" if one.default is dataclasses.MISSING else f"`{one.default!r}`"
