"""Head-related impulse responses as they lie in SOFA files (AES69), convention SimpleFreeFieldHRIR."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import soxr
from scipy import fft

from ...conventions import SAMPLE_RATE
from ...errors import InputError

Float64 = npt.NDArray[np.float64]

CONVENTION = "SimpleFreeFieldHRIR"
_NEEDED = ("Data.IR", "Data.SamplingRate", "SourcePosition")
_SAME_DISTANCE = 0.01
FARTHEST_DEG = 30.0
"""Degrees from any direction of the horizontal plane to the nearest that was measured."""


@dataclass(frozen=True)
class MeasuredHead:
    """A set as it was measured, at 16 kHz.

    `directions` (n, 3) are unit vectors towards the source in head axes (x right, y up, z backwards), `distance` is
    in m, `responses` (n, 2, samples), left ear first.
    """

    directions: Float64
    distance: float
    responses: Float64


def read_sofa(path: str) -> MeasuredHead:
    """Return the responses in the SOFA file `path`, of those distances measured only the greatest.

    Raises InputError naming what is wrong with the file.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; --hrtf takes a head's responses (.sofa)")
    try:
        with h5py.File(path, "r") as file:
            _check_convention(file, path)
            positions = _positions(file, path)
            measured, rate = _responses(file, path)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: damaged, or no SOFA (HDF5) file; --hrtf takes a head's responses (.sofa)") from error
    if len(positions) != len(measured):
        raise InputError(f"{path}: {len(positions)} source positions for {len(measured)} responses; export it anew")
    distances = np.linalg.norm(positions, axis=1)
    if not np.isfinite(distances).all() or not distances.min() > 0:
        raise InputError(f"{path}: SourcePosition holds positions at the listener or none at all; expected metres")
    outermost = distances >= (1 - _SAME_DISTANCE) * distances.max()
    resampled = np.stack([soxr.resample(pair.T, rate, SAMPLE_RATE).T for pair in measured[outermost]])
    directions = (positions / distances[:, None])[outermost]
    _check_coverage(directions, path)
    return MeasuredHead(directions, float(distances.max()), resampled)


def _check_coverage(directions: Float64, path: str) -> None:
    """Raise InputError where the horizontal plane has a gap; most sets leave out what is far below."""
    azimuth = np.radians(np.arange(-180, 180, 5))
    around = np.stack([-np.sin(azimuth), np.zeros_like(azimuth), -np.cos(azimuth)], axis=1)
    apart = np.degrees(np.arccos(np.clip(np.einsum("nk,mk->nm", around, directions).max(axis=1), -1, 1)))
    widest = int(apart.argmax())
    if apart[widest] > FARTHEST_DEG:
        raise InputError(
            f"{path}: the direction measured nearest to azimuth {-180 + 5 * widest} deg at ear height is "
            f"{apart[widest]:.0f} deg away; expected at most {FARTHEST_DEG:g} deg all around"
        )


def _check_convention(file: h5py.File, path: str) -> None:
    convention = _text(file.attrs.get("SOFAConventions", "none"))
    if convention != CONVENTION:
        raise InputError(f"{path}: its SOFA convention is {convention!r}; expected {CONVENTION!r}, a head's responses")
    missing = [name for name in _NEEDED if name not in file]
    if missing:
        raise InputError(f"{path}: the variable {missing[0]} is missing; expected {', '.join(_NEEDED)}")
    if "ListenerView" in file:
        view = _cartesian(file["ListenerView"], path)
        if not np.allclose(view / np.linalg.norm(view, axis=1, keepdims=True), [1, 0, 0], atol=1e-3):
            raise InputError(f"{path}: its listener does not look along +x (ListenerView); turn the set to the front")


def _positions(file: h5py.File, path: str) -> Float64:
    """Return where the sources stood (n, 3), m, in head axes: SOFA's are x ahead, y left, z up."""
    ahead, left, up = _cartesian(file["SourcePosition"], path).T
    return np.stack([-left, up, -ahead], axis=1)


def _cartesian(variable: Any, path: str) -> Float64:
    """Return the positions in `variable`, (azimuth deg, elevation deg, m) or cartesian, as x ahead, y left, z up."""
    values = np.atleast_2d(np.asarray(variable, dtype=np.float64))
    kind = _text(variable.attrs.get("Type", "none"))
    if values.shape[1] != 3 or kind not in ("spherical", "cartesian"):
        raise InputError(f"{path}: {variable.name[1:]} of type {kind!r}; expected spherical or cartesian, 3 columns")
    if kind == "cartesian":
        return values
    azimuth, elevation, radius = np.radians(values[:, 0]), np.radians(values[:, 1]), values[:, 2]
    flat = radius * np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), radius * np.sin(elevation)], axis=1)


def _responses(file: h5py.File, path: str) -> tuple[Float64, float]:
    """Return the responses (n, 2, samples), left ear first, with the delays that are kept apart, and their rate."""
    measured = np.asarray(file["Data.IR"], dtype=np.float64)
    rate = float(np.ravel(file["Data.SamplingRate"])[0])
    if measured.ndim != 3 or measured.shape[1] != 2:
        raise InputError(f"{path}: Data.IR has the shape {measured.shape}; expected (directions, 2 ears, samples)")
    if not np.isfinite(measured).all() or not measured.any(axis=2).all() or not rate > 0:
        raise InputError(f"{path}: Data.IR is not finite or silent somewhere, or Data.SamplingRate is not above 0 Hz")
    delays = np.asarray(file["Data.Delay"], dtype=np.float64) if "Data.Delay" in file else np.zeros((1, 2))
    if delays.shape not in ((1, 2), measured.shape[:2]):
        raise InputError(f"{path}: Data.Delay has the shape {delays.shape}; expected (1, 2) or {measured.shape[:2]}")
    late = _delayed(measured, np.broadcast_to(delays, measured.shape[:2]))
    swapped = "ReceiverPosition" in file and _right_first(file["ReceiverPosition"])
    return late[:, ::-1] if swapped else late, rate


def _right_first(receivers: Any) -> bool:
    """Return whether the first of `receivers` (2, 3 or 2, 3, 1) is the right ear."""
    if _text(receivers.attrs.get("Type", "cartesian")) == "cartesian":
        first, second = np.asarray(receivers, dtype=np.float64).reshape(2, -1)[:, 1]
        return bool(first < second)
    first, second = np.asarray(receivers, dtype=np.float64).reshape(2, -1)[:, 0]
    return bool(np.sin(np.radians(first)) < np.sin(np.radians(second)))


def _delayed(measured: Float64, delays: Float64) -> Float64:
    """Return `measured` (n, 2, samples) later by `delays` (n, 2) samples."""
    if not delays.any():
        return measured
    length = measured.shape[2] + int(np.ceil(delays.max())) + 1
    size = fft.next_fast_len(2 * length, real=True)
    turn = np.exp(-2j * np.pi * fft.rfftfreq(size) * delays[..., None])
    return np.asarray(fft.irfft(fft.rfft(measured, size, axis=-1) * turn, size, axis=-1)[..., :length])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
