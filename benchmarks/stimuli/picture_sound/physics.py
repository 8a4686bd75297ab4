"""What is known of a picture with a sound without labels: mirrored, muted, louder, and with another object's sound."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...questions.answer import Answers
from ...questions.labels import Indices, Labels
from ...questions.maps import map_of
from ...questions.physics import Asked, Check, Mask, distance_of, next_of, says_something, unchanged
from ...questions.track import Track
from .batch import OBJECT, PictureSoundBatch

GAIN = np.float32(0.5)
ALIKE = 0.1
"""1 - r of maps that count as the same, where they should be."""
MOVED = 0.01
"""1 - r of maps that count as different, where they should be."""


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of maps."""
    distance = distance_of(track)
    silence = "sound muted: another map"
    other = "another object's sound: another map"
    return [
        Check("mirror", "picture (and ears) mirrored: map mirrored", mirrored, distance, ALIKE, mirrored_maps),
        Check("gain", f"sound times {GAIN:g}: no change", quieter, distance, ALIKE, unchanged),
        Check("sound", other, other_sound, distance, MOVED, rule="moves", counts=_two_objects),
        Check("mute", silence, muted, distance, MOVED, rule="moves", counts=_something_heard),
    ]


def mirrored(batch: PictureSoundBatch, labels: Labels) -> PictureSoundBatch:
    """Return `batch` with left and right exchanged, of the pictures and of two ears."""
    return replace(batch, image=batch.image[:, :, ::-1], audio=batch.audio[:, ::-1])


def mirrored_maps(asked: Asked) -> Answers:
    """Return the maps before (n, 3138), mirrored."""
    found = asked.before.copy()
    for answer in found:
        one = map_of(answer)
        answer[2 : 2 + one.size] = one[:, ::-1].ravel()
    return found


def quieter(batch: PictureSoundBatch, labels: Labels) -> PictureSoundBatch:
    """Return `batch` with its sounds at half their level."""
    return replace(batch, audio=batch.audio * GAIN)


def muted(batch: PictureSoundBatch, labels: Labels) -> PictureSoundBatch:
    """Return `batch` with silence."""
    return replace(batch, audio=np.zeros_like(batch.audio))


def other_sound(batch: PictureSoundBatch, labels: Labels) -> PictureSoundBatch:
    """Return `batch` in which each single object sounds like the next one of its picture."""
    return replace(batch, audio=batch.audio[next_of(_objects(labels))])


def _objects(labels: Labels) -> Indices:
    """Return a number (n,) that the single objects of one picture share, and every other sample has for itself."""
    alone = -1 - np.arange(len(labels))
    return np.where(_single(labels), labels.rows, alone)


def _single(labels: Labels) -> Mask:
    """Return which samples are known to be of one object; of a sealed set, none."""
    return np.asarray(labels.within[:, 0] == OBJECT) if labels.within.shape[1] else np.zeros(len(labels), dtype=bool)


def _two_objects(asked: Asked) -> Mask:
    return np.asarray(next_of(_objects(asked.labels)) != np.arange(len(asked.labels)))


def _something_heard(asked: Asked) -> Mask:
    """Return where there is a sound, and the answer before is not "nothing sounds" anyway."""
    return np.asarray(asked.batch.audio.any(axis=(1, 2)) & says_something(asked.before))
