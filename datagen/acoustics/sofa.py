"""A measured head from a SOFA file, interpolated to any direction.

Responses are interpolated with their delays removed. The three at the corners of the spherical triangle around a
direction are advanced by the geometric delay of the sphere (Woodworth 1938), weighted and summed, then delayed for the
requested direction. Sets differ in gain and time zero. Each set is scaled to the mean power of the rigid sphere at 250
to 1,000 Hz, where heads differ little (so a diffuse-field equalised set also has about 0 dB there), and shifted to
agree best with the sphere. The distance of a source has no effect.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, KDTree

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from .cross_correlation import parabolic_peak
from .fourier import irfft, rfft, smooth_size
from .sofa_file import MeasuredHead, read_sofa
from .sphere_head import HEAD_RADIUS, SphereHead, ear_cosines

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

LOW_BAND = (250.0, 1000.0)
"""Band in which a set is scaled to the level of the sphere, Hz."""
_SIZE = 512
_FINE = 16
_EMPTY_DEG = 30.0
"""An axis counts as a gap if nothing was measured within this many degrees of it."""
_NEIGHBOURS = 12
"""Nearby triangles that are tried first for a direction, before all of them."""


class SofaHead:
    """The head in the SOFA file `path` (convention SimpleFreeFieldHRIR), at 16 kHz."""

    taps = 256
    lead = 32

    def __init__(self, path: str) -> None:
        self.name = Path(path).name
        measured = read_sofa(path)
        self.remarks = measured.remarks
        self._directions = measured.directions
        aligned = _cut(_like_sphere(measured), self.taps)
        early = rfft(aligned, _SIZE) / _turn(sphere_delay(measured.directions))
        self._early: npt.NDArray[np.complex64] = early.astype(np.complex64)

    def responses(self, directions: npt.ArrayLike, distances: npt.ArrayLike | None = None) -> Float32:
        """Return the responses of both ears to a click from each of `directions` (n, 3), float32 (n, 2, taps).

        Directions are unit vectors towards the source in head axes (x right, y up, z backwards). `distances` are
        ignored: the set was measured at one distance.
        """
        asked = np.asarray(directions, dtype=np.float64)
        corners, weights = self._corners(asked)
        spectra = np.einsum("nk,nkef->nef", weights, self._early[corners]) * _turn(sphere_delay(asked))
        return np.asarray(irfft(spectra, _SIZE)[..., : self.taps], dtype=np.float32)

    def _corners(self, asked: Float64) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return the measured directions around each of `asked`, indices (n, 3), and their weights (n, 3)."""
        corners, chosen = self._triangles.around(asked)
        chosen[corners >= len(self._directions)] = 0.0  # gaps: only the measured corners count
        total = chosen.sum(axis=1, keepdims=True)
        lost = total < 1e-6
        nearest = _cosines(asked, self._directions).argmax(axis=1)[:, None]
        weights = np.where(lost, [1.0, 0.0, 0.0], chosen / np.where(lost, 1.0, total))
        return np.minimum(np.where(lost, nearest, corners), len(self._directions) - 1), weights

    @cached_property
    def _triangles(self) -> "_Triangles":
        """The triangles between the measured directions, with the unmeasured axes added."""
        axes = np.concatenate([np.eye(3), -np.eye(3)])
        gaps = axes[_cosines(axes, self._directions).max(axis=1) < np.cos(np.radians(_EMPTY_DEG))]
        return _Triangles(np.concatenate([self._directions, gaps]))


