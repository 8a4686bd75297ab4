"""Dry clips stored beside the impulse responses of a dataset: 7.65 s, mono, as in SLfM (Sec. 4.1).

Speakers are split between train, val and test, so that no test voice occurs in training. Unknown speakers cannot be
separated reliably.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE
from ..digests import generator_for
from ..errors import InputError
from .corpora import UNKNOWN, Corpus, open_corpus, reopen_corpus
from .dataset import Elsewhere
from .shards import Field, Layout
from .sources import Recorded
from .stereo import describe_corpus

SPLITS = ("train", "val", "test")
SPEAKER_SHARES = (0.7, 0.2, 0.1)
CLIP_SAMPLES = round(3 * 2.55 * SAMPLE_RATE)
LEAST_SECONDS = {"espeak": CLIP_SAMPLES / SAMPLE_RATE, "librispeech": 10.0}
"""Shortest utterance used, s; those of a folder may be shorter and are then repeated."""
FOLDER_SECONDS = 1.5
ROWS_PER_SHARD = 8

FIELDS = (
    Field(
        "audio",
        "int16",
        "dry sound at its own level; divide by 32768",
        (CLIP_SAMPLES,),
        ("sample",),
        {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768},
        chunk_rows=1,
    ),
    Field("sample_id", "str", "clip of the corpus"),
    Field("speaker", "str", "who speaks"),
    Field("split", "str", "train, val or test, by speaker"),
)


class DryRecipe(BaseModel):
    """Everything that affects the bytes of the dry clips."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Setting(ge=0)
    clips: int = Setting(ge=1)
    """Per split."""
    corpus: str
    """Digest of the dry speech."""


@dataclass(frozen=True)
class DryClips:
    """Renders the dry clips: up to `clips` of each split, from `corpus`."""

    settings: DryRecipe
    corpus: Corpus
    dataset: str = field(default="dry-clips", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The speech, and whether splits share speakers: yes if there are too few, perhaps if some are unknown."""
        few = len({clip.speaker for clip in self.corpus.clips}) < len(SPLITS)
        unknown = any(clip.known_by == UNKNOWN for clip in self.corpus.clips)
        shared = True if few else "unknown" if unknown else False
        return {"speech": {**describe_corpus(self.corpus), "speakers_shared_by_splits": shared}}

    @property
    def layout(self) -> Layout:
        """One row per clip, split by split."""
        return Layout("clip", len(self._chosen), ROWS_PER_SHARD, FIELDS)

    @cached_property
    def _chosen(self) -> list[tuple[str, int]]:
        """Split and corpus index of every clip."""
        by_split = split_by_speaker([clip.speaker for clip in self.corpus.clips], self.settings.seed)
        chosen = []
        for split, clips in by_split.items():
            order = generator_for(self.settings.seed, f"dry/{split}").permutation(clips)
            chosen += [(split, int(clip)) for clip in sorted(order[: self.settings.clips])]
        return chosen

    def rows_of(self, split: str) -> npt.NDArray[np.intp]:
        """Return the rows that belong to `split`."""
        return np.flatnonzero(np.array([name == split for name, _ in self._chosen]))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        split, clip = self._chosen[row]
        dry = self.corpus.load(clip)
        whole = np.resize(dry, CLIP_SAMPLES) if dry.size < CLIP_SAMPLES else dry[:CLIP_SAMPLES]
        return {
            "audio": np.rint(np.clip(whole, -1, 1) * 32767).astype(np.int16),
            "sample_id": self.corpus.clips[clip].clip_id,
            "speaker": self.corpus.clips[clip].speaker,
            "split": split,
        }


def split_by_speaker(speakers: list[str], seed: int) -> dict[str, list[int]]:
    """Return the indices of `speakers` in each split: 7:2:1 by speaker, with at least one speaker each.

    With fewer than three speakers, every split gets all of them.
    """
    names = sorted(set(speakers))
    if len(names) < len(SPLITS):
        return {split: list(range(len(speakers))) for split in SPLITS}
    order = [names[k] for k in generator_for(seed, "dry/speakers").permutation(len(names))]
    held_out = [max(1, round(share * len(names))) for share in SPEAKER_SHARES[1:]]
    first = len(names) - sum(held_out)
    groups = (order[:first], order[first : first + held_out[0]], order[first + held_out[0] :])
    return {
        split: [k for k, speaker in enumerate(speakers) if speaker in group]
        for split, group in zip(SPLITS, groups, strict=True)
    }


def open_dry_clips(speech: str | None, clips: int, seed: int) -> DryClips:
    """Return the plan of up to `clips` dry clips for each split, from `speech` (see `open_corpus`)."""
    least = _least_seconds(speech)
    corpus = open_corpus(speech, minimum_seconds=least, seed=seed, count=_espeak_count(clips))
    if not corpus.clips:
        raise InputError(f"{corpus.location}: every utterance is shorter than {least} s")
    return DryClips(DryRecipe(seed=seed, clips=clips, corpus=corpus.digest), corpus)


def replan(dataset: Recorded, elsewhere: Elsewhere) -> DryClips:
    """Return the plan that made `dataset`; raises InputError if its speech is missing or changed."""
    return reopen_dry_clips(DryRecipe(**dataset.recipe), dataset.attributes.get("speech", {}), elsewhere.get("speech"))


def reopen_dry_clips(recipe: DryRecipe, recorded: Mapping[str, Any], moved_to: str | None) -> DryClips:
    """Return the plan of `recipe` with its speech reopened (see `reopen_corpus`)."""
    corpus = reopen_corpus(
        recorded,
        moved_to,
        expected=recipe.corpus,
        minimum_seconds=_least_seconds(recorded.get("kind") or moved_to),
        seed=recipe.seed,
        count=_espeak_count(recipe.clips),
    )
    return DryClips(recipe, corpus)


def _least_seconds(speech: str | None) -> float:
    """Return the length (s) of the shortest utterance used from `speech`."""
    return LEAST_SECONDS.get((speech or "espeak").partition(":")[0], FOLDER_SECONDS)


def _espeak_count(clips: int) -> int:
    """Return the number of clips to synthesise so that the smallest split gets `clips`."""
    return max(480, round(clips / SPEAKER_SHARES[-1] * 1.3))
