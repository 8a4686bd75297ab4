"""Two talkers in a room of TDE-Simulation, each stored by itself, with a clip by which either can be pointed at.

As in StereoCRW's visually guided set (Sec. 4.3), both talkers are at one distance from the array and in different
directions. They are stored as two stereo images, which are mixed when they are read. Another clip of each voice, dry
and mono, takes the place of the face.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..digests import generator_for
from ..errors import InputError
from . import stereo
from .acoustics.auralize import auralize
from .acoustics.shoebox import LEAD, Engine, ShoeboxRoom, impulse_responses, sabine_inversion
from .corpora import UNKNOWN, Corpus, open_corpus, reopen_corpus
from .corpora.holdout import Speakers
from .corpora.opening import ESPEAK_CLIPS
from .dataset import Elsewhere
from .shards import Field, Layout
from .sources import Recorded
from .tde import ROOMS, RT60_LABELS, check_rt60
from .utterances import Utterances

TALKERS = 2
CLIP_SAMPLES = round(1.2 * SAMPLE_RATE)
"""Length of both images: enough for the published 0.96 s and 512 votes."""
QUERY_SAMPLES = round(1.5 * SAMPLE_RATE)
LEAST_SECONDS = 1.55
"""Shortest utterance used: a query, and what resampling may round away."""
_EACH = ("talker",)
_BOTH_EARS = ("talker", "channel")

FIELDS = (
    Field(
        "audio",
        "int16",
        "each talker alone, left and right channel; divide by 32768",
        (TALKERS, 2, CLIP_SAMPLES),
        ("talker", "channel", "sample"),
        {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768},
        chunk_rows=5,
    ),
    Field(
        "query",
        "int16",
        "another clip of each voice, dry; divide by 32768",
        (TALKERS, QUERY_SAMPLES),
        ("talker", "sample"),
        {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768},
        chunk_rows=5,
    ),
    Field("sample_id", "str", "name of the row"),
    Field(
        "interaural_time_difference",
        "float64",
        "t_right - t_left of each talker, positive on the left",
        (TALKERS,),
        _EACH,
        {"units": "s"},
    ),
    Field("azimuth", "float64", "0 ahead, positive to the left", (TALKERS,), _EACH, {"units": "degrees"}),
    Field("distance", "float64", "either talker to the middle of the microphones", attributes={"units": "m"}),
    Field("room", "str", "room in which both talk"),
    Field("rt60_nominal", "float64", "label handed to Sabine's formula, divided by 1.4", attributes={"units": "s"}),
    Field("rt60", "float32", "realised, T30 fit", (TALKERS, 2), _BOTH_EARS, {"units": "s"}),
    Field("rt60_t20", "float32", "realised, T20 fit", (TALKERS, 2), _BOTH_EARS, {"units": "s"}),
    Field("direct_to_reverberant", "float32", "direct: up to 2.5 ms", (TALKERS, 2), _BOTH_EARS, {"units": "dB"}),
    Field("clarity_c50", "float32", "early: up to 50 ms", (TALKERS, 2), _BOTH_EARS, {"units": "dB"}),
    Field(
        "source_position", "float64", "in the room, from its corner", (TALKERS, 3), ("talker", "axis"), {"units": "m"}
    ),
    Field("microphone_position", "float64", "in the room", (2, 3), ("channel", "axis"), {"units": "m"}),
    Field("speaker", "str", "who talks", (TALKERS,), _EACH),
    Field("utterance", "str", "clip of the corpus that is heard", (TALKERS,), _EACH),
    Field(
        "utterance_start",
        "float64",
        "where it begins in the reverberant utterance",
        (TALKERS,),
        _EACH,
        {"units": "s"},
    ),
    Field("query_utterance", "str", "clip of the corpus that the query is cut from", (TALKERS,), _EACH),
)


class TalkersRecipe(BaseModel):
    """Everything that affects the bytes of a set of two talkers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(default=0, ge=0)
    engine: Engine = "lattice"
    clips: int = Setting(default=100, ge=1)
    """Per room and RT60."""
    rt60: tuple[float, ...] = Setting(default=RT60_LABELS, min_length=1)
    speakers: Speakers = "all"
    corpus: str
    """Digest of the dry speech."""
    rows_per_shard: int = Setting(default=50, ge=1)


@dataclass(frozen=True)
class Scene:
    """One row, before rendering: where both talkers stand, what they say, and what points at them.

    `utterances` and `queries` are clips of the corpus, one a talker; `azimuths` in degrees, `distance` in metres.
    """

    room: str
    rt60_nominal: float
    sample_id: str
    azimuths: tuple[float, float]
    distance: float
    utterances: tuple[int, int]
    queries: tuple[int, int]


