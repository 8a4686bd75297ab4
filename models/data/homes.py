"""Views of homes with what is heard in each, from sets of HM3D-SS: dry clips, segments and levels new at every step.

The rendering is that of SLfM (App. A and its released loader): a clip from a random second on, at a random level,
through `direct + ratio x indirect`, with another segment of time in each view. The convolution itself is left to the
training's device: see `networks.auralization`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self

import cv2
import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor

from ...conventions import SAMPLE_RATE, wrap_degrees
from ...datagen.dataset import Dataset, read_rows
from ...datagen.direct_reading import places_of_each
from ...digests import generator_for
from ...errors import InputError
from ..training.learning import described
from ..training.recipe import Bounds, Recipe
from .picture_augmentation import jitter
from .reading import BufferedReader, ShuffledRows

Float32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
COARSE, FINE = round(0.5 * SAMPLE_RATE), round(0.05 * SAMPLE_RATE)
"""Samples: the segment of a view starts after 0..9 coarse steps of its own and 0..10 fine ones that all views share."""
_COARSE_STEPS, _FINE_STEPS = 10, 11
_VALIDATION_BATCH = 32
_ONE_IN = 5
_NAMES = ("image", "impulse_response_direct", "impulse_response_indirect")


class HomeViews(NamedTuple):
    """Views of n places with what is heard in each.

    `image` float32 (n, views, 3, rows, columns) in 0..1. `dry` float32 (n, views, sources, samples + taps - 1) is what
    each source says, `response` float32 (n, views, sources, 2, taps) how it reaches both ears. `rotation` (n, views),
    rad, leads from the first view; `azimuth` (n, views), rad, is that of the first source; left is positive.
    """

    image: Tensor
    dry: Tensor
    response: Tensor
    rotation: Tensor
    azimuth: Tensor


class HomeRecipe(Recipe):
    """A recipe for views of homes."""

    rows: int = Field(default=120, ge=16)
    columns: int = Field(default=160, ge=16)
    """Size that pictures are brought to."""
    views: int = Field(default=3, ge=2)
    shuffled: float = Field(default=0.5, ge=0, le=1)
    """Share of the places whose views come in random order, so that any of them is the first."""
    colour: float = Field(default=0.2, ge=0, lt=1)
    """Largest change of brightness, contrast and saturation."""
    seconds: tuple[float, ...] = Field(default=(2.55,), min_length=1)
    """Lengths of segments; each step uses one of them, in turn."""
    taps: int = Field(default=16_000, ge=512)
    """Samples of the impulse responses that are used."""
    together: bool = False
    """Whether all views hear the same segment of time."""
    sources: int = Field(default=1, ge=1)
    """Sources that are heard at once; the first is asked for."""
    reverberation: Bounds = (0.2, 0.2)
    """Level of the indirect sound, drawn in this range."""
    level: Bounds = (0.07, 0.13)
    """Root mean square of a dry clip."""
    below_db: Bounds = (0.0, 39.0)
    """How far the dry clips of the other sources are below the first."""
    in_front: bool = False
    """Whether places with a source behind a view are left out."""
    held_out: Literal["homes", "places"] = "homes"
    """What validates: the homes of the split `val`, or one in five places of the training homes, for small sets."""
    buffered_shards: int = Field(default=40, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if min(self.seconds) < 0.05 or max(self.seconds) > 2.55:
            raise ValueError("seconds must be between 0.05 and 2.55")
        return self

    def samples(self, step: int) -> int:
        """Return the length of the segments of `step`."""
        return round(self.seconds[step % len(self.seconds)] * SAMPLE_RATE)


@dataclass(frozen=True)
class Homes:
    """The views of one set of homes, at `path`; `begun` describes the checkpoints that features come from."""

    recipe: HomeRecipe
    path: str
    begun: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def dataset(self) -> Dataset:
        """The set; raises InputError if it is of another kind, lacks dry speech, or has too few views or sources."""
        found, recipe = Dataset(self.path), self.recipe
        if found.name != "hm3d-ss" or "dry" not in found.parts:
            raise InputError(
                f"{self.path} holds {found.name!r} {'without dry speech' if found.name == 'hm3d-ss' else ''}".rstrip()
                + ", not homes to learn from: make some with `whence generate hm3d-ss OUT.zarr`"
            )
        for name, asked, there in (
            ("views", recipe.views, found.array("image").shape[1]),
            ("sources", recipe.sources, found.array("azimuth").shape[1]),
        ):
            if asked > there:
                raise InputError(
                    f"{self.path} has {there} {name} of a place, {asked} are asked for: --set {name}={there}"
                )
        return found

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The set's kind, recipe, fingerprint and licences, and those of the features."""
        return [described(self.dataset), described(self.dataset.part("dry")), *self.begun]

    def rows(self, split: str) -> Rows:
        """Return the rows of `split`, `train` or `val`; raises InputError if there are none."""
        kept = self._in(split)
        if self.recipe.in_front:
            kept &= (np.abs(self.dataset.column("azimuth")[:, : self.recipe.sources]) <= 90).all(axis=(1, 2))
        if not kept.any():
            raise InputError(
                f"{self.path} has no home to learn from and to validate with ({split}): give a set with more homes "
                "(--scene-count 12 or more), or validate with places of the same homes (--set held_out=places)"
            )
        return np.flatnonzero(kept)

    def _in(self, split: str) -> npt.NDArray[np.bool_]:
        """Return which rows are of `split`."""
        stored = np.asarray(self.dataset.column("split"))
        learned = stored == "train"
        validates = np.cumsum(learned) % _ONE_IN == 0
        by_place = learned & (validates if split == "val" else ~validates)
        return np.asarray(by_place if self.recipe.held_out == "places" else stored == split)

    @cached_property
    def _rows_per_shard(self) -> int:
        return int((self.dataset.array("image").shards or (1,))[0])

    @cached_property
    def _reader(self) -> BufferedReader:
        self.rows("val")
        order = ShuffledRows(self.rows("train"), self._rows_per_shard, self.recipe.seed, self.recipe.buffered_shards)
        return BufferedReader(order, self.stored)

    @cached_property
    def _row_type(self) -> np.dtype[Any]:
        views, size = self.dataset.array("image").shape[1], (self.recipe.rows, self.recipe.columns)
        heard = [(name, "f4", (self.recipe.sources, views, 2, self._taps(name))) for name in _NAMES[1:]]
        return np.dtype([(_NAMES[0], "u1", (views, *size, 3)), *heard])

    def _taps(self, name: str) -> int:
        """Return how many samples of the responses `name` are used."""
        return min(self.recipe.taps, int(self.dataset.array(name).shape[-1]))

    def stored(self, rows: Rows) -> npt.NDArray[Any]:
        """Return `rows`, read by shard: pictures at the recipe's size, and both parts of the responses."""
        found = np.zeros(len(rows), self._row_type)
        for place in places_of_each(rows // self._rows_per_shard):
            for name in _NAMES:
                self._fill(found[name], place, read_rows(self.dataset.array(name), rows[place], self.path))
        return found

    def _fill(self, found: npt.NDArray[Any], place: Rows, values: npt.NDArray[Any]) -> None:
        """Put `values` of rows at their `place`: pictures are resized, responses cut."""
        if found.dtype == np.uint8:
            found[place] = resized(values, self.recipe.rows, self.recipe.columns)
            return
        found[place] = values[:, : self.recipe.sources, ..., : found.shape[-1]]

    @cached_property
    def _clips(self) -> Float32:
        """All dry clips (clips, samples), at one level."""
        stored = self.dataset.part("dry").array("audio")[:]
        clips = np.asarray(stored, dtype=np.float32)
        return np.asarray(clips / np.maximum(np.sqrt(np.square(clips).mean(axis=1, keepdims=True)), 1e-9))

    @cached_property
    def _pools(self) -> Mapping[str, Rows]:
        """The dry clips that homes of each split play, by split."""
        clip, split = self.dataset.column("dry_clip"), self.dataset.column("split")
        return {name: np.unique(clip[split == name]) for name in ("train", "val")}

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> HomeViews:
        """Return the views of `step` for device `rank` of `ranks`."""
        rng = generator_for(self.recipe.seed, f"step/{step}")
        rows, stored = self._reader.rows_of(step, self.recipe.batch)
        order = self._orders(len(rows), rng)
        clips = self._pools["train"][rng.integers(len(self._pools["train"]), size=(len(rows), self.recipe.sources))]
        said = self._said(clips, self.recipe.samples(step), rng)
        drawn = self._drawn(rows, stored, order, said, self.recipe.colour, rng)
        return HomeViews(*(torch.from_numpy(np.ascontiguousarray(one[rank::ranks])) for one in drawn))

    def _orders(self, count: int, rng: np.random.Generator) -> Rows:
        """Return which views (count, views) of each place come in which order."""
        there, asked = self.dataset.array("image").shape[1], self.recipe.views
        further = np.argsort(rng.random((count, there - 1)), axis=1)[:, : asked - 1] + 1
        order = np.concatenate([np.zeros((count, 1), dtype=np.intp), further], axis=1)
        mixed = np.take_along_axis(order, np.argsort(rng.random((count, asked)), axis=1), axis=1)
        return np.where(rng.random((count, 1)) < self.recipe.shuffled, mixed, order)

    def _drawn(
        self, rows: Rows, stored: npt.NDArray[Any], order: Rows, said: Float32, colour: float, rng: np.random.Generator
    ) -> tuple[Float32, ...]:
        """Return the arrays of `HomeViews` for `rows` in the `order` of views, whose sources have `said`."""
        at = np.arange(len(rows))[:, None]
        image = stored["image"][at, order]
        pictures = jitter(image.reshape(-1, *image.shape[2:]), colour, rng)
        ratio = rng.uniform(*self.recipe.reverberation, (len(rows), 1, 1, 1, 1)).astype(np.float32)
        direct, indirect = stored[_NAMES[1]], stored[_NAMES[2]]
        response = ratio * indirect
        response[..., : direct.shape[-1]] += direct
        heading = np.radians(self.dataset.column("heading"))[rows[:, None], order]
        azimuth = np.radians(self.dataset.column("azimuth"))[rows, 0][at, order]
        return (
            pictures.reshape(*image.shape[:2], *pictures.shape[1:]),
            said,
            response.swapaxes(1, 2)[at, order],
            np.radians(wrap_degrees(np.degrees(heading - heading[:, :1]))).astype(np.float32),
            azimuth.astype(np.float32),
        )

    def _said(self, clips: Rows, samples: int, rng: np.random.Generator) -> Float32:
        """Return what the sources say (n, views, sources, samples + taps - 1) when `clips` (n, sources) play."""
        recipe, length, needed = self.recipe, self._clips.shape[1], samples + self._taps(_NAMES[2]) - 1
        said = np.empty((len(clips), recipe.views, clips.shape[1], needed), dtype=np.float32)
        fine = rng.integers(_FINE_STEPS, size=len(clips))
        for k, own in enumerate(clips):
            coarse = np.resize(rng.permutation(_COARSE_STEPS), recipe.views)
            start = COARSE * (coarse[:1].repeat(recipe.views) if recipe.together else coarse) + FINE * fine[k]
            first = rng.integers(length, size=len(own))
            level = rng.uniform(*recipe.level) * 10 ** (-np.append(0, rng.uniform(*recipe.below_db, len(own) - 1)) / 20)
            at = (first[None, :, None] + start[:, None, None] + np.arange(needed)) % length
            said[k] = self._clips[own[None, :, None], at] * level[:, None]
        return np.clip(said, -1, 1)

    def validation(self) -> Iterator[HomeViews]:
        """Yield the views of the validation homes in their order, always with the same sound."""
        rows = self.rows("val")
        for k in range(0, len(rows), _VALIDATION_BATCH):
            part = rows[k : k + _VALIDATION_BATCH]
            rng = generator_for(0, f"held-out/{k}")
            order = np.broadcast_to(np.arange(self.recipe.views), (len(part), self.recipe.views))
            clips = self.dataset.column("dry_clip")[part, : self.recipe.sources]
            samples = max(map(self.recipe.samples, range(len(self.recipe.seconds))))
            drawn = self._drawn(part, self.stored(part), order, self._said(clips, samples, rng), 0.0, rng)
            yield HomeViews(*map(torch.from_numpy, drawn))


def resized(images: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return pictures (..., height, width, 3) brought to `rows` x `columns` by the mean over areas."""
    flat = images.reshape(-1, *images.shape[-3:])
    small = np.stack([cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA) for one in flat])
    return small.reshape(*images.shape[:-3], rows, columns, 3)


def open_homes(recipe: HomeRecipe, data: Sequence[str], begun: Sequence[Mapping[str, Any]] = ()) -> Homes:
    """Return the views of the one set in `data`, for a training that takes features from what `begun` describes.

    Raises InputError for none, several, or one that does not serve.
    """
    if len(data) != 1:
        raise InputError(f"{len(data)} sources of data: give one set of homes with --data")
    homes = Homes(recipe, data[0], begun)
    for split in ("train", "val"):
        homes.rows(split)
    return homes
