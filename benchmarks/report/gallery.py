"""Samples of one row of the dataset beside each other, such as a picture with each of its sounds."""

from pathlib import Path

from .figures import Figure, publish
from .view import View


def gallery(view: View, folder: Path) -> Figure | None:
    """Return a few rows with the answers of the best listening method to all their samples; None if rows hold one."""
    show, method = view.run.track.stimulus.load_gallery(), view.best(view.middle)
    answers = None if method is None else view.answers(method, view.middle)
    if show is None or answers is None:
        return None
    shown = show(view.run.source, view.run.labels, answers, view.harness_condition(view.middle))
    pictures = [publish(one.drawing, folder, f"gallery-{k}", one.alt) for k, one in enumerate(shown, start=1)]
    title = f"{view.noun.capitalize()}s of one picture beside each other"
    caption = f"The answers of {method} to every sound of a picture ({view.text(view.middle)})."
    return Figure(title, caption, pictures) if pictures else None
