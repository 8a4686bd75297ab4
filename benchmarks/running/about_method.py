"""What a method is: its parameters with their values and defaults, what it serves, and where it comes from."""

import ast
import dataclasses
import inspect
import sys
import textwrap
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter

from ...registry import Registration, load_method, registered_methods

_KINDS = {"number": "number", "integer": "whole number", "string": "text", "boolean": "true or false", "null": "none"}


@dataclass(frozen=True)
class Parameter:
    """A parameter: its values in words, its default as one types it, what it does, and values to suggest."""

    name: str
    values: str
    default: str
    meaning: str
    suggestions: tuple[str, ...]


@dataclass(frozen=True)
class About:
    """A method: its summary, tracks, version and parameters, its description, its `source` and its `code`.

    `source` is what the module says of itself, which names the paper; `code` is the module and the attribute, `file`
    the path.
    """

    name: str
    summary: str
    tracks: tuple[str, ...]
    trained: bool
    version: str
    description: str
    source: str
    code: str
    file: str
    parameters: tuple[Parameter, ...]


def about(name: str) -> About:
    """Return what the method `name` is; raises InputError for an unknown one, or one that cannot be loaded."""
    found, _ = load_method(name)
    known = registered_methods().get(name, Registration(name, (), ""))
    module = sys.modules[found.__module__]
    return About(
        name=name,
        summary=known.summary,
        tracks=tuple(getattr(found, "tracks", known.tracks)),
        trained=known.trained,
        version=str(getattr(found, "version", "")),
        description=_written(found),
        source=inspect.getdoc(module) or "",
        code=f"{name if '.py:' in name else f'{found.__module__}:{found.__qualname__}'}",
        file=inspect.getsourcefile(found) or "",
        parameters=tuple(_parameters(found)),
    )


def _written(found: Any) -> str:
    """Return the docstring of a class or function, without the signature that `dataclass` writes when it has none."""
    text = inspect.cleandoc(found.__doc__ or "")
    return "" if text.startswith(f"{found.__name__}(") else text


def _parameters(found: Any) -> Iterable[Parameter]:
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        return
    hints = typing.get_type_hints(found, include_extras=True)
    meanings = _meanings(found)
    for one in dataclasses.fields(found):
        schema = TypeAdapter(hints[one.name]).json_schema()
        default = _default(one)
        suggestions = tuple(map(_typed, _choices(schema))) or ((default,) if default else ())
        yield Parameter(one.name, _values(schema), default, meanings.get(one.name, ""), suggestions)


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return _typed(field.default)
    return "" if field.default_factory is dataclasses.MISSING else _typed(field.default_factory())


def _typed(value: Any) -> str:
    """Return `value` as one types it."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values between which a parameter chooses; empty if it does not choose."""
    if schema.get("type") == "boolean":
        return [True, False]
    return [one for one in schema.get("enum", [schema["const"]] if "const" in schema else []) if one != ""]


def _values(schema: Mapping[str, Any]) -> str:
    """Return the values of a JSON schema in words."""
    if "anyOf" in schema:
        return " or ".join(map(_values, schema["anyOf"]))
    chosen = _choices(schema)
    if chosen:
        return " or ".join(map(_typed, chosen))
    kind = "path" if "path" in schema.get("format", "") else _KINDS.get(schema.get("type", ""), "any")
    bounds = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}", "exclusiveMaximum": "< {}"}
    limits = [words.format(schema[key]) for key, words in bounds.items() if key in schema]
    return ", ".join([kind, *limits])


def _meanings(found: type) -> dict[str, str]:
    """Return the text below each field of a class and its bases, or in its `Field`."""
    meanings: dict[str, str] = {}
    for base in reversed(found.__mro__):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        except (OSError, TypeError, SyntaxError):
            continue
        lines = getattr(body, "body", [])
        for field, text in pairwise(lines):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                meanings[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return meanings
