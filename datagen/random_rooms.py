"""Random rooms: stereo speech in thousands of rooms, with exact time delays, to train on.

Every clip has a room, an array, a source and speech of its own: the room's size, the absorption of each wall, the
distance between the microphones, their place and heading are all drawn. The three rooms of TDE-Simulation never occur,
nor does a speaker of the part `test` (see `corpora.holdout`); speakers of the part `val` are kept for validation.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SPEED_OF_SOUND
from ..digests import generator_for
from . import stereo
from .acoustics.auralize import auralize
from .acoustics.shoebox import LEAD, ShoeboxRoom, impulse_responses, sabine_inversion
from .corpora import Clip, Corpus, open_corpus, reopen_corpus
from .corpora.holdout import spoken_by
from .dataset import Elsewhere
from .shards import Field, Layout
from .sources import Recorded
from .tde import MINIMUM_SECONDS, ROOMS, TdeRoom
from .utterances import Utterances

PRESETS = {"tiny": (2_000, 1_000), "small": (40_000, 2_000), "paper": (200_000, 5_000)}
"""Clips for training and for validation, by preset."""

SMALLEST, LARGEST = np.array([3.0, 3.0, 2.4]), np.array([10.0, 10.0, 4.0])
SPACING = (0.1, 0.4)
LONGEST_SABINE = 0.8
"""Largest target (s) of Sabine's formula: what TDE-Simulation calls an RT60 of 1.1 s."""
ANECHOIC_SHARE = 0.05
RUMBLING_SHARE = 0.5
"""Share of clips that keep the rumble below 50 Hz of their recording."""
TOO_ALIKE = 0.1
"""A room whose every side is this close (m) to that of a test room is drawn again."""

_FIELDS = (
    Field("rt60_sabine", "float64", "handed to Sabine's formula; 0: anechoic", attributes={"units": "s"}),
    Field("absorption", "float64", "energy share lost at each wall", (6,), ("wall",)),
    Field("room_dimensions", "float64", "size of the room", (3,), ("axis",), {"units": "m"}),
    Field("spacing", "float64", "distance between the microphones", attributes={"units": "m"}),
    Field("split", "str", "train or val, by speaker"),
)


class RandomRoomsRecipe(BaseModel):
    """Everything that affects the bytes of a set of random rooms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(default=0, ge=0)
    train_clips: int = Setting(ge=1)
    val_clips: int = Setting(ge=1)
    corpus: str
    """Digest of the dry sounds."""
    rows_per_shard: int = Setting(default=100, ge=1)


@dataclass(frozen=True)
class Scene:
    """A random room with its array and source: `walls` is the room, `array` the room with its microphones."""

    walls: ShoeboxRoom
    array: TdeRoom
    source: npt.NDArray[np.float64]
    azimuth: float
    distance: float
    rt60_sabine: float

    @property
    def spacing(self) -> float:
        """Distance between the microphones, m."""
        left, right = self.array.microphones
        return float(np.linalg.norm(left - right, axis=-1))


def draw_scene(rng: np.random.Generator) -> Scene:
    """Return a random room with an array and a source in front of it, all inside the room."""
    while True:
        size = rng.uniform(SMALLEST, LARGEST)
        if any(np.abs(size - np.array(room.dimensions)).max() < TOO_ALIKE for room in ROOMS.values()):
            continue
        array = _draw_array(size, rng)
        azimuth, distance = rng.uniform(-90.0, 90.0), rng.uniform(0.5, 3.0)
        source = array.source_position(azimuth, distance) + np.array([0.0, 0.0, rng.normal(0.0, 0.1)])
        if ((source > 0.1) & (source < size - 0.1)).all():
            walls, rt60 = _draw_walls(array.dimensions, rng)
            return Scene(walls, array, source, azimuth, distance, rt60)


def _draw_array(size: npt.NDArray[np.float64], rng: np.random.Generator) -> TdeRoom:
    """Return two microphones at one height, anywhere in a room of `size` (3,) but 5 cm from its walls."""
    heading, half = rng.uniform(0.0, 2 * math.pi), rng.uniform(*SPACING) / 2
    centre = np.array([*rng.uniform(0.25, size[:2] - 0.25), rng.uniform(1.0, 1.8)])
    across = half * np.array([math.cos(heading), math.sin(heading), 0.0])
    sides = [tuple(map(float, point)) for point in (size, centre + across, centre - across)]
    return TdeRoom(*((x, y, z) for x, y, z in sides))


def _draw_walls(dimensions: tuple[float, float, float], rng: np.random.Generator) -> tuple[ShoeboxRoom, float]:
    """Return the room with six different walls, and the reverberation time (s) handed to Sabine's formula."""
    rt60 = 0.0 if rng.random() < ANECHOIC_SHARE else float(rng.uniform(0.05, LONGEST_SABINE))
    mean, order = sabine_inversion(rt60, dimensions)
    factors = rng.uniform(0.5, 1.5, 6)
    a, b, c, d, e, f = np.clip(mean * factors, 0.02, 0.999).tolist()
    return ShoeboxRoom(dimensions, (a, b, c, d, e, f), order), rt60


