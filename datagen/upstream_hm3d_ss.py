"""Imports HM3D-SS as written by its authors' generator (SLfM, IFICL/SLfM) as a dataset in our layout.

Every folder SCENE/pair-XXXX/pair-YYYY with a metadata.json is read: images unchanged, direct and indirect impulse
responses separately, padded with zeros to one length. The mix (`binaural_rirs`) is not read: it is the direct plus 0.2
times the indirect sound. Depth is not metric there and dry clips are not assigned, so both are left out. Responses are
in the engine's own scale in 16 bits, so loud ones are clipped; `clipped` counts the samples. Azimuths are computed
from positions and headings at full precision, after checking that the stored ones agree.

Like the authors' loader, this skips a set with missing or non-finite values. A set whose angles contradict its
positions is an error, because then every set may be misread.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE, SPEED_OF_SOUND, wrap_degrees
from ..digests import digest, sha256
from ..errors import InputError
from .hm3d_ss import measured_fields
from .home_fields import home_fields
from .shards import Field, Layout
from .upstream_sets import (
    IncompleteSet,
    check_ears,
    check_image,
    image_files,
    read_geometry,
    read_image,
    read_responses,
    read_scene,
    response_files,
    response_samples,
)

VALIDATION_SCENES = (
    "00017-oEPjPNSPmzL",
    "00022-gmuS7Wgsbrx",
    "00081-5biL7VEkByM",
    "00251-wsAYBFtQaL7",
    "00404-QN2dRqwd84J",
    "00410-v7DzfFFEpsD",
    "00758-HfMobPm86Xn",
    "00813-svBbv1Pavdk",
    "00829-QaLdnwvtxbs",
)
TEST_SCENES = (
    "00009-vLpv2VX547B",
    "00025-ixTj1aTMup2",
    "00057-1UnKg1rAb8A",
    "00062-ACZZiU6BXLz",
    "00105-xWvSkKiWQpC",
    "00525-iKFn6fzyRqs",
    "00723-hWDDQnSDMXb",
    "00824-Dd4bFSTQ8gi",
    "00835-q3zU7Yy5E5s",
    "00891-cvZr5TUy5C5",
)
"""The published val and test scenes; every other scene is for training."""
LEAD_SAMPLES = 11.3
"""Delay of the engine's direct sound beyond distance / 343 m/s, in samples, measured on the published example."""
ROWS_PER_SHARD = 25
_LENGTH_STEP = 512
_LICENCE = "Habitat-Matterport 3D images: academic, non-commercial; responses: SoundSpaces 2.0, CC BY-NC 4.0"


class UpstreamRecipe(BaseModel):
    """Everything that affects the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upstream: str
    """Digest of the metadata of every set, and of the names and sizes of its files."""
    views: int = Setting(ge=1)
    sources: int = Setting(ge=1)
    direct_samples: int = Setting(ge=1)
    indirect_samples: int = Setting(ge=1)


@dataclass(frozen=True)
class UpstreamSet:
    """One set: its `folder` relative to the common root, `scene`, numbers of views and sources, length of its longest
    responses in samples, and a `digest` of its metadata and file sizes."""

    folder: str
    scene: str
    views: int
    sources: int
    direct_samples: int
    indirect_samples: int
    digest: str

    @property
    def split(self) -> str:
        """The published split of the scene."""
        return "val" if self.scene in VALIDATION_SCENES else "test" if self.scene in TEST_SCENES else "train"


def plan_upstream(folder: str) -> "UpstreamPlan":
    """Return the plan that imports every complete set below `folder`.

    All metadata, pictures and response headers are read now, so that faulty sets are reported before anything is
    written. Raises InputError for the first set that contradicts itself or is of another kind, if sets differ in
    their number of views or sources, and if none is complete.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"{folder} is not a folder: give the one that holds SCENE/pair-0000/pair-0000/metadata.json")
    folders = sorted(path.parent for path in place.rglob("metadata.json"))
    if not folders:
        raise InputError(f"{folder}: no metadata.json in it or below; expected SCENE/pair-0000/pair-0000/metadata.json")
    sets, dropped = _read_sets(place, folders)
    _check_counts(place, sets)
    recipe = UpstreamRecipe(
        upstream=digest([[each.folder, each.digest] for each in sets]),
        views=sets[0].views,
        sources=sets[0].sources,
        direct_samples=_rounded_up(max(each.direct_samples for each in sets)),
        indirect_samples=_rounded_up(max(each.indirect_samples for each in sets)),
    )
    return UpstreamPlan(recipe, sets, str(place.absolute()), dropped)


