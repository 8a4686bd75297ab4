"""Reads every response between a source and two ears from a SOFA file (AES69): of a head, or of a head in a room.

In a free field only the source moves. In a room the head may turn (ListenerView), and several loudspeakers (emitters)
may be measured at once. Azimuths are those of the source as the head sees it.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import soxr

from ...conventions import SAMPLE_RATE
from ...errors import InputError
from .sofa_file import DAMAGE, check_size, checked_rate, delayed, oriented, refuse_odd_peaks, right_first
from .sofa_variables import attribute, check_heaps, numbers, positions, text

Float64 = npt.NDArray[np.float64]

CONVENTIONS = ("SimpleFreeFieldHRIR", "MultiSpeakerBRIR", "SingleRoomSRIR", "SingleRoomMIMOSRIR", "SingleRoomDRIR")
_NEEDED = ("Data.IR", "Data.SamplingRate", "SourcePosition")
_LEAST_DISTANCE = 0.1
_FARTHEST = 60.0
"""Distance, m, that few halls have."""
_WIDEST_HEAD = 0.3
_TILTED = np.sin(np.radians(10.0))
_LONGEST_DELAY = 0.5


@dataclass(frozen=True)
class MeasuredSet:
    """Responses (n, 2, samples) at 16 kHz, left ear first, and where their sources are.

    `azimuths` and `elevations` (n,) are in degrees, positive to the left and up, `distances` (n,) in m. `names` (n,)
    tell them apart. `remarks` say where the file was overruled.
    """

    names: tuple[str, ...]
    azimuths: Float64
    elevations: Float64
    distances: Float64
    responses: Float64
    remarks: tuple[str, ...]


def read_measured_set(path: str) -> MeasuredSet:
    """Return all responses in the SOFA file `path`; raises InputError naming what is wrong with it."""
    try:
        check_heaps(Path(path).read_bytes())
        with h5py.File(path, "r") as file, np.errstate(all="ignore"):
            _check_convention(file, path)
            measured, rate = _responses(file, path)
            sources = _sources(file, measured.shape[0], measured.shape[2], path)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path}: damaged, or not a SOFA (HDF5) file: download or export it again") from error
    distances = np.linalg.norm(sources, axis=1)
    if not np.isfinite(distances).all() or distances.min() < _LEAST_DISTANCE:
        raise InputError(f"{path}: a source stands at the listener, or nowhere; expected {_LEAST_DISTANCE:g} m or more")
    pairs = measured.swapaxes(1, 2).reshape(-1, 2, measured.shape[3])
    resampled = np.stack([soxr.resample(pair.T, rate, SAMPLE_RATE).T for pair in pairs])
    head, remarks = oriented(resampled, sources / distances[:, None], path)
    check_size(head, rate, path)
    if np.median(distances) > _FARTHEST:
        remarks += (f"{path}: its sources are {np.median(distances):.3g} m away: are the positions in centimetres?",)
    right, up, back = head.directions.T
    azimuths, elevations = np.degrees(np.arctan2(-right, -back)), np.degrees(np.arcsin(np.clip(up, -1, 1)))
    names = tuple(_name(m, e, measured.shape[2]) for m in range(len(measured)) for e in range(measured.shape[2]))
    return MeasuredSet(names, azimuths, elevations, distances, head.responses, remarks)


def _name(measurement: int, emitter: int, emitters: int) -> str:
    return f"{measurement:05d}-speaker{emitter}" if emitters > 1 else f"{measurement:05d}"


def _check_convention(file: h5py.File, path: str) -> None:
    convention = text(file.attrs["SOFAConventions"]) if "SOFAConventions" in file.attrs else ""
    if convention.casefold() not in [known.casefold() for known in CONVENTIONS]:
        raise InputError(
            f"{path}: its SOFA convention is {convention or 'none'!r}; expected one of {', '.join(CONVENTIONS)}"
        )
    missing = [name for name in _NEEDED if name not in file]
    if missing:
        raise InputError(f"{path}: the variable {missing[0]} is missing; expected {', '.join(_NEEDED)}")


# Responses ------------------------------------------------------------------------------------------------------


def _responses(file: h5py.File, path: str) -> tuple[Float64, float]:
    """Return the responses (measurements, 2 ears, emitters, samples), left ear first as listed, and their rate, Hz."""
    measured = numbers(file, "Data.IR", path)
    if measured.ndim not in (3, 4) or not measured.size:
        raise InputError(f"{path}: Data.IR has the shape {measured.shape}; expected measurements, ears and samples")
    if measured.ndim == 3:
        measured = measured[:, :, None]
    elif _emitters_last(file, measured.shape):
        measured = measured.swapaxes(2, 3)
    if measured.shape[1] != 2:
        raise InputError(f"{path}: it has {measured.shape[1]} receivers; expected two, the ears of a head")
    _refuse_wide_pair(file, path)
    rate = checked_rate(file, path)
    count, _, emitters, samples = measured.shape
    flat = measured.swapaxes(1, 2).reshape(-1, 2, samples)
    refuse_odd_peaks(np.abs(flat).max(axis=2), path)
    late = delayed(flat, _delays(file, (count, 2, emitters), rate, path))
    first = np.repeat(right_first(file, count, path), emitters)
    listed = np.where(first[:, None, None], late[:, ::-1], late)
    return listed.reshape(count, emitters, 2, -1).swapaxes(1, 2), rate


def _emitters_last(file: h5py.File, shape: tuple[int, ...]) -> bool:
    """Return whether the emitters are the last axis of responses of four axes: in data of type FIR-E, not in FIRE."""
    count = file["EmitterPosition"].shape[0] if "EmitterPosition" in file else 0
    if (shape[2] == count) != (shape[3] == count):
        return bool(shape[3] == count)
    return attribute(file, "DataType") == "fir-e"


def _refuse_wide_pair(file: h5py.File, path: str) -> None:
    """Raise InputError if two receivers are too far apart for ears."""
    if "ReceiverPosition" in file:
        receivers = positions(file, "ReceiverPosition", path, usual="cartesian")
        if len(receivers) == 2:
            apart = float(np.linalg.norm((receivers[0] - receivers[1]).reshape(3, -1)[:, 0], axis=-1))
            if apart > _WIDEST_HEAD:
                raise InputError(f"{path}: its receivers are {apart:.2f} m apart; expected the ears of a head")


def _delays(file: h5py.File, shape: tuple[int, int, int], rate: float, path: str) -> Float64:
    """Return what Data.Delay adds to the responses, (measurements * emitters, 2) samples, none of it negative."""
    count, _, emitters = shape
    if "Data.Delay" not in file:
        return np.zeros((count * emitters, 2))
    delays = np.atleast_2d(numbers(file, "Data.Delay", path))
    delays = delays[..., None] if delays.ndim == 2 else delays
    try:
        whole = np.broadcast_to(delays, shape)
    except ValueError:
        raise InputError(
            f"{path}: Data.Delay has the shape {delays.shape}; expected {shape}: export it again"
        ) from None
    if not np.abs(whole).max() <= _LONGEST_DELAY * rate:
        raise InputError(f"{path}: Data.Delay reaches {np.abs(whole).max():.3g} samples: export it again")
    flat = whole.swapaxes(1, 2).reshape(-1, 2)
    return np.asarray(flat - min(float(flat.min()), 0.0))


# Places ---------------------------------------------------------------------------------------------------------


def _sources(file: h5py.File, count: int, emitters: int, path: str) -> Float64:
    """Return where the sources are, (count * emitters, 3) m in head axes (x right, y up, z backwards)."""
    source = _one_each(positions(file, "SourcePosition", path), "SourcePosition", count, path)
    listener = np.zeros((count, 3))
    if "ListenerPosition" in file:
        found = positions(file, "ListenerPosition", path, usual="cartesian")
        listener = _one_each(found, "ListenerPosition", count, path)
    towards = np.repeat((source - listener)[:, None], emitters, axis=1)
    if emitters > 1 or (np.linalg.norm(towards, axis=-1) < _LEAST_DISTANCE).any():
        towards = towards + _emitters(file, count, emitters, path)
    _refuse_tilted(file, path)
    ahead, left = _axes(file, "ListenerView", count, path)
    along, across = (np.einsum("mek,mk->me", towards, axis) for axis in (ahead, left))
    return np.stack([-across, towards[..., 2], -along], axis=-1).reshape(-1, 3)


def _emitters(file: h5py.File, count: int, emitters: int, path: str) -> Float64:
    """Return where the emitters are, from the source's position, (count, emitters, 3) m in the room."""
    if "EmitterPosition" not in file:
        return np.zeros((count, emitters, 3))
    found = positions(file, "EmitterPosition", path, usual="cartesian")
    places = found.reshape(len(found), 3, -1).transpose(2, 0, 1)
    if places.shape not in ((1, emitters, 3), (count, emitters, 3)):
        raise InputError(f"{path}: EmitterPosition has the shape {found.shape}, not of {emitters} emitters")
    ahead, left = _axes(file, "SourceView", count, path)
    x, y, z = np.moveaxis(np.broadcast_to(places, (count, emitters, 3)), -1, 0)[..., None]
    return np.asarray(x * ahead[:, None] + y * left[:, None] + z * np.array([0.0, 0.0, 1.0]))


