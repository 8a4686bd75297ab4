"""The colours of samples: looked up on the planes that the pixels show, or at the hits of their own rays."""

import numpy as np

from ...compiled import njit
from .filtering import BLOCK, colour_samples, empty_samples, set_levels, set_shade
from .shading import SAMPLES

_TERMS = 9
_REACH, _ACROSS = _TERMS * BLOCK, (_TERMS + 1) * BLOCK  # where further rows of the planes begin
_FARTHEST = 1e6  # repeats: texture coordinates beyond this lie past a horizon


@njit(cache=True, error_model="numpy", nogil=True)
def paint_planes(surfaces, seen, agreed, fine):  # type: ignore[no-untyped-def]
    """Fill `fine` (3 height, 3 width, 3) with samples looked up on the planes; return the samples left to trace.

    Those are indices (n,) into the samples of `fine`. A sample between two pixels, or among four, is looked up if
    these agree and the plane does not reach a horizon there.
    """
    height, width = agreed.shape[0], agreed.shape[3]
    left, known, total = np.empty(fine.size // 3, np.int64), np.empty(BLOCK, np.bool_), 0
    planes, middle, samples = np.empty((_TERMS + 2) * BLOCK), np.empty(2 * BLOCK), empty_samples()
    texels, place, colour = surfaces.images.texels, samples.place, samples.colour
    for i in range(height):
        for first in range(0, width, BLOCK):
            count = min(BLOCK, width - first)
            _take_pixels(surfaces, seen, i * width + first, count, planes, middle, samples)
            for sample in range(SAMPLES * SAMPLES):
                row, column = sample // SAMPLES, sample % SAMPLES
                y, x = SAMPLES * i + row, SAMPLES * first + column
                # A sample's row and column in its pixel (0 to 2) also index the neighbours on its side; 1 is the pixel.
                for j in range(count):
                    k = first + j
                    known[j] = agreed[i, row, column, k] & agreed[i, 1, column, k] & agreed[i, row, 1, k]
                    planes[_ACROSS + j] = (x + SAMPLES * j + 0.5) / SAMPLES
                _on_planes(planes, middle, (y + 0.5) / SAMPLES, count, place, known)
                colour_samples(texels, samples, count)
                for j in range(count):
                    if known[j]:
                        for channel in range(3):
                            fine[y, x + SAMPLES * j, channel] = colour[channel * BLOCK + j]
                    else:
                        left[total] = y * SAMPLES * width + x + SAMPLES * j
                        total += 1
    return left[:total].copy()


@njit(cache=True, error_model="numpy", nogil=True)
def _take_pixels(surfaces, seen, first, count, planes, middle, samples):  # type: ignore[no-untyped-def]
    """Set planes, texture coordinates in the `middle`, levels and shades to those of `count` pixels from `first` on."""
    face, side, place, shift, level, plane, rows = seen
    tint, texture, table = surfaces.tint, surfaces.texture, surfaces.images.table
    for j in range(count):
        k = first + j
        f = face[k]
        for term in range(_TERMS):
            planes[term * BLOCK + j] = rows[plane[k], term]
        middle[j], middle[BLOCK + j], planes[_REACH + j] = place[0, k], place[1, k], min(2 * shift[k], _FARTHEST)
        set_levels(samples, j, table, texture[f] if f >= 0 else -1, level[k])
        set_shade(samples, j, tint, f, side[k])


@njit(cache=True, error_model="numpy", nogil=True)
def _on_planes(planes, middle, y, count, place, known):  # type: ignore[no-untyped-def]
    """Set the `place` of samples in row `y` of the image to the texture coordinates that `planes` give there.

    Samples beyond the reach of their planes get those of the `middle` of the pixel and are not `known`.
    """
    for j in range(count):
        x, reach = planes[_ACROSS + j], planes[_REACH + j]
        weight = 1.0 / (planes[6 * BLOCK + j] + planes[7 * BLOCK + j] * x + planes[8 * BLOCK + j] * y)
        u = (planes[j] + planes[BLOCK + j] * x + planes[2 * BLOCK + j] * y) * weight
        v = (planes[3 * BLOCK + j] + planes[4 * BLOCK + j] * x + planes[5 * BLOCK + j] * y) * weight
        near = (abs(u - middle[j]) <= reach) & (abs(v - middle[BLOCK + j]) <= reach) & (reach > 0)
        place[j], place[BLOCK + j] = u if near else middle[j], v if near else middle[BLOCK + j]
        known[j] &= near | (reach <= 0)


@njit(cache=True, error_model="numpy", nogil=True)
def paint_hits(surfaces, seen, left, fine):  # type: ignore[no-untyped-def]
    """Fill the samples `left` (n,) of `fine` from the hits of their rays, `seen`; black where nothing is hit."""
    width, samples = fine.shape[1], empty_samples()
    face, side, place, level = seen.face, seen.side, seen.place, seen.level
    tint, texture, images = surfaces.tint, surfaces.texture, surfaces.images
    table, texels, colour = images.table, images.texels, samples.colour
    for first in range(0, left.size, BLOCK):
        count = min(BLOCK, left.size - first)
        for j in range(count):
            k = first + j
            f = face[k]
            samples.place[j], samples.place[BLOCK + j] = place[0, k], place[1, k]
            set_levels(samples, j, table, texture[f] if f >= 0 else -1, level[k])
            set_shade(samples, j, tint, f, side[k])
        colour_samples(texels, samples, count)
        for j in range(count):
            y, x = left[first + j] // width, left[first + j] % width
            for channel in range(3):
                fine[y, x, channel] = colour[channel * BLOCK + j]
