"""The pages of `import whence`: directives that mkdocstrings fills in."""

import inspect
from collections.abc import Callable

import whence
from whence import _HOMES
from whence import estimators as estimating
from whence import metrics as measures

from .markdown import fenced

_SECTIONS = {
    "python.data": "Data",
    "python.runs": "Runs",
    "python.listing": "What there is",
    "python.training": "Training and sealing",
    "errors": "Errors",
}


def package() -> str:
    """Return the page of the package itself; the estimators have their own."""
    heads = [f"# whence\n\n{fenced(whence.__doc__)}\n"]
    groups = [
        f"## {title}\n\n" + "\n".join(_entry(f"whence.{home}.{name}", f"whence.{name}") for name in _HOMES[home])
        for home, title in _SECTIONS.items()
    ]
    return "\n".join(heads + groups)


def estimators() -> str:
    """Return the page of the estimators. They are made when the module is imported, so they are asked themselves."""
    about = f"# whence.estimators\n\nEach is also `whence.NAME`.\n\n{fenced(estimating.__doc__)}\n"
    return about + "".join(_estimator(name) for name in _HOMES["estimators"])


def _estimator(name: str) -> str:
    function = getattr(estimating, name)
    return f"\n## {name}\n\n```python\n{signature(name, function)}\n```\n\n{inspect.getdoc(function)}\n"


def signature(name: str, function: Callable[..., object]) -> str:
    """Return how `function` is called, a parameter a line.

    >>> print(signature("wait", lambda seconds, *, loud=False: None))
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
    return f"whence.{name}(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def module(name: str) -> Callable[[], str]:
    """Return the page of a module, as a function."""
    return lambda: f"# {name}\n\n::: {name}\n" + _options(show_root_heading=False)


def metrics() -> str:
    """Return the page of the metrics; those that the module takes from elsewhere follow."""
    names = [name for name in measures.__all__ if getattr(measures, name).__module__ != measures.__name__]
    entries = (
        _entry(f"{getattr(measures, name).__module__}.{name}", f"whence.metrics.{name}", heading_level=2)
        for name in names
    )
    return module("whence.metrics")() + "".join(entries)


def _entry(path: str, heading: str, **options: object) -> str:
    return f"::: {path}\n" + _options(
        heading=heading, toc_label=heading.partition(".")[2], **{"heading_level": 3, **options}
    )


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
