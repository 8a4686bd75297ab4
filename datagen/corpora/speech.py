"""Synthesises the clips of the espeak corpus: generated sentences that depend on the seed and the clip id."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from ...digests import generator_for
from ...errors import InputError
from .decoding import resample
from .espeak import synthesize
from .sentences import text_of_at_least
from .voices import BY_SPEAKER

RECIPE = 1
"""Raise this whenever the same seed gives different sounds."""

_FADE_SECONDS = 0.01
_WORDS_PER_SECOND = 6  # more than the fastest voice reads


def speak_clip(clip_id: str, speaker: str, samples: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Return (samples,) float32 at 16 kHz: `speaker` reading the sentences of `clip_id`.

    The last 10 ms fade out, because the sound may stop inside a word.
    """
    rng = generator_for(seed, clip_id)
    text = text_of_at_least(math.ceil(_WORDS_PER_SECOND * samples / SAMPLE_RATE), rng)
    pcm, rate = synthesize(
        text,
        BY_SPEAKER[speaker],
        seconds=samples / SAMPLE_RATE + _FADE_SECONDS,
        noise_seed=int(rng.integers(2**31 - 1)),
    )
    speech = resample(pcm.astype(np.float32) / np.float32(32_768), rate)[:samples].copy()
    if len(speech) < samples:
        raise InputError(f"{clip_id}: espeak-ng made {len(speech)} of {samples} samples; please report this")
    fade = _fade_out()[-samples:]
    speech[-len(fade) :] *= fade
    return speech


@cache
def _fade_out() -> npt.NDArray[np.float32]:
    count = round(_FADE_SECONDS * SAMPLE_RATE)
    return (0.5 + 0.5 * np.cos(np.pi * np.arange(1, count + 1) / count)).astype(np.float32)
