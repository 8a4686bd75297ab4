"""A head that turns left and right in a home while someone speaks: moving pictures, and the sound at both ears.

Eyes and ears stay in one place, 1.5 m above the floor, as in HM3D-SS; a talker stands still, in sight and within 3 m,
and speaks for the whole time. The head starts with the talker within `OFFSET` degrees of straight ahead and swings
between extremes `SWINGS` degrees to either side, so the talker is always in front of the ears. The homes are none of
those that datasets have at the same seed. The same plan gives the same bytes.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ..conventions import SAMPLE_RATE, wrap_degrees
from ..digests import generator_for
from ..errors import InputError
from .acoustics.auralize import joint_rms
from .acoustics.hrtf import open_head
from .acoustics.impulse_response import mix
from .acoustics.mesh import LEAD
from .acoustics.turning_head import headings_passed, heard_while_turning
from .cameras import Camera, orientation, project
from .corpora import Corpus, open_corpus
from .home import Home, open_home
from .home_fields import RATIO
from .panning import OTHER_HOMES
from .scenes.frame import Up
from .scenes.opening import PROCEDURAL, SceneSource, open_scene_file, open_scenes
from .scenes.reading import judged
from .view_sets import LEAST_MEAN_DEPTH, candidate_sets

Float64 = npt.NDArray[np.float64]
Audio = npt.NDArray[np.float32]

FRAME_RATE = 10
"""Pictures per second."""
SECONDS = (2.0, 60.0)
"""Shortest and longest turn."""
SWINGS = (50.0, 65.0)
"""How far the head turns to either side, degrees; drawn anew for each swing."""
SWING_SECONDS = 4.0
"""Time from one extreme to the next: the head turns by less than 52 degrees per second."""
OFFSET = 20.0
"""Largest azimuth of the talker at the start, degrees."""
LEAST_DISTANCE = 1.0
"""Least horizontal distance of the talker, m."""
HIGHEST = 10.0
"""Largest elevation of the talker above or below the ears, degrees: the mouth of one who stands."""
LEVEL = 0.1
"""Root mean square of the dry speech, the middle of the levels of HM3D-SS."""
LEAST_UTTERANCE = 1.5
"""Shortest utterance used, s."""
PLACES = 300
"""Places tried in a home."""


@dataclass(frozen=True)
class TurnPlan:
    """What `render_turn` renders; `remarks` are for the user, one line each."""

    scenes: SceneSource
    speech: Corpus
    hrtf: str | None
    seconds: float
    seed: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where the head is and the talker, each (3,) m, and the `heading` at the start, degrees."""

    head: Float64
    talker: Float64
    heading: float


@dataclass(frozen=True)
class Turn:
    """A rendered turn.

    `frames` are uint8 (f, height, width, 3), sRGB, `FRAME_RATE` per second, the first at 0 s; `headings` (f,) degrees.
    `sound` is float32 (2, samples), left ear first.
    """

    scene: str
    place: Place
    headings: Float64
    frames: npt.NDArray[np.uint8]
    sound: Audio
    speaker: str
    utterances: tuple[str, ...]

    @property
    def times(self) -> Float64:
        """When each frame is seen (f,), s."""
        return np.arange(len(self.headings)) / FRAME_RATE

    @property
    def rotations(self) -> Float64:
        """Rotation (f,) of the head since the first frame, degrees, positive to the left."""
        return wrap_degrees(self.headings - self.headings[0])

    @property
    def azimuths(self) -> Float64:
        """Azimuth (f,) of the talker, degrees, positive to the left."""
        return wrap_degrees(bearing(self.place.talker - self.place.head) - self.headings)

    def talker_in(self, frame: int) -> tuple[float, float] | None:
        """Return the image point (x, y) of the talker in `frame`, pixels; None if it is out of view."""
        turned = orientation(float(self.headings[frame]))
        points, depth = project(Camera(), turned, self.place.head, self.place.talker[None])
        x, y = map(float, points[0])
        inside = depth[0] > 0 and 0 <= x < Camera().width and 0 <= y < Camera().height
        return (x, y) if inside else None


def bearing(towards: Float64) -> float:
    """Return the heading of a look along `towards` (3,), degrees."""
    return math.degrees(math.atan2(-towards[0], -towards[2]))


def turned(times: Float64, seconds: float, rng: np.random.Generator) -> Float64:
    """Return how far the head has turned at `times` (n,), 0 to `seconds`, degrees, positive to the left.

    It leaves 0, swings between extremes on alternate sides, at rest in each of them, and ends at 0. A turn of less than
    `SWING_SECONDS` swings less far, so no turn is faster.

    >>> turned(np.array([0.0, 2.0, 4.0]), 4.0, np.random.default_rng(0)).round(1).tolist()
    [0.0, 54.0, 0.0]
    """
    count = max(1, int(seconds / SWING_SECONDS))
    side = 1.0 if rng.integers(2) else -1.0
    sizes = rng.uniform(*SWINGS, count) * min(1.0, seconds / SWING_SECONDS)
    extremes = np.concatenate([[0.0], side * sizes * (-1.0) ** np.arange(count), [0.0]])
    ends = np.concatenate([[0.0], (np.arange(count) + 0.5) / count, [1.0]]) * seconds
    leg = np.clip(np.searchsorted(ends, times, side="right") - 1, 0, count)
    share = (times - ends[leg]) / (ends[leg + 1] - ends[leg])
    eased = 0.5 - 0.5 * np.cos(np.pi * share)
    return np.asarray(extremes[leg] + eased * (extremes[leg + 1] - extremes[leg]))


