"""Stereo recordings in a folder, without labels: excerpts are read as they are needed, never the whole folder.

The files are split by their names: 90 % to train on, 5 % for validation, 5 % left alone.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ...conventions import SAMPLE_RATE
from ...cores import allowed_cores
from ...digests import digest, generator_for, stable_hash
from ...english import counted
from ...errors import InputError

SUFFIXES = frozenset({".wav", ".flac"})
HELD_OUT = 0.05
"""Share of the files for validation, and as many for tests."""
_PROBED_SECONDS = 1.0
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """A usable stereo file: `name` below the folder, its length in frames, its sample rate in Hz."""

    name: str
    frames: int
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self.sample_rate


@dataclass(frozen=True)
class Recordings:
    """The stereo wav and flac files below `folder` that hold at least `excerpt_seconds`."""

    folder: Path
    excerpt_seconds: float
    seed: int

    @cached_property
    def files(self) -> tuple[Recording, ...]:
        """The usable files in the order of a hash of their names; the others are counted on stderr.

        Raises InputError if fewer than two are usable.
        """
        names = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if _is_audio(path))
        with ThreadPoolExecutor(allowed_cores()) as pool:
            examined = list(zip(names, pool.map(self._examine, names), strict=True))
        usable = [found for _, found in examined if isinstance(found, Recording)]
        left_out = {name: reason for name, reason in examined if isinstance(reason, str)}
        if len(usable) < 2:
            raise InputError(
                f"{self.folder}: {counted(len(usable), 'usable stereo file')} "
                f"({' '.join(sorted(SUFFIXES))}) of {len(names)}; at least 2 are needed{_reasons(left_out)}"
            )
        if left_out:
            print(f"{self.folder}: {len(left_out)} of {len(names)} files left out{_reasons(left_out)}", file=sys.stderr)
        return tuple(sorted(usable, key=lambda file: (stable_hash(file.name), file.name)))

    def _examine(self, name: str) -> Recording | str:
        """Return the file `name`, or why it is not used: its header and its middle second are read."""
        try:
            with soundfile.SoundFile(self.folder / name) as file:
                found = Recording(name, file.frames, file.samplerate)
                if file.channels != 2:
                    return "mono" if file.channels == 1 else "more than two channels"
                if found.seconds < self.excerpt_seconds:
                    return f"shorter than {self.excerpt_seconds:g} s"
                probed = min(file.frames, round(_PROBED_SECONDS * file.samplerate))
                file.seek((file.frames - probed) // 2)
                audio = file.read(probed, dtype="float32")
        except (soundfile.SoundFileError, OSError):
            return "not readable"
        if len(audio) < probed:
            return "cut off"
        if not np.isfinite(audio).all():
            return "not finite"
        return "mono, stored twice" if np.array_equal(audio[:, 0], audio[:, 1]) else found

    @cached_property
    def parts(self) -> Mapping[str, tuple[Recording, ...]]:
        """The files for `val`, `test` and `train`."""
        count = len(self.files)
        first = max(round(HELD_OUT * count), 1)
        second = first + round(HELD_OUT * count)
        return {"val": self.files[:first], "test": self.files[first:second], "train": self.files[second:]}

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """What a checkpoint says: number, hours and a fingerprint of names, lengths and rates; no sound is hashed."""
        hours = sum(file.seconds for file in self.files) / 3600
        return [
            {
                "dataset": "recordings",
                "fingerprint": digest([[file.name, file.frames, file.sample_rate] for file in self.files]),
                "recipe": {"files": len(self.files), "hours": round(hours, 3)},
                "licences": ["not stated"],
            }
        ]

    def excerpts(self, part: str, name: str, count: int) -> Float32:
        """Return `count` excerpts (count, 2, samples) at 16 kHz of the files of `part`.

        They are drawn evenly over time, as a function of the seed and `name` alone.
        """
        rng, files = generator_for(self.seed, f"excerpts/{name}"), self.parts[part]
        seconds = np.array([file.seconds for file in files])
        chosen = rng.choice(len(files), count, p=seconds / seconds.sum())
        places = rng.random(count)
        return np.stack([self._excerpt(files[k], place) for k, place in zip(chosen, places, strict=True)])

    def _excerpt(self, recording: Recording, place: float) -> Float32:
        """Return the excerpt (2, samples) that begins at the share `place` of what is possible."""
        frames = round(self.excerpt_seconds * recording.sample_rate)
        try:
            with soundfile.SoundFile(self.folder / recording.name) as file:
                file.seek(int(place * (recording.frames - frames)))
                audio = file.read(frames, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise InputError(f"{self.folder / recording.name}: cannot be read any more ({error})") from None
        if audio.shape != (frames, 2) or not np.isfinite(audio).all():
            raise InputError(f"{self.folder / recording.name}: damaged, or changed during training; remove it")
        at_16_khz = (
            audio if recording.sample_rate == SAMPLE_RATE else soxr.resample(audio, recording.sample_rate, SAMPLE_RATE)
        )
        samples = int(self.excerpt_seconds * SAMPLE_RATE)
        fitted = np.zeros((2, samples), dtype=np.float32)
        fitted[:, : len(at_16_khz)] = at_16_khz[:samples].T
        return fitted


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _reasons(left_out: Mapping[str, str]) -> str:
    """Return how many files were left out for each reason, with an example."""
    counts = Counter(left_out.values())
    examples = {reason: name for name, reason in sorted(left_out.items(), reverse=True)}
    return "".join(f"; {count} {reason}, such as {examples[reason]}" for reason, count in counts.most_common())