@dataclass(frozen=True)
class TalkersPlan:
    """Renders any row of a set of two talkers."""

    settings: TalkersRecipe
    corpus: Corpus
    dataset: str = field(default="talkers", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Engine, its settings, and the speech."""
        engine = {"name": self.settings.engine, "high_pass": False, "speed_of_sound": SPEED_OF_SOUND}
        speech = {**stereo.describe_corpus(self.corpus), "high_pass_hz": stereo.RUMBLE_HZ}
        return {"engine": engine, "speech": speech}

    @property
    def layout(self) -> Layout:
        """One row per pair of talkers; rooms and RT60 vary fastest, so any leading part of a dataset is balanced."""
        rows = self.settings.clips * len(ROOMS) * len(self.settings.rt60)
        return Layout("clip", rows, self.settings.rows_per_shard, FIELDS)

    @cached_property
    def _speech(self) -> Utterances:
        return Utterances(self.corpus, stereo.without_rumble)

    @cached_property
    def clips_of(self) -> dict[str, list[int]]:
        """The clips of each known voice that has at least two; raises InputError for fewer than two such voices."""
        found: dict[str, list[int]] = {}
        for index, clip in enumerate(self.corpus.clips):
            if clip.known_by != UNKNOWN:
                found.setdefault(clip.speaker, []).append(index)
        several = {speaker: clips for speaker, clips in found.items() if len(clips) > 1}
        if len(several) < TALKERS:
            raise InputError(
                f"{self.corpus.location or self.corpus.kind}: {len(several)} known speakers have two clips or more; "
                "two talkers and a query for each need 2: give a folder for each speaker, espeak or librispeech"
            )
        return several

    def scene(self, row: int) -> Scene:
        """Return the scene of row `row`."""
        rest, rt60 = divmod(row, len(self.settings.rt60))
        number, room = divmod(rest, len(ROOMS))
        name, label = list(ROOMS)[room], self.settings.rt60[rt60]
        sample_id = f"{name}/rt60-{label:g}/{number:05d}"
        rng = generator_for(self.settings.seed, sample_id)
        first, second = map(float, rng.uniform(-90.0, 90.0, TALKERS))
        distance = float(rng.uniform(0.5, 3.0))
        voices = [list(self.clips_of.values())[k] for k in rng.choice(len(self.clips_of), TALKERS, replace=False)]
        (one, its_query), (other, other_query) = (map(int, rng.choice(clips, 2, replace=False)) for clips in voices)
        return Scene(name, label, sample_id, (first, second), distance, (one, other), (its_query, other_query))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        scene = self.scene(row)
        room = ROOMS[scene.room]
        rng = generator_for(self.settings.seed, f"start/{scene.sample_id}")
        heard = [self._talker(scene, k, rng) for k in range(TALKERS)]
        return {
            "query": [self._query(clip, rng) for clip in scene.queries],
            "sample_id": scene.sample_id,
            "distance": scene.distance,
            "room": scene.room,
            "rt60_nominal": scene.rt60_nominal,
            "microphone_position": room.microphones,
            "query_utterance": [self.corpus.clips[clip].clip_id for clip in scene.queries],
            **{name: np.array([one[name] for one in heard]) for name in heard[0]},
        }

    def _talker(self, scene: Scene, talker: int, rng: np.random.Generator) -> dict[str, Any]:
        """Return the fields of one talker."""
        room, utterance, azimuth = ROOMS[scene.room], scene.utterances[talker], scene.azimuths[talker]
        absorption, order = sabine_inversion(scene.rt60_nominal / 1.4, room.dimensions)
        source = room.source_position(azimuth, scene.distance)
        box = ShoeboxRoom(room.dimensions, (absorption,) * 6, order)
        responses = impulse_responses(box, source, room.microphones, engine=self.settings.engine)
        dry = self._speech.load(utterance)
        start = stereo.spoken_start(dry, rng, CLIP_SAMPLES)
        paths = np.linalg.norm(room.microphones - source, axis=1)
        return {
            "audio": stereo.as_int16(auralize(dry, responses, start, CLIP_SAMPLES, LEAD)),
            "interaural_time_difference": room.interaural_time_difference(source),
            "azimuth": azimuth,
            "source_position": source,
            **stereo.measured_fields(responses, LEAD + paths / SPEED_OF_SOUND * SAMPLE_RATE),
            **stereo.speech_fields(self.corpus.clips[utterance], start),
        }

    def _query(self, clip: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """Return a spoken part (samples,) of a dry clip of the corpus, at full scale."""
        dry = self._speech.load(clip)
        start = stereo.spoken_start(dry, rng, QUERY_SAMPLES)
        return stereo.as_int16(dry[start : start + QUERY_SAMPLES])


def plan_talkers(
    speech: str | None,
    *,
    clips: int,
    rt60: tuple[float, ...] | None = None,
    engine: Engine = "lattice",
    seed: int | None = None,
    speakers: Speakers = "all",
    speaker_level: int | None = None,
) -> TalkersPlan:
    """Return the plan of a set with `clips` rows per room and RT60 label (s), from the dry `speech`.

    The parameters are those of `plan_tde`. Raises InputError for invalid labels, or a corpus without two known speakers
    who have two clips each.
    """
    labels = check_rt60(rt60 or RT60_LABELS)
    corpus = _opened(speech, seed or 0, clips, speakers, speaker_level)
    recipe = TalkersRecipe(
        seed=seed or 0, engine=engine, clips=clips, rt60=labels, speakers=speakers, corpus=corpus.digest
    )
    plan = TalkersPlan(recipe, corpus)
    plan.clips_of  # noqa: B018  raises InputError at once
    return plan


def replan(dataset: Recorded, elsewhere: Elsewhere) -> TalkersPlan:
    """Return the plan that made `dataset`; raises InputError if its speech is missing or changed."""
    recipe, recorded = TalkersRecipe(**dataset.recipe), dataset.attributes.get("speech", {})
    corpus = reopen_corpus(
        recorded,
        elsewhere.get("speech"),
        expected=recipe.corpus,
        minimum_seconds=LEAST_SECONDS,
        seed=recipe.seed,
        count=_spoken_clips(recipe.clips),
        speakers=recipe.speakers,
    )
    return TalkersPlan(recipe, corpus)


def _opened(speech: str | None, seed: int, clips: int, speakers: Speakers, level: int | None) -> Corpus:
    count = _spoken_clips(clips)
    return open_corpus(
        speech, minimum_seconds=LEAST_SECONDS, seed=seed, count=count, speakers=speakers, speaker_level=level
    )


def _spoken_clips(clips: int) -> int:
    """Return how many clips espeak speaks: several a voice, and no fewer than the rooms need."""
    return max(ESPEAK_CLIPS, 2 * TALKERS * len(ROOMS) * clips)
