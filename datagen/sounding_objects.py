"""Pictures of homes with two or three objects that can sound, and what each sounds like.

A row is one picture. Its sources are the visible objects, one source out of view of a kind that is not in the picture,
and one out of view of the kind of a visible object. Truth is exact: visible pixels, box, direction and distance. In the
profile `decorrelated` neither place nor size nor kind tells which object sounds; `matched` has the areas and places of
VGG-SS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE
from ..digests import generator_for
from ..errors import InputError
from .acoustics.mesh import LEAD
from .cameras import PITCH_DEG, Camera
from .corpora import Corpus
from .corpora.holdout import Part
from .dataset import Elsewhere
from .hm3d_ss import split_scenes
from .home import TracedHome
from .raycast import View, render
from .scenes.frame import Frame, Up
from .scenes.joined import joined
from .scenes.opening import PROCEDURAL, SceneFiles, SceneSource, open_scenes
from .scenes.reading import as_recorded, judged
from .shards import Field, Layout
from .sounding.annotators import ANNOTATORS, simulated_boxes
from .sounding.arrangement import arrange, directions_from
from .sounding.boxes import box_of, share_of
from .sounding.clips import SAMPLES, SILENCE, Clip, Clips
from .sounding.found import find_view, open_found_home, require_things
from .sounding.masks import box_and_area, visible_mask
from .sounding.models import draw_models
from .sounding.outlook import Outlook
from .sounding.profiles import PROFILES, Profile, ProfileName
from .sounding.quiet_home import open_quiet_home
from .sounding.responses import RESPONSE_SAMPLES, direct_to_reverberant, responses
from .sounding.slots import OBJECTS, SOURCES, filled, in_slots
from .sounding.voices import open_voices, reopen_voices
from .sounds import KINDS, RECIPE, Sounds
from .sources import Recorded, place_of

Acoustics = Literal["dry", "room"]
PRESETS = {"tiny": (12, 2), "small": (100, 40), "paper": (1200, 120)}
"""Number of homes, and of pictures per home, by preset."""
MOST_ROWS_PER_SHARD = 25
_TRIES, _CAMERAS = 20, 3000
"""Arrangements of objects tried for a picture, and cameras tried in a scene file."""


FOUND: Literal["found"] = "found"
"""The profile of scenes from files: their own things sound, as large and where they are."""


class SoundingRecipe(BaseModel):
    """Everything that affects the bytes of a sounding-objects dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(ge=0)
    scenes: str
    """Digest of the homes."""
    scene_names: tuple[str, ...]
    pictures: int = Setting(ge=1)
    """Per home."""
    profile: ProfileName | Literal["found"]
    acoustics: Acoustics
    annotators: bool
    """Whether boxes of simulated annotators are stored."""
    speech: str
    """Digest of the dry speech."""
    sounds: str
    """Digest of the recordings, empty if all sounds are synthesised."""
    synthesis: int = RECIPE
    """Version of the synthesised sounds."""
    frames: Mapping[str, Frame] | None = None
    """Up axis and metres per unit of the scenes that deviate from the standard; None for generated homes."""


def sounding_fields(acoustics: Acoustics, annotators: bool) -> tuple[Field, ...]:
    """Return the arrays of a dataset."""
    drawn = Field(
        "annotator_box",
        "float32",
        f"boxes of simulated annotators, {_EDGES}",
        (ANNOTATORS, OBJECTS, 4),
        ("annotator", "object", "edge"),
    )
    return (*_seen(), *_heard(acoustics), *([drawn] if annotators else []), *_labels())


_EDGES = "[x0, y0, x1, y1], fractions of the picture, half-open"


def _seen() -> tuple[Field, ...]:
    camera = Camera()
    pixels = (camera.height, camera.width)
    seen = {"horizontal_field_of_view_deg": camera.horizontal_field_of_view, "pitch_deg": PITCH_DEG}
    return (
        Field("image", "uint8", "the picture, sRGB", (*pixels, 3), ("row", "column", "channel"), seen, 1),
        Field("mask", "uint8", "1 + k where the pixel shows object k, else 0", pixels, ("row", "column"), None, 1),
    )


