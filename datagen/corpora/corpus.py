"""A corpus: a list of clips that any worker can load by index."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from . import decoding, espeak, speech


@dataclass(frozen=True)
class Clip:
    """One dry sound: its stable id, who speaks, under which licence, and its length in samples at 16 kHz."""

    clip_id: str
    speaker: str
    licence: str
    samples: int


@dataclass(frozen=True)
class Corpus:
    """Clips sorted by id. `digest` names the sounds, wherever the folder lies; `skipped` says "name: reason".

    `fingerprints` tell whether a sound is still the one that was scanned: the SHA-256 of each file, or the
    one fingerprint of the espeak-ng engine. `seed` matters to espeak only.
    """

    kind: str
    location: str
    clips: tuple[Clip, ...]
    digest: str
    skipped: tuple[str, ...]
    seed: int = 0
    fingerprints: tuple[str, ...] = ()

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
            f"{path}: could be read when the corpus was opened, and now not: {error}; put the file back, "
            "or open the corpus again"
        ) from error
    if sound.fingerprint != fingerprint:
        raise InputError(f"{path}: changed since the corpus was opened; put it back, or open the corpus again")
    return sound.at_16_khz()


def _require_same_engine(fingerprint: str) -> None:
    if espeak.engine_fingerprint() != fingerprint:
        raise InputError(
            "espeak-ng here is not the one that the corpus was opened with; "
            "install the same version of espeakng-loader on every worker"
        )
