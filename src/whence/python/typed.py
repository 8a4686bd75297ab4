"""A call of `whence.bench` as a command, or as Python where methods are no names."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..benchmarks.questions.settings import given_levels, word_of

Options = Mapping[str, Any]
"""Options of the command by name; None and False leave one out."""


def bench_command(
    track: str, data: str, methods: Sequence[Any] | Mapping[str, Any], condition: Any, levels: Any, options: Options
) -> str:
    """Return the command that repeats a call; `condition` is the track's class, `levels` what the call gave."""
    named = not isinstance(methods, Mapping) and all(isinstance(one, str) for one in methods)
    if not named or not isinstance(levels, Mapping | None):
        return _call(track, data, methods, levels, options)
    words = ["whence", "bench", track, data, *(["--method", *methods] if methods else [])]
    given = given_levels(condition, levels or {}).items()
    settings = [word for flag, some in given for word in (flag, *map(word_of, some))]
    spelled = {name: _spelled(name, value) for name, value in options.items() if value}
    return shlex.join([*words, *spelled.pop("out", []), *settings, *(word for one in spelled.values() for word in one)])


def _spelled(name: str, value: Any) -> list[str]:
    """Return an option in the words of the command; "out" comes first there."""
    return [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]


def _call(track: str, data: str, methods: Sequence[Any] | Mapping[str, Any], levels: Any, options: Options) -> str:
    labelled = methods.items() if isinstance(methods, Mapping) else ((None, one) for one in methods)
    shown = [f"{label!r}: {_shown(one)}" if label else _shown(one) for label, one in labelled]
    given = [repr(track), repr(data), f"methods={'{' if isinstance(methods, Mapping) else '['}{', '.join(shown)}"]
    given[-1] += "}" if isinstance(methods, Mapping) else "]"
    given += [f"conditions={levels!r}"] if levels else []
    given += [f"{name}={value!r}" for name, value in options.items() if value]
    return f"whence.bench({', '.join(given)})"


def _shown(method: Any) -> str:
    return repr(method) if isinstance(method, str) else getattr(method, "__name__", type(method).__name__)
