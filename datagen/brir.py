"""Speech through measured binaural room responses: real heads, real rooms, known azimuths."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from pydantic import BaseModel, ConfigDict, Field

from ..conventions import SAMPLE_RATE, wrap_degrees
from ..digests import digest, generator_for, sha256
from ..errors import InputError
from . import stereo
from .acoustics.auralize import auralize
from .acoustics.cross_correlation import response_delay
from .acoustics.ears import near_ear_of_responses
from .acoustics.head_cues import head_radius, implausible_size
from .corpora import Corpus, open_corpus, reopen_corpus
from .csv_tables import Row, number_in, posix_path, read_table
from .dataset import Elsewhere
from .shards import Layout
from .sources import Recorded, place_of

INDEX = "index.csv"
MINIMUM_SECONDS = 1.5  # of dry speech
PRESETS = {"tiny": 8, "small": 50, "paper": 500}
"""Clips per response, by preset."""


@dataclass(frozen=True)
class MeasuredResponse:
    """One measured response: `audio` float32 (2, taps) at 16 kHz, `azimuth` in degrees, `distance` in m or NaN."""

    file: str
    azimuth: float
    distance: float
    audio: npt.NDArray[np.float32]

    @property
    def name(self) -> str:
        """The file's path without its suffix, with slashes: `a/x` of `./a/x.wav`."""
        return Path(os.path.normpath(self.file)).with_suffix("").as_posix()

    @property
    def arrivals(self) -> list[float]:
        """Sample index of the loudest peak in each ear."""
        return [float(np.abs(ear).argmax()) for ear in self.audio]


def read_responses(folder: str) -> tuple[MeasuredResponse, ...]:
    """Return the responses listed in `folder`/index.csv (columns `file`, `azimuth_deg`, optionally `distance_m`).

    Azimuths are positive to the left. Raises InputError naming the file or row at fault.
    """
    index = Path(folder) / INDEX
    if not index.is_file():
        raise InputError(f"{index} does not exist: give a folder of stereo wavs with an index.csv (file, azimuth_deg)")
    rows = read_table(index, ("file", "azimuth_deg"))
    responses = tuple(_read_response(index.parent, row) for row in rows)
    _refuse_repeats(responses, index)
    return responses


def _refuse_repeats(responses: Iterable[MeasuredResponse], index: Path) -> None:
    """Raise InputError if two of `responses` are the same file, or differ only in their suffix."""
    files: dict[str, str] = {}
    for response in responses:
        if response.name in files:
            raise InputError(
                f"{index}: {files[response.name]!r} and {response.file!r} have the same name: keep one row"
            )
        files[response.name] = response.file


def _read_response(folder: Path, row: Row) -> MeasuredResponse:
    file, where = posix_path(row["file"], folder), f"{folder / INDEX}, row of {row['file']!r}"
    path = folder / file
    azimuth = number_in(row, "azimuth_deg", where)
    distance = number_in(row, "distance_m", where) if row.get("distance_m") else float("nan")
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise InputError(f"{where}: {error}") from None
    if not np.isfinite(azimuth):
        raise InputError(f"{where}: azimuth_deg {azimuth} is not an angle")
    if audio.shape[1] != 2 or not np.isfinite(audio).all() or not audio.any():
        raise InputError(f"{path}: expected two channels (left, right) of finite audio that is not silent")
    resampled = soxr.resample(audio, rate, SAMPLE_RATE).T
    return MeasuredResponse(file, float(wrap_degrees(azimuth)), distance, np.ascontiguousarray(resampled, np.float32))


def check_sides(responses: Sequence[MeasuredResponse], folder: str) -> tuple[str, ...]:
    """Return one line for each of `responses` heard on the side opposite to its azimuth.

    Raises InputError if most are: then the azimuths are mirrored, or the channels swapped.
    """
    index, lateral = Path(folder) / INDEX, np.sin(np.radians([response.azimuth for response in responses]))
    heard = [response.audio for response in responses]
    near = near_ear_of_responses(heard, lateral)
    if near.verdict == "swapped":
        raise InputError(
            f"{index}: {near}: azimuths are positive to the left and the left channel comes first, so change the sign "
            "of azimuth_deg, or swap the channels"
        )
    if near.verdict in ("contradictory", "unclear") and near.which.size:
        return (f"{index}: the sound does not bear out azimuth_deg: {near}",)
    odd = [responses[k] for k in near.swapped]
    wrong = implausible_size(head_radius(heard, lateral))
    return tuple(
        f"{index}: {each.file!r} is earlier and louder in the far ear: look at the sign of {each.azimuth:g} deg"
        for each in odd
    ) + ((f"{index}: {wrong} by the files",) if wrong else ())


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


def responses_digest(responses: tuple[MeasuredResponse, ...]) -> str:
    """Return a digest of the audio and labels of `responses`."""
    return digest([[r.file, r.azimuth, str(r.distance), sha256(r.audio.tobytes())] for r in responses])


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

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, which = divmod(row, len(self.responses))
        response = self.responses[which]
        name = f"{response.name}/{number:05d}"
        rng = generator_for(self.settings.seed, name)  # not the room: that is only the name of the folder
        utterance = int(rng.integers(len(self.corpus.clips)))
        dry = self.corpus.load(utterance)
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


def plan_brir(folder: str, speech: str | None, *, clips: int, seed: int = 0) -> BrirPlan:
    """Return the plan of a dataset with `clips` clips of the dry `speech` per measured response in `folder`."""
    responses = read_responses(folder)
    remarks = check_sides(responses, folder)
    corpus = open_corpus(speech, minimum_seconds=MINIMUM_SECONDS, seed=seed, count=clips)
    recipe = BrirRecipe(
        seed=seed,
        clips=clips,
        room=Path(folder).resolve().name,
        responses=responses_digest(responses),
        corpus=corpus.digest,
    )
    return BrirPlan(recipe, responses, str(Path(folder).resolve()), corpus, remarks)


def replan(dataset: Recorded, elsewhere: Elsewhere) -> BrirPlan:
    """Return the plan that made `dataset`; raises InputError if its responses or speech are missing or changed."""
    recipe, recorded = BrirRecipe(**dataset.recipe), dataset.attributes.get("speech", {})
    folder = place_of(dataset, elsewhere, "responses")
    responses = read_responses(folder)
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
