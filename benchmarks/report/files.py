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


def where(folder: Path) -> str:
    """Return a line on where the tables and pictures of the run in `folder` are."""
    pictures = f"{folder}/{REPORT}" if (folder / REPORT).is_file() else f"`whence report {folder}` draws them"
    return f"every metric and condition: {folder}/tables.md, pictures: {pictures}"
