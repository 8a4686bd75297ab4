"""Sound at the ears of a head that turns: responses at finely spaced headings, cross-faded as the head passes them.

What reaches the ears at time t is filtered by the head as it is turned at t, whenever it was emitted: a head moves by
less than half a degree while a wave passes it. So the dry sound is convolved with the response of every heading that
the head passes, and the outputs, not the inputs, are faded linearly between the two nearest headings (Wefers and
Vorlaender 2014, "Efficient time-varying FIR filtering using crossfading implemented in the DFT domain"). The weights
sum to 1, so a still head hears plain convolution, and a crossfade of equal responses keeps the level.

Responses `STEP` degrees apart differ at each ear by 9 us (a rigid sphere of 8.75 cm: a / c per radian), so halfway
between them, and outside the deep shadow of the head, the fade changes the level by at most 0.25 dB up to 6.5 kHz.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .auralize import auralize

Audio = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

STEP = 2.0
"""Degrees between neighbouring headings."""


def headings_passed(headings: Float64) -> Float64:
    """Return the multiples of `STEP` (h,), ascending, on either side of all `headings` (samples,), degrees.

    >>> headings_passed(np.array([-3.0, 1.0])).tolist()
    [-4.0, -2.0, 0.0, 2.0]
    """
    first, last = np.floor(headings.min() / STEP), np.ceil(headings.max() / STEP)
    return np.asarray(STEP * np.arange(first, last + 1))


def heard_while_turning(dry: Audio, headings: Float64, responses: Audio, lead: int) -> Audio:
    """Return the sound at the ears, float32 (ears, samples), of `dry` (samples,), emitted from sample 0.

    `headings` (samples,), degrees, is where the head looks at each sample, without jumps at 180; `responses` (h, ears,
    taps), one for each of `headings_passed`, begin `lead` samples before the emission.
    """
    heard = np.zeros((responses.shape[1], len(dry)), dtype=np.float32)
    for heading, response in zip(headings_passed(headings), responses, strict=True):
        weight = np.maximum(0.0, 1.0 - np.abs(headings - heading) / STEP).astype(np.float32)
        for start, stop in _stretches(weight > 0):
            heard[:, start:stop] += weight[start:stop] * auralize(dry, response, start, stop - start, lead)
    return heard


def _stretches(inside: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the first index of each stretch of `inside` (samples,) and the one after its last."""
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
