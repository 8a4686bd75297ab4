"""Panoramas of homes with objects all around that sound in turn: what a camera that follows the sound is scored on.

A row is one clip of 12 s from a camera that stays in one place: an equirectangular picture, the mixture of all sounds,
and for every frame of half a second which object sounds. Senocak et al. (2019) panned 360-degree videos by their maps
and could only ask people how well; here the direction of what sounds is known. The homes are none of those that
`sounding-objects` has at the same seed, so every clip is a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE
from ..digests import generator_for
from ..errors import InputError
from .corpora import Corpus
from .dataset import Elsewhere
from .home import TracedHome
from .scenes.joined import joined
from .scenes.opening import PROCEDURAL, SceneSource, open_scenes
from .shards import Field, Layout
from .sounding.clips import Clip, Clips
from .sounding.models import draw_models
from .sounding.profiles import PROFILES
from .sounding.quiet_home import open_quiet_home
from .sounding.surroundings import Surroundings, surround
from .sounding.timeline import FRAME_SECONDS, TURN_SECONDS, timeline
from .sounding.voices import open_voices, reopen_voices
from .sounds import KINDS, RECIPE, Sounds
from .sources import Recorded
from .sphere import render_panorama

PRESETS = {"tiny": (6, 1), "small": (40, 1), "paper": (200, 5)}
"""Number of homes, and of clips per home, by preset."""
OBJECTS = 4
SECONDS = OBJECTS * TURN_SECONDS
SAMPLES, FRAMES = round(SECONDS * SAMPLE_RATE), round(SECONDS / FRAME_SECONDS)
HEIGHT, WIDTH = 480, 960
"""Pixels of a panorama, as in the paper."""
LEAST_PIXELS = 200
"""Least number of pixels that an object shows."""
MOST_ROWS_PER_SHARD = 4
OTHER_HOMES = 1_000_000_007
"""Added to the seed, so that homes and sounds are others than those of `sounding-objects`."""
_TRIES = 20


class PanningRecipe(BaseModel):
    """Everything that affects the bytes of a panning dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(ge=0)
    scenes: str
    """Digest of the homes."""
    scene_names: tuple[str, ...]
    clips: int = Setting(ge=1)
    """Per home."""
    speech: str
    """Digest of the dry speech."""
    sounds: str
    """Digest of the recordings, empty if all sounds are synthesised."""
    synthesis: int = RECIPE
    """Version of the synthesised sounds."""


def _fields() -> tuple[Field, ...]:
    pixels, source = ("row", "column"), ("source",)
    degrees, metres, seconds = ({"units": unit} for unit in ("degrees", "m", "s"))
    heard = {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768}
    return (
        Field("image", "uint8", "equirectangular, sRGB", (HEIGHT, WIDTH, 3), (*pixels, "channel"), None, 1),
        Field("mask", "uint8", "1 + k where it shows object k, else 0", (HEIGHT, WIDTH), pixels, None, 1),
        Field("mixture", "int16", "the sum of all sounds; divide by 32768", (SAMPLES,), ("sample",), heard, 1),
        Field(
            "sounding",
            "int16",
            "source that is loudest in each frame, -1 for none",
            (FRAMES,),
            ("frame",),
            {"frame_seconds": FRAME_SECONDS},
        ),
        Field("category", "int16", "kind of each source, index into `categories`", (OBJECTS,), source),
        Field("azimuth", "float64", "of each source, 0 ahead, left positive", (OBJECTS,), source, degrees),
        Field("elevation", "float64", "of each source from the ears, up positive", (OBJECTS,), source, degrees),
        Field("distance", "float64", "from each source to the ears", (OBJECTS,), source, metres),
        Field("start", "float64", "when each source starts", (OBJECTS,), source, seconds),
        Field("stop", "float64", "when each source stops", (OBJECTS,), source, seconds),
        Field("sound_id", "str", "identity of each dry sound", (OBJECTS,), source),
        Field("speaker", "str", "who speaks, empty otherwise", (OBJECTS,), source),
        Field("sample_id", "str", "name of the clip"),
        Field("scene", "str", "home"),
    )


