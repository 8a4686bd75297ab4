"""Responses at two ears on a rigid sphere to a point source, without measured data.

Uses Rayleigh's series for the pressure on a rigid sphere at finite source distance (Duda and Martens 1998, "Range
dependence of the response of a spherical head model"; Kuhn 1977 for the plane wave). With wave number k, radius a,
distance r, and c the cosine of the angle between source and ear,

    H = -(r / (k a^2)) exp(-i k r) sum_m (2 m + 1) P_m(c) h_m(k r) / h_m'(k a)

is the pressure at the ear over the free-field pressure at the centre of the head. Each spherical Hankel function is
computed as a product of ratios of neighbouring orders, which neither overflow nor lose the decaying terms.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...errors import InputError
from .fourier import irfft

Float64 = npt.NDArray[np.float64]
Complex128 = npt.NDArray[np.complex128]

HEAD_RADIUS = 0.0875
"""Mean radius of adult heads, m (Kuhn 1977; Duda and Martens 1998)."""

NEAREST = 1.05
"""Least distance of a source, in radii."""

_SIZE = 256
_FADE_FROM = 6800.0
"""The spectrum fades out from here to half the sample rate, so that the response rings little; Hz."""


@dataclass(frozen=True)
class SphereHead:
    """A rigid sphere of `radius` m with its ears at azimuths +90 and -90 degrees, at 16 kHz.

    Ears at 100 degrees would distinguish front from back by a few microseconds; the diametrical ears of Duda and
    Martens (1998), used here, do not.
    """

    radius: float = HEAD_RADIUS
    name: ClassVar[str] = "sphere"
    remarks: ClassVar[tuple[str, ...]] = ()
    taps: ClassVar[int] = 128
    lead: ClassVar[int] = 32

    def responses(self, directions: npt.ArrayLike, distances: npt.ArrayLike | None = None) -> npt.NDArray[np.float32]:
        """Return the responses of both ears to a click from each of `directions`, float32 (n, 2, taps).

        `directions` (n, 3) are unit vectors towards the source in head axes (x right, y up, z backwards). `distances`
        (n,) are in m from the centre of the head; None means infinitely far, which is fastest (each distinct distance
        costs a millisecond). The free field at the centre of the head is a click of height 1 at sample `lead`. Raises
        InputError for a source inside or too close to the head.
        """
        cosines = ear_cosines(np.asarray(directions, dtype=np.float64))
        if distances is None:
            return _series(cosines, self._far_field)
        distinct, which = np.unique(np.asarray(distances, dtype=np.float64), return_inverse=True)
        tables = self._tables(self._in_radii(distinct))
        heard = np.empty((*cosines.shape, self.taps), dtype=np.float32)
        for number in range(len(distinct)):
            chosen = which == number
            heard[chosen] = _series(cosines[chosen], tables[:, number])
        return heard

    @cached_property
    def _far_field(self) -> npt.NDArray[np.float32]:
        """Response to a plane wave by degree of the Legendre polynomial, (degrees, taps)."""
        return self._tables(np.array([np.inf]))[:, 0]

    def _tables(self, distances: Float64) -> npt.NDArray[np.float32]:
        """Return the responses by degree of the Legendre polynomial, (degrees, n, taps), for `distances` in radii."""
        frequency = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE).astype(np.float64)
        away = np.clip((frequency - _FADE_FROM) / (SAMPLE_RATE / 2 - _FADE_FROM), 0, 1)
        band = (0.5 + 0.5 * np.cos(np.pi * away)) * np.exp(-2j * np.pi * frequency * self.lead / SAMPLE_RATE)
        terms = sphere_terms(2 * np.pi * frequency * self.radius / SPEED_OF_SOUND, distances)
        return np.asarray(irfft(terms * band, _SIZE)[..., : self.taps], dtype=np.float32)

    def _in_radii(self, distances: Float64) -> Float64:
        relative = distances / self.radius
        if not (relative >= NEAREST).all():
            raise InputError(
                f"a source {np.min(distances):g} m from the listener: expected at least {NEAREST * self.radius:.3g} m, "
                f"outside the head of radius {self.radius:g} m"
            )
        return relative


def ear_cosines(directions: Float64) -> Float64:
    """Return the cosine (n, 2) between `directions` (n, 3) and the left and the right ear."""
    return np.stack([-directions[:, 0], directions[:, 0]], axis=1)


def sphere_terms(size_parameter: Float64, distance: Float64) -> Complex128:
    """Return the factors (degrees, n, frequencies) of the Legendre polynomials P_0, P_1, ... in H.

    `size_parameter` (frequencies,) is k a; `distance` (n,) is in radii (inf: a plane wave). A delay lowers the phase,
    as in the transforms of NumPy.
    """
    still = size_parameter == 0
    x = np.where(still, 1.0, size_parameter)
    nearness = 1 / distance[:, None]
    degrees = _degrees(float(x.max()), float(distance.min()))
    terms = np.empty((degrees, len(distance), len(x)), dtype=np.complex128)
    product: Complex128 = np.broadcast_to(-np.exp(-1j * x) / x, terms.shape[1:])
    at_ear, at_source = 1 / x - 1j, nearness / x - 1j
    terms[0] = product / (1j - 1 / x)
    for m in range(1, degrees):
        product = product * (at_source / at_ear)
        terms[m] = (2 * m + 1) * product / (1 / at_ear - (m + 1) / x)
        at_ear = (2 * m + 1) / x - 1 / at_ear
        at_source = (2 * m + 1) * nearness / x - 1 / at_source
    if still.any():
        degree = np.arange(degrees)[:, None]
        terms[..., still] = ((2 * degree + 1) / (degree + 1) * nearness[:, 0] ** degree)[..., None]
    return np.conj(terms)


def _degrees(size_parameter: float, distance: float) -> int:
    """Return the number of terms needed for sources at `distance` radii and beyond."""
    return math.ceil(size_parameter + 20 + 16 / math.log(distance))


def _series(cosines: Float64, table: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the responses (..., taps) at `cosines` (...) from the `table` (degrees, taps).

    einsum adds in the same order on every machine. A matrix product would leave the order, and the bytes of a dataset,
    to the linear algebra library.
    """
    return np.asarray(np.einsum("...d,dt->...t", _legendre(cosines, len(table)), table))


def _legendre(cosines: Float64, degrees: int) -> npt.NDArray[np.float32]:
    """Return the Legendre polynomials of degree 0 .. `degrees` - 1 at `cosines`, (..., degrees)."""
    values = np.empty((*cosines.shape, degrees))
    values[..., 0], values[..., 1] = 1.0, cosines
    for degree in range(1, degrees - 1):
        last, now = values[..., degree - 1], values[..., degree]
        values[..., degree + 1] = ((2 * degree + 1) * cosines * now - degree * last) / (degree + 1)
    return values.astype(np.float32)
