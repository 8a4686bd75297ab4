"""Finds the recordings that a label file names, and reads a second of one."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ..conventions import SAMPLE_RATE
from ..digests import digest, sha256
from ..errors import InputError
from . import stereo

Audio = npt.NDArray[np.float32]
Parts = tuple[str, ...]
"""The components of a path that identify a recording."""

EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au", ".caf", ".opus", ".w64")
SILENCE = 2.0**-24
"""A peak below this, half a step of 24-bit audio, is silence."""
_CLIPPED_RUN, _CLIPPED_RUNS = 3, 3

# Which file a label means ---------------------------------------------------------------------------------------


def parts_of(path: PurePath) -> Parts:
    """Return the parts of `path` that identify a recording: without extension or a trailing "audio".

    >>> parts_of(PurePath("./x/a_0001_0002/audio/audio.wav"))
    ('x', 'a_0001_0002')
    """
    parts = (path.with_suffix("") if path.suffix.lower() in EXTENSIONS else path).parts
    while len(parts) > 1 and parts[-1] == "audio":
        parts = parts[:-1]
    return parts


def find_recordings(paths: Iterable[Parts], folder: Path, labels: str) -> dict[Parts, Path]:
    """Return for each of `paths` the recording below `folder` that shares the longest ending with it.

    Paths without one are left out. A recording claimed by two of `paths` goes to the one with the longer common ending.
    Raises InputError where that leaves two recordings for a path of the file `labels`, or two paths for a recording.
    """
    found = _recordings(folder)
    claims: dict[Path, list[tuple[int, Parts]]] = defaultdict(list)
    for path in sorted(paths):
        candidates = sorted((-_common_end(path, parts), file) for parts, file in found.get(path[-1], []))
        if len(candidates) > 1 and candidates[0][0] == candidates[1][0]:
            one, other = candidates[0][1], candidates[1][1]
            raise InputError(f"{labels}: {'/'.join(path)!r} matches {one} and {other}: keep one, or give its full path")
        for depth, file in candidates[:1]:
            claims[file].append((depth, path))
    return {_owner(file, claimed, labels): file for file, claimed in claims.items()}


def _recordings(folder: Path) -> dict[str, list[tuple[Parts, Path]]]:
    """Return every recording below `folder` with the parts of its full path, grouped by the last part."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in EXTENSIONS and path.is_file():
            parts = parts_of(Path(os.path.abspath(path)))
            found[parts[-1]].append((parts, path))
    return dict(found)


def _owner(file: Path, claimed: list[tuple[int, Parts]], labels: str) -> Parts:
    """Return the path in `claimed` (pairs of -common parts and path) that has most in common with `file`."""
    first, *others = sorted(claimed)
    if others and others[0][0] == first[0]:
        one, other = ("/".join(path) for _, path in (first, others[0]))
        raise InputError(f"{labels}: {file} matches {one!r} and {other!r}: put it in the folder that its path names")
    return first[1]


def _common_end(one: Parts, other: Parts) -> int:
    """Return the number of parts in the common ending of two paths.

    >>> _common_end(("data", "a", "v"), ("home", "a", "v"))
    2
    """
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((k for k, (x, y) in enumerate(pairs) if x != y), min(len(one), len(other)))


def short_names(paths: Iterable[Parts]) -> Mapping[Parts, str]:
    """Return the name of each of `paths`: its last part, or the whole path if others end in the same part.

    >>> sorted(short_names([("x", "a", "v"), ("x", "b", "v"), ("x", "w")]).values())
    ['w', 'x/a/v', 'x/b/v']
    """
    paths = list(paths)
    count = Counter(path[-1] for path in paths)
    return {path: path[-1] if count[path[-1]] == 1 else "/".join(path) for path in paths}


def none_found(folder: str, paths: Iterable[str], labels: str) -> str:
    """Return the error message for a `folder` in which none of the `paths` of the file `labels` is found."""
    return f"{folder} holds none of the recordings that {labels} names, such as {min(paths)!r}"