def _rounded_up(samples: int) -> int:
    return -(-samples // _LENGTH_STEP) * _LENGTH_STEP


def _read_sets(place: Path, folders: Sequence[Path]) -> tuple[tuple[UpstreamSet, ...], tuple[str, ...]]:
    """Return the complete sets of `folders`, and the fault of each other one."""
    sets, dropped = [], []
    for folder in folders:
        try:
            sets.append(_read_set(place, folder))
        except IncompleteSet as fault:
            dropped.append(str(fault))
    if not sets:
        raise InputError(f"{place}: none of {len(dropped)} sets is complete: generate them again. First: {dropped[0]}")
    return tuple(sets), tuple(dropped)


def _read_set(place: Path, folder: Path) -> UpstreamSet:
    """Return the set in `folder`, below `place`, after checking all of its files."""
    where = read_geometry(folder)
    views, sources = where.azimuths.shape[::-1]
    for image in image_files(folder, views):
        check_image(image)
    longest, files = {}, image_files(folder, views)
    for kind in ("direct", "indirect"):
        responses = [file for row in response_files(folder, kind, sources, views) for file in row]
        longest[kind] = max(response_samples(file) for file in responses)
        files += responses
    check_ears(folder, where, longest["direct"])
    sizes = [[file.name, file.stat().st_size] for file in files]
    content = sha256((folder / "metadata.json").read_bytes())
    name, scene = folder.relative_to(place).as_posix(), read_scene(folder)
    return UpstreamSet(name, scene, views, sources, longest["direct"], longest["indirect"], digest([content, sizes]))


def _check_counts(place: Path, sets: tuple[UpstreamSet, ...]) -> None:
    first = sets[0]
    for each in sets:
        if (each.views, each.sources) != (first.views, first.sources):
            raise InputError(
                f"{place / each.folder} has {each.views} views and {each.sources} sources, {first.folder} has "
                f"{first.views} and {first.sources}: import them from different folders"
            )


@dataclass(frozen=True)
class UpstreamPlan:
    """Reads any set into a row."""

    settings: UpstreamRecipe
    sets: tuple[UpstreamSet, ...]
    location: str
    dropped: tuple[str, ...]
    """The fault of each set that was left out."""
    dataset: str = field(default="hm3d-ss", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Location of the sets, the ones left out, and what is known about their generation."""
        engine = {
            "name": "SoundSpaces 2.0 by the generator of IFICL/SLfM",
            "location": self.location,
            "responses": "16-bit PCM in the engine's own scale, values beyond 1 clipped; padded with zeros",
            "speed_of_sound": SPEED_OF_SOUND,
        }
        scenes = {"location": self.location, "licence": _LICENCE}
        return {"engine": engine, "scenes": scenes, "dropped": list(self.dropped)}

    @cached_property
    def layout(self) -> Layout:
        """One row per set, in the order of their folders."""
        return Layout("example", len(self.sets), ROWS_PER_SHARD, tuple(_fields(self.settings)))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        chosen = self.sets[row]
        folder = Path(self.location) / chosen.folder
        where = read_geometry(folder)
        direct, indirect = (
            read_responses(response_files(folder, kind, chosen.sources, chosen.views), samples)
            for kind, samples in (
                ("direct", self.settings.direct_samples),
                ("indirect", self.settings.indirect_samples),
            )
        )
        distances = np.linalg.norm(where.sources[:, None] - where.cameras[None], axis=-1)
        return {
            "image": np.stack([read_image(file) for file in image_files(folder, chosen.views)]),
            "impulse_response_direct": direct,
            "impulse_response_indirect": indirect,
            "sample_id": chosen.folder,
            "scene": chosen.scene,
            "split": chosen.split,
            "heading": where.headings,
            "rotation": wrap_degrees(where.headings - where.headings[0]),
            "camera_position": where.cameras,
            "source_position": where.sources,
            "azimuth": where.expected_azimuths(),
            "distance": distances,
            "rt60_stored": where.rt60,
            "clipped": (np.abs(direct) >= 32767 / 32768).sum(axis=-1),
            **measured_fields(direct, indirect, LEAD_SAMPLES, distances),
        }


def _fields(settings: UpstreamRecipe) -> Iterator[Field]:
    """Yield the arrays of a generated dataset, without those unknown here, plus two that only imports have."""
    lengths = {
        "impulse_response_direct": settings.direct_samples,
        "impulse_response_indirect": settings.indirect_samples,
    }
    pair, ears = (settings.sources, settings.views), ("source", "view", "ear")
    for each in home_fields(settings.views, settings.sources):
        if each.name in lengths:
            about = {"sample_rate_hz": SAMPLE_RATE, "lead_samples": LEAD_SAMPLES}
            kind = "direct sound" if each.name.endswith("_direct") else "reflections"
            text = f"{kind} at the left and right ear, in the engine's own scale"
            yield replace(each, shape=(*pair, 2, lengths[each.name]), attributes=about, description=text)
        elif each.name not in ("depth", "shared", "dry_clip"):
            yield each
    yield Field("rt60_stored", "float64", "as stored upstream", (*pair, 2), ears, {"units": "s"})
    yield Field("clipped", "int64", "samples of the direct sound at full scale", (*pair, 2), ears)
