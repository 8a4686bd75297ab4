"""The console for printing tables."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_OF_A_FILE = 140


def terminal() -> "Console":
    """Return the console: as wide as the terminal, or wide enough for our tables if the output is a file."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
