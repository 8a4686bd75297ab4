"""HM3D-SS: one home seen and heard at several headings (SLfM, Sec. 4.1 and App. A).

An example is a set of views from one position (or from nearby positions), some sources in line of sight, and a
binaural impulse response from every source to every view. Direct and indirect sound are stored separately; the mix is
`direct + ratio x indirect`, with the ratio chosen when the data are used.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting
from tqdm import tqdm

from ..conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..digests import generator_for, sha256
from ..errors import InputError
from .acoustics.hrtf import open_head
from .acoustics.impulse_response import measure_response, mix
from .acoustics.mesh import LEAD, BinauralResponses
from .corpora.holdout import Part
from .dataset import Elsewhere
from .dry_clips import DryClips, DryRecipe, open_dry_clips, reopen_dry_clips
from .home import Home, Renderer, SoundEngine, check_engines, describe_engines, open_home
from .home_fields import RATIO, home_fields
from .pipeline import Plan
from .raycast import View
from .scenes.frame import Frame, Up
from .scenes.opening import SceneFiles, SceneSource, open_scenes
from .scenes.own_materials import read_absorptions
from .scenes.reading import Reading, as_recorded, judged
from .shards import Layout
from .shared_surface import judge, pictures
from .sources import Recorded, place_of
from .view_sets import LEAST_FARTHEST, ViewSet, candidate_sets

Variant = Literal["rotation", "translation"]
PRESETS = {"tiny": (2, 10), "small": (20, 50), "paper": (100, 500)}
"""Number of scenes, and of examples per scene, by preset."""
VIEWS_AND_SOURCES: Mapping[Variant, tuple[int, int]] = {"rotation": (4, 3), "translation": (3, 2)}
SPLIT_SEED = 1234
SCENE_TRIES = 300
"""Positions tried, before anything is written, before a scene counts as having no valid position."""
EXAMPLE_TRIES = 100 * SCENE_TRIES
"""Positions tried for an example: if one valid position was found there are others, however rare."""
MOST_ROWS_PER_SHARD = 25
DEPTH_UNITS = 1000
"""Units per metre of the stored depth: millimetres."""
FRAME_OF_FILE = "+Y up, from the zero of the scene's file"
"""Frame of positions in scenes from files, which are traced relative to their centre."""


class HomeRecipe(BaseModel):
    """Everything that affects the bytes of an HM3D-SS dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(ge=0)
    scenes: str
    """Digest of the scenes."""
    scene_names: tuple[str, ...]
    examples: int = Setting(ge=1)
    """Per scene."""
    variant: Variant
    views: int = Setting(ge=2, le=8)
    sources: int = Setting(ge=1, le=8)
    renderer: Renderer
    acoustics: SoundEngine
    head: str
    """Digest of the head: the rigid sphere, or a SOFA file."""
    dry: Mapping[str, Any]
    """Recipe of the dry clips."""
    frames: Mapping[str, Frame] = Setting(default_factory=dict)
    """Up axis and metres per unit of the scenes that deviate from the standard."""
    centred: bool = False
    """Whether rays are traced relative to the centre of each scene, as for all files now; older datasets did not."""
    absorptions: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """What `--materials` says of materials, by name."""


def split_scenes(names: tuple[str, ...]) -> dict[str, Part]:
    """Return the split of every scene: sorted, shuffled with the published seed, then split 9:1:1.

    The shuffle uses Python's own generator, which reproduces the published val and test scenes in order.

    >>> from collections import Counter
    >>> sorted(Counter(split_scenes(tuple(f"{k:05d}" for k in range(100))).values()).items())
    [('test', 10), ('train', 81), ('val', 9)]
    """
    order = sorted(names)
    random.Random(SPLIT_SEED).shuffle(order)
    train, held_out = len(order) * 9 // 11, len(order) // 11
    return {name: "train" if k < train else "val" if k < train + held_out else "test" for k, name in enumerate(order)}


