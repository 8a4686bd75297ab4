"""Texture look-ups, and reduction of a picture to a third of its size.

Colours are fixed-point and sums are integers, so the bytes do not depend on the order.

Samples are looked up `BLOCK` at a time. Their numbers lie in flat arrays, one row of `BLOCK` after another, so that the
compiler knows the distance between rows and computes several samples at once.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...compiled import njit

BLOCK = 160
"""Samples looked up together."""
WHOLE = 8192
"""Sum of the weights of four texels."""
_2, _3 = 2 * BLOCK, 3 * BLOCK  # where the third and the fourth row begin
_BYTE, _8 = np.uint32(0xFF), np.uint32(8)
_WHITE = np.float32(255 * WHOLE)


class Samples(NamedTuple):
    """A block of samples: flat arrays of rows of `BLOCK`.

    `place` holds the texture coordinates u and v, in repeats. `fine` and `coarse` hold the first texel, the width and
    the height of the two mipmap levels around each sample, and `part` the weight of the coarse one, -1 for no texture.
    `shade` is the lit colour of the face (red, green, blue; 0..1), and `colour` the result, in bytes. The rest is room
    for `colour_samples`: four texels around each sample, their indices, their weights, and the means in both levels.
    """

    place: npt.NDArray[np.float64]
    fine: npt.NDArray[np.float64]
    coarse: npt.NDArray[np.float64]
    part: npt.NDArray[np.float32]
    shade: npt.NDArray[np.float32]
    colour: npt.NDArray[np.uint8]
    address: npt.NDArray[np.int64]
    texel: npt.NDArray[np.uint32]
    weight: npt.NDArray[np.uint32]
    near: npt.NDArray[np.float32]
    far: npt.NDArray[np.float32]


@njit(cache=True, error_model="numpy", nogil=True)
def empty_samples():  # type: ignore[no-untyped-def]
    """Return `Samples` to fill."""
    return Samples(
        np.zeros(2 * BLOCK),
        np.ones(3 * BLOCK),
        np.ones(3 * BLOCK),
        np.zeros(BLOCK, np.float32),
        np.zeros(3 * BLOCK, np.float32),
        np.zeros(3 * BLOCK, np.uint8),
        np.zeros(4 * BLOCK, np.int64),
        np.zeros(4 * BLOCK, np.uint32),
        np.zeros(4 * BLOCK, np.uint32),
        np.zeros(3 * BLOCK, np.float32),
        np.zeros(3 * BLOCK, np.float32),
    )


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def set_levels(samples, j, table, texture, level):  # type: ignore[no-untyped-def]
    """Set the two mipmap levels of sample `j` to those of `texture` around `level`; texture -1 is none.

    Inlined, because a call would count references to the arrays, which costs more than the rest.
    """
    whole = int(level)
    row = max(texture, 0)
    coarser = min(whole + 1, table.shape[1] - 1)
    samples.part[j] = np.float32(level - whole) if texture >= 0 else np.float32(-1)
    for term in range(3):
        # Without a texture, one texel is read and thrown away.
        samples.fine[term * BLOCK + j] = table[row, whole, term] if texture >= 0 else min(term, 1)
        samples.coarse[term * BLOCK + j] = table[row, coarser, term] if texture >= 0 else min(term, 1)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def set_shade(samples, j, tint, face, side):  # type: ignore[no-untyped-def]
    """Set the shade of sample `j` to the lit colour of `face` on its `side`; face -1 is black."""
    for channel in range(3):
        samples.shade[channel * BLOCK + j] = tint[face, side, channel] if face >= 0 else np.float32(0)


@njit(cache=True, error_model="numpy", nogil=True)
def colour_samples(texels, samples, count):  # type: ignore[no-untyped-def]
    """Set the colours of the first `count` samples."""
    place, fine, coarse, part, shade, colour, address, texel, weight, near, far = samples
    _average(texels, place, fine, address, texel, weight, near, count)
    between = False
    for j in range(count):
        between |= part[j] > 0
    if between:
        _average(texels, place, coarse, address, texel, weight, far, count)
    _light(near, far, part, shade, colour, count)


@njit(cache=True, error_model="numpy", nogil=True)
def _weigh(place, level, address, weight, count):  # type: ignore[no-untyped-def]
    """Set the indices of the four texels around each place, and their weights (sum `WHOLE`)."""
    for j in range(count):
        u, v, width, height = place[j], place[BLOCK + j], level[BLOCK + j], level[_2 + j]
        x, y = (u - np.floor(u)) * width - 0.5, (v - np.floor(v)) * height - 0.5
        column, row = np.floor(x), np.floor(y)
        across, down = x - column, y - row
        right, bottom = column + 1.0, row + 1.0
        column, right = (column + width if column < 0 else column), (0.0 if right >= width else right)
        row, bottom = (row + height if row < 0 else row), (0.0 if bottom >= height else bottom)
        upper, lower = level[j] + row * width, level[j] + bottom * width
        d = np.int32(across * down * WHOLE)
        b, c = np.int32(across * WHOLE) - d, np.int32(down * WHOLE) - d
        address[j], address[BLOCK + j] = np.int64(upper + column), np.int64(upper + right)
        address[_2 + j], address[_3 + j] = np.int64(lower + column), np.int64(lower + right)
        weight[j], weight[BLOCK + j], weight[_2 + j], weight[_3 + j] = WHOLE - b - c - d, b, c, d


@njit(cache=True, error_model="numpy", nogil=True)
def _average(texels, place, level, address, texel, weight, mean, count):  # type: ignore[no-untyped-def]
    """Set `mean` to the weighted red, green and blue (0..255 x `WHOLE`) of the four texels around each place."""
    _weigh(place, level, address, weight, count)
    for k in range(4 * BLOCK):
        texel[k] = texels[np.uint64(address[k])]  # apart from the sums, which are then computed several at once
    for j in range(count):
        p, q, r, s = weight[j], weight[BLOCK + j], weight[_2 + j], weight[_3 + j]
        a, b, c, d = texel[j], texel[BLOCK + j], texel[_2 + j], texel[_3 + j]
        mean[j] = np.int32((a & _BYTE) * p + (b & _BYTE) * q + (c & _BYTE) * r + (d & _BYTE) * s)
        a, b, c, d = a >> _8, b >> _8, c >> _8, d >> _8
        mean[BLOCK + j] = np.int32((a & _BYTE) * p + (b & _BYTE) * q + (c & _BYTE) * r + (d & _BYTE) * s)
        a, b, c, d = a >> _8, b >> _8, c >> _8, d >> _8
        mean[_2 + j] = np.int32((a & _BYTE) * p + (b & _BYTE) * q + (c & _BYTE) * r + (d & _BYTE) * s)


@njit(cache=True, error_model="numpy", nogil=True)
def _light(near, far, part, shade, colour, count):  # type: ignore[no-untyped-def]
    """Set `colour` to the mean of two levels, white without a texture, times the shade."""
    scale, half, most = np.float32(1 / WHOLE), np.float32(0.5), np.float32(255)
    for row in range(0, 3 * BLOCK, BLOCK):
        for j in range(count):
            k = row + j
            mean = near[k] + part[j] * (far[k] - near[k]) if part[j] > 0 else near[k]
            mean = _WHITE if part[j] < 0 else mean
            colour[k] = np.uint8(min(mean * scale * shade[k] + half, most))


@njit(cache=True, error_model="numpy", nogil=True)
def reduce_picture(fine):  # type: ignore[no-untyped-def]
    """Return `fine` (3 height, 3 width, 3) reduced to (height, width, 3) with weights (1, 2, 3, 2, 1) both ways.

    This is Pillow's antialiased bilinear reduction: at the picture's edge the remaining weights are scaled to sum to 1.
    """
    height, width = fine.shape[0] // 3, fine.shape[1] // 3
    narrow = np.empty((fine.shape[0], width, 3), dtype=np.int32)
    for y in range(fine.shape[0]):
        for j in range(width):
            for c in range(3):
                near = np.int32(fine[y, 3 * j, c]) + np.int32(fine[y, 3 * j + 2, c])
                total = np.int32(2) * near + np.int32(3) * np.int32(fine[y, 3 * j + 1, c])
                if j > 0:
                    total += fine[y, 3 * j - 1, c]
                if j < width - 1:
                    total += fine[y, 3 * j + 3, c]
                narrow[y, j, c] = total
    picture = np.empty((height, width, 3), dtype=np.uint8)
    for i in range(height):
        for j in range(width):
            whole = (7 + (i > 0) + (i < height - 1)) * (7 + (j > 0) + (j < width - 1))
            for c in range(3):
                total = 2 * (narrow[3 * i, j, c] + narrow[3 * i + 2, j, c]) + 3 * narrow[3 * i + 1, j, c]
                if i > 0:
                    total += narrow[3 * i - 1, j, c]
                if i < height - 1:
                    total += narrow[3 * i + 3, j, c]
                picture[i, j, c] = (2 * total + whole) // (2 * whole)
    return picture
