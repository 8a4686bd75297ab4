"""Reads head-related impulse responses from SOFA files (AES69), convention SimpleFreeFieldHRIR."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import soxr

from ...conventions import SAMPLE_RATE
from ...errors import InputError
from .delay_pattern import delay_pattern
from .ears import AT_THE_SIDE, NearEar, level_difference, near_ear_of_responses
from .fourier import irfft, rfft, smooth_size
from .head_cues import NO_DELAYS, FrontBack, direct_delay, front_and_back, head_radius, implausible_size
from .sofa_distances import one_distance
from .sofa_variables import attribute, check_heaps, numbers, positions, text
from .sphere_head import HEAD_RADIUS, NEAREST

Float64 = npt.NDArray[np.float64]

CONVENTION = "SimpleFreeFieldHRIR"
_NEEDED = ("Data.IR", "Data.SamplingRate", "SourcePosition")
_RATES = (8_000.0, 1_000_000.0)
_LONGEST_DELAY = 0.1
"""Longest plausible delay, s; sound travels 34 m in that time."""
_PEAKS = (1e-12, 1e12)
_LOUDEST = 1000.0
"""No response of a head peaks higher than this multiple of the median peak."""
_LEAST_DISTANCE = NEAREST * HEAD_RADIUS
"""Least distance from the centre of the head to a source outside it, m."""
_LOUDER_EAR = 30.0
"""dB by which no ear is louder in half of the directions."""
_FARTHEST = 20.0
"""Distance, m, at which no set of a head is measured."""
_JUDGED = 120
"""Number of responses, spread evenly, in which the ears are checked."""


@dataclass(frozen=True)
class MeasuredHead:
    """A measured set, at 16 kHz.

    `directions` (n, 3) are unit vectors towards the source in head axes (x right, y up, z backwards), `distance` is
    in m, `responses` is (n, 2, samples), left ear first. `remarks` say where the file was overruled or left out.
    """

    directions: Float64
    distance: float
    responses: Float64
    remarks: tuple[str, ...] = ()


DAMAGE = (
    OSError, RuntimeError, KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, MemoryError
)  # fmt: skip
"""Exceptions that h5py raises on damaged files."""


def read_sofa(path: str) -> MeasuredHead:
    """Return the responses at one distance in the SOFA file `path`, with the ears assigned by their sound.

    Raises InputError naming what is wrong with the file.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; --hrtf takes a head's responses (.sofa)")
    with np.errstate(all="ignore"):  # values that overflow are refused later
        listed = _read(path)
    distances = np.linalg.norm(listed.sources, axis=1)
    directions = listed.sources / distances[:, None]
    taken, remarks = one_distance(directions, distances, path)
    resampled = np.stack([soxr.resample(pair.T, listed.rate, SAMPLE_RATE).T for pair in listed.responses[taken]])
    head, found = oriented(resampled, directions[taken], path)
    _check_delays(check_size(head, listed.rate, path), listed, path)
    distance = float(distances[taken].max())
    if distance > _FARTHEST:
        found += (
            f"{path}: its sources are {distance:g} m away: is SourcePosition in centimetres? It is taken as it says",
        )
    return MeasuredHead(head.directions, distance, head.responses, (*remarks, *found))


@dataclass(frozen=True)
class _Listed:
    """The content of a file: `sources` (n, 3) m in head axes, `responses` (n, 2, samples), left ear first as listed.

    `late` is the largest delay between the ears that Data.Delay adds, samples.
    """

    sources: Float64
    responses: Float64
    rate: float
    late: float


def _read(path: str) -> _Listed:
    """Return the content of the file; any error from reading a damaged one becomes InputError."""
    try:
        check_heaps(Path(path).read_bytes())
        with h5py.File(path, "r") as file:
            _check_convention(file, path)
            responses, rate, late = _responses(file, path)
            return _Listed(_sources(file, len(responses), path), responses, rate, late)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(
            f"{path}: damaged, or not a SOFA (HDF5) file; --hrtf takes a head's responses (.sofa): "
            "download or export it again"
        ) from error


def _check_convention(file: h5py.File, path: str) -> None:
    convention = text(file.attrs["SOFAConventions"]) if "SOFAConventions" in file.attrs else ""
    if convention.casefold() != CONVENTION.casefold():
        raise InputError(
            f"{path}: its SOFA convention is {convention or 'none'!r}; expected {CONVENTION!r}, a head's responses"
        )
    missing = [name for name in _NEEDED if name not in file]
    if missing:
        raise InputError(f"{path}: the variable {missing[0]} is missing; expected {', '.join(_NEEDED)}")
    if "ListenerView" in file and not _points(file, "ListenerView", [1, 0, 0], path):
        raise InputError(f"{path}: its listener does not look along +x (ListenerView); turn the set to the front")
    if "ListenerUp" in file and not _points(file, "ListenerUp", [0, 0, 1], path):
        raise InputError(f"{path}: its listener is not upright, +z up (ListenerUp); turn the set upright")


