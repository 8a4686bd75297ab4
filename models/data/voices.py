"""Two voices at once with one of them pointed at, for AV-MonoCLR (Chen et al. 2022, Sec. 3.4).

Training needs no delays: single channels of two clips are shifted by known amounts and added, which makes two ears.
They come from sets of random rooms, as do the validation clips, whose channels and delays are real.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...datagen.dataset import as_floats
from ...digests import generator_for, sha256
from ...errors import InputError
from .augmentation import Augmentation, Float32, augment
from .degradation import spoken_windows
from .query_vectors import QueryVectors, read_query_vectors
from .reading import BufferedReader, ShuffledRows
from .rooms import DelayRecipe, RandomRooms, open_rooms
from .views import MAX_SHIFT, ONE_VOTE, ViewsRecipe

VALIDATION_SNR_DB = (30.0, 10.0)
_VALIDATION_BATCH = 250
Rows = npt.NDArray[np.intp]


class PointedViews(NamedTuple):
    """Two ears that hear two voices, and the one that is meant.

    `left` and `right` (n, samples); the voice meant is `shift` (n,) samples earlier on the right. `query` (n, samples
    or width) points at it, `alone` (n, samples) is that voice by itself, `speaker` (n,) numbers it.
    """

    left: Tensor
    right: Tensor
    shift: Tensor
    query: Tensor
    alone: Tensor
    speaker: Tensor


class PointedClips(NamedTuple):
    """Validation clips: `audio` (n, 2, samples), `delay` and `other_delay` (n,) in samples, `query`."""

    audio: Tensor
    delay: Tensor
    other_delay: Tensor
    query: Tensor


class VoicesRecipe(ViewsRecipe):
    """A recipe for two voices at once."""

    queries: str = ""
    """A file of vectors that point at voices, by the sample_id of the rooms; none: an encoder of voices is trained."""
    query_width: int = 128
    """Numbers in a query, 128 or 256."""
    largest_shift: ClassVar[int] = MAX_SHIFT

    @property
    def augmentation(self) -> Augmentation:
        """What both ears go through; another voice is mixed in already."""
        return Augmentation(self.scaling, None, *((self.room_size, self.snr_db) if self.augmented else (None, None)))


@dataclass(frozen=True)
class Voices:
    """Training and validation examples from a set of random rooms, of speakers with several clips."""

    recipe: VoicesRecipe
    rooms: RandomRooms
    vectors: QueryVectors | None

    @cached_property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The set's kind, fingerprint and licences, and the file of vectors."""
        if self.vectors is None:
            return self.rooms.sources
        fingerprint = sha256(self.vectors.path.read_bytes())
        return [*self.rooms.sources, {"dataset": "queries", "fingerprint": fingerprint, "licences": ["not stated"]}]

    @cached_property
    def _speaker(self) -> Rows:
        """The number of the speaker of every row."""
        names = self.rooms.dataset.column("speaker").astype(object).astype(str)
        return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.intp)

    @cached_property
    def _names(self) -> list[str]:
        return list(map(str, self.rooms.dataset.column("sample_id")))

    @cached_property
    def rows(self) -> Mapping[str, Rows]:
        """The rows of `train` and `val` whose speaker has another clip; raises InputError without two such speakers."""
        split = self.rooms.dataset.column("split").astype(object).astype(str)
        found = {part: _with_mates(np.flatnonzero(split == part), self._speaker) for part in ("train", "val")}
        for part, rows in found.items():
            if len(set(self._speaker[rows])) < 2:
                raise InputError(
                    f"{self.rooms.path}: fewer than two speakers of the part {part!r} have two clips; "
                    "generate more clips, of speech of more speakers"
                )
        return found

    @cached_property
    def _mates(self) -> Mapping[int, Rows]:
        """The usable rows of each speaker."""
        usable = np.concatenate(list(self.rows.values()))
        return {int(who): usable[self._speaker[usable] == who] for who in np.unique(self._speaker[usable])}

    @cached_property
    def _reader(self) -> BufferedReader:
        size = int(self.rooms.dataset.recipe["rows_per_shard"])
        return BufferedReader(ShuffledRows(self.rows["train"], size, self.recipe.seed), self.rooms.stored)

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> PointedViews:
        """Return the views of `step` for device `rank` of `ranks`."""
        rng = generator_for(self.recipe.seed, f"step/{step}")
        rows, stored = self._reader.rows_of(step, self.recipe.batch)
        clips, speaker = as_floats(stored[:, :1]), self._speaker[rows]
        own, other = (spoken_windows(some, self._cut, rng)[:, 0] for some in (clips, clips[partners(speaker, rng)]))
        ears, shift = two_ears(own, other, self.recipe.largest_shift, rng)
        left, right = map(np.ascontiguousarray, augment(ears, self.recipe.augmentation, rng).swapaxes(0, 1))
        arrays = (left, right, shift, self._queries(rows, rng), clips[:, 0], speaker)
        return PointedViews(*(torch.from_numpy(np.ascontiguousarray(one[rank::ranks])) for one in arrays))

    @property
    def _cut(self) -> int:
        return self.recipe.samples + 2 * self.recipe.largest_shift

    def _queries(self, rows: Rows, rng: np.random.Generator) -> Float32:
        """Return what points at the speaker of each of `rows`: another clip's left channel, or its vector."""
        mates = [self._mates[int(self._speaker[row])] for row in rows]
        chosen = np.array([rng.choice(some[some != row]) for some, row in zip(mates, rows, strict=True)])
        if self.vectors is not None:
            return self.vectors.of([self._names[row] for row in chosen])
        ordered, place = np.unique(chosen, return_inverse=True)
        return as_floats(self.rooms.stored(ordered)[place, 0])

    def validation(self) -> Iterator[PointedClips]:
        """Yield two validation clips at once, equally loud, just long enough for one vote, at two noise levels."""
        delays = self.rooms.dataset.column("interaural_time_difference") * 16000
        rows = generator_for(0, "validation").permutation(self.rows["val"])
        for k in range(0, len(rows), _VALIDATION_BATCH):
            part, rng = rows[k : k + _VALIDATION_BATCH], generator_for(0, f"validation/{k}")
            ordered, place = np.unique(part, return_inverse=True)
            clips = spoken_windows(as_floats(self.rooms.stored(ordered)[place]), self.recipe.patch + ONE_VOTE - 1, rng)
            partner = partners(self._speaker[part], rng)
            audio = with_noise(clips + levelled(clips[partner], clips), VALIDATION_SNR_DB, rng)
            arrays = (audio, delays[part], delays[part[partner]], self._queries(part, rng))
            yield PointedClips(*(torch.from_numpy(np.asarray(one, dtype=np.float32)) for one in arrays))


