"""What methods say over time of a head that turns: rotation from its pictures, azimuth from its sound.

No method is told how far the head has turned. A picture is compared with the first frame while they share at least half
of the field of view by the method's own last answer; beyond that with a keyframe (see `follow_rotation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, wrap_degrees
from ...datagen.cameras import PITCH_DEG, Camera
from ...datagen.turning import FRAME_RATE, Turn
from ..questions.answer import AnswerKind
from ..running.harness import answered
from ..running.method import LoadedMethod
from ..stimuli.binaural.batch import BATCH, HOP, WINDOW, BinauralBatch
from ..stimuli.view_pairs.batch import ViewPairBatch
from ..tracks import azimuth, rotation

Float64 = npt.NDArray[np.float64]

WINDOW_SECONDS = 1.0
"""Length of the sound heard for an azimuth, and of the windows that means and spreads are over, as in SLfM."""
FARTHEST = 30.0
"""Degrees: views at most this far apart are compared. They share half of the 60 degrees that a camera sees."""
ROTATION, AZIMUTH = "rotation", "azimuth"


@dataclass(frozen=True)
class Course:
    """The answers of method `label` to `track`, one for each frame, (f,) degrees, beside the `truth` (f,).

    `answers` are NaN where the method was not asked.
    """

    track: str
    label: str
    truth: Float64
    answers: Float64

    @property
    def errors(self) -> Float64:
        """Answer minus truth (f,), degrees, in (-180, 180]."""
        return wrap_degrees(self.answers - self.truth)

    @property
    def mean_absolute_error(self) -> float:
        """Mean |error| over all answers, degrees."""
        return float(np.nanmean(np.abs(self.errors)))

    @property
    def median_absolute_error(self) -> float:
        """Median |error| over all answers, degrees."""
        return float(np.nanmedian(np.abs(self.errors)))


@dataclass(frozen=True)
class Windows:
    """Statistics of the answers within `WINDOW_SECONDS` around each frame, (f,) degrees; NaN where there are none.

    `mean` and `std` are those of the answers. While the head turns, `std` holds the turn; `bias` and `spread` are mean
    and standard deviation of answer minus truth, which do not.
    """

    mean: Float64
    std: Float64
    bias: Float64
    spread: Float64


def windows_of(course: Course) -> Windows:
    """Return the statistics of `course`, over whole windows and, near the ends, over the part that there is."""
    reach = round(WINDOW_SECONDS * FRAME_RATE / 2)
    rows = []
    for k in range(len(course.truth)):
        part = slice(max(k - reach, 0), k + reach + 1)
        error = course.errors[part]
        asked = np.isfinite(error)
        beside = (course.truth[part] + error)[asked]
        found = error[asked]
        rows.append([beside.mean(), beside.std(), found.mean(), found.std()] if asked.any() else [np.nan] * 4)
    return Windows(*np.array(rows).T)


def follow_rotation(method: LoadedMethod, turn: Turn) -> Course:
    """Return the rotation since the first frame that `method` of the track `rotation` says at each frame.

    Frame k is compared with a keyframe, whose own answer is added: the oldest one within `FARTHEST` of the answer to
    frame k - 1. The first frame is the first keyframe, so it is used whenever the head is near where it started. If
    none is near enough, frame k - 1 becomes a keyframe.
    """
    answers, keyframes = np.zeros(len(turn.frames)), [0]
    for k in range(1, len(answers)):
        near = [key for key in keyframes if abs(wrap_degrees(answers[key] - answers[k - 1])) <= FARTHEST]
        if not near:
            keyframes.append(k - 1)
        key = near[0] if near else k - 1
        said = _answers(method, _pair(turn, key, k), rotation.TRACK.answer)
        answers[k] = wrap_degrees(answers[key] + said[0])
    return Course(ROTATION, method.label, turn.rotations, answers)


def _pair(turn: Turn, first: int, second: int) -> ViewPairBatch:
    name = (f"{turn.scene}/frame-{first:03d}/frame-{second:03d}",)
    pictures = turn.frames[[first]], turn.frames[[second]]
    return ViewPairBatch(*pictures, name, Camera().intrinsics, np.full(1, PITCH_DEG))


def follow_azimuth(method: LoadedMethod, turn: Turn) -> Course:
    """Return the azimuth that `method` of the track `azimuth` hears at each frame, in the second of sound around it.

    Frames less than half a second from an end are not asked.
    """
    length = round(WINDOW_SECONDS * SAMPLE_RATE)
    starts = np.rint(turn.times * SAMPLE_RATE).astype(int) - length // 2
    asked = np.flatnonzero((starts >= 0) & (starts + length <= turn.sound.shape[1]))
    answers = np.full(len(turn.times), np.nan)
    for some in np.split(asked, range(BATCH, len(asked), BATCH)):
        clips = np.stack([turn.sound[:, start : start + length] for start in starts[some]])
        names = tuple(f"{turn.scene}/frame-{k:03d}" for k in some)
        batch = BinauralBatch(clips, names, SAMPLE_RATE, WINDOW, HOP, (length - WINDOW) // HOP + 1)
        answers[some] = _answers(method, batch, azimuth.TRACK.answer)
    return Course(AZIMUTH, method.label, turn.azimuths, answers)


def _answers(method: LoadedMethod, batch: ViewPairBatch | BinauralBatch, kind: AnswerKind) -> Float64:
    return np.asarray(answered(method, batch, kind)[0])


def chance(course: Course) -> Course:
    """Return the course of a method that always answers 0, where `course` has answers."""
    return Course(course.track, "chance", course.truth, np.where(np.isfinite(course.answers), 0.0, np.nan))


@dataclass(frozen=True)
class Relation:
    """What SLfM lives by: how far the head turned within a second, by its pictures and by its sound, (n,) degrees.

    A talker who stands still moves to the right by as much as the head turns to the left, so `seen`, the change of
    rotation, equals `heard`, minus the change of azimuth.
    """

    rotation: str
    azimuth: str
    seen: Float64
    heard: Float64

    @property
    def disagreement(self) -> float:
        """Mean |seen - heard|, degrees."""
        return float(np.abs(wrap_degrees(self.seen - self.heard)).mean())


def related(courses: Sequence[Course]) -> list[Relation]:
    """Return the relation of the first course of rotations with the first of azimuths, of both second, and so on.

    The last of the shorter list goes with all that are left of the longer. Changes are over `WINDOW_SECONDS`, so
    that the two sounds of a change do not overlap.
    """
    later = round(WINDOW_SECONDS * FRAME_RATE)
    seeing, hearing = ([one for one in courses if one.track == track] for track in (ROTATION, AZIMUTH))
    found = []
    for k in range(max(len(seeing), len(hearing))):
        one, other = seeing[min(k, len(seeing) - 1)], hearing[min(k, len(hearing) - 1)]
        seen = wrap_degrees(one.answers[later:] - one.answers[:-later])
        heard = -wrap_degrees(other.answers[later:] - other.answers[:-later])
        both = np.isfinite(seen + heard)
        found.append(Relation(one.label, other.label, seen[both], heard[both]))
    return found
