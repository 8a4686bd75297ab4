"""A corpus: a list of clips that any worker can load by index."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from . import decoding, espeak, speech
from .layouts import UNKNOWN


@dataclass(frozen=True)
class Clip:
    """One dry sound: its stable id, speaker, licence, and length in samples at 16 kHz.

    `known_by` says how the speaker is known. If it is `UNKNOWN`, `speaker` only groups the clips that count as one
    voice.
    """

    clip_id: str
    speaker: str
    licence: str
    samples: int
    known_by: str = UNKNOWN


@dataclass(frozen=True)
class Corpus:
    """Clips sorted by id. `digest` identifies the sounds wherever the folder is; `skipped` lists "name: reason".

    `fingerprints` detect sounds that changed since the scan: the SHA-256 of each file, or the single fingerprint of
    the espeak-ng engine. `seed` applies to espeak only, `speaker_level` to folders: the level of the
    speakers, if it was given.
    """

    kind: str
    location: str
    clips: tuple[Clip, ...]
    digest: str
    skipped: tuple[str, ...]
    seed: int = 0
    fingerprints: tuple[str, ...] = ()
    speaker_level: int | None = None

    def load(self, index: int) -> npt.NDArray[np.float32]:
        """Return clip `index` as (samples,) float32, mono, 16 kHz, full scale 1."""
        clip = self.clips[index]
        if self.kind == "espeak":
            _require_same_engine(self.fingerprints[0])
            return speech.speak_clip(clip.clip_id, clip.speaker, clip.samples, seed=self.seed)
        return _load_file(Path(self.location), clip, self.fingerprints[index])


def _load_file(folder: Path, clip: Clip, fingerprint: str) -> npt.NDArray[np.float32]:
    path = folder / clip.clip_id
    try:
        sound = decoding.decode(path)
    except (decoding.Unusable, OSError) as error:
        raise InputError(
            f"{path}: was readable when the corpus was opened but is not now: {error}; put the file back, "
            "or open the corpus again"
        ) from error
    if sound.fingerprint != fingerprint:
        raise InputError(f"{path}: changed since the corpus was opened; put it back, or open the corpus again")
    return sound.at_16_khz()


def _require_same_engine(fingerprint: str) -> None:
    if espeak.engine_fingerprint() != fingerprint:
        raise InputError(
            "espeak-ng here differs from the one that the corpus was opened with; "
            "install the same version of espeakng-loader on every worker"
        )
