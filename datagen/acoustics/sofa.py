"""A measured head from a SOFA file, heard from any direction.

Between measured directions the responses are interpolated with their delays taken out: those of the three corners of
the spherical triangle around a direction are advanced by the sphere's geometric delay (Woodworth 1938), weighed, and
delayed by that of the direction asked for. Sets differ in gain and in where time zero lies: a set is given the mean
power of the rigid sphere at 250 to 1,000 Hz, where heads differ little (so a diffuse-field equalised set hears about
0 dB there, too), and the time at which it agrees best with the sphere. The distance of a source is not heard.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.spatial import ConvexHull, KDTree

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from .cross_correlation import parabolic_peak
from .sofa_file import MeasuredHead, read_sofa
from .sphere_head import HEAD_RADIUS, SphereHead, ear_cosines

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

LOW_BAND = (250.0, 1000.0)
"""Hz: where a set is given the level of the sphere."""
_SIZE = 512
_FINE = 16
_EMPTY_DEG = 30.0
"""Degrees around an axis in which nothing may be measured before that axis counts as a gap."""
_NEIGHBOURS = 12
"""Triangles near a direction that are tried before all of them are."""


class SofaHead:
    """The head in the SOFA file `path` (convention SimpleFreeFieldHRIR), at 16 kHz."""

    taps = 256
    lead = 32

    def __init__(self, path: str) -> None:
        self.name = Path(path).name
        measured = read_sofa(path)
        self._directions = measured.directions
        aligned = _cut(_like_sphere(measured), self.taps)
        early = fft.rfft(aligned, _SIZE, axis=-1) / _turn(sphere_delay(measured.directions))
        self._early: npt.NDArray[np.complex64] = early.astype(np.complex64)

    def responses(self, directions: npt.ArrayLike, distances: npt.ArrayLike | None = None) -> Float32:
        """Return what both ears hear of a click from each of `directions` (n, 3), float32 (n, 2, taps).

        Directions are unit vectors towards the source in head axes (x right, y up, z backwards). `distances` change
        nothing: the set was measured at one.
        """
        asked = np.asarray(directions, dtype=np.float64)
        corners, weights = self._corners(asked)
        spectra = np.einsum("nk,nkef->nef", weights, self._early[corners]) * _turn(sphere_delay(asked))
        return np.asarray(fft.irfft(spectra, _SIZE, axis=-1)[..., : self.taps], dtype=np.float32)

    def _corners(self, asked: Float64) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return which measured directions surround each of `asked`, (n, 3), and their weights (n, 3)."""
        corners, chosen = self._triangles.around(asked)
        chosen[corners >= len(self._directions)] = 0.0  # the gaps: what is measured around them counts alone
        total = chosen.sum(axis=1, keepdims=True)
        lost = total < 1e-6
        nearest = _cosines(asked, self._directions).argmax(axis=1)[:, None]
        weights = np.where(lost, [1.0, 0.0, 0.0], chosen / np.where(lost, 1.0, total))
        return np.minimum(np.where(lost, nearest, corners), len(self._directions) - 1), weights

    @cached_property
    def _triangles(self) -> "_Triangles":
        """The triangles between the measured directions and the axes around which nothing was measured."""
        axes = np.concatenate([np.eye(3), -np.eye(3)])
        gaps = axes[_cosines(axes, self._directions).max(axis=1) < np.cos(np.radians(_EMPTY_DEG))]
        return _Triangles(np.concatenate([self._directions, gaps]))


