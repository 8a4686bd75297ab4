"""Imports pairs of photographs between which a camera turned by a known angle.

The pictures are made what a camera without distortion takes, the principal point in the middle. The angles are
compared with how far the pictures are shifted, where these tell.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ..digests import digest
from ..errors import InputError
from .lenses import Lens, read_lens, straightened
from .photographs import Photographs
from .pictures import Picture, is_of_one_colour, read_picture
from .shards import Field as ArrayField
from .shards import Layout
from .view_pair_labels import PITCH, LabelledPair, PairFile, read_pairs

ROWS_PER_SHARD = 50
LONGEST_SIDE = 640
"""Pixels: larger photographs are made smaller."""
_VIEW = ("view",)
_SMALL = 80
"""Columns of the pictures whose shift is measured."""
_CLEAR_PEAK, _LEAST_SHIFT, _LARGEST_TURN_DEG = 20.0, 0.04, 40.0
"""A shift is believed if its correlation stands out by so many standard deviations: it had the right sign in 98 % of
panorama crops and homes. Shifts of a smaller share of the width, and larger turns, tell nothing."""
_FEWEST_SHIFTS, _MOST_RIGHT = 5, 0.15
_OTHER_SCALE, _OTHER_UNIT, _SPREAD, _MOST_AGREE = 1.4, 3.0, 0.25, 0.6
"""Labels are doubtful if most of them are 1.4 times what the pictures show, or more: of crops of panoramas that turn by
3 to 60 degrees, nine in ten show 0.92 to 1.07 of it. A camera that walks around a point halfway to what it sees shows
half of it; at 3 times they have another unit."""
_OTHER_TURN = 1.6


class ViewPairsRecipe(BaseModel):
    """Everything that affects the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str
    """Digest of the pairs."""
    images: str
    """Digest of the photographs."""
    lens: tuple[float, ...]
    """Width, height, fx, fy, cx, cy (pixels) and k1, k2, p1, p2, k3."""
    longest_side: int = Field(default=LONGEST_SIDE, ge=16)
    rows_per_shard: int = Field(default=ROWS_PER_SHARD, ge=1)