@dataclass(frozen=True)
class HomePlan:
    """Renders any example of an HM3D-SS dataset."""

    settings: HomeRecipe
    scenes: SceneSource
    hrtf: str | None
    """Path of the SOFA file, None for the rigid sphere."""
    dry: DryClips
    remarks: tuple[str, ...] = ()
    """Remarks for the user on how scenes and head were read and what was left out."""
    dataset: str = field(default="hm3d-ss", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values, without defaults."""
        return self.settings.model_dump(mode="json", exclude_defaults=True)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Engines, scenes, head and speech."""
        engine = {
            **describe_engines(self.settings.renderer, self.settings.acoustics),
            "speed_of_sound": SPEED_OF_SOUND,
            "head": self.settings.head,
            "hrtf": self.hrtf,
            **({"remarks": list(self.remarks)} if self.remarks else {}),
        }
        scenes = {"location": self.scenes.location, "licence": self.scenes.licence}
        return {"engine": engine, "scenes": scenes, **self.dry.provenance}

    @property
    def parts(self) -> Mapping[str, Plan]:
        """The dry clips."""
        return {"dry": self.dry}

    @property
    def layout(self) -> Layout:
        """One row per example, scene by scene; a shard holds examples of one scene only."""
        homes, examples = len(self.settings.scene_names), self.settings.examples
        frame = (FRAME_OF_FILE,) if self.settings.centred else ()
        fields = home_fields(self.settings.views, self.settings.sources, *frame)
        return Layout.by_home("example", homes, examples, MOST_ROWS_PER_SHARD, fields)

    @cached_property
    def _splits(self) -> dict[str, Part]:
        return split_scenes(self.settings.scene_names)

    def check(self) -> None:
        """Raise InputError for the first scene that cannot be read, has no floor or has no valid position."""
        if isinstance(self.scenes, SceneFiles):
            for number in tqdm(range(len(self.scenes.files)), unit="scene", desc="checking", leave=False, disable=None):
                self._views(number, f"{self.settings.scene_names[number]}/00000", SCENE_TRIES)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, example = divmod(row, self.settings.examples)
        name = self.settings.scene_names[number]
        sample_id = f"{name}/{example:05d}"
        chosen, views, shared = self._views(number, sample_id, EXAMPLE_TRIES)
        home = self._home(number)
        heard = self._responses(home, chosen, sample_id)
        return {
            "image": np.stack([view.image for view in views]),
            "depth": np.stack([_millimetres(view.depth) for view in views]),
            "impulse_response_direct": heard.direct,
            "impulse_response_indirect": heard.indirect,
            "sample_id": sample_id,
            "scene": name,
            "split": self._splits[name],
            "heading": chosen.headings,
            "rotation": chosen.rotations,
            "camera_position": chosen.cameras + home.origin,
            "shared": shared,
            "source_position": chosen.sources + home.origin,
            "azimuth": chosen.azimuths,
            "distance": chosen.distances,
            "dry_clip": self._dry_clips(sample_id, self._splits[name]),
            **measured_fields(heard.direct, heard.indirect, LEAD, chosen.distances),
        }

    def _home(self, number: int) -> Home:
        return open_home(self.scenes, number, self.settings.renderer, self.settings.acoustics, self.hrtf)

    def _views(self, number: int, sample_id: str, tries: int) -> tuple[ViewSet, list[View], Any]:
        """Return the first set in home `number` whose full-size views share enough with the first view.

        Raises InputError if none of `tries` positions has one.
        """
        settings, home = self.settings, self._home(number)
        rule, rng = judge(home.has_instances), generator_for(settings.seed, sample_id)
        pairs = np.array([[0, view] for view in range(settings.views)], dtype=np.intp)
        translation = settings.variant == "translation"
        for chosen in candidate_sets(
            home, rng, views=settings.views, sources=settings.sources, translation=translation, tries=tries
        ):
            places = zip(chosen.cameras, chosen.headings, strict=True)
            views = [home.view(camera, float(heading)) for camera, heading in places]
            shared = rule.shared(pictures(views), chosen.cameras, chosen.headings, pairs)
            if rule.enough(shared).all():
                return chosen, views, shared
        raise InputError(
            f"{self.scenes.origin(number)}: no valid position for {settings.views} views and {settings.sources} "
            f"sources in {tries} tries (a view must reach {LEAST_FARTHEST:g} m and share {rule.what} with the first): "
            "repair or remove the scene, then run the same command again"
        )

    def _responses(self, home: Home, chosen: ViewSet, sample_id: str) -> BinauralResponses:
        """Return the responses of `chosen`, with one trace per listening position."""
        seed, name = self.settings.seed, f"sound/{sample_id}"
        if self.settings.variant == "rotation":
            return home.responses(chosen.cameras[0], chosen.sources, chosen.headings, seed, name)
        places = [
            home.responses(camera, chosen.sources, heading[None], seed, f"{name}/{view}")
            for view, (camera, heading) in enumerate(zip(chosen.cameras, chosen.headings, strict=True))
        ]
        return BinauralResponses(
            np.concatenate([place.direct for place in places], axis=1),
            np.concatenate([place.indirect for place in places], axis=1),
            np.all([place.visible for place in places], axis=0),
        )

    def _dry_clips(self, sample_id: str, split: str) -> npt.NDArray[np.intp]:
        """Return the dry clip of each source, all different if there are enough."""
        pool = self.dry.rows_of(split)
        rng = generator_for(self.settings.seed, f"dry/{sample_id}")
        return np.asarray(rng.choice(pool, self.settings.sources, replace=pool.size < self.settings.sources))


def measured_fields(
    direct: npt.NDArray[np.float32], indirect: npt.NDArray[np.float32], lead: float, distances: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return RT60 and direct-to-reverberant ratio (source, view, ear) at the mixing ratio `RATIO`.

    Sound arrives `lead` samples after the travel time over `distances` (source, view), m.
    """
    mixed = mix(direct, indirect, RATIO)
    arrivals = lead + distances / SPEED_OF_SOUND * SAMPLE_RATE
    measures = [measure_response(mixed[j, k, e], float(arrivals[j, k])) for j, k, e in np.ndindex(mixed.shape[:3])]
    return {
        "rt60": np.reshape([each.rt60_t30 for each in measures], mixed.shape[:3]),
        "direct_to_reverberant": np.reshape([each.direct_to_reverberant for each in measures], mixed.shape[:3]),
    }


def _millimetres(depth: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    return np.asarray(np.clip(np.rint(depth * DEPTH_UNITS), 0, 65535), dtype=np.uint16)


def plan_hm3d_ss(
    scenes: str,
    speech: str | None,
    *,
    scene_count: int | None,
    examples: int,
    variant: Variant = "rotation",
    sources: int | None = None,
    renderer: Renderer = "native",
    acoustics: SoundEngine = "native",
    hrtf: str | None = None,
    up: Up | None = None,
    scale: float | None = None,
    materials: str | None = None,
    seed: int = 0,
) -> HomePlan:
    """Return the plan of a dataset with `examples` examples in each of `scene_count` scenes.

    `scenes` is `procedural` or a folder of .glb files, `speech` as in `plan_tde`, `hrtf` a SOFA file or None for the
    rigid sphere. `sources` defaults to the published 3, or 2 with translation. `up` is the up axis of the files and
    `scale` their metres per unit; None means judged from the geometry. `materials` is a TOML file of the absorption of
    their materials. Raises InputError for settings, scenes or
    speech that cannot be used.
    """
    homes = open_scenes(scenes, count=scene_count, seed=seed)
    check_engines(renderer, acoustics, homes, hrtf)
    if materials is not None:
        homes = _absorbing(homes, materials, acoustics, renderer)
    reading = _read_scenes(homes, renderer, up, scale)
    head = open_head(hrtf)
    views, usual_sources = VIEWS_AND_SOURCES[variant]
    dry = open_dry_clips(speech, _dry_count(examples * len(homes.names)), seed)
    recipe = HomeRecipe(
        seed=seed,
        scenes=homes.digest,
        scene_names=homes.names,
        examples=examples,
        variant=variant,
        views=views,
        sources=sources or usual_sources,
        renderer=renderer,
        acoustics=acoustics,
        head=head_digest(hrtf),
        dry=dry.recipe,
        frames=reading.unusual if reading else {},
        centred=reading is not None,
        absorptions=homes.absorptions if isinstance(homes, SceneFiles) else (),
    )
    where = None if hrtf is None else str(Path(hrtf).absolute())
    remarks = (*(reading.remarks if reading else ()), *head.remarks)
    return HomePlan(recipe, reading.homes if reading else homes, where, dry, remarks)


def _absorbing(homes: SceneSource, materials: str, acoustics: SoundEngine, renderer: Renderer) -> SceneFiles:
    """Return `homes` with the absorption that the file `materials` gives."""
    if not isinstance(homes, SceneFiles) or (acoustics, renderer) != ("native", "native"):
        raise InputError("--materials: only for files of --scenes DIR, with the native renderer and acoustics")
    paths = [homes.origin(number) for number in range(len(homes.files))]
    return replace(homes, absorptions=read_absorptions(materials, paths))


def _read_scenes(homes: SceneSource, renderer: Renderer, up: Up | None, scale: float | None) -> Reading | None:
    """Return how to read the files of `homes`, None if they are not read here."""
    if isinstance(homes, SceneFiles) and renderer == "native":
        return judged(homes, up=up, scale=scale)
    if up is not None or scale is not None:
        raise InputError("--up, --scale: only for files of --scenes DIR read with --renderer native")
    return None


def replan(dataset: Recorded, elsewhere: Elsewhere) -> HomePlan | None:
    """Return the plan that made `dataset`, None for an imported one.

    Raises InputError if its scenes, head or speech are missing or changed.
    """
    if "upstream" in dataset.recipe:
        return None
    recipe, recorded = HomeRecipe(**dataset.recipe), dataset.attributes
    measured = recipe.head != head_digest(None)
    hrtf = _reopen_head(place_of(dataset, elsewhere, "hrtf") if measured else elsewhere.get("hrtf"), recipe.head)
    homes = _reopen_scenes(place_of(dataset, elsewhere, "scenes"), recipe)
    dry = reopen_dry_clips(DryRecipe(**recipe.dry), recorded.get("speech", {}), elsewhere.get("speech"))
    return HomePlan(recipe, homes, hrtf, dry)


def _reopen_scenes(location: str, recipe: HomeRecipe) -> SceneSource:
    homes = open_scenes(location, count=len(recipe.scene_names), seed=recipe.seed)
    if homes.digest != recipe.scenes:
        raise InputError(f"{location} holds other scenes than the dataset was made from: give those with --scenes DIR")
    if not isinstance(homes, SceneFiles):
        return homes
    return as_recorded(replace(homes, absorptions=recipe.absorptions), recipe.frames, recipe.centred)


def _reopen_head(hrtf: str | None, expected: str) -> str | None:
    if hrtf is not None and not Path(hrtf).is_file():
        raise InputError(f"{hrtf}: no such file: give the dataset's head with --hrtf FILE.sofa")
    if head_digest(hrtf) != expected:
        raise InputError(
            f"{hrtf or 'the rigid sphere'} is not the head the dataset was made with: give it with --hrtf FILE.sofa"
        )
    return hrtf


def head_digest(hrtf: str | None) -> str:
    """Return the identity of the head: the sha256 of its SOFA file, or a name for the rigid sphere."""
    return "rigid sphere" if hrtf is None else sha256(Path(hrtf).read_bytes())


def _dry_count(rows: int) -> int:
    """Return the number of dry clips per split: one per ten examples, from 8 to 400."""
    return min(max(rows // 10, 8), 400)