def _with_mates(rows: Rows, speaker: Rows) -> Rows:
    """Return those of `rows` whose speaker has several of them."""
    counts = np.bincount(speaker[rows], minlength=int(speaker.max()) + 1)
    return rows[counts[speaker[rows]] > 1]


def partners(speaker: Rows, rng: np.random.Generator) -> Rows:
    """Return for each of the clips of `speaker` (n,) another clip (n,), of another speaker if there is one.

    >>> partners(np.array([4, 4, 7]), np.random.default_rng(0)).tolist()
    [2, 2, 0]
    """
    order = rng.permutation(len(speaker))
    others = [order[(speaker[order] != speaker[k])] for k in range(len(speaker))]
    return np.array([some[rng.integers(len(some))] if len(some) else k - 1 for k, some in enumerate(others)])


def levelled(clips: Float32, like: Float32) -> Float32:
    """Return `clips` (n, ..., samples) scaled to the level of `like`, over all that follows n."""
    axes = tuple(range(1, clips.ndim))
    power, wanted = (np.square(some, dtype=np.float64).mean(axis=axes, keepdims=True) for some in (clips, like))
    return np.asarray(clips * np.sqrt(wanted / np.maximum(power, 1e-12)), dtype=np.float32)


def with_noise(clips: Float32, snr_db: Sequence[float], rng: np.random.Generator) -> Float32:
    """Return `clips` (n, 2, samples) with white noise at each of the levels `snr_db` in turn."""
    level = np.array([snr_db[k % len(snr_db)] for k in range(len(clips))])[:, None, None]
    sigma = np.sqrt(np.square(clips, dtype=np.float64).mean(axis=(1, 2), keepdims=True)) * 10 ** (-level / 20)
    return np.asarray(clips + sigma * rng.standard_normal(clips.shape, dtype=np.float32), dtype=np.float32)


def two_ears(own: Float32, other: Float32, margin: int, rng: np.random.Generator) -> tuple[Float32, Rows]:
    """Return what two ears (n, 2, samples) hear of two voices, and the shift (n,) of `own` in samples.

    `own` and `other` are single channels (n, samples + 2 margin). Left hears both in the middle; right hears them from
    different shifts in -margin..margin on, so a voice with shift o reaches it o samples earlier. Each voice has a gain
    of 0.5 to 1.5 at each ear, once both are equally loud.
    """
    count, samples = own.shape[0], own.shape[1] - 2 * margin
    shift = rng.integers(-margin, margin + 1, size=(count,))
    apart = (shift + margin + rng.integers(1, 2 * margin + 1, size=(count,))) % (2 * margin + 1) - margin
    gains = rng.uniform(0.5, 1.5, (2, count, 2, 1)).astype(np.float32)
    voices = (own, np.clip(levelled(other, own), -1, 1))
    heard = zip(gains, voices, (shift, apart), strict=True)
    images = [gain * _shifted(voice, o, margin, samples) for gain, voice, o in heard]
    return np.clip(images[0] + images[1], -1, 1), shift


def _shifted(voice: Float32, shift: Rows, margin: int, samples: int) -> Float32:
    """Return the middle of `voice` and what follows `shift` later, (n, 2, samples)."""
    right = np.stack([one[margin + o :][:samples] for one, o in zip(voice, shift, strict=True)])
    return np.stack([voice[:, margin : margin + samples], right], axis=1)


def open_voices(recipe: VoicesRecipe, data: Sequence[str]) -> Voices:
    """Return the voices in the set of random rooms in `data`; raises InputError if it, or the queries, do not serve."""
    vectors = read_query_vectors(Path(recipe.queries)) if recipe.queries else None
    if vectors is not None and vectors.width != recipe.query_width:
        raise InputError(f"{vectors.path}: vectors of {vectors.width} numbers; give --set query_width={vectors.width}")
    rooms = open_rooms(DelayRecipe(seed=recipe.seed, batch=recipe.batch), data)
    voices = Voices(recipe, rooms, vectors)
    voices.rows  # noqa: B018  raises InputError at once
    return voices
