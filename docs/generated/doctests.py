"""Examples in docstrings, shown as code by mkdocstrings; `mkdocs.yml` names this file."""

from typing import Any

from griffe import Extension

from generated.markdown import fenced


class Doctests(Extension):
    """Puts the examples of all docstrings into fences."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Fence the examples of the docstring of `obj`."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
