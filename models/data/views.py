"""Views of stereo clips without labels: both channels augmented, and the left one clean.

They come from sets of random rooms, whose delays are used for validation only, or from folders of recordings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ...conventions import SAMPLE_RATE
from ...digests import generator_for
from ...errors import InputError
from ..training.recipe import Bounds, Recipe
from .augmentation import Augmentation, Float32, augment
from .degradation import spoken_windows
from .recordings import Recordings
from .rooms import DelayClips, DelayRecipe, RandomRooms, open_rooms

MAX_SHIFT = 24
"""Largest delay that is searched, samples: 1.5 ms."""
ONE_VOTE = 2 * MAX_SHIFT + 1
"""Windows, one sample apart, of which the middle one can vote."""
_HELD_OUT, _HELD_OUT_BATCH = 1000, 50
_LEAST_SECONDS = 0.5


class Views(NamedTuple):
    """`left` and `right` augmented, `clean` the left one as it was, (n, samples) each.

    Without augmentation a walk returns to the very same left channel, so `clean` is `left`, unless it is shifted.
    `clean` starts `shift` (n,) samples later than `left`.
    """

    left: Tensor
    right: Tensor
    clean: Tensor
    shift: Tensor


class ViewsRecipe(Recipe):
    """A recipe for clips that are compared patch by patch. Reverberation is Whence's own reverberator (Freeverb)."""

    patch: int = Field(default=1024, ge=256)
    """Samples of a patch."""
    stride: int = Field(default=4, ge=1)
    """Samples between patches."""
    nodes: int = Field(default=49, ge=2)
    """Patches of a clip."""
    augmented: bool = True
    """Whether another clip, reverberation and noise are added."""
    scaling: Bounds = (0.5, 1.5)
    mixture: Bounds = (0.1, 1.0)
    room_size: Bounds = (0.0, 0.8)
    snr_db: Bounds = (0.0, 39.0)
    longest_rt60: float | None = Field(default=None, gt=0)
    """Random rooms that reverberate longer, s, are not trained on; None: all are."""
    largest_shift: ClassVar[int] = 0
    """Largest shift of the clean view, samples."""

    @property
    def augmentation(self) -> Augmentation:
        """What the views go through."""
        if not self.augmented:
            return Augmentation(self.scaling, None, None, None)
        return Augmentation(self.scaling, self.mixture, self.room_size, self.snr_db)

    @property
    def samples(self) -> int:
        """Samples of a view."""
        return self.patch + self.stride * (self.nodes - 1)


@dataclass(frozen=True)
class ClipViews:
    """Training and validation examples from one source: `rooms` or `recordings`."""

    recipe: ViewsRecipe
    rooms: RandomRooms | None = None
    recordings: Recordings | None = None

    @cached_property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The source's kind, fingerprint and licences."""
        source = self.rooms or self.recordings
        return [] if source is None else source.sources

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> Views:
        """Return the views of `step` for device `rank` of `ranks`."""
        if self.rooms is not None:
            clips = self.rooms.clips(step)[1]
        else:
            clips = self._excerpts("train", f"step/{step}", self.recipe.batch)
        views = views_of(clips, self.recipe, generator_for(self.recipe.seed, f"step/{step}"))
        return Views(*(view[rank::ranks] for view in views))

    @property
    def labelled(self) -> bool:
        """Whether the delays of the validation clips are known."""
        return self.rooms is not None

    def validation(self) -> Iterator[DelayClips]:
        """Yield the validation clips of the rooms, just long enough for one vote, at five noise levels."""
        if self.rooms is not None:
            yield from self.rooms.validation(self.recipe.patch + ONE_VOTE - 1)

    def held_out(self) -> Iterator[Views]:
        """Yield views of 1,000 excerpts of recordings that are not trained on, always the same."""
        for k in range(0, _HELD_OUT, _HELD_OUT_BATCH):
            clips = self._excerpts("val", f"held-out/{k}", _HELD_OUT_BATCH)
            yield views_of(clips, self.recipe, generator_for(self.recipe.seed, f"held-out/{k}"))

    def _excerpts(self, part: str, name: str, count: int) -> Float32:
        assert self.recordings is not None
        return self.recordings.excerpts(part, name, count)


def views_of(clips: Float32, recipe: ViewsRecipe, rng: np.random.Generator) -> Views:
    """Return the views of `clips` (n, 2, samples), whose channels are swapped with probability 1/2."""
    margin = recipe.largest_shift
    cut = spoken_windows(clips, recipe.samples + 2 * margin, rng)
    swapped = rng.random(len(cut)) < 0.5
    cut[swapped] = cut[swapped, ::-1].copy()
    shift = rng.integers(-margin, margin + 1, len(cut))
    clean = np.stack([clip[0, margin + o :][: recipe.samples] for clip, o in zip(cut, shift, strict=True)])
    middle = np.ascontiguousarray(cut[:, :, margin : margin + recipe.samples])
    left, right = map(np.ascontiguousarray, augment(middle, recipe.augmentation, rng).swapaxes(0, 1))
    arrays = (left, right, clean if recipe.augmented or margin else left, shift)
    return Views(*map(torch.from_numpy, arrays))


def open_views(recipe: ViewsRecipe, data: Sequence[str]) -> ClipViews:
    """Return the views of the one source in `data`: a set of random rooms, or a folder of stereo recordings.

    Raises InputError for none, several, or a source that does not serve.
    """
    if len(data) != 1:
        raise InputError(
            f"{len(data)} sources of data: give a set of random rooms or a folder of recordings with --data"
        )
    folder = Path(data[0])
    if folder.is_dir() and not (folder / "manifest.json").exists():
        needed = (recipe.samples + 2 * recipe.largest_shift) / SAMPLE_RATE
        recordings = Recordings(folder, max(_LEAST_SECONDS, 2 * needed), recipe.seed)
        recordings.files  # noqa: B018  raises InputError at once
        return ClipViews(recipe, recordings=recordings)
    clips = DelayRecipe(seed=recipe.seed, batch=recipe.batch)
    return ClipViews(recipe, rooms=open_rooms(clips, data, recipe.longest_rt60))
