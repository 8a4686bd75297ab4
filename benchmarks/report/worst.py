"""The samples with a method's largest errors: input, ground truth and prediction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..display.drawing import Picture, pages, picture, save_image
from ..display.exhibit import Exhibit
from ..display.sounds import Sound
from ..questions.answer import Answers
from ..questions.settings import Stated
from .view import View

COUNT = 10


@dataclass(frozen=True)
class WorstSample:
    """One sample: facts (name, text), truth and prediction in words, sounds (caption, sound), a picture."""

    sample_id: str
    facts: Sequence[tuple[str, str]]
    truth: str
    prediction: str
    sounds: Sequence[tuple[str, Sound]]
    picture: Picture | None


def worst_samples_shown(view: View, method: str, condition: Stated, folder: Path) -> list[WorstSample]:
    """Return the largest errors of `method` under `condition`, worst first; empty if there are none.

    Also writes their pictures to `folder`: one PNG each, and one PDF with a page for each.
    """
    found = worst_samples(view, method, condition)
    answers = view.answers(method, condition)
    assert answers is not None
    if found.size == 0:
        return []
    shown = _exhibits(view, found, answers[found], condition)
    texts = [view.run.track.answer.texts(view.run.labels.truth[k], answers[k]) for k in found]
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


def _exhibits(view: View, samples: npt.NDArray[np.intp], answers: Answers, condition: Stated) -> Sequence[Exhibit]:
    """Return exhibits of `samples` (n,), for which a method gave `answers` (n, *shape) under `condition`."""
    show = view.run.track.stimulus.load_exhibits()
    if show is None:
        return [Exhibit() for _ in samples]
    return show(view.run.source, view.run.labels.take(samples), answers, view.harness_condition(condition))


def _pictures(shown: Sequence[Exhibit], texts: Sequence[tuple[str, str]], folder: Path) -> list[Picture | None]:
    """Return the pictures for the page, also written to `folder`; None for samples without one."""
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


def worst_samples(view: View, method: str, condition: Stated, count: int | None = None) -> npt.NDArray[np.intp]:
    """Return the `count` (default: `COUNT`) samples with the largest error (or the lowest score), the worst first.

    For answers that are simply right or wrong, the most confident errors come first.
    """
    terms = view.terms(method, condition)
    assert terms is not None
    counted = np.isfinite(terms)
    if not view.metric.higher_is_better:
        wrong, badness = counted & (terms > 0), terms
    else:
        answers = view.answers(method, condition)
        assert answers is not None
        wrong = counted & (terms < (100.0 if view.metric.unit == "%" else np.nanmax(terms)))
        badness = np.abs(answers) if answers.ndim == 1 else -terms
    order = np.argsort(-np.where(counted, badness, -np.inf), kind="stable")
    return order[wrong[order]][: COUNT if count is None else count]


_NAMES = ("video", "scene", "panorama", "room", "speaker")
_NUMBERS = (
    ("rt60_nominal", "RT60, nominal", "{:g} s"),
    ("rt60", "RT60, realised", "{:.2f} s"),
    ("azimuth", "azimuth", "{:+.1f}°"),
    ("distance", "distance", "{:.2f} m"),
)


def _facts(view: View, index: int) -> Iterator[tuple[str, str]]:
    """Yield facts from the dataset about a sample."""
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
    """Yield the diagnostics of `method` for a sample."""
    found = view.scored(method, condition)
    if found is not None:
        yield from ((name, f"{values[index]:.4g}") for name, values in found.diagnostics.items())