class _Triangles:
    """The spherical Delaunay triangulation of `points` (n, 3), unit vectors in all directions."""

    def __init__(self, points: Float64) -> None:
        triangles = ConvexHull(points).simplices.astype(np.intp)
        normals, volumes = _opposite(points[triangles])
        solid = np.abs(volumes) > 1e-9
        self._corners = triangles[solid]
        self._inverses = normals[solid] / volumes[solid, None, None]
        self._centres = KDTree(_unit(points[self._corners].sum(axis=1)))

    def around(self, asked: Float64) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return the corners (n, 3) of the triangle around each of `asked` (n, 3), and their non-negative weights."""
        count = len(self._corners)
        near = self._centres.query(asked, min(_NEIGHBOURS, count))[1]
        which, weights = self._best(asked, near)
        missed = weights.min(axis=1) < -1e-9
        for k in np.flatnonzero(missed):
            which[k], weights[k] = (found[0] for found in self._best(asked[k : k + 1], np.arange(count)[None]))
        return self._corners[which], np.clip(weights, 0, None)

    def _best(self, asked: Float64, candidates: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], Float64]:
        """Return which of the `candidates` (n, k) contains each of `asked`, or comes closest, and its weights."""
        weights = np.einsum("nkij,nj->nki", self._inverses[candidates], asked)
        best = weights.min(axis=2).argmax(axis=1)
        rows = np.arange(len(asked))
        return candidates[rows, best], weights[rows, best]


def _cosines(some: Float64, others: Float64) -> Float64:
    """Return the cosine (n, m) of the angle between each of `some` (n, 3) and each of `others` (m, 3)."""
    return np.asarray(np.einsum("nk,mk->nm", some, others))


def _opposite(corners: Float64) -> tuple[Float64, Float64]:
    """Return for each of `corners` (n, 3, 3) the cross product of the other two, and their triple product (n,).

    Their quotient is the inverse of the matrix with the corners as columns.
    """
    normals = np.cross(corners[:, [1, 2, 0]], corners[:, [2, 0, 1]])
    return normals, np.einsum("nk,nk->n", corners[:, 0], normals[:, 0])


def _unit(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def sphere_delay(directions: Float64, radius: float = HEAD_RADIUS) -> Float64:
    """Return the delay of each ear relative to the centre of the head, (n, 2) s: Woodworth's geometry.

    >>> sphere_delay(np.array([[-1.0, 0.0, 0.0]]), 0.0875).round(6).tolist()
    [[-0.000255, 0.000401]]
    """
    cosine = np.clip(ear_cosines(directions), -1, 1)
    return radius / SPEED_OF_SOUND * np.where(cosine > 0, -cosine, np.arccos(cosine) - np.pi / 2)


def _turn(delay: Float64) -> npt.NDArray[np.complex128]:
    """Return the transfer function (..., frequencies) of a delay (...) in s."""
    return np.asarray(np.exp(-2j * np.pi * np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE) * delay[..., None]))


def _like_sphere(measured: MeasuredHead) -> Float64:
    """Return the responses of `measured` with the gain and time zero of the sphere."""
    sphere = SphereHead().responses(measured.directions, np.full(len(measured.directions), measured.distance))
    size = smooth_size(measured.responses.shape[2] + 2 * _SIZE)
    ours, theirs = rfft(sphere, size), rfft(measured.responses, size)
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    low = (frequency >= LOW_BAND[0]) & (frequency <= LOW_BAND[1])
    gain = np.sqrt(np.mean(np.abs(ours[..., low]) ** 2) / np.mean(np.abs(theirs[..., low]) ** 2))
    cross = (ours * np.conj(theirs)).sum(axis=(0, 1))
    agreement = irfft(np.pad(cross, (0, _FINE * size // 2 + 1 - cross.size)), _FINE * size)
    centred = np.roll(agreement, _FINE * size // 2)
    later = parabolic_peak(centred) / _FINE - size // 2
    turn = np.exp(-2j * np.pi * frequency / SAMPLE_RATE * later)
    return np.asarray(gain * irfft(theirs * turn, size))


def _cut(responses: Float64, taps: int) -> Float64:
    """Return the first `taps` samples of `responses`, with the last sixteenth faded out."""
    fading = taps // 16
    fade = np.ones(taps)
    fade[-fading:] = np.cos(np.linspace(0, np.pi / 2, fading)) ** 2
    return responses[..., :taps] * fade
