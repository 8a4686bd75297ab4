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
from ..corpora.holdout import PARTS, Part, part_of
from ..sounds import KINDS, SPOKEN, Sounds, excerpt, levelled, synthesise
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
    """Gives the sound of any source.

    `speech` is what people, televisions and radios say; `recordings`, if any, are used for the kinds and parts that
    they have.
    """

    seed: int
    speech: Corpus
    recordings: Sounds | None = None

    @cached_property
    def _utterances(self) -> dict[Part, list[int]]:
        """Indices of the utterances of each part; all in every part if one would have none."""
        found = {part: [k for k, c in enumerate(self.speech.clips) if part_of(c.speaker) == part] for part in PARTS}
        return found if all(found.values()) else {part: list(range(len(self.speech.clips))) for part in PARTS}

    @cached_property
    def _recorded(self) -> dict[tuple[str, Part], list[int]]:
        """Indices of the recordings of each kind and part."""
        if self.recordings is None:
            return {}
        return {(kind, part): self.recordings.clips_of(kind, part) for kind in KINDS for part in PARTS}

    @property
    def shares_speakers(self) -> bool:
        """Whether there are so few speakers that all parts have the same."""
        return len(self._utterances["train"]) == len(self.speech.clips)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of the sounds, one line each."""
        lines = ["too few speakers to divide: train, val and test have the same"] if self.shares_speakers else []
        if self.recordings is not None:
            lines += self.recordings.remarks
            missing = [kind for kind in KINDS if not self._recorded[kind, "train"]]
            lines += [f"no recordings to train on, so synthesised there: {', '.join(missing)}"] if missing else []
            missing = [kind for kind in KINDS if not self._recorded[kind, "test"]]
            lines += [f"no recordings to test on, so synthesised there: {', '.join(missing)}"] if missing else []
        return tuple(lines)

    @property
    def provenance(self) -> dict[str, Any]:
        """The speech, whether the splits share its speakers, and the recordings."""
        speech = {**describe_corpus(self.speech), "speakers_shared_by_splits": self.shares_speakers}
        return {"speech": speech, **({"sounds": self.recordings.record()} if self.recordings else {})}

    def clip(self, kind: str, part: Part, name: str) -> Clip:
        """Return the sound of the source called `name`, a thing of this `kind`, for a picture of `part`."""
        rng = generator_for(self.seed, f"sound/{name}")
        recorded = self._recorded.get((kind, part), [])
        if self.recordings is not None and recorded:
            number = int(rng.choice(recorded))
            sound = levelled(excerpt(self.recordings.load(number), SECONDS, rng=rng), rng=rng)
            return Clip(_as_int16(sound), self.recordings.corpus.clips[number].clip_id, "")
        if kind not in SPOKEN:
            return Clip(_as_int16(synthesise(kind, SECONDS, rng)), name, "")
        number = int(rng.choice(self._utterances[part]))
        utterance = self.speech.clips[number]
        spoken = synthesise(kind, SECONDS, rng, speech=self.speech.load(number))
        return Clip(_as_int16(spoken), utterance.clip_id, utterance.speaker)


def _as_int16(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.rint(sound * 32768).astype(np.int16)
