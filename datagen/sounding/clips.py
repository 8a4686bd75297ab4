"""The dry sounds of pictures: synthesised for each source, spoken by a corpus, or cut from recordings.

Nothing heard in one split is heard in another: synthesised sounds depend on the picture and so on its home, and
speakers and recordings are divided by name, as everywhere in Whence.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from ...digests import generator_for
from ..corpora import Corpus
from ..corpora.holdout import PARTS, part_of
from ..sounds import SPOKEN, synthesise
from ..stereo import describe_corpus

SECONDS = 3.0
SAMPLES = round(SECONDS * SAMPLE_RATE)


class Clip(NamedTuple):
    """One dry sound: `samples` int16 (SAMPLES,), full scale 32768, its identity, and its speaker or ""."""

    samples: npt.NDArray[np.int16]
    sound_id: str
    speaker: str


SILENCE = Clip(np.zeros(SAMPLES, np.int16), "", "")


@dataclass(frozen=True)
class Clips:
    """Gives the sound of any source; `speech` is what people, televisions and radios say."""

    seed: int
    speech: Corpus

    @cached_property
    def _by_part(self) -> dict[str, list[int]]:
        """Indices of the utterances of each part; all in every part if one would have none."""
        parts = {part: [k for k, c in enumerate(self.speech.clips) if part_of(c.speaker) == part] for part in PARTS}
        return parts if all(parts.values()) else {part: list(range(len(self.speech.clips))) for part in PARTS}

    @property
    def shares_speakers(self) -> bool:
        """Whether there are so few speakers that all parts have the same."""
        return len(self._by_part["train"]) == len(self.speech.clips)

    @property
    def provenance(self) -> dict[str, Any]:
        """The speech, and whether the splits share its speakers."""
        return {"speech": {**describe_corpus(self.speech), "speakers_shared_by_splits": self.shares_speakers}}

    def clip(self, kind: str, split: str, name: str) -> Clip:
        """Return the sound of the source called `name`, a thing of this `kind`, for a picture of `split`."""
        rng = generator_for(self.seed, f"sound/{name}")
        if kind not in SPOKEN:
            return Clip(_as_int16(synthesise(kind, SECONDS, rng)), name, "")
        number = int(rng.choice(self._by_part[split]))
        utterance = self.speech.clips[number]
        spoken = synthesise(kind, SECONDS, rng, speech=self.speech.load(number))
        return Clip(_as_int16(spoken), utterance.clip_id, utterance.speaker)


def _as_int16(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.rint(np.clip(sound, -1.0, 32767 / 32768) * 32768).astype(np.int16)
