"""Checks labels of own recordings against what is heard: plausible labels that are false."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..conventions import SAMPLE_RATE
from ..errors import InputError
from .acoustics.cross_correlation import phase_transform_correlation
from .acoustics.delay_pattern import delay_pattern
from .acoustics.ears import LEAST_DELAY, NearEar, clip_delay, level_difference, near_ear_of_cues
from .recording_files import Second, second_of
from .recording_labels import LONGEST_DELAY_MS, LabelledSecond

FEW = 3
"""Fewer clips are not refused: a delay may be measured wrongly."""
LEAST_DELAY_MS = 1e3 * LEAST_DELAY
TOLERANCE_MS = 0.25
"""A labelled delay that is farther from the measured one is told."""
_USUAL_LAG = 24  # samples, 1.5 ms
_FARTHEST_LAG = round(LONGEST_DELAY_MS * 1e-3 * SAMPLE_RATE) + 8
_SAME = 1e-3
_DEAF = 10 ** (-50 / 20)
_OPPOSITE = 1.5
_UNITS = 8.0
_SHOWN = 3
_RADIANS = np.pi + 1e-6


@dataclass(frozen=True)
class Heard:
    """A labelled second that can be used, with the delay (ms) and level difference (dB) of its sound, left positive."""

    second: LabelledSecond
    delay_ms: float
    level_db: float
    repeated: bool
    clipped: bool
    opposite: bool = False
    """Whether one channel is the other's negative rather than its like."""


def hear(second: LabelledSecond, channels: tuple[int, int] | None) -> Heard | str:
    """Return what is heard in `second`, or why it cannot be used."""
    if not second.labelled:
        return f"{second.where}: it has no label"
    try:
        cut = second_of(second.file, second.start, second.where, channels)
    except InputError as error:
        return str(error)
    fault = _fault(cut, second)
    if fault:
        return f"{second.where} {fault}"
    lag = _USUAL_LAG if np.isnan(second.delay_ms) else _FARTHEST_LAG
    audio = cut.audio.astype(np.float64)
    delay, level = 1e3 * clip_delay(audio, lag), level_difference(audio)
    alike = phase_transform_correlation(audio[0], audio[1], lag)
    return Heard(second, delay, level, cut.repeated, cut.clipped, bool(-alike.min() > _OPPOSITE * alike.max()))


def _fault(cut: Second, second: LabelledSecond) -> str:
    """Return why two channels do not tell a direction; empty if they may."""
    level = np.sqrt(np.square(cut.audio, dtype=np.float64).mean(axis=1))
    if level.min() <= _DEAF * level.max():
        nearly = ", or nearly so," if level.min() else ""
        return f"is silent{nearly} in the {'left' if level[0] < level[1] else 'right'} channel"
    apart = np.sqrt(np.square(cut.audio[0] - cut.audio[1], dtype=np.float64).mean())
    if second.towards and apart < _SAME * level.max():
        return "has the same sound in both channels, it is mono"
    return ""


def remarks_on(heard: Sequence[Heard], labels: str) -> tuple[str, ...]:
    """Return what looks wrong in clips that are `heard`, one line each.

    Raises InputError if the labels are mirrored, or have another unit.
    """
    _check_units(heard, labels)
    near = _near_side(heard)
    opposed = _opposed(heard, near, labels)
    if opposed and near.verdict == "swapped" and len(near.which) >= FEW:
        raise InputError(f"{opposed} Left is positive: change the labels, or swap the channels with --channels 1,0")
    doubts = [opposed] if opposed else _doubts(near, labels)
    doubts += [*_misplaced(heard, labels), *_opposite_channels(heard)]
    return (*doubts, *_far_off(heard, labels), *_one_sided(heard, labels), *_damaged(heard))


def _check_units(heard: Sequence[Heard], labels: str) -> None:
    """Raise InputError if delays or angles have another unit than the name of their column says."""
    measured = np.abs([one.delay_ms for one in heard])
    delays = np.abs([one.second.delay_ms for one in heard])
    clear = (measured >= LEAST_DELAY_MS) & (delays > 0)
    if clear.sum() >= FEW:
        said, found = float(np.median(delays[clear])), float(np.median(measured[clear]))
        if not 1 / _UNITS <= said / found <= _UNITS:
            raise InputError(
                f"{labels}: delay_ms is typically {said:.2g}, but the channels differ by {found:.2g} ms: "
                "is it in milliseconds?"
            )
    angles = np.abs([one.second.azimuth for one in heard])
    known = ~np.isnan(angles)
    if known.sum() >= FEW and angles[known].max() <= _RADIANS and np.median(measured[known]) >= LEAST_DELAY_MS:
        raise InputError(
            f"{labels}: all azimuth_deg are within {angles[known].max():.3g} of 0, but the channels typically differ "
            f"by {np.median(measured[known]):.2g} ms: are they in radians? Give degrees"
        )