@dataclass(frozen=True)
class ViewPairsPlan:
    """Straightens the photographs of any pair; `remarks` are what the user should know, one line each."""

    pairs: tuple[LabelledPair, ...]
    folder: str
    lens: Lens
    longest_side: int = LONGEST_SIDE
    licence: str = "unknown"
    remarks: tuple[str, ...] = ()
    dataset: str = field(default="view-pairs", init=False)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Digests of labels and photographs, and the lens, as JSON values."""
        labels = [[one.first, one.second, one.yaw, one.pitch, one.scene] for one in self.pairs]
        images = Photographs(self.folder, tuple(photographs_of(self.pairs))).digest
        lens = (self.lens.width, self.lens.height, *self.lens.terms)
        recipe = ViewPairsRecipe(labels=digest(labels), images=images, lens=lens, longest_side=self.longest_side)
        return recipe.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Location and licence of the photographs."""
        location = str(Path(self.folder).resolve())
        remarks = {"remarks": list(self.remarks)} if self.remarks else {}
        images = {"photographs": len(photographs_of(self.pairs)), "location": location}
        return {
            "engine": {"name": "recorded", "location": location} | remarks,
            "images": images | {"licences": {self.licence: images["photographs"]}},
        }

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the stored pictures."""
        smaller = min(1.0, self.longest_side / max(self.lens.width, self.lens.height))
        return max(round(self.lens.height * smaller), 1), max(round(self.lens.width * smaller), 1)

    @property
    def layout(self) -> Layout:
        """One row per pair, in the order of the label file."""
        return Layout("pair", len(self.pairs), ROWS_PER_SHARD, fields(self))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        pair = self.pairs[row]
        return {
            "image": np.stack([self.view(pair.first), self.view(pair.second)]),
            "sample_id": pair.sample_id,
            "scene": pair.scene,
            "heading": [0.0, pair.yaw],
            "rotation": [0.0, pair.yaw],
            "pitch": pair.pitch,
        }

    def view(self, name: str) -> Picture:
        """Return the photograph `name`, straightened."""
        height, width = self.size
        return straightened(_read(str(Path(self.folder) / name), self.lens), self.lens, width, height)


def fields(plan: ViewPairsPlan) -> tuple[ArrayField, ...]:
    """Return the arrays of the dataset."""
    seen = {"horizontal_field_of_view_deg": plan.lens.horizontal_field_of_view}
    pixels = (*_VIEW, "height", "width", "channel")
    degrees = {"units": "degrees"}
    return (
        ArrayField("image", "uint8", "view 0 and view 1, red first", (2, *plan.size, 3), pixels, seen, chunk_rows=1),
        ArrayField("sample_id", "str", "name of the pair"),
        ArrayField("scene", "str", "where both were taken"),
        ArrayField("heading", "float64", "of the camera, left positive, 0 in view 0", (2,), _VIEW, degrees),
        ArrayField("rotation", "float64", "heading less that of view 0", (2,), _VIEW, degrees),
        ArrayField("pitch", "float64", "of the camera in both views, up positive", attributes=degrees),
    )


def plan_view_pairs(
    folder: str,
    labels: str,
    *,
    lens: str | None = None,
    field_of_view: float | None = None,
    longest_side: int = LONGEST_SIDE,
    licence: str = "unknown",
) -> ViewPairsPlan:
    """Return the plan of the pairs that the file `labels` names of the photographs in `folder`.

    All are of one camera: that of the file `lens`, or one without distortion that sees `field_of_view` degrees across.
    Every photograph is read. Raises InputError for labels that make no sense or contradict the pictures, and for
    photographs that cannot be read, are blank, or are not of the size of the lens.
    """
    if (lens is None) == (field_of_view is None):
        raise InputError("the camera is not known: give --lens FILE.json, or --field-of-view DEGREES, one of the two")
    read = read_pairs(labels, folder)
    height, width = read_picture(Path(folder) / read.pairs[0].first).shape[:2]
    if lens is not None:
        found = _fitted(read_lens(lens), width, height, lens, read.pairs[0].first)
    else:
        found = Lens.of_field_of_view(field_of_view or 0.0, width, height)
    plan = ViewPairsPlan(read.pairs, folder, found, longest_side, licence)
    return replace(plan, remarks=(*_remarks(read, labels), *_check_turns(plan, labels)))


def photographs_of(pairs: Sequence[LabelledPair]) -> list[str]:
    """Return the names of the photographs of `pairs`, sorted."""
    return sorted({name for one in pairs for name in (one.first, one.second)})


def _fitted(lens: Lens, width: int, height: int, path: str, name: str) -> Lens:
    """Return `lens` for pictures of `width` x `height`; raises InputError if they are of another shape."""
    if abs(lens.width * height - lens.height * width) > max(width, height):
        raise InputError(
            f"{path} is for pictures of {lens.width} x {lens.height}, but {name} has {width} x {height}"
            + (
                ": it was turned, so exchange w and h, fx and fy, cx and cy"
                if (lens.height, lens.width) == (width, height)
                else ""
            )
        )
    return lens.scaled(width, height)


@lru_cache(maxsize=4)
def _read(path: str, lens: Lens) -> Picture:
    picture = read_picture(Path(path))
    if picture.shape[:2] != (lens.height, lens.width):
        size = f"{picture.shape[1]} x {picture.shape[0]}"
        raise InputError(
            f"{path} has {size} pixels, the first photograph {lens.width} x {lens.height}: import it apart"
        )
    if is_of_one_colour(picture):
        raise InputError(f"{path} is nearly of one colour: remove its pairs")
    return picture


def _remarks(read: PairFile, labels: str) -> Iterator[str]:
    if PITCH in read.lacks:
        yield f"{labels} has no column {PITCH}: all cameras are taken to look level"
    if len({one.scene for one in read.pairs}) == 1:
        yield "all pairs are of one scene, so intervals cannot tell how much results vary between scenes"


def _check_turns(plan: ViewPairsPlan, labels: str) -> Iterator[str]:
    """Read every photograph, and yield a line on pairs that are turned otherwise than labelled.

    Raises InputError if most pictures are shifted the other way, or labels have another unit, and if a pair is one
    picture.
    """
    shown = _shown_turns(plan)
    near = [(yaw, turn) for yaw, turn in shown.values() if 0 < abs(yaw) < _LARGEST_TURN_DEG]
    right = sum(yaw * turn > 0 for yaw, turn in near)
    if len(near) >= _FEWEST_SHIFTS and right <= _MOST_RIGHT * len(near):
        raise InputError(
            f"{labels}: {len(near) - right} of {len(near)} pairs are turned the other way than their labels: "
            "are the angles positive to the right? They must be positive to the left"
        )
    yield from _check_scale(list(shown.values()), labels)
    odd = [
        f"{one.sample_id} is labelled {yaw:g}, but turned by about {turn:.0f}"
        for one, (yaw, turn) in shown.items()
        if abs(yaw) < _LARGEST_TURN_DEG and not 1 / _OTHER_TURN < yaw / turn < _OTHER_TURN
    ]
    if odd:
        yield f"{labels}: {len(odd)} of {len(shown)} pairs do not show the turn of their labels, degrees: {odd[0]}"


def _shown_turns(plan: ViewPairsPlan) -> dict[LabelledPair, tuple[float, float]]:
    """Return the labelled turn of each pair whose pictures tell it, and the one that they show, degrees."""
    width = min(_SMALL, plan.size[1])
    height = max(round(width * plan.lens.height / plan.lens.width), 1)
    small = {
        name: straightened(_read(str(Path(plan.folder) / name), plan.lens), plan.lens, width, height).mean(axis=2)
        for name in photographs_of(plan.pairs)
    }
    alike = next((one for one in plan.pairs if one.yaw and np.array_equal(small[one.first], small[one.second])), None)
    if alike:
        raise InputError(f"{alike.first} and {alike.second} are the same picture: remove their pair")
    shifts = {one: clear_shift(small[one.first], small[one.second]) for one in plan.pairs}
    focal = plan.lens.fx * width / plan.lens.width
    return {one: (one.yaw, math.degrees(math.atan(shift / focal))) for one, shift in shifts.items() if shift}


def _check_scale(turns: Sequence[tuple[float, float]], labels: str) -> Iterator[str]:
    """Yield a line if most of the labelled `turns` are those that pictures show times another factor than 1.

    Raises InputError if it is a factor that no camera has.
    """
    ratios = np.abs([yaw / turn for yaw, turn in turns])
    if len(ratios) < _FEWEST_SHIFTS:
        return
    usual = float(np.median(ratios))
    agree = np.abs(ratios - usual) <= _SPREAD * usual
    if agree.mean() < _MOST_AGREE or 1 / _OTHER_SCALE < usual < _OTHER_SCALE:
        return
    told = f"{labels}: the labels are typically {usual:.2g} times the turns that the pictures show: are they in degrees"
    if not 1 / _OTHER_UNIT < usual < _OTHER_UNIT:
        raise InputError(f"{told}, one for each pair?")
    yield f"{told}, is the camera (--lens or --field-of-view) right, or does it also move?"


def clear_shift(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> int:
    """Return by how many columns `second` is shifted to the right of `first`, both (height, width); 0 if unclear.

    By phase correlation (Kuglin and Hines 1975). A camera that turns to the left shifts its picture to the right.
    """
    shape = (2 * first.shape[0], 2 * first.shape[1])
    window = np.outer(*(np.hanning(length) for length in first.shape))
    one, other = (np.fft.rfft2((each - each.mean()) * window, s=shape) for each in (first, second))
    product = np.conj(one) * other
    correlation = np.fft.irfft2(product / np.maximum(np.abs(product), np.finfo(float).tiny), s=shape)
    column = int(np.argmax(correlation.max(axis=0)))
    shift = column - shape[1] if column >= shape[1] // 2 else column
    clear = correlation.max() > _CLEAR_PEAK * correlation.std() and abs(shift) >= _LEAST_SHIFT * first.shape[1]
    return shift if clear else 0
