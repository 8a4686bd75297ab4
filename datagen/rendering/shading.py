"""The loops over pixels: the surface each shows, whether its neighbours show the same one, and its colour.

A pixel is the tent-weighted mean of its 3 x 3 samples and the nearest samples of its neighbours, as if a picture three
times the size were reduced with an antialiased bilinear filter. Only the centre sample always needs a ray. The others
look up the texture on the plane hit by the centre ray, except between pixels that show different surfaces: those
samples are traced too. So textures and edges are both sampled nine times per pixel, and a detail is missed only if it
fits between pixel centres.

Helpers take numbers and tuples rather than arrays, because numba counts references to arrays on each call.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...compiled import njit
from .filtering import levels_about, lit, trilinear

Float64 = npt.NDArray[np.float64]

SAMPLES = 3
"""Samples across and down a pixel."""
_NO_COLOUR = (np.float32(0), np.float32(0), np.float32(0))
_LARGEST_SHIFT = 0.2  # pixels: faces whose textures agree to this count as one surface
_FARTHEST = 1e6  # repeats: texture coordinates beyond this lie past a horizon
_LARGEST_STEP = 1.5 / 255  # largest invisible difference in colour


class Seen(NamedTuple):
    """The hits of rays, arrays of shape (rays, ...).

    `face` is -1 for no hit; `side` is 0 for the front, 1 for the back. `place` (2,) holds the texture coordinates at
    the hit. `plane` (9,) gives them at any image point (x, y) of the plane: (p0 + p1 x + p2 y, p3 + p4 x + p5 y) over
    p6 + p7 x + p8 y. `shift` is their largest change over a pixel, and `level` the mipmap level for a sample.
    """

    face: npt.NDArray[np.int32]
    side: npt.NDArray[np.int64]
    place: Float64
    plane: Float64
    shift: Float64
    level: Float64


@njit(cache=True, error_model="numpy", nogil=True)
def _vector(table, row):  # type: ignore[no-untyped-def]
    return table[row, 0], table[row, 1], table[row, 2]


@njit(cache=True, error_model="numpy", nogil=True)
def _dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, error_model="numpy", nogil=True)
def _step(a, b):  # type: ignore[no-untyped-def]
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]), abs(a[2] - b[2]))


@njit(cache=True, error_model="numpy", nogil=True)
def _difference(a, b):  # type: ignore[no-untyped-def]
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@njit(cache=True, error_model="numpy", nogil=True)
def _towards(corner, right, down, x, y):  # type: ignore[no-untyped-def]
    """Return the vector from the camera to image point (x, y) on the image plane."""
    return (
        corner[0] + x * right[0] + y * down[0],
        corner[1] + x * right[1] + y * down[1],
        corner[2] + x * right[2] + y * down[2],
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _line(start, slope, eye, height, weights, view):  # type: ignore[no-untyped-def]
    """Return the three terms of `Seen.plane` for one texture coordinate.

    At depth t along D the coordinate is start + slope . (eye + t D), with t = height / -(normal . D). Multiplied by
    -(normal . D), whose terms are `weights`, it is linear in the image point, as D is.
    """
    offset = start + _dot(slope, eye)
    return (
        height * _dot(slope, view[1]) + offset * weights[0],
        height * _dot(slope, view[2]) + offset * weights[1],
        height * _dot(slope, view[3]) + offset * weights[2],
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _level(x_step, y_step, deepest):  # type: ignore[no-untyped-def]
    """Return the mipmap level for a sample whose neighbours are `x_step` and `y_step` texels away.

    It uses the shorter step, or half the longer one if that is larger. The nine samples of a pixel filter the rest, so
    surfaces at grazing angles stay sharp across the view.
    """
    texels = max(min(x_step, y_step), max(x_step, y_step) / 2)
    return min(math.log2(texels), deepest) if texels > 1.0 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def _footprint(u_line, v_line, weights, weight, place, size):  # type: ignore[no-untyped-def]
    """Return the largest change of texture coordinates over a pixel, and the steps of a sample across and down.

    The steps are in texels of a texture of `size` (width, height). All are derivatives of `Seen.plane` at the point
    where its divisor is `weight`.
    """
    u_right, u_down = (u_line[1] - place[0] * weights[1]) / weight, (u_line[2] - place[0] * weights[2]) / weight
    v_right, v_down = (v_line[1] - place[1] * weights[1]) / weight, (v_line[2] - place[1] * weights[2]) / weight
    across = math.sqrt((u_right * size[0]) ** 2 + (v_right * size[1]) ** 2) / SAMPLES
    down = math.sqrt((u_down * size[0]) ** 2 + (v_down * size[1]) ** 2) / SAMPLES
    return max(abs(u_right), abs(u_down), abs(v_right), abs(v_down)), across, down


@njit(cache=True, error_model="numpy", nogil=True)
def look(surfaces, view, points, face, u, v):  # type: ignore[no-untyped-def]
    """Return `Seen` for rays through image `points` (n, 2) that hit `face` (n,) at barycentric weights `u`, `v`.

    `view` (4, 3) holds the camera's position, the corner of its image plane, and the steps of a pixel right and down.
    """
    count = face.size
    side = np.zeros(count, dtype=np.int64)
    place, plane, shift, level = np.zeros((count, 2)), np.zeros((count, 9)), np.zeros(count), np.zeros(count)
    frame = (_vector(view, 0), _vector(view, 1), _vector(view, 2), _vector(view, 3))
    images, slope, table = surfaces.images, surfaces.slope, surfaces.coordinates
    for k in range(count):
        f = face[k]
        if f < 0:
            continue
        normal = _vector(surfaces.normal, f)
        weights = (-_dot(normal, frame[1]), -_dot(normal, frame[2]), -_dot(normal, frame[3]))
        weight = weights[0] + weights[1] * points[k, 0] + weights[2] * points[k, 1]
        side[k] = 0 if weight > 0 else 1
        texture = surfaces.texture[f]
        if texture < 0 or weight == 0:
            continue
        eye = _difference(frame[0], _vector(surfaces.corner, f))
        u_slope = (slope[f, 0, 0], slope[f, 0, 1], slope[f, 0, 2])
        v_slope = (slope[f, 1, 0], slope[f, 1, 1], slope[f, 1, 2])
        u_line = _line(surfaces.start[f, 0], u_slope, eye, _dot(normal, eye), weights, frame)
        v_line = _line(surfaces.start[f, 1], v_slope, eye, _dot(normal, eye), weights, frame)
        for term in range(3):
            plane[k, term], plane[k, 3 + term], plane[k, 6 + term] = u_line[term], v_line[term], weights[term]
        w = 1.0 - u[k] - v[k]
        place[k, 0] = w * table[f, 0, 0] + u[k] * table[f, 1, 0] + v[k] * table[f, 2, 0]
        place[k, 1] = w * table[f, 0, 1] + u[k] * table[f, 1, 1] + v[k] * table[f, 2, 1]
        size = (images.table[texture, 0, 1], images.table[texture, 0, 2])
        here = (place[k, 0], place[k, 1])
        shift[k], across, down = _footprint(u_line, v_line, weights, weight, here, size)
        level[k] = _level(across, down, images.levels[texture] - 1.0)
    return Seen(face, side, place, plane, shift, level)


@njit(cache=True, error_model="numpy", nogil=True)
def _terms(plane, k):  # type: ignore[no-untyped-def]
    """Return `Seen.plane` of ray `k` as a tuple."""
    u = (plane[k, 0], plane[k, 1], plane[k, 2])
    return u, (plane[k, 3], plane[k, 4], plane[k, 5]), (plane[k, 6], plane[k, 7], plane[k, 8])


@njit(cache=True, error_model="numpy", nogil=True)
def _on_plane(terms, x, y):  # type: ignore[no-untyped-def]
    """Return the texture coordinates that `Seen.plane` gives at image point (x, y)."""
    u, v, w = terms
    weight = 1.0 / (w[0] + w[1] * x + w[2] * y)
    return (u[0] + u[1] * x + u[2] * y) * weight, (v[0] + v[1] * x + v[2] * y) * weight


@njit(cache=True, error_model="numpy", nogil=True)
def _apart(a, b):  # type: ignore[no-untyped-def]
    """Return the larger distance between two pairs of texture coordinates, modulo whole repeats."""
    u, v = a[0] - b[0], a[1] - b[1]
    return max(abs(u - math.floor(u + 0.5)), abs(v - math.floor(v + 0.5)))


@njit(cache=True, error_model="numpy", nogil=True)
def _later_neighbour(number):  # type: ignore[no-untyped-def]
    """Return the step (down, across) to one of a pixel's four later neighbours: right, below left, below, below right.

    Agreement is symmetric, so each pair of pixels is compared once.
    """
    return (0, 1) if number == 0 else (1, number - 2)


@njit(cache=True, error_model="numpy", nogil=True)
def agreements(surfaces, width, height, seen):  # type: ignore[no-untyped-def]
    """Return whether each pixel shows the same surface as each of its neighbours: (height, width, 3, 3), row first.

    Beyond the edge of the picture all agree. Two pixels show the same surface if they have the same texture and colour
    (within `_LARGEST_STEP`), and the plane of one predicts the texture coordinates of the other (within
    `_LARGEST_SHIFT`). A difference in depth that does not show in the colours is ignored.
    """
    agreed = np.ones((height, width, 3, 3), dtype=np.bool_)
    face, tint, texture = seen.face, surfaces.tint, surfaces.texture
    for i in range(height):
        for j in range(width):
            for number in range(4):
                down, across = _later_neighbour(number)
                row, column = i + down, j + across
                pixel, other = i * width + j, row * width + column
                if row == height or column < 0 or column == width or face[pixel] == face[other]:
                    continue
                f, g = face[pixel], face[other]
                one = f >= 0 and g >= 0 and texture[f] == texture[g]
                if one:
                    first, second = _vector(tint[f], seen.side[pixel]), _vector(tint[g], seen.side[other])
                    one = _step(first, second) <= _LARGEST_STEP
                if one and texture[f] >= 0:
                    foretold = _on_plane(_terms(seen.plane, pixel), column + 0.5, row + 0.5)
                    place = (seen.place[other, 0], seen.place[other, 1])
                    one = _apart(foretold, place) <= _LARGEST_SHIFT * seen.shift[pixel]
                agreed[i, j, 1 + down, 1 + across] = one
                agreed[row, column, 1 - down, 1 - across] = one
    return agreed


@njit(cache=True, error_model="numpy", nogil=True)
def paint_planes(surfaces, seen, agreed, fine):  # type: ignore[no-untyped-def]
    """Fill `fine` (3 height, 3 width, 3) with samples looked up on the planes; return the samples left to trace.

    Those are indices (n,) into the samples of `fine`. A sample between two pixels, or among four, is looked up if
    these agree and the plane does not reach a horizon there.
    """
    height, width = agreed.shape[:2]
    left = np.empty(fine.size // 3, dtype=np.int64)
    count = 0
    face, tint, texture = seen.face, surfaces.tint, surfaces.texture
    images = surfaces.images
    texels, table = images.texels, images.table
    for k in range(height * width):
        i, j, f = k // width, k % width, face[k]
        terms, place = _terms(seen.plane, k), (seen.place[k, 0], seen.place[k, 1])
        reach = min(2 * seen.shift[k], _FARTHEST)
        levels = levels_about(table, texture[f] if f >= 0 else -1, seen.level[k])
        shade = _vector(tint[f], seen.side[k]) if f >= 0 else _NO_COLOUR
        for sample in range(SAMPLES * SAMPLES):
            row, column = sample // SAMPLES, sample % SAMPLES
            y, x = SAMPLES * i + row, SAMPLES * j + column
            # A sample's row and column in its pixel (0 to 2) also index the neighbours on its side; 1 is the pixel.
            one = agreed[i, j, row, column] and agreed[i, j, 1, column] and agreed[i, j, row, 1]
            u, v = place
            if one and reach > 0:
                u, v = _on_plane(terms, (x + 0.5) / SAMPLES, (y + 0.5) / SAMPLES)
                one = abs(u - place[0]) <= reach and abs(v - place[1]) <= reach
            if not one:
                left[count] = y * SAMPLES * width + x
                count += 1
            elif f >= 0:
                red, green, blue = trilinear(texels, levels, u, v)
                fine[y, x, 0], fine[y, x, 1], fine[y, x, 2] = lit(red, green, blue, shade)
    return left[:count].copy()


@njit(cache=True, error_model="numpy", nogil=True)
def sample_rays(view, width, samples):  # type: ignore[no-untyped-def]
    """Return the image points (n, 2) of `samples` (n,) and the unit vectors (n, 3) towards them.

    `samples` are indices into a picture 3 `width` samples wide.
    """
    points, directions = np.empty((samples.size, 2)), np.empty((samples.size, 3), dtype=np.float32)
    corner, right, down = _vector(view, 1), _vector(view, 2), _vector(view, 3)
    for n in range(samples.size):
        points[n, 0] = (samples[n] % (SAMPLES * width) + 0.5) / SAMPLES
        points[n, 1] = (samples[n] // (SAMPLES * width) + 0.5) / SAMPLES
        towards = _towards(corner, right, down, points[n, 0], points[n, 1])
        length = math.sqrt(_dot(towards, towards))
        for axis in range(3):
            directions[n, axis] = towards[axis] / length
    return points, directions


@njit(cache=True, error_model="numpy", nogil=True)
def paint_hits(surfaces, seen, samples, fine):  # type: ignore[no-untyped-def]
    """Fill the `samples` (n,) of `fine` from the hits of their rays, `seen`."""
    width = fine.shape[1]
    images = surfaces.images
    texels, table = images.texels, images.table
    for n in range(samples.size):
        f = seen.face[n]
        if f >= 0:
            levels = levels_about(table, surfaces.texture[f], seen.level[n])
            red, green, blue = trilinear(texels, levels, seen.place[n, 0], seen.place[n, 1])
            y, x = samples[n] // width, samples[n] % width
            shade = _vector(surfaces.tint[f], seen.side[n])
            fine[y, x, 0], fine[y, x, 1], fine[y, x, 2] = lit(red, green, blue, shade)
