"""Which speakers are for training, validation and tests: decided by the name alone, so it is the same everywhere.

A speaker falls into the same part in every corpus, dataset and seed. So whoever trains on the part `train` and tests on
the part `test` never hears a test voice in training, even with different corpora or at different times.
"""

from dataclasses import replace
from typing import Literal

from ...digests import digest, stable_hash
from ...errors import InputError
from .corpus import Corpus

Part = Literal["train", "val", "test"]
Speakers = Literal["all", "train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
_SHARES = (0.7, 0.1, 0.2)


def part_of(speaker: str) -> Part:
    """Return the part that `speaker` belongs to: 70 % train, 10 % val, 20 % test.

    >>> part_of("1034"), part_of("speaker0")
    ('val', 'train')
    """
    place = stable_hash(f"part/{speaker}") / 2**64
    return "train" if place < _SHARES[0] else "val" if place < _SHARES[0] + _SHARES[1] else "test"


def spoken_by(corpus: Corpus, speakers: Speakers) -> Corpus:
    """Return `corpus` reduced to one part of its speakers; raises InputError if nobody is left."""
    if speakers == "all":
        return corpus
    kept = [k for k, clip in enumerate(corpus.clips) if part_of(clip.speaker) == speakers]
    if not kept:
        voices = len({clip.speaker for clip in corpus.clips})
        raise InputError(
            f"{corpus.location or corpus.kind}: none of its {voices} speakers falls into the part {speakers!r}; "
            "give speech of more speakers (30 are enough)"
        )
    own = len(corpus.fingerprints) == len(corpus.clips)
    return replace(
        corpus,
        clips=tuple(corpus.clips[k] for k in kept),
        digest=digest([corpus.digest, speakers]),
        fingerprints=tuple(corpus.fingerprints[k] for k in kept) if own else corpus.fingerprints,
    )
