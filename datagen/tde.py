"""TDE-Simulation: speech in three rooms at two microphones, with exact time delays (StereoCRW, App. B).

There are two protocols. `paper` follows the published generator: whole degrees, one random stream that restarts for
every room and RT60, and each utterance once (a smaller corpus is reused, each time starting one second later). The
default, `independent`, draws azimuth, distance and speech independently for every clip and removes rumble.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ..conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..digests import generator_for
from ..errors import InputError
from . import stereo
from .acoustics.auralize import auralize
from .acoustics.shoebox import LEAD, Engine, ShoeboxRoom, impulse_responses, sabine_inversion
from .corpora import Corpus, open_corpus, reopen_corpus
from .corpora.holdout import Speakers
from .dataset import Elsewhere
from .shards import Layout
from .sources import Recorded
from .utterances import Utterances, unchanged

Protocol = Literal["independent", "paper"]
TdeEngine = Engine | Literal["lattice-gpu"]
"""The last renders a shard at a time on a GPU, by `acoustics.batched_lattice`: close to `lattice`, not equal."""
PAPER_SEED = 2021
PAPER_START = 0.1  # seconds into the simulated file
MINIMUM_SECONDS = 1.5  # of dry speech, the limit of the published test list
SHORTEST_PAPER_SECONDS = 0.2  # below the published limit, because skipped utterances still use up a draw
RT60_LABELS = (0.1, 0.3, 0.5, 0.7, 0.9)
PRESETS = {"tiny": 8, "small": 100, "paper": 2100}
"""Clips per room and RT60, by preset."""


@dataclass(frozen=True)
class TdeRoom:
    """A room in Table 11 of StereoCRW: its size and its two microphones, in metres."""

    dimensions: tuple[float, float, float]
    left: tuple[float, float, float]
    right: tuple[float, float, float]

    @property
    def microphones(self) -> npt.NDArray[np.float64]:
        """Left and right microphone, (2, 3)."""
        return np.array([self.left, self.right])

    def source_position(self, azimuth: float, distance: float) -> npt.NDArray[np.float64]:
        """Return the source (3,) at `azimuth` degrees (positive left) and `distance` m from the centre of the array.

        The array faces perpendicular to its axis, with the left microphone on its left.
        """
        left, right = self.microphones
        across = left - right
        facing = math.atan2(-across[0], across[1])
        angle = facing + math.radians(azimuth)
        centre = (left + right) / 2
        return np.asarray(centre + distance * np.array([math.cos(angle), math.sin(angle), 0.0]))

    def interaural_time_difference(self, source: npt.NDArray[np.float64]) -> float:
        """Return t_right - t_left (s) for `source` (3,): the exact path difference over 343 m/s."""
        to_left, to_right = np.linalg.norm(self.microphones - source, axis=1)
        return float(to_right - to_left) / SPEED_OF_SOUND


ROOMS = {
    "room1": TdeRoom((7.0, 6.0, 3.0), (3.4, 1.0, 1.6), (3.7, 1.0, 1.6)),
    "room2": TdeRoom((4.0, 7.0, 2.8), (0.2, 3.2, 1.7), (0.2, 3.0, 1.7)),
    "room3": TdeRoom((7.0, 7.0, 2.7), (3.4, 3.1, 1.5), (3.5, 2.9, 1.5)),
}


class TdeRecipe(BaseModel):
    """Everything that affects the bytes of a TDE-Simulation dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    protocol: Protocol = "independent"
    engine: TdeEngine = "lattice"
    clips: int = Field(default=100, ge=1)
    """Per room and RT60."""
    rt60: tuple[float, ...] = Field(default=RT60_LABELS, min_length=1)
    speakers: Speakers = "all"
    corpus: str
    """Digest of the dry speech."""
    rows_per_shard: int = Field(default=50, ge=1)


