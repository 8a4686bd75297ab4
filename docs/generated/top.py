"""Pages that are files at the top of the repository: README, CONTRIBUTING, CHANGELOG."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
LINKED = ("CITATION.cff",)
"""What the pages link to and the site serves as it is."""
_PLACES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "tour.ipynb": "tour.md"}


def start() -> str:
    """Return the start page: the README, and where the generated pages are."""
    return re.sub(r"\[docs/([\w-]+)\.md\]", r"[\1]", _read("README.md")) + _ONLY_HERE


def contributing() -> str:
    """Return how to contribute."""
    return _read("CONTRIBUTING.md")


def changelog() -> str:
    """Return what changed."""
    return _read("CHANGELOG.md")


def within_the_site(markdown: str) -> str:
    """Return `markdown` with the links that work in the repository leading to pages of the site.

    >>> within_the_site("[a](docs/bench.md#x), [b](tour.ipynb), [c](../CONTRIBUTING.md)")
    '[a](bench.md#x), [b](tour.md), [c](contributing.md)'
    """
    markdown = re.sub(r"\]\((?:\.\./|docs/)", "](", markdown.replace("](docs/)", "](index.md)"))
    return re.sub(r"\]\(([\w.]+)", lambda link: f"]({_PLACES.get(link[1], link[1])}", markdown)


def _read(name: str) -> str:
    return within_the_site((TOP / name).read_text(encoding="utf-8"))


_ONLY_HERE = """
## Look up

| what | where |
|---|---|
| what a method is given, and what it answers, track by track | [Tracks](tracks.md) |
| what is measured, with formulas | [Metrics](metrics.md) |
| every method, its parameters and sources | [Methods](methods.md) |
| the arrays of every kind of dataset | [Datasets](datasets.md) |
| the weights that come with Whence, and what they were trained on | [Checkpoints](checkpoints.md) |
| every function of `import whence` | [API](api/whence.md) |
| every command and option | [Commands](commands.md) |
"""