def _axes(file: h5py.File, name: str, count: int, path: str) -> tuple[Float64, Float64]:
    """Return what is ahead and to the left of the listener or the source that looks along `name`, both (count, 3)."""
    view = np.array([[1.0, 0.0, 0.0]])
    if name in file:
        view = positions(file, name, path, usual="cartesian")
    view = _one_each(view, name, count, path)
    length = np.linalg.norm(view, axis=1, keepdims=True)
    if not (length > 0).all() or not (np.abs(view[:, 2:]) <= _TILTED * length).all():
        raise InputError(f"{path}: {name} points up, down or nowhere; expected a level direction")
    flat = view * [1.0, 1.0, 0.0]
    ahead = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return ahead, np.cross([0.0, 0.0, 1.0], ahead)


def _refuse_tilted(file: h5py.File, path: str) -> None:
    """Raise InputError unless the listener is upright; ListenerUp has the type of ListenerView."""
    if "ListenerUp" in file:
        usual = attribute(file["ListenerView"], "Type") if "ListenerView" in file else ""
        up = positions(file, "ListenerUp", path, usual=usual or "cartesian")
        if not (up[:, 2] >= np.cos(np.arcsin(_TILTED)) * np.linalg.norm(up, axis=1)).all():
            raise InputError(f"{path}: its listener is not upright, +z up (ListenerUp)")


def _one_each(places: Float64, name: str, count: int, path: str) -> Float64:
    """Return `places` (1 or count, 3) as (count, 3)."""
    if places.shape not in ((1, 3), (count, 3)):
        raise InputError(f"{path}: {name} has the shape {places.shape} for {count} measurements; export it again")
    return np.broadcast_to(places, (count, 3))
