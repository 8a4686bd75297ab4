"""Sounds for a page: 16-bit wav files, also as data URIs."""

import base64
import io
import wave
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE

PEAK = 0.9
"""Sounds are scaled to this peak, since noise may exceed the range of a wav file."""


@dataclass(frozen=True)
class Sound:
    """A sound for the page: a 16-bit wav as a data URI, and its duration in words."""

    uri: str
    duration: str


def as_sound(audio: npt.NDArray[np.floating]) -> Sound:
    """Return `audio` (channels, samples) for the page, scaled to `PEAK`.

    >>> as_sound(np.ones((2, 1151))).duration
    '72 ms'
    """
    peak = float(np.abs(audio).max())
    data = base64.b64encode(wav_of(audio)).decode()
    silent = "" if peak > 0 else " of digital silence"
    return Sound(f"data:audio/wav;base64,{data}", _duration(audio.shape[1] / SAMPLE_RATE) + silent)


def wav_of(audio: npt.NDArray[np.floating]) -> bytes:
    """Return `audio` (channels, samples) as a 16-bit wav file, scaled to `PEAK`."""
    peak = float(np.abs(audio).max())
    samples = np.rint(audio * (PEAK * 32767 / peak if peak > 0 else 0.0)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(len(audio))
        target.setsampwidth(2)
        target.setframerate(SAMPLE_RATE)
        target.writeframes(np.ascontiguousarray(samples.T).tobytes())
    return file.getvalue()


def _duration(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 0.5 else f"{1e3 * seconds:.0f} ms"
