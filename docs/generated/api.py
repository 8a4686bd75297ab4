"""The pages of `import whence`: directives that mkdocstrings fills in."""

import inspect
from collections.abc import Callable

import whence
from whence import _HOMES
from whence import estimators as estimating
from whence import metrics as measures

from .markdown import fenced, prose

_SECTIONS = {"python.listing": "What there is", "python.training": "Training and sealing"}
"""Titles of groups of names; the others are called by their module."""


def package() -> str:
    """Return the page of the package itself; the estimators have their own."""
    heads = [f"# whence\n\n{fenced(whence.__doc__)}\n"]
    groups = [
        f"## {_SECTIONS.get(home, home.rpartition('.')[2].capitalize())}\n\n"
        + "\n".join(_entry(f"whence.{home}.{name}", f"whence.{name}") for name in names)
        for home, names in _HOMES.items()
        if home != "estimators"
    ]
    return "\n".join(heads + groups)


def estimators() -> str:
    """Return the page of the estimators. They are made when the module is imported, so they are asked themselves."""
    about = f"# whence.estimators\n\nEach is also `whence.NAME`.\n\n{fenced(estimating.__doc__)}\n"
    return about + "".join(described(f"whence.{name}", getattr(estimating, name)) for name in _HOMES["estimators"])


def described(name: str, function: Callable[..., object]) -> str:
    """Return the section of a function that is imported as `name`, from the function itself."""
    head = f"\n## {name.rpartition('.')[2]}\n\n```python\n{signature(name, function)}\n```\n"
    return f"{head}\n{prose(function)}\n"


def signature(name: str, function: Callable[..., object]) -> str:
    """Return how `function` is called, a parameter a line.

    >>> print(signature("whence.wait", lambda seconds, *, loud=False: None))
    whence.wait(
        seconds,
        *,
        loud=False,
    )
    """
    lines, keyword_only = [], False
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not keyword_only:
            lines.append("*")
            keyword_only = True
        text = one.annotation if isinstance(one.annotation, str) else ""
        lines.append(str(one).replace(repr(text), text) if text else str(one))
    return f"{name}(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def module(name: str) -> Callable[[], str]:
    """Return the page of a module, as a function."""
    return lambda: f"# {name}\n\n::: {name}\n" + _options(show_root_heading=False)


def metrics() -> str:
    """Return the page of the metrics; those that the module takes from elsewhere follow."""
    functions = {name: getattr(measures, name) for name in measures.__all__}
    foreign = {name: one for name, one in functions.items() if one.__module__ != measures.__name__}
    return module("whence.metrics")() + "".join(
        described(f"whence.metrics.{name}", one) for name, one in foreign.items()
    )


def _entry(path: str, heading: str) -> str:
    return f"::: {path}\n" + _options(heading=heading, toc_label=heading.partition(".")[2], heading_level=3)


def _options(**options: object) -> str:
    lines = "".join(
        f"        {name}: {str(value).lower() if isinstance(value, bool) else value}\n"
        for name, value in options.items()
    )
    return f"    options:\n{lines}\n"


PAGES: dict[str, Callable[[], str]] = {
    "api/whence.md": package,
    "api/estimators.md": estimators,
    "api/metrics.md": metrics,
    "api/torch.md": module("whence.torch"),
}