class _Scenery(NamedTuple):
    """A panorama with its mask, the kinds of its objects, and where they are."""

    kinds: list[str]
    around: Surroundings
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PanningPlan:
    """Renders any clip of a panning dataset."""

    settings: PanningRecipe
    scenes: SceneSource
    speech: Corpus
    recordings: Sounds | None
    dataset: str = field(default="panning", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Kinds of objects, engines, scenes and speech."""
        engine = {"name": "native", "renderer": "native"}
        scenes = {"location": self.scenes.location, "licence": self.scenes.licence}
        return {"categories": list(KINDS), "engine": engine, "scenes": scenes, **self.clips.provenance}

    @property
    def layout(self) -> Layout:
        """One row per clip, home by home; a shard holds clips of one home only."""
        homes, clips = len(self.settings.scene_names), self.settings.clips
        return Layout.by_home("clip", homes, clips, MOST_ROWS_PER_SHARD, _fields())

    @cached_property
    def clips(self) -> Clips:
        """The dry sounds."""
        return Clips(self._seed, self.speech, self.recordings)

    @property
    def _seed(self) -> int:
        return self.settings.seed + OTHER_HOMES

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, clip = divmod(row, self.settings.clips)
        name = self.settings.scene_names[number]
        sample_id = f"{name}/{clip:05d}"
        rng = generator_for(self._seed, f"panning/{sample_id}")
        scenery = self._scenery(open_quiet_home(self.scenes, number), rng)
        azimuth, elevation, distance = scenery.around.directions
        return {
            "image": scenery.image,
            "mask": scenery.mask,
            "category": np.array([KINDS.index(kind) for kind in scenery.kinds]),
            "azimuth": azimuth,
            "elevation": elevation,
            "distance": distance,
            **self._sounds(scenery.kinds, distance, sample_id, rng),
            "sample_id": sample_id,
            "scene": name,
        }

    def _scenery(self, home: TracedHome, rng: np.random.Generator) -> _Scenery:
        """Return a panorama of `home`; raises InputError if objects find no place in it."""
        first = len(home.scene.instance_names)
        for _ in range(_TRIES):
            kinds = [KINDS[k] for k in rng.choice(len(KINDS), OBJECTS, replace=False)]
            models, table = draw_models(kinds, self._seed, rng)
            around = surround(home, models, table, PROFILES["decorrelated"], rng)
            if around is None:
                continue
            image, instance = render_panorama(joined(home.scene, around.scene), around.eye, around.heading, HEIGHT)
            shown = (instance >= first) & (instance < first + OBJECTS)
            mask = np.where(shown, instance - first + 1, 0).astype(np.uint8)
            if np.bincount(mask.ravel(), minlength=OBJECTS + 1).min() >= LEAST_PIXELS:
                return _Scenery(kinds, around, image, mask)
        raise InputError(f"home {home.name}: no place for objects in {_TRIES} tries: repeat with another --seed")

    def _sounds(
        self, kinds: list[str], distance: npt.NDArray[np.float64], sample_id: str, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return the mixture, what sounds when, and whose the sounds are."""
        clips: list[Clip] = [self.clips.clip(kind, "test", f"{sample_id}/{k}") for k, kind in enumerate(kinds)]
        turns = timeline([clip.samples / 32768 for clip in clips], distance, rng)
        return {
            "mixture": np.rint(turns.mixture * 32767).astype(np.int16),
            "sounding": turns.sounding,
            "start": turns.start,
            "stop": turns.stop,
            "sound_id": np.array([clip.sound_id for clip in clips], dtype=object),
            "speaker": np.array([clip.speaker for clip in clips], dtype=object),
        }


def plan_panning(
    *, homes: int, clips: int, speech: str | None = None, sounds: str | None = None, seed: int = 0
) -> PanningPlan:
    """Return the plan of a dataset with `clips` clips in each of `homes` procedural homes.

    `speech` and `sounds` are as in `plan_sounding_objects`. Raises InputError for those that cannot be used.
    """
    scenes = open_scenes(PROCEDURAL, count=homes, seed=seed + OTHER_HOMES)
    corpus, recordings = open_voices(speech, sounds, seed)
    recipe = PanningRecipe(
        seed=seed,
        scenes=scenes.digest,
        scene_names=scenes.names,
        clips=clips,
        speech=corpus.digest,
        sounds="" if recordings is None else recordings.digest,
    )
    return PanningPlan(recipe, scenes, corpus, recordings)


def replan(dataset: Recorded, elsewhere: Elsewhere) -> PanningPlan:
    """Return the plan that made `dataset`; raises InputError if its speech or recordings are missing or changed."""
    recipe = PanningRecipe(**dataset.recipe)
    if recipe.synthesis != RECIPE:
        raise InputError(f"{dataset.url} was made by another version of the synthesised sounds: generate it again")
    scenes = open_scenes(PROCEDURAL, count=len(recipe.scene_names), seed=recipe.seed + OTHER_HOMES)
    if scenes.digest != recipe.scenes:
        raise InputError(f"{dataset.url} was made by another version of the homes: generate it again")
    corpus, recordings = reopen_voices(dataset, elsewhere, speech=recipe.speech, sounds=recipe.sounds, seed=recipe.seed)
    return PanningPlan(recipe, scenes, corpus, recordings)