def _heard(acoustics: Acoustics) -> tuple[Field, ...]:
    rate = {"sample_rate_hz": SAMPLE_RATE}
    scaled, shape = {**rate, "scale_factor": 1 / 32768}, (SOURCES, SAMPLES)
    about = "dry sound of each source; divide by 32768"
    dry = Field("dry", "int16", about, shape, ("source", "sample"), scaled, 1)
    response = Field(
        "impulse_response",
        "float32",
        "direct sound + 0.2 x reflections at the left and right ear, 1/(4 pi d); zero in an empty slot",
        (SOURCES, 2, RESPONSE_SAMPLES),
        ("source", "ear", "response_sample"),
        {**rate, "lead_samples": LEAD},
        1,
    )
    return (dry, response) if acoustics == "room" else (dry,)


def _labels() -> tuple[Field, ...]:
    source, degrees = ("source",), {"units": "degrees"}
    shown = "share of the picture that each object's visible pixels take"
    return (
        Field(
            "box", "float32", f"around the visible pixels of each object, {_EDGES}", (OBJECTS, 4), ("object", "edge")
        ),
        Field("area", "float32", shown, (OBJECTS,), ("object",)),
        Field("category", "int16", "kind of each source, index into `categories`; -1 if empty", (SOURCES,), source),
        Field("azimuth", "float64", "of each source, 0 ahead, left positive", (SOURCES,), source, degrees),
        Field("elevation", "float64", "of each source from the ears, up positive", (SOURCES,), source, degrees),
        Field("distance", "float64", "from each source to the ears", (SOURCES,), source, {"units": "m"}),
        Field("direct_to_reverberant", "float64", "mean of the ears, NaN if dry", (SOURCES,), source, {"units": "dB"}),
        Field("sound_id", "str", "identity of each dry sound", (SOURCES,), source),
        Field("speaker", "str", "who speaks, empty otherwise", (SOURCES,), source),
        Field("sample_id", "str", "name of the picture"),
        Field("scene", "str", "home"),
        Field("split", "str", "train, val or test, by home"),
    )