def _points(file: h5py.File, name: str, axis: list[int], path: str) -> bool:
    """Return whether all vectors in the variable `name` point along `axis`; ListenerUp has the type of ListenerView."""
    usual = attribute(file["ListenerView"], "Type") if "ListenerView" in file else ""
    vectors = positions(file, name, path, usual=usual or "cartesian")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return bool(np.allclose(vectors, length * axis, atol=1e-3 * length) and length.all())


def _sources(file: h5py.File, count: int, path: str) -> Float64:
    """Return the source positions of `count` responses (count, 3), m, in head axes; SOFA's are x ahead, y left.

    A file gives them, and ListenerPosition, in the coordinates of the room.
    """
    found = positions(file, "SourcePosition", path)
    listener = np.zeros((1, 3))
    if "ListenerPosition" in file:
        listener = positions(file, "ListenerPosition", path, usual="cartesian")
    for what, places in (("source", found), ("listener", listener)):
        if places.shape not in ((1, 3), (count, 3)):
            raise InputError(f"{path}: {len(places)} {what} positions for {count} responses; export it again")
    ahead, left, up = np.broadcast_to(found - listener, (count, 3)).T
    sources = np.stack([-left, up, -ahead], axis=1)
    distances = np.linalg.norm(sources, axis=1)
    if not np.isfinite(distances).all() or not distances.min() >= _LEAST_DISTANCE:
        raise InputError(
            f"{path}: SourcePosition holds positions at the listener, or none at all; "
            f"expected metres, {_LEAST_DISTANCE:.3g} or more; export it again"
        )
    return sources


def _responses(file: h5py.File, path: str) -> tuple[Float64, float, float]:
    """Return the responses (n, 2, samples), left ear first as listed, with Data.Delay applied; their rate, Hz; and the
    largest delay between the ears in Data.Delay, samples."""
    measured = numbers(file, "Data.IR", path)
    if measured.ndim != 3 or measured.shape[1] != 2 or not measured.size:
        raise InputError(f"{path}: Data.IR has the shape {measured.shape}; expected (directions, 2 ears, samples)")
    refuse_odd_peaks(np.abs(measured).max(axis=2), path)
    rate = checked_rate(file, path)
    delays = _delays(file, measured.shape[:2], rate, path)
    late = delayed(measured, delays)
    mirrored = right_first(file, len(measured), path)
    return np.where(mirrored[:, None, None], late[:, ::-1], late), rate, float(np.ptp(delays, axis=1).max())


def refuse_odd_peaks(peaks: Float64, path: str) -> None:
    """Raise InputError if the `peaks` (n, 2) of responses cannot be those of one set."""
    if not np.isfinite(peaks).all() or not peaks.all():
        raise InputError(f"{path}: Data.IR is not finite or silent somewhere; take another set, or export it again")
    if not _PEAKS[0] < np.median(peaks) < _PEAKS[1] or peaks.max() > _LOUDEST * np.median(peaks):
        raise InputError(
            f"{path}: Data.IR peaks at {peaks.max():.3g}, {np.median(peaks):.3g} in the median response; "
            "it is damaged: download or export it again"
        )


def checked_rate(file: h5py.File, path: str) -> float:
    """Return the sample rate, Hz."""
    rates = np.unique(numbers(file, "Data.SamplingRate", path))
    if len(rates) != 1 or not _RATES[0] <= rates[0] <= _RATES[1]:
        raise InputError(
            f"{path}: Data.SamplingRate is {rates[:3].tolist()}, not a sample rate of sound; expected one rate "
            f"of {_RATES[0]:g} Hz or more; export it again"
        )
    return float(rates[0])


def _delays(file: h5py.File, shape: tuple[int, ...], rate: float, path: str) -> Float64:
    """Return the delays (n, 2) that Data.Delay adds to the responses, samples, shifted so that none is negative."""
    if "Data.Delay" not in file:
        return np.zeros(shape)
    delays = np.atleast_2d(numbers(file, "Data.Delay", path))
    if delays.shape not in ((1, 2), shape):
        raise InputError(
            f"{path}: Data.Delay has the shape {delays.shape}; expected (1, 2) or {shape}; export it again"
        )
    if not np.abs(delays).max() <= _LONGEST_DELAY * rate:
        raise InputError(
            f"{path}: Data.Delay reaches {np.abs(delays).max():.3g} samples; expected at most "
            f"{_LONGEST_DELAY * rate:g}, {_LONGEST_DELAY:g} s; export it again"
        )
    return np.broadcast_to(delays - min(delays.min(), 0.0), shape)


def right_first(file: h5py.File, count: int, path: str) -> npt.NDArray[np.bool_]:
    """Return whether ReceiverPosition lists the right ear first, for each of `count` responses."""
    if "ReceiverPosition" not in file:
        return np.zeros(count, dtype=bool)
    receivers = positions(file, "ReceiverPosition", path, usual="cartesian")
    first, *others = receivers.reshape(len(receivers), 3, -1)[:, 1]
    if len(others) != 1 or len(first) not in (1, count):
        raise InputError(
            f"{path}: ReceiverPosition has the shape {receivers.shape}; expected (2, 3, 1) or (2, 3, {count}); "
            "export it again"
        )
    return np.broadcast_to(first < others[0], count)


