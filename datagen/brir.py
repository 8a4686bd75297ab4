"""Speech through measured binaural room responses: real heads, real rooms, known azimuths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..digests import generator_for
from ..errors import InputError
from . import stereo
from .acoustics.auralize import auralize
from .acoustics.cross_correlation import response_delay
from .corpora import Corpus, open_corpus, reopen_corpus
from .dataset import Elsewhere
from .measured_responses import MeasuredResponse, responses_digest
from .opening_responses import open_responses
from .shards import Layout
from .sources import Recorded, place_of
from .utterances import Utterances

MINIMUM_SECONDS = 1.5  # of dry speech
PRESETS = {"tiny": 8, "small": 50, "paper": 500}
"""Clips per response, by preset."""


class BrirRecipe(BaseModel):
    """Everything that affects the bytes of a dataset from measured responses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    clips: int = Field(default=50, ge=1)
    """Per response."""
    room: str
    responses: str
    """Digest of the responses."""
    corpus: str
    """Digest of the dry speech."""
    rows_per_shard: int = Field(default=50, ge=1)


@dataclass(frozen=True)
class BrirPlan:
    """Renders any clip of a dataset from measured responses."""

    settings: BrirRecipe
    responses: tuple[MeasuredResponse, ...]
    location: str
    corpus: Corpus
    remarks: tuple[str, ...] = ()
    """Warnings about the responses, one line each."""
    dataset: str = field(default="brir", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the responses and the speech come from."""
        return {
            "engine": {
                "name": "measured",
                "responses": len(self.responses),
                "location": self.location,
                **({"remarks": list(self.remarks)} if self.remarks else {}),
            },
            "speech": stereo.describe_corpus(self.corpus),
        }

    @property
    def layout(self) -> Layout:
        """One row per clip; responses vary fastest."""
        rows = self.settings.clips * len(self.responses)
        return stereo.layout(rows, self.settings.rows_per_shard, measured=True)

    @cached_property
    def _speech(self) -> Utterances:
        return Utterances(self.corpus)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, which = divmod(row, len(self.responses))
        response = self.responses[which]
        name = f"{response.name}/{number:05d}"
        rng = generator_for(self.settings.seed, name)  # not the room: that is only the name of the folder
        utterance = int(rng.integers(len(self.corpus.clips)))
        dry = self._speech.load(utterance)
        start = stereo.spoken_start(dry, rng)
        return {
            "audio": stereo.as_int16(auralize(dry, response.audio, start, stereo.CLIP_SAMPLES, 0)),
            "interaural_time_difference": response_delay(response.audio),
            "azimuth": response.azimuth,
            "distance": response.distance,
            "room": self.settings.room,
            "response": response.file,
            "sample_id": f"{self.settings.room}/{name}",
            **stereo.measured_fields(response.audio, response.arrivals),
            **stereo.speech_fields(self.corpus.clips[utterance], start),
        }


def plan_brir(
    folder: str, speech: str | None, *, clips: int, seed: int = 0, speaker_level: int | None = None
) -> BrirPlan:
    """Return the plan of a dataset with `clips` clips of the dry `speech` per measured response of
    `folder`: wavs with an index.csv, SOFA files, or one such file."""
    responses, remarks = open_responses(folder)
    corpus = open_corpus(speech, minimum_seconds=MINIMUM_SECONDS, seed=seed, count=clips, speaker_level=speaker_level)
    recipe = BrirRecipe(
        seed=seed,
        clips=clips,
        room=Path(folder).resolve().name.removesuffix(".sofa"),
        responses=responses_digest(responses),
        corpus=corpus.digest,
    )
    return BrirPlan(recipe, responses, str(Path(folder).resolve()), corpus, remarks)


def replan(dataset: Recorded, elsewhere: Elsewhere) -> BrirPlan:
    """Return the plan that made `dataset`; raises InputError if its responses or speech are missing or changed."""
    recipe, recorded = BrirRecipe(**dataset.recipe), dataset.attributes.get("speech", {})
    folder = place_of(dataset, elsewhere, "responses")
    responses, _ = open_responses(folder)
    if responses_digest(responses) != recipe.responses:
        raise InputError(f"{folder} holds other responses than the dataset was made from: give --responses DIR")
    corpus = reopen_corpus(
        recorded,
        elsewhere.get("speech"),
        expected=recipe.corpus,
        minimum_seconds=MINIMUM_SECONDS,
        seed=recipe.seed,
        count=recorded.get("clips", recipe.clips),
    )
    return BrirPlan(recipe, responses, folder, corpus)
