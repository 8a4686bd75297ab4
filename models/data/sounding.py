"""Pictures with the sounds of the objects in them, from sets of sounding objects."""

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

from ...datagen.dataset import Dataset, as_floats, read_rows
from ...datagen.direct_reading import places_of_each
from ...digests import generator_for, stable_hash
from ...errors import InputError
from ..training.learning import described
from ..training.recipe import Bounds, Recipe
from .picture_augmentation import Float32, Framing, Mixing, covered, jitter, mix
from .reading import BufferedReader, ShuffledRows
from .sound_groups import descriptors, grouped

Rows = npt.NDArray[np.intp]
_VALIDATION_BATCH = 32


class SoundedPictures(NamedTuple):
    """Pictures with sounds of k of their objects each.

    `image` float32 (n, 3, rows, columns) in 0..1; `audio` float32 (n, k, samples); `target` float32 (n, k, cell rows,
    cell columns): the share of each cell that the object covers; `annotated` bool (n,): whether `target` may be used;
    `alike` bool (n, n k): whether each picture holds one of the sounds, or one of its group.
    """

    image: Tensor
    audio: Tensor
    target: Tensor
    annotated: Tensor
    alike: Tensor


class HeldOutPictures(NamedTuple):
    """Pictures with all of their objects: `box` float32 (n, k, 4), fractions of the picture, NaN for no object.

    `absent` float32 (n, 3, samples) are sounds of nothing in the picture: silence, noise as loud as the first object,
    and a source out of view.
    """

    image: Tensor
    audio: Tensor
    box: Float32
    absent: Tensor