class Shot(NamedTuple):
    """A picture: its kinds, camera, `sources` (objects + 2, 3) m, what the camera saw, and the mask."""

    kinds: list[str]
    outlook: Outlook
    sources: npt.NDArray[np.float64]
    view: View
    mask: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SoundingPlan:
    """Renders any picture of a sounding-objects dataset."""

    settings: SoundingRecipe
    scenes: SceneSource
    speech: Corpus
    recordings: Sounds | None
    remarks: tuple[str, ...] = ()
    dataset: str = field(default="sounding-objects", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json", exclude_none=True)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Kinds of objects, engines, scenes and speech."""
        engine = {"name": "native", "renderer": "native"}
        scenes = {"location": self.scenes.location, "licence": self.scenes.licence}
        return {"categories": list(KINDS), "engine": engine, "scenes": scenes, **self.clips.provenance}

    @property
    def layout(self) -> Layout:
        """One row per picture, home by home; a shard holds pictures of one home only."""
        homes, pictures = len(self.settings.scene_names), self.settings.pictures
        fields = sounding_fields(self.settings.acoustics, self.settings.annotators)
        return Layout.by_home("picture", homes, pictures, MOST_ROWS_PER_SHARD, fields)

    @cached_property
    def clips(self) -> Clips:
        """The dry sounds."""
        return Clips(self.settings.seed, self.speech, self.recordings)

    @cached_property
    def _splits(self) -> dict[str, Part]:
        return split_scenes(self.settings.scene_names)

    def check(self) -> None:
        """Raise InputError that names all scene files without things that sound, or without a view of two of them."""
        faults: dict[str, str] = {}
        for number, name in enumerate(self.scenes.names if isinstance(self.scenes, SceneFiles) else ()):
            try:
                self._found(number, generator_for(self.settings.seed, f"{name}/00000"))
            except InputError as error:
                faults[name] = str(error)
        if faults:
            _, *others = faults
            raise InputError(next(iter(faults.values())) + (f"; likewise {', '.join(others)}" if others else ""))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, picture = divmod(row, self.settings.pictures)
        name = self.settings.scene_names[number]
        sample_id = f"{name}/{picture:05d}"
        rng = generator_for(self.settings.seed, sample_id)
        home, shot = self._arranged(number, rng) if self.settings.frames is None else self._found(number, rng)
        kinds = [*shot.kinds, *_unseen_kinds(shot.kinds, rng)]
        return {
            "image": shot.view.image,
            "mask": shot.mask,
            **self._boxes(shot, sample_id),
            "category": in_slots([KINDS.index(kind) for kind in kinds], -1),
            **self._directions(home, shot, sample_id),
            **self._sounds(kinds, self._splits[name], sample_id),
            "sample_id": sample_id,
            "scene": name,
            "split": self._splits[name],
        }

    def _found(self, number: int, rng: np.random.Generator) -> tuple[TracedHome, Shot]:
        """Return a picture of the things of a scene file; raises InputError if no camera sees two or three of them."""
        assert isinstance(self.scenes, SceneFiles)
        found = open_found_home(self.scenes, number)
        require_things(found, self.scenes.origin(number))
        seen = find_view(found, rng, _CAMERAS)
        if seen is None:
            kinds = ", ".join(sorted(set(found.kinds.values())))
            raise InputError(
                f"{self.scenes.origin(number)}: none of {_CAMERAS} cameras sees two or three different things that "
                f"sound ({kinds}) well and no other of these kinds: remove the scene"
            )
        own = [found.kinds[thing] for thing in seen.numbers]
        return found.home, Shot(own, seen.outlook, seen.sources, seen.view, seen.mask)

    def _arranged(self, number: int, rng: np.random.Generator) -> tuple[TracedHome, Shot]:
        """Return a picture of objects put into a home; raises InputError if nothing finds a place in it."""
        home, profile = open_quiet_home(self.scenes, number), PROFILES[cast(ProfileName, self.settings.profile)]
        first = len(home.scene.instance_names)
        for _ in range(_TRIES):
            kinds = [KINDS[k] for k in rng.choice(len(KINDS), int(rng.integers(2, OBJECTS + 1)), replace=False)]
            models, table = draw_models(kinds, self.settings.seed, rng)
            arrangement = arrange(home, models, table, profile, rng)
            if arrangement is None:
                continue
            outlook = arrangement.outlook
            view = render(joined(home.scene, arrangement.scene), outlook.eye, outlook.heading)
            mask = visible_mask(view.instance, first, len(kinds))
            if _is_fair(mask, len(kinds), profile):
                return home, Shot(kinds, outlook, arrangement.sources, view, mask)
        raise InputError(f"home {home.name}: no place for objects in {_TRIES} tries: repeat with another --seed")

    def _boxes(self, shot: Shot, sample_id: str) -> dict[str, Any]:
        """Return boxes and areas of the objects, and the boxes of annotators if they are wanted."""
        found = [box_and_area(shot.mask, k) for k in range(OBJECTS)]
        boxes = np.stack([box for box, _ in found])
        fields: dict[str, Any] = {"box": boxes, "area": np.stack([area for _, area in found])}
        if self.settings.annotators:
            rng = generator_for(self.settings.seed, f"annotators/{sample_id}")
            fields["annotator_box"] = simulated_boxes(boxes, rng)
        return fields

    def _directions(self, home: TracedHome, shot: Shot, sample_id: str) -> dict[str, Any]:
        """Return where the sources are, and how the room answers to them if that is wanted."""
        eye, heading = shot.outlook.eye, shot.outlook.heading
        azimuth, elevation, distance = directions_from(eye, heading, shot.sources)
        fields: dict[str, Any] = {
            "azimuth": in_slots(azimuth, np.nan),
            "elevation": in_slots(elevation, np.nan),
            "distance": in_slots(distance, np.nan),
            "direct_to_reverberant": np.full(SOURCES, np.nan),
        }
        if self.settings.acoustics == "room":
            heard = responses(home, eye, shot.sources, heading, self.settings.seed, sample_id)
            fields["impulse_response"] = in_slots(heard, 0.0)
            fields["direct_to_reverberant"] = in_slots(direct_to_reverberant(heard, distance), np.nan)
        return fields

    def _sounds(self, kinds: list[str], split: Part, sample_id: str) -> dict[str, Any]:
        """Return the dry sound of every source, and whose it is."""
        slots = filled(len(kinds))
        clips: list[Clip] = [SILENCE] * SOURCES
        for kind, slot in zip(kinds, slots, strict=True):
            clips[slot] = self.clips.clip(kind, split, f"{sample_id}/{slot}")
        return {
            "dry": np.stack([clip.samples for clip in clips]),
            "sound_id": np.array([clip.sound_id for clip in clips], dtype=object),
            "speaker": np.array([clip.speaker for clip in clips], dtype=object),
        }


def _is_fair(mask: npt.NDArray[np.uint8], objects: int, profile: Profile) -> bool:
    """Return whether all `objects` show in `mask`, of sizes that `profile` allows beside each other."""
    if len(np.unique(mask)) <= objects:
        return False
    areas = [share_of(box_of(mask == k + 1)) for k in range(objects)]
    return max(areas) <= profile.largest_ratio * min(areas)


def _unseen_kinds(seen: list[str], rng: np.random.Generator) -> tuple[str, str]:
    """Return the kinds of the sources out of view: one that is not `seen`, and one that is."""
    others = [kind for kind in KINDS if kind not in seen]
    return others[int(rng.integers(len(others)))], seen[int(rng.integers(len(seen)))]


def plan_sounding_objects(
    *,
    homes: int | None,
    pictures: int,
    scenes: str = PROCEDURAL,
    profile: ProfileName | None = None,
    acoustics: Acoustics = "dry",
    annotators: bool = False,
    speech: str | None = None,
    sounds: str | None = None,
    up: Up | None = None,
    scale: float | None = None,
    seed: int = 0,
) -> SoundingPlan:
    """Return the plan of a dataset with `pictures` pictures of each of `homes` procedural homes.

    With `scenes`, a folder of .glb files, their own things sound, as their names tell; `up` and `scale` are as in
    `plan_hm3d_ss`. `speech` (as in `plan_tde`) is what people, televisions and radios say, `sounds` a folder of
    recordings (see `open_sounds`) for the kinds that it has. Raises InputError for settings, scenes, speech or sounds
    that cannot be used.
    """
    chosen = _profile(scenes, profile)
    rooms, reading = open_scenes(scenes, count=homes, seed=seed), None
    if isinstance(rooms, SceneFiles):
        reading = judged(rooms, up=up, scale=scale)
    elif up is not None or scale is not None:
        raise InputError("--up, --scale: only for files of --scenes DIR")
    corpus, recordings = open_voices(speech, sounds, seed)
    recipe = SoundingRecipe(
        seed=seed,
        scenes=rooms.digest,
        scene_names=rooms.names,
        pictures=pictures,
        profile=chosen,
        acoustics=acoustics,
        annotators=annotators,
        speech=corpus.digest,
        sounds="" if recordings is None else recordings.digest,
        frames=reading.unusual if reading else None,
    )
    remarks = reading.remarks if reading else ()
    return SoundingPlan(recipe, reading.homes if reading else rooms, corpus, recordings, remarks)


def _profile(scenes: str, profile: ProfileName | None) -> ProfileName | Literal["found"]:
    if profile is not None and profile not in PROFILES:
        raise InputError(f"profile {profile!r}: expected one of {', '.join(PROFILES)}")
    if scenes == PROCEDURAL:
        return profile or "decorrelated"
    if profile is not None:
        raise InputError(
            f"--profile {profile}: the things of --scenes DIR are as large and where they are; leave it out"
        )
    return FOUND


def replan(dataset: Recorded, elsewhere: Elsewhere) -> SoundingPlan:
    """Return the plan that made `dataset`; raises InputError if its speech or recordings are missing or changed."""
    recipe = SoundingRecipe(**dataset.recipe)
    if recipe.synthesis != RECIPE:
        raise InputError(f"{dataset.url} was made by another version of the synthesised sounds: generate it again")
    location = PROCEDURAL if recipe.frames is None else place_of(dataset, elsewhere, "scenes")
    scenes = open_scenes(location, count=len(recipe.scene_names), seed=recipe.seed)
    if scenes.digest != recipe.scenes and recipe.frames is None:
        raise InputError(f"{dataset.url} was made by another version of the homes: generate it again")
    if scenes.digest != recipe.scenes:
        raise InputError(f"{location} holds other scenes than the dataset was made from: give those with --scenes DIR")
    if isinstance(scenes, SceneFiles):
        scenes = as_recorded(scenes, recipe.frames or {}, centred=True)
    corpus, recordings = reopen_voices(dataset, elsewhere, speech=recipe.speech, sounds=recipe.sounds, seed=recipe.seed)
    return SoundingPlan(recipe, scenes, corpus, recordings)