class _Triangles:
    """The spherical Delaunay triangles of `points` (n, 3), unit vectors all around."""

    def __init__(self, points: Float64) -> None:
        triangles = ConvexHull(points).simplices.astype(np.intp)
        normals, volumes = _opposite(points[triangles])
        solid = np.abs(volumes) > 1e-9
        self._corners = triangles[solid]
        self._inverses = normals[solid] / volumes[solid, None, None]
        self._centres = KDTree(_unit(points[self._corners].sum(axis=1)))

    def around(self, asked: Float64) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return the corners (n, 3) of the triangle around each of `asked` (n, 3), and their weights >= 0."""
        count = len(self._corners)
        near = self._centres.query(asked, min(_NEIGHBOURS, count))[1]
        which, weights = self._best(asked, near)
        missed = weights.min(axis=1) < -1e-9
        for k in np.flatnonzero(missed):
            which[k], weights[k] = (found[0] for found in self._best(asked[k : k + 1], np.arange(count)[None]))
        return self._corners[which], np.clip(weights, 0, None)

    def _best(self, asked: Float64, candidates: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return which of the `candidates` (n, k) holds each of `asked`, or comes closest to it, and its weights."""
        weights = np.einsum("nkij,nj->nki", self._inverses[candidates], asked)
        best = weights.min(axis=2).argmax(axis=1)
        rows = np.arange(len(asked))
        return candidates[rows, best], weights[rows, best]


def _cosines(some: Float64, others: Float64) -> Float64:
    """Return the cosine (n, m) of the angle between each of `some` (n, 3) and each of `others` (m, 3)."""
    return np.asarray(np.einsum("nk,mk->nm", some, others))


def _opposite(corners: Float64) -> tuple[Float64, Float64]:
    """Return the cross product of the other two of `corners` (n, 3, 3) for each, and their triple product (n,).

    The one over the other is the inverse of the matrix whose columns the corners are.
    """
    normals = np.cross(corners[:, [1, 2, 0]], corners[:, [2, 0, 1]])
    return normals, np.einsum("nk,nk->n", corners[:, 0], normals[:, 0])


def _unit(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def sphere_delay(directions: Float64, radius: float = HEAD_RADIUS) -> Float64:
    """Return by how much later than the centre of the head each ear is reached, (n, 2) s: Woodworth's geometry.

    >>> sphere_delay(np.array([[-1.0, 0.0, 0.0]]), 0.0875).round(6).tolist()
    [[-0.000255, 0.000401]]
    """
    cosine = np.clip(ear_cosines(directions), -1, 1)
    return radius / SPEED_OF_SOUND * np.where(cosine > 0, -cosine, np.arccos(cosine) - np.pi / 2)


def _turn(delay: Float64) -> npt.NDArray[np.complex128]:
    """Return the spectrum (..., frequencies) of a delay (...) in s."""
    return np.asarray(np.exp(-2j * np.pi * fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE) * delay[..., None]))


def _like_sphere(measured: MeasuredHead) -> Float64:
    """Return the responses of `measured` with the gain and the time zero of the sphere."""
    sphere = SphereHead().responses(measured.directions, np.full(len(measured.directions), measured.distance))
    size = fft.next_fast_len(measured.responses.shape[2] + 2 * _SIZE, real=True)
    ours, theirs = fft.rfft(sphere, size, axis=-1), fft.rfft(measured.responses, size, axis=-1)
    frequency = fft.rfftfreq(size, 1 / SAMPLE_RATE)
    low = (frequency >= LOW_BAND[0]) & (frequency <= LOW_BAND[1])
    gain = np.sqrt(np.mean(np.abs(ours[..., low]) ** 2) / np.mean(np.abs(theirs[..., low]) ** 2))
    agreement = fft.irfft((ours * np.conj(theirs)).sum(axis=(0, 1)), _FINE * size)
    centred = np.roll(agreement, _FINE * size // 2)
    later = parabolic_peak(centred) / _FINE - size // 2
    turn = np.exp(-2j * np.pi * frequency / SAMPLE_RATE * later)
    return np.asarray(gain * fft.irfft(theirs * turn, size, axis=-1))


def _cut(responses: Float64, taps: int) -> Float64:
    """Return the first `taps` samples of `responses`, the last sixteenth of them faded out."""
    fading = taps // 16
    fade = np.ones(taps)
    fade[-fading:] = np.cos(np.linspace(0, np.pi / 2, fading)) ** 2
    return responses[..., :taps] * fade