class SoundingRecipe(Recipe):
    """A recipe for pictures with sounding objects."""

    rows: int = Field(default=144, ge=32)
    columns: int = Field(default=192, ge=32)
    """Size that pictures are brought to."""
    stride: int = 8
    """Pixels of a cell of the map, on either side: 4, 8 or 16."""
    sounds: int = Field(default=2, ge=1)
    """Objects of a picture that are heard in a step, each alone."""
    supervision: float = Field(default=1.0, ge=0, le=1)
    """Share of the training pictures that are annotated; a larger share includes a smaller one."""
    unsupervised: bool = True
    """Whether pictures are learned from without their annotation too."""
    truth: Literal["box", "mask"] = "box"
    magnified: Bounds = (0.85, 1.3)
    moved: float = Field(default=0.1, ge=0, le=0.5)
    """Largest shift, as a share of the picture."""
    mirrored: bool = True
    colour: float = Field(default=0.25, ge=0, lt=1)
    """Largest change of brightness, contrast and saturation."""
    snr_db: Bounds = (0.0, 40.0)
    noisy_share: float = Field(default=0.3, ge=0, le=1)
    other_db: Bounds = (-25.0, -8.0)
    """Level of another picture's sound, relative to the object's."""
    other_share: float = Field(default=0.2, ge=0, le=1)
    groups: int = Field(default=0, ge=0)
    """Groups of sounds that are alike, found by listening to the training sounds alone; 0: no two sounds are alike."""
    buffered_shards: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.rows % 16 or self.columns % 16:
            raise ValueError("rows and columns must be multiples of 16")
        if self.stride not in (4, 8, 16):
            raise ValueError("stride must be 4, 8 or 16")
        if self.magnified[0] <= 0:
            raise ValueError("magnified must be positive")
        return self

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of a map."""
        return self.rows // self.stride, self.columns // self.stride

    @property
    def mixing(self) -> Mixing:
        """What the sounds go through."""
        return Mixing(self.snr_db, self.noisy_share, self.other_db, self.other_share)

    def framing(self, rng: np.random.Generator) -> Framing:
        """Return a new frame for a picture."""
        scale = float(np.exp(rng.uniform(*np.log(self.magnified))))
        right, down = rng.uniform(-self.moved, self.moved, 2)
        return Framing(scale, float(right), float(down), self.mirrored and bool(rng.random() < 0.5))


@dataclass(frozen=True)
class SoundingPictures:
    """The pictures of one set of sounding objects, at `path`."""

    recipe: SoundingRecipe
    path: str

    @cached_property
    def dataset(self) -> Dataset:
        """The set; raises InputError if it is of another kind."""
        found = Dataset(self.path)
        if found.name != "sounding-objects":
            raise InputError(
                f"{self.path} holds {found.name!r}, not sounding objects: make some to train on with "
                "`whence generate sounding-objects OUT.zarr`"
            )
        return found

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The set's kind, recipe, fingerprint and licences."""
        return [described(self.dataset)]

    @cached_property
    def box(self) -> Float32:
        """The boxes (rows, k, 4) of the set."""
        return self.dataset.column("box").astype(np.float32)

    @cached_property
    def annotated(self) -> npt.NDArray[np.bool_]:
        """Whether each row counts as annotated, by the hash of its name."""
        names = self.dataset.column("sample_id")
        hashes = np.array([stable_hash(f"annotated/{name}") / 2**64 for name in names])
        return np.asarray(hashes < self.recipe.supervision)

    @cached_property
    def rows(self) -> Rows:
        """Rows to learn from; raises InputError if there are none."""
        usable = (self.dataset.column("split") == "train") & np.isfinite(self.box[:, :, 0]).any(axis=1)
        rows = np.flatnonzero(usable if self.recipe.unsupervised else usable & self.annotated)
        if len(rows) == 0:
            settings = f"supervision={self.recipe.supervision:g}, unsupervised={str(self.recipe.unsupervised).lower()}"
            raise InputError(
                f"{self.path} has no picture to learn from with {settings}: give a larger set, or other settings"
            )
        return rows

    @cached_property
    def _rows_per_shard(self) -> int:
        return int((self.dataset.array("dry").shards or (1,))[0])

    @cached_property
    def _reader(self) -> BufferedReader:
        order = ShuffledRows(self.rows, self._rows_per_shard, self.recipe.seed, self.recipe.buffered_shards)
        return BufferedReader(order, self.stored)

    def stored(self, rows: Rows) -> npt.NDArray[Any]:
        """Return `rows`, read by shard: `image` and `mask` at the recipe's size, and `dry` sounds (k + 1, T).

        The last sound is of a source out of view, of a kind that the picture does not show.
        """
        found = np.empty(len(rows), self._row_type)
        for place in places_of_each(rows // self._rows_per_shard):
            self._fill(found, place, rows[place])
        return found

    @cached_property
    def _row_type(self) -> np.dtype[Any]:
        size, sources = (self.recipe.rows, self.recipe.columns), self.box.shape[1] + 1
        masks = [("mask", "u1", size)] if self.recipe.truth == "mask" else []
        return np.dtype(
            [("image", "u1", (*size, 3)), ("dry", "i2", (sources, self.dataset.array("dry").shape[-1])), *masks]
        )

    def _fill(self, found: npt.NDArray[Any], place: Rows, rows: Rows) -> None:
        """Read `rows` of one shard into `found`, to their `place`."""
        size = (self.recipe.columns, self.recipe.rows)
        for name in found.dtype.names or ():
            values = read_rows(self.dataset.array(name), rows, self.path)
            if name == "dry":
                found[name][place] = values[:, : found[name].shape[1]]
                continue
            interpolation = cv2.INTER_AREA if name == "image" else cv2.INTER_NEAREST
            for k, picture in zip(place, values, strict=True):
                found[name][k] = cv2.resize(picture, size, interpolation=interpolation)

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> SoundedPictures:
        """Return the pictures of `step` for device `rank` of `ranks`."""
        rng = generator_for(self.recipe.seed, f"step/{step}")
        rows, stored = self._reader.rows_of(step, self.recipe.batch)
        heard = drawn_objects(self.box[rows], self.recipe.sounds, rng)
        framings = [self.recipe.framing(rng) for _ in rows]
        pictures = np.stack([how.picture(one) for how, one in zip(framings, stored["image"], strict=True)])
        audio = as_floats(np.take_along_axis(stored["dry"], heard[:, :, None], axis=1))
        image, audio = jitter(pictures, self.recipe.colour, rng), mix(audio, self.recipe.mixing, rng)
        target, own = self._targets(rows, stored, heard, framings), slice(rank, None, ranks)
        arrays = (image[own], audio[own], target[own], self.annotated[rows[own]], self._alike(rows[own], heard[own]))
        return SoundedPictures(*(torch.from_numpy(np.ascontiguousarray(one)) for one in arrays))

    def _alike(self, rows: Rows, heard: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each picture (n,) holds each sound (n k,) or one of its group."""
        held = self.groups[rows]
        sounds = np.take_along_axis(held, heard, axis=1).ravel()
        return np.asarray((held[:, :, None] == sounds).any(axis=1))

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """The group (rows, k) of each sound to learn from, negative where there is none."""
        known = np.isfinite(self.box[:, :, 0])
        known &= np.isin(np.arange(len(known)), self.rows)[:, None]
        groups = np.full(known.shape, -1, dtype=np.int64)
        if self.recipe.groups and self.recipe.unsupervised:
            groups[known] = grouped(self._described(), self.recipe.groups, generator_for(self.recipe.seed, "groups"))
        else:
            groups[known] = np.arange(known.sum())
        return groups

    def _described(self) -> Float32:
        """Return what is compared of each sound to learn from (sounds, features), read shard by shard."""
        parts = []
        for rows in np.split(self.rows, np.flatnonzero(np.diff(self.rows // self._rows_per_shard)) + 1):
            dry = read_rows(self.dataset.array("dry"), rows, self.path)
            parts.append(descriptors(as_floats(dry[:, : self.box.shape[1]][np.isfinite(self.box[rows][:, :, 0])])))
        return np.concatenate(parts)

    def _targets(self, rows: Rows, stored: npt.NDArray[Any], heard: Rows, framings: Sequence[Framing]) -> Float32:
        """Return the share of each cell (n, k, rows, columns) that the objects `heard` cover in the new frames."""
        height, width = self.recipe.cells
        if self.recipe.truth == "box":
            boxes = np.take_along_axis(self.box[rows], heard[:, :, None], axis=1)
            return covered(np.stack([how.boxes(one) for how, one in zip(framings, boxes, strict=True)]), height, width)
        masks = np.stack([how.mask(one) for how, one in zip(framings, stored["mask"], strict=True)])
        shown = masks[:, None] == 1 + heard[:, :, None, None]
        cells = shown.reshape(*heard.shape, height, self.recipe.stride, width, self.recipe.stride)
        return np.asarray(cells.mean(axis=(3, 5)), dtype=np.float32)

    def validation(self) -> Iterator[HeldOutPictures]:
        """Yield the validation pictures with all of their objects, as they are."""
        usable = (self.dataset.column("split") == "val") & np.isfinite(self.box[:, :, 0]).any(axis=1)
        rows = np.flatnonzero(usable)
        for k in range(0, len(rows), _VALIDATION_BATCH):
            part = rows[k : k + _VALIDATION_BATCH]
            stored = self.stored(part)
            image = torch.from_numpy(stored["image"].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
            dry = as_floats(stored["dry"])
            audio, absent = dry[:, :-1], self._absent(part, dry)
            yield HeldOutPictures(image, torch.from_numpy(audio), self.box[part], torch.from_numpy(absent))

    def _absent(self, rows: Rows, dry: Float32) -> Float32:
        """Return sounds of nothing in the picture (n, 3, samples), of `dry` sounds (n, k + 1, samples)."""
        rng = generator_for(self.recipe.seed, f"absent/{rows[0]}")
        loudness = np.sqrt(np.square(dry[:, 0]).mean(axis=1, keepdims=True))
        noise = loudness * rng.standard_normal(dry[:, 0].shape, dtype=np.float32)
        return np.stack([np.zeros_like(noise), noise, dry[:, -1]], axis=1)


def drawn_objects(box: Float32, count: int, rng: np.random.Generator) -> Rows:
    """Return slots (n, count) of objects drawn from each picture's boxes (n, k, 4), all before any a second time."""
    present = np.isfinite(box[:, :, 0])
    order = np.argsort(np.where(present, rng.random(present.shape), 2.0), axis=1)
    return np.take_along_axis(order, np.arange(count)[None] % present.sum(axis=1, keepdims=True), axis=1)


def open_pictures(recipe: SoundingRecipe, data: Sequence[str]) -> SoundingPictures:
    """Return the pictures of the one set in `data`; raises InputError for none, several, or one that does not serve."""
    if len(data) != 1:
        raise InputError(f"{len(data)} sources of data: give one set of sounding objects with --data")
    pictures = SoundingPictures(recipe, data[0])
    pictures.rows  # noqa: B018  raises InputError at once
    return pictures
