"""What is known of a panorama with a sound without labels: turned by a known angle, mirrored, louder, muted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.physics import Asked, Check, Distance, distance_of, negated, unchanged
from ...questions.quantities import AZIMUTH
from ...questions.track import Track
from ..picture_sound.batch import PictureSoundBatch
from ..picture_sound.physics import GAIN, mirrored, muted, quieter

TURNS_DEG = (90, -45)
"""How far the panorama is turned to the left: what is ahead is then there."""


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of view directions."""
    distance, good = distance_of(track), AZIMUTH.good
    return [
        *(_turn(distance, degrees) for degrees in TURNS_DEG),
        Check("mirror", "panorama mirrored: azimuth negated", mirrored, distance, good, negated),
        Check("gain", f"sound times {GAIN:g}: no change", quieter, distance, good, unchanged),
        Check("mute", "sound muted: any finite answer", muted, distance, good, rule="answers"),
    ]


def _turn(distance: Distance, degrees: int) -> Check:
    def expected(asked: Asked) -> Answers:
        width = asked.batch.image.shape[2]
        return np.asarray(asked.before + 360 / width * _columns(width, degrees))

    physics = f"panorama turned {degrees:+d} deg: azimuth turns with it"
    return Check(f"turn{degrees:+d}", physics, turning(degrees), distance, AZIMUTH.good, expected)


def turning(degrees: float) -> Callable[[PictureSoundBatch, Labels], PictureSoundBatch]:
    """Return the change that turns panoramas to the left by `degrees`, to the nearest column."""

    def change(batch: PictureSoundBatch, labels: Labels) -> PictureSoundBatch:
        return replace(batch, image=np.roll(batch.image, -_columns(batch.image.shape[2], degrees), axis=2))

    return change


def _columns(width: int, degrees: float) -> int:
    return round(width * degrees / 360)
