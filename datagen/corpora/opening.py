"""`open_corpus`: opens any corpus by name or folder."""

import difflib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...conventions import SAMPLE_RATE
from ...digests import digest, generator_for
from ...errors import InputError
from ..sources import described, missing
from . import librispeech
from .corpus import Clip, Corpus
from .espeak import engine_fingerprint
from .folder import open_folder
from .holdout import Speakers, spoken_by
from .sentences import word_list
from .speech import RECIPE
from .voices import cast

ESPEAK_CLIPS = 480
"""Default number of clips of the espeak corpus: ten for each of its 48 speakers."""

ESPEAK_SECONDS = 4.0
"""Length of the espeak clips, or `minimum_seconds` if longer, so that a task can choose its cut."""

ESPEAK_LICENCE = "generated with espeak-ng, no rights claimed"


def open_corpus(
    source: str | None,
    *,
    minimum_seconds: float,
    seed: int = 0,
    count: int | None = None,
    speakers: Speakers = "all",
    speaker_level: int | None = None,
) -> Corpus:
    """Return the corpus `source`, with clips of at least `minimum_seconds`, of all `speakers` or one part of them.

    None or "espeak": `count` synthetic clips that depend on `seed`. "librispeech" (short for
    "librispeech:test-clean") or "librispeech:SUBSET": downloaded once. Anything else: a folder of audio files
    (write "./espeak" for a folder of that name). `seed` and `count` apply to espeak only, `speaker_level` (1 is the
    outermost folder) to folders whose speakers it names. Raises InputError for a
    source that cannot be opened.

    >>> corpus = open_corpus("espeak", minimum_seconds=1.0, count=2)
    >>> corpus.load(1).shape
    (64000,)
    """
    if not (math.isfinite(minimum_seconds) and minimum_seconds >= 0):
        raise InputError(f"minimum_seconds={minimum_seconds}: expected a number of seconds, 0 or more")
    named = source is None or source.partition(":")[0] in ("espeak", "librispeech")
    if named and speaker_level is not None:
        raise InputError(f"--speaker-level applies to a folder of speech, not to {source or 'espeak'}")
    if source is None or source == "espeak":
        return spoken_by(_open_espeak(minimum_seconds, seed, ESPEAK_CLIPS if count is None else count), speakers)
    return spoken_by(_open_recordings(source, minimum_seconds, speaker_level), speakers)


def _open_recordings(source: str, minimum_seconds: float, speaker_level: int | None) -> Corpus:
    if source == "librispeech" or source.startswith("librispeech:"):
        folder = librispeech.fetch(source.partition(":")[2] or librispeech.DEFAULT_SUBSET)
        return _open_librispeech(folder, minimum_seconds)
    return open_folder(_existing_folder(source), minimum_seconds=minimum_seconds, speaker_level=speaker_level)


def _open_librispeech(folder: Path, minimum_seconds: float) -> Corpus:
    return open_folder(folder, minimum_seconds=minimum_seconds, kind="librispeech", licence=librispeech.LICENCE)


def reopen_corpus(
    recorded: Mapping[str, Any],
    moved_to: str | None,
    *,
    expected: str,
    minimum_seconds: float,
    seed: int,
    count: int | None,
    speakers: Speakers = "all",
) -> Corpus:
    """Return the corpus that a dataset was made from, opened the same way; `expected` is its digest.

    `recorded` is the dataset's record of its speech, empty if only the digest is known; `moved_to` is the current
    location, None if unchanged. Raises InputError if the corpus is not there, or differs.
    """
    source, level = moved_to or _at_hand(recorded, expected), recorded.get("speaker_level")
    if recorded.get("kind") == "librispeech" and os.path.isdir(source):
        corpus = spoken_by(_open_librispeech(Path(source), minimum_seconds), speakers)
    else:
        corpus = open_corpus(
            source, minimum_seconds=minimum_seconds, seed=seed, count=count, speakers=speakers, speaker_level=level
        )
    if corpus.digest != expected:
        what, found = described(recorded, expected), corpus.digest[:12]
        raise InputError(
            f"{source} (digest {found}) is not the speech that the dataset was made from ({what}): give it with "
            "--speech DIR"
        )
    return corpus


def _at_hand(recorded: Mapping[str, Any], expected: str) -> str:
    """Return where the corpus lies that a dataset records; raises InputError if it does not lie here."""
    kind, location = recorded.get("kind", "espeak"), recorded.get("location")
    if kind == "espeak":
        return "espeak"
    if location and os.path.isdir(location):
        return str(location)
    subset = recorded.get("subset") or Path(location or "").name
    if kind == "librispeech" and librispeech.is_cached(subset):
        return f"librispeech:{subset}"
    raise missing("speech", recorded, expected)


def _open_espeak(minimum_seconds: float, seed: int, count: int) -> Corpus:
    if count < 1:
        raise InputError(f"count={count}: expected at least 1 clip")
    if seed < 0:
        raise InputError(f"seed={seed}: expected 0 or more")
    samples = math.ceil(max(minimum_seconds, ESPEAK_SECONDS) * SAMPLE_RATE)
    voices = cast(generator_for(seed, "espeak/voices"))
    clips = tuple(
        Clip(f"espeak/{i:06d}", voices[i % len(voices)].speaker, ESPEAK_LICENCE, samples, "espeak-ng")
        for i in range(count)
    )
    engine = engine_fingerprint()
    recipe = [RECIPE, engine, word_list(), [voice.recipe for voice in voices], seed, samples, count]
    return Corpus(
        kind="espeak",
        location="",
        clips=tuple(sorted(clips, key=lambda clip: clip.clip_id)),
        digest=digest(recipe),
        skipped=(),
        seed=seed,
        fingerprints=(engine,),
    )


def _existing_folder(source: str) -> Path:
    if "://" in source:
        raise InputError(f"{source} is a URL, but speech must be local: copy it here and give the folder")
    folder = Path(source).expanduser()
    if os.path.isdir(folder):
        return folder
    if os.path.exists(folder):
        raise InputError(f"{folder}: a file; give the folder that holds the audio, such as {folder.parent}")
    raise InputError(f"{folder}: no such folder{_near(folder)}; give a folder of audio, espeak or librispeech")


def _near(folder: Path) -> str:
    """Return a hint at what the user may have meant, or ""."""
    parent = folder.parent
    readable = os.path.isdir(parent) and os.access(parent, os.R_OK | os.X_OK)
    beside = [name for name in os.listdir(parent) if os.path.isdir(parent / name)] if readable else []
    close = difflib.get_close_matches(folder.name, [*beside, "espeak", "librispeech"], n=1)
    if not close:
        return ""
    return f", did you mean {parent / close[0] if close[0] in beside else close[0]}?"
