"""Texture look-ups, and reduction of a picture to a third of its size.

Colours are fixed-point and sums are integers, so the bytes do not depend on the order.
"""

import math

import numpy as np

from ...compiled import njit

WHOLE = 8192
"""Sum of the weights of four texels: 13 bits, plus 8 of a texel, let three channels share 64 bits."""
_RED, _GREEN, _BLUE, _CHANNEL = np.uint64(0xFF), np.uint64(0xFF00), np.uint64(0xFF0000), np.uint64(0x1FFFFF)
_13, _21, _26, _42 = np.uint64(13), np.uint64(21), np.uint64(26), np.uint64(42)


@njit(cache=True, error_model="numpy", nogil=True)
def spread(texel):  # type: ignore[no-untyped-def]
    """Return the three bytes of a texel 21 bits apart, so that one product weights all of them."""
    wide = np.uint64(texel)
    return (wide & _RED) | ((wide & _GREEN) << _13) | ((wide & _BLUE) << _26)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def bilinear(texels, first, width, height, u, v):  # type: ignore[no-untyped-def]
    """Return red, green and blue (0..255 x `WHOLE`) of one mipmap level at (u, v) repeats.

    Inlined, because a call would count references to `texels`, which costs more than the look-up.
    """
    x, y = (u - math.floor(u)) * width - 0.5, (v - math.floor(v)) * height - 0.5
    left, top = math.floor(x), math.floor(y)
    across, down = x - left, y - top
    column, row = int(left), int(top)
    right, bottom = column + 1, row + 1
    column, right = (column + width if column < 0 else column), (0 if right >= width else right)
    row, bottom = (row + height if row < 0 else row), (0 if bottom >= height else bottom)
    upper, lower = first + row * width, first + bottom * width
    d = int(across * down * WHOLE)
    b, c = int(across * WHOLE) - d, int(down * WHOLE) - d
    total = spread(texels[upper + column]) * np.uint64(WHOLE - b - c - d)
    total += spread(texels[upper + right]) * np.uint64(b)
    total += spread(texels[lower + column]) * np.uint64(c)
    total += spread(texels[lower + right]) * np.uint64(d)
    red, green, blue = np.int32(total & _CHANNEL), np.int32(total >> _21 & _CHANNEL), np.int32(total >> _42)
    return np.float32(red), np.float32(green), np.float32(blue)


@njit(cache=True, error_model="numpy", nogil=True)
def levels_about(table, texture, level):  # type: ignore[no-untyped-def]
    """Return the levels of `texture` for `trilinear`: the two rows of `table` around `level`, and the second's weight.

    For texture -1 (none) the weight is -1.
    """
    if texture < 0:
        return 0, 0, 0, 0, 0, 0, np.float32(-1)
    fine = int(level)
    coarse = min(fine + 1, table.shape[1] - 1)
    first, width, height = table[texture, fine, 0], table[texture, fine, 1], table[texture, fine, 2]
    first2, width2, height2 = table[texture, coarse, 0], table[texture, coarse, 1], table[texture, coarse, 2]
    return first, width, height, first2, width2, height2, np.float32(level - fine)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def trilinear(texels, levels, u, v):  # type: ignore[no-untyped-def]
    """Return red, green and blue (0..255 x `WHOLE`) at (u, v) repeats, between two mipmap levels; white if none."""
    part = levels[6]
    red = green = blue = np.float32(255 * WHOLE)
    if part >= 0:
        red, green, blue = bilinear(texels, levels[0], levels[1], levels[2], u, v)
    if part > 0:
        red2, green2, blue2 = bilinear(texels, levels[3], levels[4], levels[5], u, v)
        red, green, blue = red + part * (red2 - red), green + part * (green2 - green), blue + part * (blue2 - blue)
    return red, green, blue


@njit(cache=True, error_model="numpy", nogil=True)
def lit(red, green, blue, shade):  # type: ignore[no-untyped-def]
    """Return as bytes a colour (0..255 x `WHOLE`) times the lit colour `shade` of its face (0..1)."""
    scale, half, most = np.float32(1 / WHOLE), np.float32(0.5), np.float32(255)
    return (
        np.uint8(min(red * scale * shade[0] + half, most)),
        np.uint8(min(green * scale * shade[1] + half, most)),
        np.uint8(min(blue * scale * shade[2] + half, most)),
    )


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
