"""Stereo clips with known delays, from sets of random rooms: new windows, noise, gains and talkers at every step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from ...conventions import SAMPLE_RATE
from ...datagen.dataset import Dataset, as_floats, read_rows
from ...digests import generator_for
from ...errors import InputError
from ..training.learning import described
from ..training.recipe import Bounds, Recipe, Size
from .degradation import Degradation, degrade, spoken_windows
from .reading import BufferedReader, ShuffledRows

STANDARD_SAMPLES = 1151
"""What a method hears of a clip in the standard condition: 128 windows of 1,024 samples, one sample apart."""
VALIDATION_SNR_DB = (30.0, 20.0, 10.0, 0.0, -10.0)
_VALIDATION_BATCH = 250


class DelayClips(NamedTuple):
    """`audio` float32 (n, 2, samples) and `delay` float32 (n,): t_right - t_left in samples."""

    audio: Tensor
    delay: Tensor


class DelayRecipe(Recipe):
    """A recipe for clips with known delays."""

    clip_samples: tuple[Size, ...] = Field(default=(STANDARD_SAMPLES,), min_length=1)
    """Lengths of clips; each step uses one of them, in turn."""
    snr_db: Bounds = (-12.0, 35.0)
    clean_share: float = Field(default=0.1, ge=0, le=1)
    gain_db: float = Field(default=4.0, ge=0)
    distractor: Bounds = (0.05, 1.0)
    distractor_share: float = Field(default=0.2, ge=0, le=1)

    @property
    def degradation(self) -> Degradation:
        """What the clips go through."""
        return Degradation(self.snr_db, self.clean_share, self.gain_db, self.distractor, self.distractor_share)


@dataclass(frozen=True)
class RandomRooms:
    """The clips of one set of random rooms, at `path`."""

    recipe: DelayRecipe
    path: str
    longest_rt60: float | None = None
    """Rooms that reverberate longer (s, by Sabine's formula) are not trained on."""

    @cached_property
    def dataset(self) -> Dataset:
        """The set; raises InputError if it is of another kind."""
        found = Dataset(self.path)
        if found.name != "random-rooms":
            raise InputError(
                f"{self.path} holds {found.name!r}, not random rooms: make some to train on with "
                "`whence generate random-rooms OUT.zarr`"
            )
        return found

    @cached_property
    def _delays(self) -> npt.NDArray[np.float64]:
        return self.dataset.column("interaural_time_difference") * SAMPLE_RATE

    @cached_property
    def _reader(self) -> BufferedReader:
        rows = np.flatnonzero(self.dataset.column("split") == "train")
        if self.longest_rt60 is not None:
            rows = rows[self.dataset.column("rt60_sabine")[rows] <= self.longest_rt60]
            if not rows.size:
                raise InputError(f"{self.path}: no room reverberates at most {self.longest_rt60} s: raise longest_rt60")
        order = ShuffledRows(rows, int(self.dataset.recipe["rows_per_shard"]), self.recipe.seed)
        return BufferedReader(order, self.stored)

    def stored(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int16]:
        """Return the audio of `rows`."""
        return read_rows(self.dataset.array("audio"), rows, self.path)

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The set's kind, recipe, fingerprint and licences."""
        return [described(self.dataset)]

    def clips(self, step: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """Return the rows of `step` and their stored clips (n, 2, samples)."""
        rows, stored = self._reader.rows_of(step, self.recipe.batch)
        return rows, as_floats(stored)

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> DelayClips:
        """Return the clips of `step` for device `rank` of `ranks`."""
        rng = generator_for(self.recipe.seed, f"step/{step}")
        rows, stored = self._reader.rows_of(step, self.recipe.batch)
        length = self.recipe.clip_samples[step % len(self.recipe.clip_samples)]
        clips = degrade(as_floats(spoken_windows(stored, length, rng)), self.recipe.degradation, rng)
        delay = self._delays[rows]
        swapped = rng.random(len(rows)) < 0.5
        clips[swapped], delay = clips[swapped, ::-1].copy(), np.where(swapped, -delay, delay)
        own = slice(rank, None, ranks)
        return DelayClips(torch.from_numpy(clips[own].copy()), torch.from_numpy(delay[own].astype(np.float32)))

    def validation(self, samples: int = STANDARD_SAMPLES) -> Iterator[DelayClips]:
        """Yield the validation clips, `samples` long as in the benchmark, each at one of five noise levels."""
        rows = np.flatnonzero(self.dataset.column("split") == "val")
        for k in range(0, len(rows), _VALIDATION_BATCH):
            part = rows[k : k + _VALIDATION_BATCH]
            rng = generator_for(0, f"validation/{k}")
            clips = as_floats(spoken_windows(self.stored(part), samples, rng))
            noisy = [
                degrade(clips[i : i + 1], _noise(VALIDATION_SNR_DB[i % len(VALIDATION_SNR_DB)]), rng)
                for i in range(len(clips))
            ]
            delay = torch.from_numpy(self._delays[part].astype(np.float32))
            yield DelayClips(torch.from_numpy(np.concatenate(noisy)), delay)


def _noise(snr_db: float) -> Degradation:
    """Return noise at one level and nothing else."""
    return Degradation((snr_db, snr_db), 0.0, 0.0, (0.0, 0.0), 0.0)


def open_rooms(recipe: DelayRecipe, data: Sequence[str], longest_rt60: float | None = None) -> RandomRooms:
    """Return the clips of the one set in `data`; raises InputError for none, several, or one that does not serve."""
    if len(data) != 1:
        raise InputError(f"{len(data)} sources of data: give one set of random rooms with --data")
    rooms = RandomRooms(recipe, data[0], longest_rt60)
    there = set(rooms.dataset.column("split"))
    for part, use in (("train", "learn from"), ("val", "validate with")):
        if part not in there:
            raise InputError(f"{data[0]} has no clip to {use} (split {part!r}): make a set with `whence generate`")
    return rooms
