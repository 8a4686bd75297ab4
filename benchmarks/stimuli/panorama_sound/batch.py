"""Panoramas of homes, each with the sound around one frame.

A row of `panning` has one panorama and a mixture of sounds that start and stop; the sample's `within` gives its frame.
The sound is centred on the middle of the frame; before its beginning and after its end the recording is silent.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import add_noise
from ....datagen.dataset import Dataset, read_rows
from ....datagen.sounding.timeline import FRAME_SECONDS
from ....digests import generator_for
from ...questions.labels import Labels
from ...questions.stimulus import GivenArray, Stimulus
from ..picture_sound.batch import PictureSoundBatch
from ..seeds import seed_of, stream
from .condition import PanoramaSoundCondition

BATCH = 24
"""Samples in memory at once: 33 MB of panoramas."""


def batches(dataset: Dataset, labels: Labels, condition: PanoramaSoundCondition) -> Iterator[PictureSoundBatch]:
    """Yield what methods are given of `dataset` under `condition`, in the order of `labels`."""
    for part in labels.batches(BATCH):
        yield given(dataset, part, condition)


def given(dataset: Dataset, labels: Labels, condition: PanoramaSoundCondition) -> PictureSoundBatch:
    """Return what methods are given of the samples `labels`: one panorama and one channel of sound each."""
    rows, place = np.unique(labels.rows, return_inverse=True)
    image, mixture = (read_rows(dataset.array(name), rows, dataset.url) for name in ("image", "mixture"))
    seed, names = seed_of(dataset), tuple(map(str, labels.sample_id))
    audio = []
    for k, name, frame in zip(place, names, labels.within[:, 0], strict=True):
        clip = around(mixture[k].astype(np.float32) / np.float32(32768), int(frame), condition.clip_seconds)
        if condition.snr_db is not None:
            clip = add_noise(clip, condition.snr_db, generator_for(seed, stream("noise", condition, name)))
        audio.append(clip)
    return PictureSoundBatch(image[place], np.stack(audio), names, SAMPLE_RATE)


def around(mixture: npt.NDArray[np.float32], frame: int, seconds: float) -> npt.NDArray[np.float32]:
    """Return `seconds` of `mixture` (samples,) around the middle of `frame`, (1, samples), silent beyond its ends."""
    count, middle = round(seconds * SAMPLE_RATE), round((frame + 0.5) * FRAME_SECONDS * SAMPLE_RATE)
    padded = np.pad(mixture, count)
    first = count + middle - count // 2
    return padded[None, first : first + count]


PANORAMA_SOUND = Stimulus(
    noun="frame",
    sense="hear",
    attention="listen",
    condition=PanoramaSoundCondition,
    batch=PictureSoundBatch,
    size=BATCH,
    arrays=(
        GivenArray("image", ("row", "column", "colour"), "the panorama, equirectangular, sRGB", "jpg"),
        GivenArray("audio", ("channel", "sample"), "the sound around the frame, one channel", "wav"),
    ),
    constants=("sample_rate",),
    batches=batches,
    exhibits="whence.benchmarks.stimuli.panorama_sound.exhibit:panoramas",
    physics="whence.benchmarks.stimuli.panorama_sound.physics:checks",
)
