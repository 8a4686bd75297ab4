"""The clips that a method gets most wrong: what was stored, what it heard, what it should have said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..conditions import Condition
from ..harness import heard, second_talkers
from ..metrics import MS_PER_SECOND
from .clip_pictures import Answer, Audio, draw_clip
from .drawing import Picture, pages, picture, save_image
from .sounds import Sound, as_sound
from .view import Stated, View

COUNT = 10


@dataclass(frozen=True)
class WorstClip:
    """One clip: its facts (name, text), truth and prediction in words, the stored second, what was heard, a picture."""

    sample_id: str
    facts: Sequence[tuple[str, str]]
    truth: str
    prediction: str
    stored: Sound
    heard: Sound
    picture: Picture


def worst_clips(view: View, method: str, condition: Stated, folder: Path) -> list[WorstClip]:
    """Return the clips that `method` got most wrong under `condition`, the worst first; empty where all are right.

    Their pictures are also written to `folder`: a PNG each, and one PDF with a page each.
    """
    found = worst_samples(view, method, condition)
    if found.size == 0:
        return []
    answers = _answers(view, method, condition, found)
    stored, sounds = _audio(view, found, view.harness_condition(condition))
    with pages(folder / "worst.pdf") as sheets:
        shown = []
        for k, answer in enumerate(answers):
            drawing = draw_clip(answer, stored[k], sounds[k])
            save_image(drawing, folder, f"worst-{k + 1:02d}")
            sheets.savefig(drawing)
            shown.append(picture(drawing, f"worst-{k + 1}", f"Waveforms and PHAT correlation. {_in_words(answer)}"))
    return [
        _clip(view, int(index), answer, as_sound(stored[k]), as_sound(sounds[k]), shown[k])
        for k, (index, answer) in enumerate(zip(found, answers, strict=True))
    ]


def worst_samples(view: View, method: str, condition: Stated) -> npt.NDArray[np.intp]:
    """Return the samples with the largest error, or on the wrong side with the largest prediction, the worst first."""
    terms, predicted = view.terms(method, condition), view.predictions(method, condition)
    assert terms is not None
    assert predicted is not None
    if view.measures_delay:
        wrong, badness = terms > 0, terms
    else:
        wrong, badness = terms == 0, np.abs(predicted)
    order = np.argsort(-badness, kind="stable")
    return order[wrong[order]][:COUNT]


def _answers(view: View, method: str, condition: Stated, samples: npt.NDArray[np.intp]) -> list[Answer]:
    predicted = view.predictions(method, condition)
    assert predicted is not None
    truth, delays = view.run.labels.truth, view.measures_delay
    return [Answer(float(truth[k]), float(predicted[k]), delays) for k in samples]


def _audio(view: View, samples: npt.NDArray[np.intp], condition: Condition) -> tuple[Audio, Audio]:
    """Return the stored seconds (n, 2, 16000) of `samples` and what methods heard of them (n, 2, kept_samples)."""
    dataset, labels = view.run.dataset, view.run.labels.take(samples)
    talkers = second_talkers(dataset) if condition.distractor is not None else None
    return dataset.audio(labels.rows), heard(dataset, labels, condition, talkers).audio


def _clip(view: View, index: int, answer: Answer, stored: Sound, heard: Sound, shown: Picture) -> WorstClip:
    name = str(view.run.labels.sample_id[index])
    return WorstClip(name, list(_facts(view, index)), *_texts(answer), stored, heard, shown)


def _in_words(answer: Answer) -> str:
    return "Truth: {}; prediction: {}.".format(*_texts(answer))


def _texts(answer: Answer) -> tuple[str, str]:
    """Return truth and prediction in words."""
    assert answer.predicted is not None
    if not answer.delays:
        return _side_text(answer.truth), f"{_side_text(answer.predicted)} ({answer.predicted:.3g})"
    off = MS_PER_SECOND * abs(answer.predicted - answer.truth)
    return _delay_text(answer.truth), f"{_delay_text(answer.predicted)}, off by {off:.3f} ms"


def _delay_text(delay: float) -> str:
    """Return a delay (s) in words.

    >>> _delay_text(-0.00025)
    '-0.250 ms (right leads)'
    """
    side = "no side leads" if delay == 0 else "left leads" if delay > 0 else "right leads"
    return f"{MS_PER_SECOND * delay:+.3f} ms ({side})"


def _side_text(value: float) -> str:
    return "left" if value >= 0 else "right"


def _facts(view: View, index: int) -> Iterator[tuple[str, str]]:
    """Yield what the dataset knows of a sample."""
    dataset, row = view.run.dataset, int(view.run.labels.rows[index])
    for name in ("video",) if "video" in dataset else ("room", "speaker"):
        if name in dataset:
            yield name, str(dataset.column(name)[row])
    for name, title, pattern in (
        ("rt60_nominal", "RT60, nominal", "{:g} s"),
        ("rt60", "RT60, realised", "{:.2f} s"),
        ("azimuth", "azimuth", "{:+.1f}°"),
        ("distance", "distance", "{:.2f} m"),
    ):
        values = np.atleast_1d(dataset.column(name)[row]).tolist() if name in dataset else []
        texts = [pattern.format(value) for value in values if np.isfinite(value)]
        if texts:
            yield title, texts[0] if len(texts) == 1 else f"{texts[0]} left, {texts[1]} right"
