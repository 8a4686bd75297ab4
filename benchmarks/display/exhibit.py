"""One sample in a report: its sounds and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Drawing

from .sounds import Sound


@dataclass(frozen=True)
class Exhibit:
    """One sample in a report: its sounds, each with a caption, and a picture with alternative text."""

    sounds: Sequence[tuple[str, Sound]] = ()
    drawing: Drawing | None = None
    alt: str = ""
