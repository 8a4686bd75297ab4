"""What a report shows of single samples: the sounds and the picture of each, by the kind of stimulus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Drawing

from ..display.sounds import Sound, as_sound
from ..questions.labels import Labels
from ..stimuli.binaural import batch as binaural
from ..stimuli.binaural.condition import BinauralCondition
from ..stimuli.stereo.batch import heard, second_talkers
from ..stimuli.stereo.condition import StereoCondition
from ..stimuli.stereo.picture import Answer, draw_clip
from ..stimuli.view_pairs.batch import AsStored, seen
from ..stimuli.view_pairs.picture import draw_pair
from .view import Stated, View

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one sample: its sounds, each with what it is, and a picture with words for it."""

    sounds: Sequence[tuple[str, Sound]] = ()
    drawing: Drawing | None = None
    alt: str = ""


def exhibits(view: View, samples: npt.NDArray[np.intp], predicted: Float64, condition: Stated) -> Sequence[Exhibit]:
    """Return what is shown of `samples` (n,), whose predictions were `predicted` (n,), under `condition`."""
    settings, labels = view.harness_condition(condition), view.run.labels.take(samples)
    show = _SHOWN.get(type(settings))
    return [Exhibit() for _ in samples] if show is None else show(view, labels, predicted, settings)


def _clips(view: View, labels: Labels, predicted: Float64, condition: StereoCondition) -> list[Exhibit]:
    """Return the stored second of each clip, what methods heard of it, and both as a picture."""
    dataset, delays = view.run.dataset, view.quantity is not None
    talkers = second_talkers(dataset) if condition.distractor is not None else None
    stored, sounds = dataset.audio(labels.rows), heard(dataset, labels, condition, talkers).audio
    return [
        Exhibit(
            [("what the method heard", as_sound(sounds[k])), ("the stored clip, clean", as_sound(stored[k]))],
            draw_clip(Answer(float(truth), float(predicted[k]), delays), stored[k], sounds[k]),
            "Waveforms and PHAT correlation.",
        )
        for k, truth in enumerate(labels.truth)
    ]


def _binaural(view: View, labels: Labels, predicted: Float64, condition: BinauralCondition) -> list[Exhibit]:
    """Return what methods heard of each clip."""
    batch = binaural.heard(view.run.dataset, labels, condition)
    return [Exhibit([("what the method heard", as_sound(audio))]) for audio in batch.audio]


def _pairs(view: View, labels: Labels, predicted: Float64, condition: AsStored) -> list[Exhibit]:
    """Return both pictures of each pair, the second one shifted on top of the first by truth and by prediction."""
    batch = seen(view.run.dataset, labels)
    return [
        Exhibit(drawing=draw_pair(batch, k, float(truth), float(predicted[k])), alt="Both views of the pair.")
        for k, truth in enumerate(labels.truth)
    ]


_SHOWN: Mapping[type, Callable[[View, Labels, Float64, Any], Sequence[Exhibit]]] = {
    StereoCondition: _clips,
    AsStored: _pairs,
    BinauralCondition: _binaural,
}
"""How the samples of each kind of condition are shown; those of others have no sound and no picture."""