def delayed(measured: Float64, delays: Float64) -> Float64:
    """Return `measured` (n, 2, samples) delayed by `delays` (n, 2) samples."""
    if not delays.any():
        return measured
    length = measured.shape[2] + int(np.ceil(delays.max())) + 1
    size = smooth_size(2 * length)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * delays[..., None])
    return np.asarray(irfft(rfft(measured, size) * turn, size)[..., :length])


@dataclass(frozen=True)
class Heard:
    """`directions` (n, 3) in head axes, and `responses` (n, 2, samples), left ear first."""

    directions: Float64
    responses: Float64

    def spread(self, lateral: float = AT_THE_SIDE) -> "Heard":
        """Return some of the sources at the side, spread evenly; with `lateral` 0, of all."""
        telling = np.flatnonzero(np.abs(self.directions[:, 0]) >= lateral)
        judged = telling[:: len(telling) // _JUDGED + 1]
        return Heard(self.directions[judged], self.responses[judged])

    def misplaced(self) -> str:
        """Return in words how the levels or delays contradict the directions as a whole, empty if they do not."""
        judged = self.spread(lateral=0.0)
        louder = float(np.median([level_difference(pair) for pair in judged.responses]))
        if abs(louder) > _LOUDER_EAR:
            return f"the {'right' if louder > 0 else 'left'} ear is {abs(louder):.0f} dB quieter throughout"
        right, _, back = judged.directions.T
        return delay_pattern([direct_delay(pair) for pair in judged.responses], -right, -back).fault

    def with_ears_swapped(self) -> "Heard":
        """Return it with its ears exchanged."""
        return Heard(self.directions, self.responses[:, ::-1])

    def turned(self) -> "Heard":
        """Return it turned by 180 degrees."""
        return Heard(self.directions * [-1, 1, -1], self.responses)


def oriented(responses: Float64, directions: Float64, path: str) -> tuple[Heard, tuple[str, ...]]:
    """Return the head with its ears and its front where its sound has them, and remarks where the file disagrees.

    Old files list the receivers mirrored: the ARI API up to 1.1.0 wrote them so, as did tools built on it. A set that
    is turned by 180 degrees has its ears exchanged too; the shade of the pinna tells the two apart. Raises InputError
    if it is turned by another angle, if an ear is late throughout, or if delays and levels, or many directions,
    contradict each other.
    """
    head = Heard(directions, responses)
    if fault := head.misplaced():
        raise InputError(f"{path}: {fault}: correct the positions or the responses, or take another set")
    judged, shade = head.spread(), front_and_back(responses, directions)
    near = near_ear_of_responses(judged.responses, -judged.directions[:, 0])
    if near.verdict == "contradictory":
        raise InputError(f"{path}: {near}, so delays and levels contradict each other: take another set")
    if near.verdict == "unclear" and 4 * min(near.agreeing, near.opposed) >= near.which.size > 0:
        raise InputError(f"{path}: {near}, so only some of the ears are swapped: take another set")
    if near.verdict == "swapped":
        return _exchanged(head, near, shade, path)
    remarks = []
    if near.verdict == "unclear":
        remarks.append(
            f"{path}: the ears are taken as ReceiverPosition lists them, for their sound does not tell: {near}"
        )
    elif near.swapped.size:
        remarks.append(f"{path}: the ears may be swapped in some directions: {near}")
    if shade.verdict == "back":
        remarks.append(f"{path}: front and back may be exchanged, but are taken as listed: {shade}")
    return head, tuple(remarks)


def _exchanged(head: Heard, near: NearEar, shade: FrontBack, path: str) -> tuple[Heard, tuple[str, ...]]:
    """Return a head whose sources are heard on the other side as it should be, and in words what was done."""
    if shade.verdict == "back":
        done = f"the set is turned by 180 degrees, and is turned back, for as listed, {near}, and {shade}"
        return head.turned(), (f"{path}: {done}",)
    done = f"the ears are swapped against ReceiverPosition, for as listed, {near} (as in old ARI files)"
    if shade.verdict == "unclear":
        done += f"; that the set is not turned by 180 degrees instead is assumed, as its sound does not tell: {shade}"
    return head.with_ears_swapped(), (f"{path}: {done}",)


def check_size(head: Heard, rate: float, path: str) -> float:
    """Return the radius of `head`, m; raises InputError where the delays are those of no head."""
    judged = head.spread()
    radius = head_radius(judged.responses, -judged.directions[:, 0])
    if wrong := implausible_size(radius):
        raise InputError(f"{path}: {wrong} (Data.SamplingRate, {rate:g} Hz): correct it, or take another set")
    return radius


def _check_delays(radius: float, listed: _Listed, path: str) -> None:
    """Raise InputError where Data.Delay was given in seconds, so that a head has the `radius` of none."""
    if abs(radius) < NO_DELAYS and 0 < listed.late < 1:
        raise InputError(
            f"{path}: Data.Delay differs by {listed.late:.2g} samples between the ears at most, and the responses are "
            "not late either: give it in samples, not in seconds"
        )
