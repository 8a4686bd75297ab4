"""The loops over pixels: their rays, the surface each shows, and whether its neighbours show the same one.

A pixel is the tent-weighted mean of its 3 x 3 samples and the nearest samples of its neighbours, as if a picture three
times the size were reduced with an antialiased bilinear filter. Only the centre sample always needs a ray. The others
look up the texture on the plane hit by the centre ray, except between pixels that show different surfaces: those
samples are traced too. So textures and edges are both sampled nine times per pixel, and a detail is missed only if it
fits between pixel centres.

Helpers take numbers and tuples rather than arrays, and loops name the arrays they use beforehand, because numba counts
references to arrays on each call and each look into a tuple.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...compiled import njit

Float64 = npt.NDArray[np.float64]

SAMPLES = 3
"""Samples across and down a pixel."""
_LARGEST_SHIFT = 0.2  # pixels: faces whose textures agree to this count as one surface
_LARGEST_STEP = 1.5 / 255  # largest invisible difference in colour


class Seen(NamedTuple):
    """The hits of rays, arrays of shape (..., rays).

    `face` is -1 for no hit; `side` is 0 for the front, 1 for the back. `place` (2,) holds the texture coordinates at
    the hit, `shift` their largest change over a pixel, and `level` the mipmap level for a sample. `plane` is a row of
    `planes` (planes, 9), which gives the coordinates at any image point (x, y) of the plane: (p0 + p1 x + p2 y,
    p3 + p4 x + p5 y) over p6 + p7 x + p8 y. Row 0, all zeros, is for hits without.
    """

    face: npt.NDArray[np.int32]
    side: npt.NDArray[np.int64]
    place: Float64
    shift: Float64
    level: Float64
    plane: npt.NDArray[np.int64]
    planes: Float64


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
    """Return the three terms of `Seen.planes` for one texture coordinate.

    At depth t along D the coordinate is start + slope . (eye + t D), with t = height / -(normal . D). Multiplied by
    -(normal . D), whose terms are `weights`, it is linear in the image point, as D is.
    """
    offset = start + _dot(slope, eye)
    return (
        height * _dot(slope, view[1]) + offset * weights[0],
        height * _dot(slope, view[2]) + offset * weights[1],
        height * _dot(slope, view[3]) + offset * weights[2],
    )


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _lines(normals, corners, starts, slopes, f, view):  # type: ignore[no-untyped-def]
    """Return the nine terms of `Seen.planes`, in threes, for face `f`. Inlined, as it takes arrays."""
    normal = (normals[f, 0], normals[f, 1], normals[f, 2])
    weights = (-_dot(normal, view[1]), -_dot(normal, view[2]), -_dot(normal, view[3]))
    eye = _difference(view[0], (corners[f, 0], corners[f, 1], corners[f, 2]))
    height = _dot(normal, eye)
    u_slope = (slopes[f, 0, 0], slopes[f, 0, 1], slopes[f, 0, 2])
    v_slope = (slopes[f, 1, 0], slopes[f, 1, 1], slopes[f, 1, 2])
    u_line = _line(starts[f, 0], u_slope, eye, height, weights, view)
    return u_line, _line(starts[f, 1], v_slope, eye, height, weights, view), weights


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _place_on(coordinates, f, u, v):  # type: ignore[no-untyped-def]
    """Return the texture coordinates at the barycentric weights `u`, `v` of face `f`. Inlined, as it takes an array."""
    w = 1.0 - u - v
    return (
        w * coordinates[f, 0, 0] + u * coordinates[f, 1, 0] + v * coordinates[f, 2, 0],
        w * coordinates[f, 0, 1] + u * coordinates[f, 1, 1] + v * coordinates[f, 2, 1],
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

    The steps are in texels of a texture of `size` (width, height). All are derivatives of `Seen.planes` at the point
    where its divisor is `weight`.
    """
    u_right, u_down = (u_line[1] - place[0] * weights[1]) / weight, (u_line[2] - place[0] * weights[2]) / weight
    v_right, v_down = (v_line[1] - place[1] * weights[1]) / weight, (v_line[2] - place[1] * weights[2]) / weight
    across = math.sqrt((u_right * size[0]) ** 2 + (v_right * size[1]) ** 2) / SAMPLES
    down = math.sqrt((u_down * size[0]) ** 2 + (v_down * size[1]) ** 2) / SAMPLES
    return max(abs(u_right), abs(u_down), abs(v_right), abs(v_down)), across, down


