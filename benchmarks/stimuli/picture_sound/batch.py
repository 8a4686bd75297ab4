"""Pictures of homes, each with one of the sounds that the track asks about.

A row of `sounding-objects` has a picture and the dry sounds of its sources: the visible objects, one source out of
view, and one elsewhere that is of a visible kind. The sample's `within` gives which sound is heard, by `SOUNDS`, and of
which source. All randomness depends only on the dataset's seed, the condition and the sample's name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import add_noise, auralize, joint_rms
from ....datagen.dataset import Dataset, read_rows
from ....digests import generator_for
from ....errors import InputError
from ...display.notebook import Shown
from ...questions.labels import Labels
from ...questions.stimulus import GivenArray, Stimulus
from ..seeds import seed_of, stream
from .condition import PictureSoundCondition
from .objects import Boxes, objects_of_rows

Audio = npt.NDArray[np.float32]

SOUNDS = ("object", "two", "silence", "noise", "off-screen", "elsewhere")
"""What is heard: one visible object; the first two at once; nothing; white noise as loud as the first object; a source
out of view, of another kind than all visible objects; one out of view, of the kind of a visible object."""
OBJECT, TWO, SILENCE, NOISE, OFF_SCREEN, ELSEWHERE = range(len(SOUNDS))
RESPONSES = "impulse_response"
BATCH = 32
"""Samples in memory at once: 7 MB of pictures, 6 MB of mono sound."""


@dataclass(frozen=True)
class PictureSoundBatch(Shown):
    """Pictures with a sound each, as a method sees and hears them.

    `image` is uint8 (n, height, width, 3), red first; `audio` float32 (n, channels, samples) in [-1, 1], one channel or
    two, 0 left; `sample_rate` is in Hz. `sample_id` names each sample, for methods that need random numbers.
    """

    image: npt.NDArray[np.uint8]
    audio: Audio
    sample_id: Sequence[str]
    sample_rate: int

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True)
class RevealedPictureBatch(PictureSoundBatch):
    """What only oracles are given: a `PictureSoundBatch` with the truth.

    `objects` holds, for each sample, the boxes (k, 4) of every object in its picture, whichever is heard.
    """

    objects: Sequence[Sequence[Boxes]]


def batches(dataset: Dataset, labels: Labels, condition: PictureSoundCondition) -> Iterator[PictureSoundBatch]:
    """Yield what methods are given of `dataset` under `condition`, in the order of `labels`."""
    for part in labels.batches(BATCH):
        yield given(dataset, part, condition)


def revealed(dataset: Dataset, labels: Labels, condition: PictureSoundCondition) -> Iterator[RevealedPictureBatch]:
    """Yield the same with the truth."""
    objects = objects_of_rows(dataset)
    for part in labels.batches(BATCH):
        one = given(dataset, part, condition)
        own = [objects[row] for row in part.rows]
        yield RevealedPictureBatch(one.image, one.audio, one.sample_id, one.sample_rate, own)


def suited(dataset: Dataset, condition: PictureSoundCondition) -> PictureSoundCondition:
    """Return `condition`; raises InputError if it takes two ears and `dataset` has no room responses."""
    if condition.ears == 2 and RESPONSES not in dataset:
        raise InputError(f"--ears 2: {dataset.url} has dry sounds only; generate it with --acoustics room")
    return condition


def given(dataset: Dataset, labels: Labels, condition: PictureSoundCondition) -> PictureSoundBatch:
    """Return what methods are given of the samples `labels`."""
    rows, place = np.unique(labels.rows, return_inverse=True)
    image, dry = (read_rows(dataset.array(name), rows, dataset.url) for name in ("image", "dry"))
    responses = read_rows(dataset.array(RESPONSES), rows, dataset.url) if condition.ears == 2 else None
    seed, names = seed_of(dataset), tuple(map(str, labels.sample_id))
    audio = []
    for k, name, (sound, source) in zip(place, names, labels.within, strict=True):
        heard = _Sources(dry[k], None if responses is None else responses[k])
        clip = sounding(heard, int(sound), int(source), generator_for(seed, stream("sound", condition, name)))
        if condition.snr_db is not None:
            clip = add_noise(clip, condition.snr_db, generator_for(seed, stream("noise", condition, name)))
        audio.append(clip)
    return PictureSoundBatch(image[place], np.stack(audio), names, SAMPLE_RATE)


@dataclass(frozen=True)
class _Sources:
    """The sources of a row: dry sounds int16 (sources, samples), room responses (sources, 2, taps) or None."""

    dry: npt.NDArray[np.int16]
    responses: Audio | None

    def heard(self, source: int) -> Audio:
        """Return the sound of `source`, float32 (channels, samples)."""
        dry = self.dry[source].astype(np.float32) / np.float32(32768)
        return dry[None] if self.responses is None else auralize(dry, self.responses[source], 0, len(dry), 0)


def sounding(sources: _Sources, sound: int, source: int, rng: np.random.Generator) -> Audio:
    """Return the clip (channels, samples) that `sound`, an index of `SOUNDS`, means; `source` is the one it is of.

    A sum, or noise, that exceeds 1 is scaled down to it.
    """
    first = sources.heard(source)
    if sound == TWO:
        return _within_one(first + sources.heard(source + 1))
    if sound == SILENCE:
        return np.zeros_like(first)
    if sound == NOISE:
        return _within_one(np.float32(joint_rms(first)) * rng.standard_normal(first.shape, dtype=np.float32))
    return first


def _within_one(clip: Audio) -> Audio:
    return np.asarray(clip / max(np.float32(1), np.abs(clip).max()), dtype=np.float32)


PICTURE_SOUND = Stimulus(
    noun="sample",
    sense="hear",
    attention="listen",
    condition=PictureSoundCondition,
    batch=PictureSoundBatch,
    size=BATCH,
    arrays=(
        GivenArray("image", ("row", "column", "colour"), "the picture, sRGB", "jpg"),
        GivenArray("audio", ("channel", "sample"), "the sound; with two channels, 0 is the left ear", "wav"),
    ),
    constants=("sample_rate",),
    batches=batches,
    suited=suited,
    revealed=revealed,
    exhibits="whence.benchmarks.stimuli.picture_sound.exhibit:pictures",
    gallery="whence.benchmarks.stimuli.picture_sound.exhibit:gallery",
    physics="whence.benchmarks.stimuli.picture_sound.physics:checks",
)
