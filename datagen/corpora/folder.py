"""Opens any folder of audio as a corpus: decodes every file once, and names and skips unusable ones."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ...cores import allowed_cores
from ...digests import digest
from ...errors import InputError
from . import decoding
from .corpus import Clip, Corpus
from .labels import labels_of

_MOST_THREADS = 4


def open_folder(
    folder: Path,
    *,
    minimum_seconds: float,
    kind: str = "folder",
    licence: str = "unknown",
    speaker_level: int | None = None,
) -> Corpus:
    """Return the corpus of all audio files under `folder` that hold at least `minimum_seconds` of sound.

    Speakers and licences come from `labels_of`, speakers from the folders at `speaker_level` if it is given; `licence`
    is the default for files without one. The digest covers the ids and the decoded sounds, so it does not depend on
    where the folder is. Raises InputError for a folder without usable audio, or none so deep.
    """
    names, unreadable = audio_files(folder)
    if not names and not unreadable:
        raise InputError(f"{folder}: no audio file in it or below ({' '.join(sorted(decoding.SUFFIXES))})")
    found, skipped = examine_files(folder, names, minimum_seconds=minimum_seconds)
    skipped = sorted(skipped + unreadable)
    if not found:
        raise InputError(nothing_left(folder, skipped))
    labels, unused = labels_of(folder, [file.name for file in found], speaker_level)
    if speaker_level is not None and all(speaker_level >= len(Path(file.name).parts) for file in found):
        raise InputError(f"--speaker-level {speaker_level}: no audio in {folder} lies so deep; 1 is outermost")
    clips = tuple(
        Clip(file.name, label.speaker, label.licence or licence, file.samples, label.known_by)
        for file, label in zip(found, labels, strict=True)
    )
    return Corpus(
        kind=kind,
        location=str(folder.absolute()),
        clips=clips,
        digest=digest([[c.clip_id, file.sound, c.speaker, c.licence] for c, file in zip(clips, found, strict=True)]),
        skipped=tuple(f"{printable(name)}: {reason}" for name, reason in sorted(skipped + unused)),
        fingerprints=tuple(file.fingerprint for file in found),
        speaker_level=speaker_level,
    )


@dataclass(frozen=True)
class AudioFile:
    """A usable file: its path in the folder, its samples at 16 kHz, the digest of its sound and of the file."""

    name: str
    samples: int
    sound: str
    fingerprint: str


def examine_files(
    folder: Path, names: Sequence[str], *, minimum_seconds: float, minimum_rate: int = 0
) -> tuple[list[AudioFile], list[tuple[str, str]]]:
    """Return the usable ones of the files `names` in `folder`, and (name, reason) of the others; decodes each once."""

    def examine(name: str) -> AudioFile | str:
        """Return the file `name`, or the reason why it is unusable."""
        try:
            return _examine(folder, name, minimum_seconds, minimum_rate)
        except decoding.Unusable as error:
            return str(error)
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"

    found, skipped = [], []
    with ThreadPoolExecutor(min(_MOST_THREADS, allowed_cores())) as pool:
        results = tqdm(
            pool.map(examine, names),
            total=len(names),
            desc="Reading audio",
            unit="file",
            disable=not sys.stderr.isatty(),
        )
        for name, result in zip(names, results, strict=True):
            if isinstance(result, str):
                skipped.append((name, result))
            else:
                found.append(result)
    return found, skipped


def _examine(folder: Path, name: str, minimum_seconds: float, minimum_rate: int) -> AudioFile:
    _require_text(folder / name)
    sound = decoding.decode(folder / name)
    decoding.require_usable(sound.mono, sound.sample_rate, minimum_seconds=minimum_seconds, minimum_rate=minimum_rate)
    return AudioFile(name, len(sound.at_16_khz()), sound.digest(), sound.fingerprint)


def printable(name: str) -> str:
    """Return `name` with every byte that is not UTF-8 escaped."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _require_text(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise decoding.Unusable("file name is not UTF-8 (rename it)") from error


def audio_files(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the sorted posix paths of the audio relative to `folder`, and (name, reason) of unreadable folders.

    Linked folders are followed, each only once, so loops of links end.
    """
    names: list[str] = []
    unreadable: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()

    def relative(path: str) -> str:
        """Return `path` relative to the folder, with slashes."""
        return Path(path).relative_to(folder).as_posix()

    def note(error: OSError) -> None:
        """Record a folder that cannot be read."""
        unreadable.append((relative(error.filename), f"folder cannot be read ({error.strerror})"))

    for parent, folders, files in os.walk(folder, followlinks=True, onerror=note):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names += [relative(os.path.join(parent, name)) for name in files if _looks_like_audio(name)]
    return sorted(names), unreadable


def _looks_like_audio(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in decoding.SUFFIXES


def nothing_left(folder: Path, skipped: list[tuple[str, str]]) -> str:
    """Return why none of the audio under `folder` can be used; `skipped` holds (name, reason)."""
    kinds = Counter(reason.split(" (")[0] for _, reason in skipped)
    examples = {reason.split(" (")[0]: printable(name) for name, reason in reversed(skipped)}
    reasons = "; ".join(f"{count} {kind}, e.g. {examples[kind]}" for kind, count in kinds.most_common())
    first = f"{printable(skipped[0][0])}: {skipped[0][1]}"
    return f"{folder}: none of its {len(skipped)} audio files can be used: {reasons}. First: {first}"
