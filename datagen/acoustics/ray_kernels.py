"""The inner loops of `mesh_tracing`: propagation and reflection of every ray."""

import math

import numpy as np

from ...compiled import njit

BACK = np.float32(3e-4)
"""Metres that a ray stops short of a surface, so that it does not hit it twice."""

NEAR = 1e-5
"""Metres ignored at both ends of a connection when testing for blockers: less than `BACK`, so that none leaks."""


@njit(cache=True, error_model="numpy", nogil=True)
def passages(origin, direction, diffuse, exact, reach, sources, radius, chance):  # type: ignore[no-untyped-def]
    """Return where rays cross the balls: ray, source, a point inside, metres from the origin, metres inside.

    Skips `exact` rays and rays reflected diffusely from outside the ball.
    """
    most = origin.shape[0] * sources.shape[0]
    ray, source = np.empty(most, np.int64), np.empty(most, np.int64)
    point, metres, way = np.empty((most, 3), np.float32), np.empty(most, np.float32), np.empty(most, np.float32)
    count = 0
    for i in range(origin.shape[0]):
        if exact[i]:
            continue
        for s in range(sources.shape[0]):
            x, y, z = sources[s, 0] - origin[i, 0], sources[s, 1] - origin[i, 1], sources[s, 2] - origin[i, 2]
            foot = x * direction[i, 0] + y * direction[i, 1] + z * direction[i, 2]
            squared = x * x + y * y + z * z
            beside = radius[i] * radius[i] - squared + foot * foot
            if beside <= 0 or (diffuse[i] and squared >= radius[i] * radius[i]):
                continue
            first, last = max(foot - np.sqrt(beside), np.float32(0)), min(foot + np.sqrt(beside), reach[i])
            if last <= first:
                continue
            inside = first + chance[i, s] * (last - first)
            for a in range(3):
                point[count, a] = origin[i, a] + inside * direction[i, a]
            ray[count], source[count], way[count] = i, s, last - first
            metres[count] = np.sqrt(squared) if diffuse[i] else foot
            count += 1
    return ray[:count], source[:count], point[:count], metres[:count], way[:count]


@njit(cache=True, error_model="numpy", nogil=True)
def advance(origin, direction, length, weight, reach, material, kept):  # type: ignore[no-untyped-def]
    """Move the rays to the surface they hit and apply its absorption, in place."""
    for i in range(origin.shape[0]):
        step = max(reach[i] - BACK, np.float32(0))
        for a in range(3):
            origin[i, a] += step * direction[i, a]
        length[i] += reach[i]
        for b in range(weight.shape[1]):
            weight[i, b] *= kept[material[i], b]


@njit(cache=True, error_model="numpy", nogil=True)
def scattered(origin, direction, normal, scattering, sources, radius):  # type: ignore[no-untyped-def]
    """Return the connections from surfaces to sources: ray, source, metres, and Lambert density (1/m2) at the source.

    Sources whose ball contains the surface point are skipped.
    """
    most = origin.shape[0] * sources.shape[0]
    ray, source = np.empty(most, np.int64), np.empty(most, np.int64)
    metres, density = np.empty(most, np.float32), np.empty(most, np.float32)
    count = 0
    for i in range(origin.shape[0]):
        if scattering[i].max() <= 0:
            continue
        facing = normal[i, 0] * direction[i, 0] + normal[i, 1] * direction[i, 1] + normal[i, 2] * direction[i, 2]
        for s in range(sources.shape[0]):
            x, y, z = sources[s, 0] - origin[i, 0], sources[s, 1] - origin[i, 1], sources[s, 2] - origin[i, 2]
            height = x * normal[i, 0] + y * normal[i, 1] + z * normal[i, 2]
            squared = x * x + y * y + z * z
            if height * facing < 0 and squared >= radius * radius:
                away = np.sqrt(squared)
                ray[count], source[count], metres[count] = i, s, away
                density[count] = abs(height) / (np.float32(math.pi) * squared * away)
                count += 1
    return ray[:count], source[:count], metres[:count], density[:count]


@njit(cache=True, error_model="numpy", nogil=True)
def reflect(direction, share, diffuse, specular_only, normal, scattering, chance):  # type: ignore[no-untyped-def]
    """Reflect each ray diffusely or specularly, in place; `chance` (n, 3) are the random numbers that decide."""
    bands = share.shape[1]
    for i in range(direction.shape[0]):
        facing, mean = np.float32(0), np.float32(0)
        for a in range(3):
            facing += normal[i, a] * direction[i, a]
        for b in range(bands):
            mean += scattering[i, b] / np.float32(bands)
        diffuse[i] = chance[i, 0] < mean
        if diffuse[i]:
            specular_only[i] = False
            upward = 2 * chance[i, 1] - 1
            across = np.sqrt(max(1 - upward * upward, np.float32(0)))
            turn = np.float32(2 * math.pi) * chance[i, 2]
            side = np.float32(-1) if facing > 0 else np.float32(1)
            direction[i, 0] = side * normal[i, 0] + across * np.cos(turn)
            direction[i, 1] = side * normal[i, 1] + upward
            direction[i, 2] = side * normal[i, 2] + across * np.sin(turn)
        else:
            for a in range(3):
                direction[i, a] -= 2 * facing * normal[i, a]
        for b in range(bands):
            lambert, mirror = scattering[i, b] / mean, (1 - scattering[i, b]) / max(1 - mean, np.float32(1e-6))
            share[i, b] = lambert if diffuse[i] else mirror
        squared = direction[i, 0] ** 2 + direction[i, 1] ** 2 + direction[i, 2] ** 2
        for a in range(3):
            direction[i, a] /= max(np.sqrt(squared), np.float32(1e-9))


@njit(cache=True, error_model="numpy", nogil=True)
def deposit(field, free, source, bins, arrival, ray, weight, share, density):  # type: ignore[no-untyped-def]
    """Add the energy of the connections at the indices `free` to `field`, in place."""
    for k in free:
        i = ray[k]
        if bins[k] < field.shape[1]:
            for b in range(weight.shape[1]):
                field[source[k], bins[k], arrival[i], b] += weight[i, b] * share[i, b] * density[k]