@dataclass(frozen=True)
class Placement:
    """The parameters of one clip, before rendering."""

    room: str
    rt60_nominal: float
    number: int
    azimuth: float
    distance: float
    utterance: int
    start: int
    """Sample of the simulated file at which the clip begins."""

    @property
    def sample_id(self) -> str:
        """Name of the clip, which seeds everything random about it."""
        return f"{self.room}/rt60-{self.rt60_nominal:g}/{self.number:05d}"

    @property
    def source(self) -> npt.NDArray[np.float64]:
        """Where the source is, (3,) in metres."""
        return ROOMS[self.room].source_position(self.azimuth, self.distance)

    @property
    def geometry(self) -> tuple[ShoeboxRoom, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The room with its walls, the source (3,) and the microphones (2, 3)."""
        room = ROOMS[self.room]
        absorption, order = sabine_inversion(self.rt60_nominal / 1.4, room.dimensions)
        return ShoeboxRoom(room.dimensions, (absorption,) * 6, order), self.source, room.microphones


Placed = tuple[Placement, npt.NDArray[np.float32]]


@lru_cache(maxsize=8)
def paper_stream(seed: int, count: int) -> tuple[tuple[int, float], ...]:
    """Return the (angle, distance) pairs of the published generator, angle in degrees and positive to the RIGHT.

    NumPy's legacy generator, reseeded for every room and RT60, draws an integer in -90..90 and a distance in 0.5..3 m
    for each clip.
    """
    stream = np.random.RandomState(seed)
    return tuple((int(stream.randint(-90, 91)), float(stream.uniform(0.5, 3.0))) for _ in range(count))


@dataclass(frozen=True)
class TdePlan:
    """Renders any clip of a TDE-Simulation dataset."""

    settings: TdeRecipe
    corpus: Corpus
    dataset: str = field(default="tde", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values; `speakers` is absent if it is `all`, as in older datasets."""
        return self.settings.model_dump(mode="json", exclude={"speakers"} if self.settings.speakers == "all" else None)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Engine, its settings, and the speech."""
        engine = {"name": self.settings.engine, "high_pass": False, "speed_of_sound": SPEED_OF_SOUND}
        engine |= {"exact": False} if self.settings.engine == "lattice-gpu" else {}
        high_pass = stereo.RUMBLE_HZ if self.settings.protocol == "independent" else None
        return {"engine": engine, "speech": {**stereo.describe_corpus(self.corpus), "high_pass_hz": high_pass}}

    @property
    def layout(self) -> Layout:
        """One row per clip; rooms and RT60 vary fastest, so that any leading part of a dataset is balanced."""
        return stereo.layout(len(self._clips) * len(self.settings.rt60), self.settings.rows_per_shard)

    @cached_property
    def _clips(self) -> list[tuple[str, int]]:
        """Room and number of every clip, except those with an utterance below the published limit."""
        clips = [(room, number) for number in range(self.settings.clips) for room in ROOMS]
        if self.settings.protocol == "independent":
            return clips
        shortest = MINIMUM_SECONDS * SAMPLE_RATE
        return [c for c in clips if self.corpus.clips[self._paper_utterance(*c)].samples >= shortest]

    @cached_property
    def _speech(self) -> Utterances:
        """The corpus as it is emitted, without rumble unless the protocol is `paper`."""
        return Utterances(self.corpus, unchanged if self.settings.protocol == "paper" else stereo.without_rumble)

    @cached_property
    def _thirds(self) -> dict[str, list[int]]:
        """The corpus in the published order, a third per room: sorted by path, shuffled by Python's generator."""
        order = list(range(len(self.corpus.clips)))
        random.Random(self.settings.seed).shuffle(order)
        size = max(len(order) // len(ROOMS), 1)
        return {room: order[k * size : (k + 1) * size] or order for k, room in enumerate(ROOMS)}

    def _paper_utterance(self, room: str, number: int) -> int:
        third = self._thirds[room]
        return third[number % len(third)]

    def placement(self, row: int) -> Placed:
        """Return the placement of row `row` and its dry utterance (samples,)."""
        (room, number), rt60 = self._clips[row // len(self.settings.rt60)], row % len(self.settings.rt60)
        if self.settings.protocol == "paper":
            return self._paper_placement(room, number, self.settings.rt60[rt60])
        return self._independent_placement(room, number, self.settings.rt60[rt60])

    def _paper_placement(self, room: str, number: int, rt60: float) -> Placed:
        angle, distance = paper_stream(self.settings.seed, self.settings.clips)[number]
        utterance = self._paper_utterance(room, number)
        seconds = self.corpus.clips[utterance].samples / SAMPLE_RATE
        turn = number // len(self._thirds[room]) % (int(seconds - 1 - PAPER_START) + 1)
        start = round((PAPER_START + turn) * SAMPLE_RATE)
        placed = Placement(room, rt60, number, float(-angle), distance, utterance, start)
        return placed, self._speech.load(utterance)

    def _independent_placement(self, room: str, number: int, rt60: float) -> Placed:
        sample_id = Placement(room, rt60, number, 0.0, 0.0, 0, 0).sample_id
        rng = generator_for(self.settings.seed, sample_id)
        azimuth, distance = rng.uniform(-90.0, 90.0), rng.uniform(0.5, 3.0)
        utterance = int(rng.integers(len(self.corpus.clips)))
        dry = self._speech.load(utterance)
        return Placement(room, rt60, number, azimuth, distance, utterance, stereo.spoken_start(dry, rng)), dry

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        return self._together([row])[0]

    def render_rows(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Return every field of each of `rows`, rendered together on a GPU and one by one otherwise."""
        return self._together(rows) if self.settings.engine == "lattice-gpu" else [self.render(row) for row in rows]

    def _together(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        placements = [self.placement(row) for row in rows]
        responses = self._responses([placed for placed, _ in placements])
        return [self._fields(*one, heard) for one, heard in zip(placements, responses, strict=True)]

    def _responses(self, placements: Sequence[Placement]) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the responses of each of `placements`, (2, taps)."""
        engine = self.settings.engine
        if engine != "lattice-gpu":
            return (impulse_responses(*placed.geometry, engine=engine) for placed in placements)
        from .acoustics import batched_sound

        together = batched_sound.impulse_responses(
            *zip(*(placed.geometry for placed in placements), strict=True), device=gpu()
        )
        return iter(together.cpu().numpy())

    def _fields(
        self, placed: Placement, dry: npt.NDArray[np.float32], responses: npt.NDArray[np.float32]
    ) -> dict[str, Any]:
        room, source = ROOMS[placed.room], placed.source
        paths = np.linalg.norm(room.microphones - source, axis=1)
        return {
            "audio": self._clip_audio(dry, responses, placed.start),
            "interaural_time_difference": room.interaural_time_difference(source),
            "azimuth": placed.azimuth,
            "distance": placed.distance,
            "room": placed.room,
            "rt60_nominal": placed.rt60_nominal,
            "source_position": source,
            "microphone_position": room.microphones,
            "sample_id": placed.sample_id,
            **stereo.measured_fields(responses, LEAD + paths / SPEED_OF_SOUND * SAMPLE_RATE),
            **stereo.speech_fields(self.corpus.clips[placed.utterance], placed.start),
        }

    def _clip_audio(
        self, dry: npt.NDArray[np.float32], responses: npt.NDArray[np.float32], start: int
    ) -> npt.NDArray[np.int16]:
        """Return one second, int16 (2, 16000); in the paper protocol scaled by the whole simulated file."""
        if self.settings.protocol == "independent":
            return stereo.as_int16(auralize(dry, responses, start, stereo.CLIP_SAMPLES, LEAD))
        whole = auralize(dry, responses, 0, dry.size + responses.shape[1], LEAD)
        return stereo.as_int16(whole)[:, start : start + stereo.CLIP_SAMPLES]


def plan_tde(
    speech: str | None,
    *,
    clips: int,
    rt60: tuple[float, ...] | None = None,
    protocol: Protocol = "independent",
    engine: TdeEngine = "lattice",
    seed: int | None = None,
    speakers: Speakers = "all",
    speaker_level: int | None = None,
) -> TdePlan:
    """Return the plan of a dataset with `clips` clips per room and RT60 label (s), from the dry `speech`.

    `speech` is a folder, `espeak` or None, or `librispeech[:SUBSET]`. `seed` defaults to the published 2021 in the
    paper protocol, to 0 otherwise. `speakers` may be one part of them, such as `test` (see `corpora.holdout`);
    `speaker_level` is that of `open_corpus`. Raises InputError for invalid labels, a corpus without long enough
    utterances, or the engine `lattice-gpu` where torch has no GPU.
    """
    if engine == "lattice-gpu":
        gpu()
    paper = protocol == "paper"
    labels = check_rt60(rt60 or RT60_LABELS)
    seed = (PAPER_SEED if paper else 0) if seed is None else seed
    least = _least_seconds(protocol)
    corpus = open_corpus(
        speech, minimum_seconds=least, seed=seed, count=3 * clips, speakers=speakers, speaker_level=speaker_level
    )
    recipe = TdeRecipe(
        seed=seed,
        protocol=protocol,
        engine=engine,
        clips=clips,
        rt60=labels,
        speakers=speakers,
        corpus=corpus.digest,
    )
    plan = TdePlan(recipe, corpus)
    if plan.layout.rows == 0:
        raise InputError(f"{corpus.location}: every utterance is shorter than {MINIMUM_SECONDS} s")
    return plan


def gpu() -> str:
    """Return the name of the GPU that the engine `lattice-gpu` runs on; raises InputError without one."""
    from .acoustics.batched_sound import usable

    try:
        return str(usable("cuda"))
    except InputError as error:
        raise InputError(
            f"engine lattice-gpu: torch has no GPU here ({error}); leave --engine out, or verify with --rerender 0"
        ) from None


def check_rt60(labels: tuple[float, ...]) -> tuple[float, ...]:
    """Return RT60 `labels` (s); raises InputError unless they differ and are from 0 to 2."""
    if not all(0 <= label <= 2 for label in labels) or len(set(labels)) != len(labels):
        raise InputError(f"rt60={', '.join(map(str, labels))} s: expected different values from 0 to 2")
    return labels


def replan(dataset: Recorded, elsewhere: Elsewhere) -> TdePlan:
    """Return the plan that made `dataset`; raises InputError if its speech is missing or changed."""
    recipe, recorded = TdeRecipe(**dataset.recipe), dataset.attributes.get("speech", {})
    corpus = reopen_corpus(
        recorded,
        elsewhere.get("speech"),
        expected=recipe.corpus,
        minimum_seconds=_least_seconds(recipe.protocol),
        seed=recipe.seed,
        count=3 * recipe.clips,
        speakers=recipe.speakers,
    )
    return TdePlan(recipe, corpus)


def _least_seconds(protocol: Protocol) -> float:
    """Return the length (s) of the shortest utterance that `protocol` uses."""
    return SHORTEST_PAPER_SECONDS if protocol == "paper" else MINIMUM_SECONDS
