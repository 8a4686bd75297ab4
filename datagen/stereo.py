"""Common parts of the datasets of one-second stereo clips: arrays, level, start of speech."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiled import njit
from ..conventions import SAMPLE_RATE
from .acoustics.auralize import joint_rms
from .acoustics.impulse_response import measure_response
from .corpora import UNKNOWN, Clip, Corpus
from .shards import Field, Layout

CLIP_SAMPLES = SAMPLE_RATE
"""Length of every clip: one second."""

RUMBLE_HZ = 50.0
_HIGH_PASS = (0.9862119246270825, -1.9722337291952663, 0.9726139693130632)
"""The gain g and poles of g (1 - z)^2 / (1 + p z + q z^2): numbers, because a library may design them otherwise."""

SPOKEN = slice(300, 1500)
"""Samples of dry speech in the standard test of a clip: it drops 200, and the sound takes about 100 to arrive."""

AUDIO = Field(
    "audio",
    "int16",
    "left and right channel; divide by 32768",
    (2, CLIP_SAMPLES),
    ("channel", "sample"),
    {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768},
    chunk_rows=10,
)
_LABELS = (
    Field("sample_id", "str", "name of the clip"),
    Field(
        "interaural_time_difference",
        "float64",
        "t_right - t_left, positive when the source is on the left",
        attributes={"units": "s"},
    ),
    Field("azimuth", "float64", "0 ahead, positive to the left", attributes={"units": "degrees"}),
    Field("distance", "float64", "source to the middle of the two ears", attributes={"units": "m"}),
    Field("room", "str", "room in which the clip was heard"),
)
_MEASURES = (
    Field("rt60", "float32", "realised, T30 fit", (2,), ("channel",), {"units": "s"}),
    Field("rt60_t20", "float32", "realised, T20 fit", (2,), ("channel",), {"units": "s"}),
    Field("direct_to_reverberant", "float32", "direct: up to 2.5 ms", (2,), ("channel",), {"units": "dB"}),
    Field("clarity_c50", "float32", "early: up to 50 ms", (2,), ("channel",), {"units": "dB"}),
)
SPEECH = (
    Field("speaker", "str", "who speaks"),
    Field("utterance", "str", "clip of the corpus"),
    Field(
        "utterance_start",
        "float64",
        "where the clip begins in the reverberant utterance",
        attributes={"units": "s"},
    ),
)
LABELLED_AUDIO = (AUDIO, *_LABELS)
_SIMULATED = (
    Field(
        "rt60_nominal",
        "float64",
        "label handed to Sabine's formula, divided by 1.4",
        attributes={"units": "s"},
    ),
    Field("source_position", "float64", "in the room, from its corner", (3,), ("axis",), {"units": "m"}),
    Field("microphone_position", "float64", "in the room", (2, 3), ("channel", "axis"), {"units": "m"}),
)
_MEASURED = (Field("response", "str", "file of the measured response"),)


def layout(rows: int, rows_per_shard: int, *, measured: bool = False) -> Layout:
    """Return the arrays of a dataset of `rows` clips, simulated or `measured`."""
    own = _MEASURED if measured else _SIMULATED
    return Layout("clip", rows, rows_per_shard, (*LABELLED_AUDIO, *_MEASURES, *SPEECH, *own))


def as_int16(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Return `audio` (channels, samples) or (samples,) as int16, divided by its peak."""
    peak = float(np.abs(audio).max())
    scaled = audio * np.float32(32767 / peak) if peak > 0 else audio
    return np.rint(scaled).astype(np.int16)


def spoken_start(dry: npt.NDArray[np.float32], rng: np.random.Generator, length: int = CLIP_SAMPLES) -> int:
    """Return the index of a random sample of `dry` (samples,), `length` before its end, where someone is speaking.

    Draws up to 32 starts and takes the first whose `SPOKEN` samples are at most 12 dB below the whole utterance, or
    else the loudest. Short tests use only the beginning of a clip, so that must be speech.
    """
    latest = max(dry.size - length, 0)
    needed = joint_rms(dry[None]) / 4
    starts = [int(start) for start in rng.integers(0, latest + 1, 32)]
    levels = []
    for start in starts:
        levels.append(joint_rms(dry[None, start + SPOKEN.start : start + SPOKEN.stop]))
        if levels[-1] >= needed:
            return start
    return starts[int(np.argmax(levels))]


def without_rumble(dry: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `dry` (samples,) high-passed at `RUMBLE_HZ` (second-order Butterworth).

    There is no speech below that, but many recordings have rumble. In a simulated room, where all images add up at
    0 Hz, it would become the loudest sound.
    """
    return np.asarray(_high_passed(np.ascontiguousarray(dry, np.float32), *_HIGH_PASS))


@njit(cache=True, error_model="numpy", nogil=True)
def _high_passed(dry, gain, first, second):  # type: ignore[no-untyped-def]
    """Return `dry` filtered in the transposed direct form II, in double precision and a fixed order."""
    heard, soon, later = np.empty_like(dry), 0.0, 0.0
    for k in range(dry.size):
        now = np.float64(dry[k])
        passed = gain * now + soon
        soon = -2 * gain * now - first * passed + later
        later = gain * now - second * passed
        heard[k] = passed
    return heard


def measured_fields(responses: npt.NDArray[np.float32], arrivals: npt.ArrayLike) -> dict[str, Any]:
    """Return the room measures of `responses` (2, taps), whose direct sound arrives at samples `arrivals` (2,)."""
    measures = [measure_response(r, float(a)) for r, a in zip(responses, np.asarray(arrivals), strict=True)]
    return {
        "rt60": [m.rt60_t30 for m in measures],
        "rt60_t20": [m.rt60_t20 for m in measures],
        "direct_to_reverberant": [m.direct_to_reverberant for m in measures],
        "clarity_c50": [m.clarity_c50 for m in measures],
    }


def speech_fields(clip: Clip, start: int) -> dict[str, Any]:
    """Return the fields of a row that describe its dry speech."""
    return {"speaker": clip.speaker, "utterance": clip.clip_id, "utterance_start": start / SAMPLE_RATE}


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """Return a dataset's record of its dry speech: kind, location, speakers, and all licences.

    `speakers` counts the known speakers; `speakers_known_by` counts clips by how their speaker is known.
    """
    licences = Counter(clip.licence for clip in corpus.clips)
    known_by = Counter(clip.known_by for clip in corpus.clips)
    return {
        "kind": corpus.kind,
        "location": corpus.location,
        "clips": len(corpus.clips),
        "speakers": len({clip.speaker for clip in corpus.clips if clip.known_by != UNKNOWN}),
        "speakers_known_by": dict(sorted(known_by.items())),
        "licences": dict(sorted(licences.items())),
        **({} if corpus.speaker_level is None else {"speaker_level": corpus.speaker_level}),
    }