@njit(cache=True, error_model="numpy", nogil=True)
def look(surfaces, view, points, hits):  # type: ignore[no-untyped-def]
    """Return `Seen` for rays through image `points` (n, 2) with the given `hits`.

    `view` (5, 3) holds the camera's position, the corner of its image plane, the steps of a pixel right and down, and
    its optical axis.
    """
    face, hit_u, hit_v = hits.face, hits.u, hits.v
    count = face.size
    side, place, shift, level = np.zeros(count, np.int64), np.zeros((2, count)), np.zeros(count), np.zeros(count)
    plane, planes = np.zeros(count, np.int64), np.empty((count + 1, 9))
    planes[0] = 0.0
    frame = (_vector(view, 0), _vector(view, 1), _vector(view, 2), _vector(view, 3))
    normals, corners, starts, slopes = surfaces.normal, surfaces.corner, surfaces.start, surfaces.slope
    textures, coordinates = surfaces.texture, surfaces.coordinates
    table, levels = surfaces.images.table, surfaces.images.levels
    last, row = -1, 0
    weights = u_line = v_line = (0.0, 0.0, 0.0)
    for k in range(count):
        f = face[k]
        if f < 0:
            continue
        texture = textures[f]
        if f != last:  # neighbours often show the same face
            last, row = f, row + 1
            u_line, v_line, weights = _lines(normals, corners, starts, slopes, f, frame)
            for term in range(3):
                planes[row, term], planes[row, 3 + term] = u_line[term], v_line[term]
                planes[row, 6 + term] = weights[term]
        weight = weights[0] + weights[1] * points[k, 0] + weights[2] * points[k, 1]
        side[k] = 0 if weight > 0 else 1
        if texture < 0 or weight == 0:
            continue
        plane[k] = row
        here = _place_on(coordinates, f, hit_u[k], hit_v[k])
        place[0, k], place[1, k] = here
        size = (table[texture, 0, 1], table[texture, 0, 2])
        shift[k], across, down = _footprint(u_line, v_line, weights, weight, here, size)
        level[k] = _level(across, down, levels[texture] - 1.0)
    return Seen(face, side, place, shift, level, plane, planes)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def _terms(planes, row):  # type: ignore[no-untyped-def]
    """Return a row of `Seen.planes` as a tuple."""
    u = (planes[row, 0], planes[row, 1], planes[row, 2])
    return u, (planes[row, 3], planes[row, 4], planes[row, 5]), (planes[row, 6], planes[row, 7], planes[row, 8])


@njit(cache=True, error_model="numpy", nogil=True)
def _on_plane(terms, x, y):  # type: ignore[no-untyped-def]
    """Return the texture coordinates that a row of `Seen.planes` gives at image point (x, y)."""
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
    """Return whether each pixel shows the same surface as each of its neighbours: (height, 3, 3, width), row first.

    Beyond the edge of the picture all agree. Two pixels show the same surface if they have the same texture and colour
    (within `_LARGEST_STEP`), and the plane of one predicts the texture coordinates of the other (within
    `_LARGEST_SHIFT`). A difference in depth that does not show in the colours is ignored.
    """
    agreed = np.ones((height, 3, 3, width), dtype=np.bool_)
    face, side, place, shift, _, plane, planes = seen
    tint, texture = surfaces.tint, surfaces.texture
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
                    m, n = side[pixel], side[other]
                    first = (tint[f, m, 0], tint[f, m, 1], tint[f, m, 2])
                    one = _step(first, (tint[g, n, 0], tint[g, n, 1], tint[g, n, 2])) <= _LARGEST_STEP
                if one and texture[f] >= 0:
                    foretold = _on_plane(_terms(planes, plane[pixel]), column + 0.5, row + 0.5)
                    one = _apart(foretold, (place[0, other], place[1, other])) <= _LARGEST_SHIFT * shift[pixel]
                agreed[i, 1 + down, 1 + across, j] = one
                agreed[row, 1 - down, 1 - across, column] = one
    return agreed


class Towards(NamedTuple):
    """Rays from a camera: the image `point` (n, 2) of each, its unit `direction` (n, 3), and how far `ahead` (n,) of
    the camera a step along it leads, 0 to 1."""

    point: Float64
    direction: npt.NDArray[np.float32]
    ahead: Float64


def centre_samples(width: int, height: int) -> npt.NDArray[np.int64]:
    """Return the indices (height x width,) of the samples in the middle of the pixels, for `sample_rays`."""
    row, column = SAMPLES * np.arange(height) + 1, SAMPLES * np.arange(width) + 1
    return np.asarray((row[:, None] * SAMPLES * width + column).ravel(), np.int64)


@njit(cache=True, error_model="numpy", nogil=True)
def sample_rays(view, width, samples):  # type: ignore[no-untyped-def]
    """Return the rays `Towards` the `samples` (n,), indices into a picture 3 `width` samples wide; `view` as in `look`.

    The image point of a sample in the middle of a pixel is exact.
    """
    count = samples.size
    points, directions, ahead = np.empty((count, 2)), np.empty((count, 3), np.float32), np.empty(count)
    corner, right, down, axis = _vector(view, 1), _vector(view, 2), _vector(view, 3), _vector(view, 4)
    for n in range(count):
        x, y = (samples[n] % (SAMPLES * width) + 0.5) / SAMPLES, (samples[n] // (SAMPLES * width) + 0.5) / SAMPLES
        towards = _towards(corner, right, down, x, y)
        length = math.sqrt(_dot(towards, towards))
        unit = (towards[0] / length, towards[1] / length, towards[2] / length)
        points[n, 0], points[n, 1], ahead[n] = x, y, _dot(unit, axis)
        directions[n, 0], directions[n, 1], directions[n, 2] = unit
    return Towards(points, directions, ahead)