def plan_turn(
    scene: str,
    speech: str | None,
    *,
    seconds: float,
    hrtf: str | None = None,
    up: Up | None = None,
    scale: float | None = None,
    seed: int = 0,
) -> TurnPlan:
    """Return the plan of a turn of `seconds` in `scene`, `procedural` or a .glb or .gltf file.

    `speech` is as in `open_corpus`, `hrtf` a SOFA file or None for the rigid sphere; `up` and `scale` are as in
    `plan_hm3d_ss`. Raises InputError for settings, scenes or speech that cannot be used.
    """
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise InputError(f"--seconds {seconds:g}: expected {SECONDS[0]:g} to {SECONDS[1]:g}")
    scenes, remarks = _open_scene(scene, up, scale, seed)
    head = open_head(hrtf)
    least = seconds if speech in (None, "espeak") else LEAST_UTTERANCE
    corpus = open_corpus(speech, minimum_seconds=least, seed=seed + OTHER_HOMES)
    if not corpus.clips:
        raise InputError(f"{corpus.location}: every utterance is shorter than {least:g} s")
    return TurnPlan(scenes, corpus, hrtf, seconds, seed, (*remarks, *head.remarks))


def _open_scene(scene: str, up: Up | None, scale: float | None, seed: int) -> tuple[SceneSource, tuple[str, ...]]:
    """Return the source of one home, and remarks on how it is read."""
    if scene != PROCEDURAL:
        reading = judged(open_scene_file(Path(scene)), up=up, scale=scale)
        return reading.homes, reading.remarks
    if up is not None or scale is not None:
        raise InputError("--up, --scale: only for a file given with --scene FILE.glb")
    return open_scenes(PROCEDURAL, count=1, seed=seed + OTHER_HOMES), ()


def render_turn(plan: TurnPlan) -> Turn:
    """Return the turn of `plan`; raises InputError for a home without floor or without a place for it."""
    home = open_home(plan.scenes, 0, "native", "native", plan.hrtf)
    samples = round(plan.seconds * SAMPLE_RATE)
    way = turned(np.arange(samples) / SAMPLE_RATE, plan.seconds, generator_for(plan.seed, "turn/way"))
    place = _find_place(home, way, plan.scenes.origin(0), generator_for(plan.seed, "turn/place"))
    headings = place.heading + way
    seen = headings[:: SAMPLE_RATE // FRAME_RATE]
    bar = tqdm(seen.tolist(), unit="frame", desc="look", disable=None)
    frames = np.stack([home.view(place.head, heading).image for heading in bar])
    dry, utterances = speech_of(plan.speech, samples, generator_for(plan.seed, "turn/speech"))
    speaker = next(clip.speaker for clip in plan.speech.clips if clip.clip_id == utterances[0])
    sound = _listen(home, place, headings, dry, plan.seed)
    return Turn(home.name, place, seen, frames, sound, speaker, utterances)


def _find_place(home: Home, way: Float64, origin: str, rng: np.random.Generator) -> Place:
    """Return a place from which every view on the `way` (samples,) shows more than what is before one's nose."""
    for chosen in candidate_sets(home, rng, views=2, sources=1, translation=False, tries=PLACES):
        head, talker = chosen.cameras[0], chosen.sources[0]
        if not _talks_at_ear_height(talker - head):
            continue
        heading = bearing(talker - head) + rng.uniform(-OFFSET, OFFSET)
        along = heading + headings_passed(way)[::5]
        depth = home.looks(np.tile(head, (len(along), 1)), along).depth
        if depth.mean(axis=(1, 2)).min() >= LEAST_MEAN_DEPTH:
            return Place(head, talker, heading)
    raise InputError(
        f"{origin}: no place to turn in {PLACES} tries (views on all sides must reach {LEAST_MEAN_DEPTH:g} m on "
        f"average, and a talker stand in sight): give another scene or another --seed"
    )


def _talks_at_ear_height(towards: Float64) -> bool:
    """Return whether a talker is neither too near nor too high or low: `towards` (3,), m, from the ears."""
    away = math.hypot(towards[0], towards[2])
    return away >= LEAST_DISTANCE and abs(math.degrees(math.atan2(towards[1], away))) <= HIGHEST


def _listen(home: Home, place: Place, headings: Float64, dry: Audio, seed: int) -> Audio:
    """Return what the ears hear of `dry` (samples,) while the head is turned to `headings` (samples,)."""
    passed = headings_passed(headings)
    traced = home.responses(place.head, place.talker[None], passed, seed, "turn/sound")
    responses = mix(traced.direct[0], traced.indirect[0], RATIO)
    return heard_while_turning(dry, headings, responses, LEAD)


def speech_of(corpus: Corpus, samples: int, rng: np.random.Generator) -> tuple[Audio, tuple[str, ...]]:
    """Return `samples` of one random speaker of `corpus` at `LEVEL`, and the utterances spoken, repeated if too few."""
    first = int(rng.integers(len(corpus.clips)))
    own = [k for k, clip in enumerate(corpus.clips) if clip.speaker == corpus.clips[first].speaker and k != first]
    spoken, names = corpus.load(first), [corpus.clips[first].clip_id]
    for k in rng.permutation(own) if own else ():
        if len(spoken) >= samples:
            break
        spoken = np.concatenate([spoken, corpus.load(int(k))])
        names.append(corpus.clips[int(k)].clip_id)
    whole = np.resize(spoken, samples)
    rms = joint_rms(whole[None])
    return np.asarray(np.clip(whole * np.float32(LEVEL / rms), -1, 1), dtype=np.float32), tuple(names)
