"""The files of a report in a run folder."""

from pathlib import Path

REPORT = "report.html"
FIGURES = "figures"


def clear_figures(folder: Path) -> None:
    """Remove the pictures of an earlier report from the run `folder`."""
    for old in (path for ending in ("png", "pdf", "svg") for path in (folder / FIGURES).glob(f"*.{ending}")):
        old.unlink()


def remove_report(folder: Path) -> None:
    """Remove an earlier report from the run `folder`: it does not cover what has been added since."""
    (folder / REPORT).unlink(missing_ok=True)
    clear_figures(folder)
    if (folder / FIGURES).is_dir() and not any((folder / FIGURES).iterdir()):
        (folder / FIGURES).rmdir()