@dataclass(frozen=True, eq=False)
class Utterance:
    """Dry speech (samples,) in a random room: the `clip` of the corpus and the sample at which what is heard begins."""

    sample_id: str
    scene: Scene
    clip: Clip
    dry: npt.NDArray[np.float32]
    start: int


@dataclass(frozen=True)
class RandomRoomsPlan:
    """Renders any clip of a set of random rooms."""

    settings: RandomRoomsRecipe
    corpus: Corpus
    dataset: str = field(default="random-rooms", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Engine and sounds."""
        engine = {"name": "lattice", "high_pass": False, "speed_of_sound": SPEED_OF_SOUND}
        heard = {split: len({clip.speaker for clip in corpus.clips}) for split, corpus in self.voices.items()}
        return {"engine": engine, "speech": {**stereo.describe_corpus(self.corpus), "speakers_heard": heard}}

    @property
    def layout(self) -> Layout:
        """One row per clip, training before validation."""
        rows = self.settings.train_clips + self.settings.val_clips
        return Layout("clip", rows, self.settings.rows_per_shard, (*stereo.LABELLED_AUDIO, *stereo.SPEECH, *_FIELDS))

    @cached_property
    def voices(self) -> dict[str, Corpus]:
        """The sounds of each split."""
        return {"train": spoken_by(self.corpus, "train"), "val": spoken_by(self.corpus, "val")}

    @cached_property
    def _speech(self) -> dict[str, Utterances]:
        return {split: Utterances(corpus) for split, corpus in self.voices.items()}

    def draw(self, split: str, number: int) -> Utterance:
        """Return what is said and where, for clip `number` of `split`, which may lie beyond those of the set."""
        sample_id = f"{split}/{number:06d}"
        rng = generator_for(self.settings.seed, sample_id)
        scene, corpus = draw_scene(rng), self.voices[split]
        utterance = int(rng.integers(len(corpus.clips)))
        dry = self._speech[split].load(utterance)
        dry = dry if rng.random() < RUMBLING_SHARE else stereo.without_rumble(dry)
        return Utterance(sample_id, scene, corpus.clips[utterance], dry, stereo.spoken_start(dry, rng))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        trains = row < self.settings.train_clips
        split, number = ("train", row) if trains else ("val", row - self.settings.train_clips)
        said = self.draw(split, number)
        scene = said.scene
        responses = impulse_responses(scene.walls, scene.source, scene.array.microphones)
        return {
            "audio": stereo.as_int16(auralize(said.dry, responses, said.start, stereo.CLIP_SAMPLES, LEAD)),
            "sample_id": said.sample_id,
            "interaural_time_difference": scene.array.interaural_time_difference(scene.source),
            "azimuth": scene.azimuth,
            "distance": scene.distance,
            "room": "random",
            "rt60_sabine": scene.rt60_sabine,
            "absorption": scene.walls.absorption,
            "room_dimensions": scene.array.dimensions,
            "spacing": scene.spacing,
            "split": split,
            **stereo.speech_fields(said.clip, said.start),
        }


def plan_random_rooms(
    speech: str | None, *, train_clips: int, val_clips: int, seed: int = 0, speaker_level: int | None = None
) -> RandomRoomsPlan:
    """Return the plan of a set of random rooms with sounds of `speech` (see `open_corpus`).

    Raises InputError if no speaker is left for training or for validation.
    """
    corpus = open_corpus(speech, minimum_seconds=MINIMUM_SECONDS, seed=seed, speaker_level=speaker_level)
    recipe = RandomRoomsRecipe(seed=seed, train_clips=train_clips, val_clips=val_clips, corpus=corpus.digest)
    plan = RandomRoomsPlan(recipe, corpus)
    spoken_by(corpus, "train"), spoken_by(corpus, "val")
    return plan


def replan(dataset: Recorded, elsewhere: Elsewhere) -> RandomRoomsPlan:
    """Return the plan that made `dataset`; raises InputError if its sounds are missing or changed."""
    recipe, recorded = RandomRoomsRecipe(**dataset.recipe), dataset.attributes.get("speech", {})
    corpus = reopen_corpus(
        recorded,
        elsewhere.get("speech"),
        expected=recipe.corpus,
        minimum_seconds=MINIMUM_SECONDS,
        seed=recipe.seed,
        count=recorded.get("clips"),
    )
    return RandomRoomsPlan(recipe, corpus)