def content_of(files: Iterable[tuple[str, str]]) -> str:
    """Return the digest of recordings, given as names and files, whichever clips are cut from them."""
    return digest([[name, sha256(Path(file).read_bytes())] for name, file in sorted(set(files))])


def recorded_at(location: str, licence: str, clips: int, **more: Any) -> dict[str, Any]:
    """Return the provenance of `clips` cut from recordings at `location`, with `more` on how they were cut."""
    speech = {"kind": "recorded", "location": location, "licences": {licence: clips}}
    return {"engine": {"name": "recorded", "location": location, **more}, "speech": speech}


# Reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Second:
    """One second of a recording: `audio` float32 (2, 16000), left first.

    `repeated`: the recording ends sooner, so what there is was repeated. `clipped`: peaks are cut off.
    """

    audio: Audio
    repeated: bool
    clipped: bool


def second_of(file: str, start: Fraction, where: str, channels: tuple[int, int] | None = None) -> Second:
    """Return the second of `file` that begins at `start` s, at 16 kHz.

    `channels` are those of the left and the right ear, None the only two. Raises InputError, with the place `where`, if
    the file cannot be read, has other channels, or has no usable sound there.
    """
    audio, rate = _read_second(file, start, channels)
    sound = soxr.resample(audio, rate, SAMPLE_RATE).T
    if sound.shape[1] == 0:
        raise InputError(f"{where} is beyond its end")
    if not (np.isfinite(audio).all() and np.isfinite(sound).all()):
        raise InputError(f"{where} holds values that are not finite")
    if np.abs(sound).max() < SILENCE:
        raise InputError(f"{where} is silent")
    repeats = -(-stereo.CLIP_SAMPLES // sound.shape[1])
    second = np.tile(sound, repeats)[:, : stereo.CLIP_SAMPLES]
    return Second(second, repeats > 1, any(_is_clipped(channel) for channel in audio.T))


def _read_second(file: str, start: Fraction, channels: tuple[int, int] | None) -> tuple[Audio, int]:
    """Return up to one second of `file` from `start` s on, (samples, 2), and its sample rate, Hz."""
    try:
        with soundfile.SoundFile(file) as recording:
            chosen = _chosen(file, recording.channels, channels)
            recording.seek(min(int(start * recording.samplerate), recording.frames))
            audio = recording.read(recording.samplerate, dtype="float32", always_2d=True)
            return np.ascontiguousarray(audio[:, chosen]), recording.samplerate
    except (soundfile.SoundFileError, OSError) as error:
        raise InputError(f"{file}: {error}") from None


def _chosen(file: str, count: int, channels: tuple[int, int] | None) -> list[int]:
    """Return which of the `count` channels of `file` are left and right."""
    if channels is not None:
        if max(channels) >= count:
            raise InputError(f"{file}: no channel {max(channels)}, it has {count}, counted from 0")
        return list(channels)
    if count != 2:
        hint = ": say which are left and right with --channels 0,1" if count > 2 else ", it is mono"
        raise InputError(f"{file}: expected two channels, found {count}{hint}")
    return [0, 1]


def _is_clipped(channel: Audio) -> bool:
    """Return whether `channel` (samples,) stays at its highest or lowest value three times, for three samples.

    >>> tone = np.sin(np.arange(16_000) / 10).astype(np.float32)
    >>> _is_clipped(tone), _is_clipped(np.clip(2 * tone, -1, 1))
    (False, True)
    """
    return any(_runs(channel == extreme) >= _CLIPPED_RUNS for extreme in (channel.max(), channel.min()))


def _runs(marked: npt.NDArray[np.bool_]) -> int:
    """Return how many runs of at least `_CLIPPED_RUN` samples are `marked` (samples,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2] >= _CLIPPED_RUN).sum())
