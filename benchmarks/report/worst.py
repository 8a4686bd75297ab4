"""The samples that a method gets most wrong: what it was given, what it should have said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..display.drawing import Picture, pages, picture, save_image
from ..display.sounds import Sound
from .exhibits import Exhibit, exhibits
from .view import Stated, View

COUNT = 10


@dataclass(frozen=True)
class WorstSample:
    """One sample: its facts (name, text), truth and prediction in words, sounds (what it is, sound), a picture."""

    sample_id: str
    facts: Sequence[tuple[str, str]]
    truth: str
    prediction: str
    sounds: Sequence[tuple[str, Sound]]
    picture: Picture | None


def worst_samples_shown(view: View, method: str, condition: Stated, folder: Path) -> list[WorstSample]:
    """Return what `method` got most wrong under `condition`, the worst first; empty where all is right.

    Their pictures are also written to `folder`: a PNG each, and one PDF with a page each.
    """
    found = worst_samples(view, method, condition)
    predicted = view.predictions(method, condition)
    assert predicted is not None
    if found.size == 0:
        return []
    shown = exhibits(view, found, predicted[found], condition)
    texts = [_texts(view, float(view.run.labels.truth[k]), float(predicted[k])) for k in found]
    pictures = _pictures(shown, texts, folder)
    return [
        WorstSample(
            str(view.run.labels.sample_id[index]),
            [*_facts(view, int(index)), *_said(view, method, condition, int(index))],
            *text,
            exhibit.sounds,
            drawn,
        )
        for index, text, exhibit, drawn in zip(found, texts, shown, pictures, strict=True)
    ]


def _pictures(shown: Sequence[Exhibit], texts: Sequence[tuple[str, str]], folder: Path) -> list[Picture | None]:
    """Return the pictures for the page; those that there are are also written to `folder`."""
    if all(exhibit.drawing is None for exhibit in shown):
        return [None] * len(shown)
    drawn: list[Picture | None] = []
    with pages(folder / "worst.pdf") as sheets:
        for k, (exhibit, text) in enumerate(zip(shown, texts, strict=True), start=1):
            if exhibit.drawing is None:
                drawn.append(None)
                continue
            save_image(exhibit.drawing, folder, f"worst-{k:02d}")
            sheets.savefig(exhibit.drawing)
            alt = "{} Truth: {}; prediction: {}.".format(exhibit.alt, *text)
            drawn.append(picture(exhibit.drawing, f"worst-{k}", alt))
    return drawn


def worst_samples(view: View, method: str, condition: Stated) -> npt.NDArray[np.intp]:
    """Return the samples with the largest error, or on the wrong side with the largest prediction, the worst first."""
    terms, predicted = view.terms(method, condition), view.predictions(method, condition)
    assert terms is not None
    assert predicted is not None
    if view.quantity is not None:
        wrong, badness = terms > 0, terms
    else:
        wrong, badness = terms == 0, np.abs(predicted)
    wrong = wrong & np.isin(np.arange(len(terms)), view.metric.counted(view.run.labels.truth))
    order = np.argsort(-badness, kind="stable")
    return order[wrong[order]][:COUNT]


def _texts(view: View, truth: float, predicted: float) -> tuple[str, str]:
    """Return truth and prediction in words."""
    quantity = view.quantity
    if quantity is None:
        return _side_text(truth), f"{_side_text(predicted)} ({predicted:.3g})"
    return quantity.text(truth), f"{quantity.text(predicted)}, {quantity.error_text(truth, predicted)}"


def _side_text(value: float) -> str:
    return "left" if value >= 0 else "right"


_NAMES = ("video", "scene", "panorama", "room", "speaker")
_NUMBERS = (
    ("rt60_nominal", "RT60, nominal", "{:g} s"),
    ("rt60", "RT60, realised", "{:.2f} s"),
    ("azimuth", "azimuth", "{:+.1f}°"),
    ("distance", "distance", "{:.2f} m"),
)


def _facts(view: View, index: int) -> Iterator[tuple[str, str]]:
    """Yield what the dataset knows of a sample."""
    dataset, row = view.run.dataset, int(view.run.labels.rows[index])
    for name in ("video",) if "video" in dataset else _NAMES:
        if name in dataset:
            yield name, str(dataset.column(name)[row])
    for name, title, pattern in _NUMBERS if view.run.labels.within.shape[1] == 0 else ():
        values = np.atleast_1d(dataset.column(name)[row]).tolist() if name in dataset else []
        texts = [pattern.format(value) for value in values if np.isfinite(value)]
        if texts:
            yield title, texts[0] if len(texts) == 1 else f"{texts[0]} left, {texts[1]} right"


def _said(view: View, method: str, condition: Stated, index: int) -> Iterator[tuple[str, str]]:
    """Yield what `method` said of a sample besides its prediction."""
    for one in view.run.predictions:
        if one.method == method and one.condition.stated() == dict(condition):
            yield from ((name, f"{values[index]:.4g}") for name, values in one.diagnostics.items())