def _near_side(heard: Sequence[Heard]) -> NearEar:
    """Return whether sound comes earlier and louder to the side that is labelled.

    Levels count where a side or an azimuth is labelled: microphones without a head between them may differ in gain.
    """
    which = np.array([k for k, one in enumerate(heard) if one.second.towards], dtype=np.intp)
    side = np.array([heard[k].second.towards for k in which], dtype=np.float64)
    delays = np.array([1e-3 * heard[k].delay_ms for k in which])
    levels = np.array([heard[k].level_db if any(heard[k].second.signs[:2]) else 0.0 for k in which])
    return near_ear_of_cues(which, side, delays, levels)


def _opposed(heard: Sequence[Heard], near: NearEar, labels: str) -> str:
    """Return in words which labels the sound contradicts; empty if none."""
    wrong = near.earlier < 0
    if near.verdict == "swapped":
        wrong = wrong | ((near.earlier == 0) & (near.louder < 0))
    examples = [_opposite(heard[k]) for k in near.which[wrong]]
    if not examples:
        return ""
    return (
        f"{labels}: {len(examples)} of {len(near.which)} labels contradict the delay between the channels: "
        f"{_few(examples)}: are they right-positive?"
    )


def _opposite(one: Heard) -> str:
    second, side = one.second, "left" if one.second.towards > 0 else "right"
    other = "right" if side == "left" else "left"
    by_delay = abs(one.delay_ms) >= LEAST_DELAY_MS
    cue = f"leads by {abs(one.delay_ms):.2f} ms" if by_delay else f"is {abs(one.level_db):.0f} dB louder"
    return f"{second.where} is labelled {side}, but the {other} channel {cue}"


def _few(examples: Sequence[str]) -> str:
    more = f"; and {len(examples) - _SHOWN} more" if len(examples) > _SHOWN else ""
    return "; ".join(examples[:_SHOWN]) + more


def _doubts(near: NearEar, labels: str) -> list[str]:
    if near.verdict in ("contradictory", "unclear") and len(near.which) >= FEW:
        return [f"{labels}: the sound does not bear out the labels: {near}"]
    return []


def _misplaced(heard: Sequence[Heard], labels: str) -> list[str]:
    """Return a line on azimuths that are turned, or a channel that is late, as a whole."""
    known = [one for one in heard if not np.isnan(one.second.azimuth)]
    angle = np.radians([one.second.azimuth for one in known])
    fault = delay_pattern([1e-3 * one.delay_ms for one in known], np.sin(angle), np.cos(angle)).fault
    return [f"{labels}: {fault.replace(' ear ', ' channel ')}"] if fault else []


def _opposite_channels(heard: Sequence[Heard]) -> list[str]:
    count = sum(one.opposite for one in heard)
    if count < max(FEW, len(heard) / 2):
        return []
    return [
        f"in {count} of {len(heard)} clips the channels have opposite signs: is one microphone wired the wrong way?"
    ]


def _far_off(heard: Sequence[Heard], labels: str) -> list[str]:
    """Return a line on labelled delays that lie on the right side, but are far from the measured ones."""
    delays = [one for one in heard if not np.isnan(one.second.delay_ms)]
    far = [one for one in delays if abs(one.second.delay_ms - one.delay_ms) > TOLERANCE_MS and not _reversed(one)]
    if not far:
        return []
    examples = [f"{one.second.where} {one.second.delay_ms:+.2f}, measured {one.delay_ms:+.2f}" for one in far]
    return [
        f"{labels}: {len(far)} of {len(delays)} delay_ms are more than {TOLERANCE_MS:g} ms from the measured delay: "
        f"{_few(examples)}"
    ]


def _reversed(one: Heard) -> bool:
    return one.second.towards * one.delay_ms <= -LEAST_DELAY_MS


def _one_sided(heard: Sequence[Heard], labels: str) -> list[str]:
    towards = {one.second.towards for one in heard} - {0}
    count = sum(one.second.towards != 0 for one in heard)
    if len(towards) != 1 or count < 2:
        return []
    side = "left" if towards == {1} else "right"
    return [f"{labels}: all {count} labels are on the {side}: a method that always says {side} is right"]


def _damaged(heard: Sequence[Heard]) -> Iterator[str]:
    for what, found in (
        ("clipped, which adds sound that has no direction", [one.second.where for one in heard if one.clipped]),
        ("shorter than a second and repeated", [one.second.where for one in heard if one.repeated]),
    ):
        if found:
            yield f"{len(found)} of {len(heard)} clips are {what}: {_few(found)}"
