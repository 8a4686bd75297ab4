"""Reads text, numbers and positions from a SOFA (HDF5) file, in every form that writers use."""

import struct
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from ...errors import InputError

Float64 = npt.NDArray[np.float64]

MOST_VALUES = 1 << 28
"""Largest variable of a head, in values (2 GiB as doubles); a larger one is damaged or something else."""
MOST_AZIMUTH, MOST_ELEVATION = np.radians(720.1), np.radians(90.1)
"""Largest angles; a set beyond them has another unit or other coordinates, such as interaural-polar ones."""
_HEAP = b"GCOL\x01\0\0\0"
_METRES = {
    **dict.fromkeys(("mm", "millimetre", "millimeter"), 1e-3),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), 1e-2),
    **dict.fromkeys(("dm", "decimetre", "decimeter"), 1e-1),
    **dict.fromkeys(("km", "kilometre", "kilometer"), 1e3),
    **dict.fromkeys(("in", "inch", "inche"), 0.0254),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
}
"""Length of each unit other than the metre, in singular."""
_GONS = ("gon", "grad", "gradian")


def text(value: Any) -> str:
    """Return an attribute as plain text.

    It may be of fixed or variable length, opaque, an array of one string or of single characters, in UTF-8 or UTF-16,
    padded with zeros, spaces or empty strings, or empty.

    >>> text(np.array([b"cartesian "])), text(np.bytes_(b"metre\\x00")), text(np.array(list("degree"))), text(None)
    ('cartesian', 'metre', 'degree', '')
    >>> text(np.bytes_("metre".encode("utf-16"))), text(np.void(b"metre")), text(np.array([b"metre", b""]))
    ('metre', 'metre', 'metre')
    """
    if value is None or isinstance(value, h5py.Empty):
        return ""
    if isinstance(value, np.void):
        value = value.tobytes()
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "ui":
            value = value.astype(np.uint8).tobytes()
        else:
            words = [word for word in map(text, value.ravel().tolist()) if word]
            return ("" if all(len(word) <= 1 for word in words) else ", ").join(words)
    spelled = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
    return spelled.replace("\0", "").strip("\ufeff\ufffd \t\r\n")  # UTF-16 of Latin letters holds a zero in each


def attribute(place: Any, name: str) -> str:
    """Return the text of an attribute in lower case, "" if it is missing."""
    return text(place.attrs[name]).casefold() if name in place.attrs else ""


def check_heaps(content: bytes) -> None:
    """Raise ValueError if a heap of variable-length text in an HDF5 file holds an object of zero length.

    The HDF5 library loops forever on such an object. Format specification III.E: a 16-byte header holds the index (0
    for free space) and the length (which for free space includes the header).
    """
    heap = content.find(_HEAP)
    while heap >= 0:
        end = min(heap + int.from_bytes(content[heap + 8 : heap + 16], "little"), len(content))
        place = heap + 16
        while place + 16 <= end:
            index, length = struct.unpack_from("<HxxxxxxQ", content, place)
            if not index and length < 16:
                raise ValueError("a heap of text is damaged")
            place += 16 + -(-length // 8) * 8 if index else length
        heap = content.find(_HEAP, heap + 1)


def numbers(file: h5py.File, name: str, path: str) -> Float64:
    """Return the variable `name` as doubles; raises InputError if it holds no numbers, or too many."""
    variable = file[name]
    if not isinstance(variable, h5py.Dataset) or variable.dtype.kind not in "fiu" or not variable.shape:
        raise InputError(f"{path}: {name} holds no array of numbers; download or export the file again")
    if variable.size > MOST_VALUES:
        raise InputError(f"{path}: {name} has the shape {variable.shape}, too large for a head; export it again")
    return np.asarray(variable[...], dtype=np.float64)


def positions(file: h5py.File, name: str, path: str, usual: str = "") -> Float64:
    """Return the positions (n, 3, ...) in the variable `name`: x ahead, y left, z up, in metres.

    The last axes are those of the file: (I or M, C) and (R, C, I or M) are read. Type and units come from its
    attributes; without them the type is `usual` and the units are degrees and metres. Raises InputError for anything
    else.
    """
    values = np.atleast_2d(numbers(file, name, path))
    kind, units = attribute(file[name], "Type") or usual, attribute(file[name], "Units")
    if values.shape[1] != 3 or kind not in ("spherical", "cartesian"):
        raise InputError(
            f"{path}: {name} of type {kind or 'none'!r}; expected spherical or cartesian, with 3 columns "
            f"(its shape is {values.shape}): export it again"
        )
    words = units.replace(",", " ").split()
    metres = next((_METRES[word.removesuffix("s")] for word in words if word.removesuffix("s") in _METRES), 1.0)
    if kind == "cartesian":
        return metres * values
    in_radians = any(word.startswith("rad") for word in words)
    in_gons = any(word.removesuffix("s") in _GONS for word in words)
    angles = values[:, :2].swapaxes(0, 1)
    azimuth, elevation = angles if in_radians else np.radians(angles * (0.9 if in_gons else 1.0))
    if not (np.abs(azimuth).max() <= MOST_AZIMUTH and np.abs(elevation).max() <= MOST_ELEVATION):
        raise InputError(
            f"{path}: {name} has azimuths to {np.abs(values[:, 0]).max():.4g} and elevations to "
            f"{np.abs(values[:, 1]).max():.4g} {'radians' if in_radians else 'degrees'}; expected at most two turns, "
            "and 90 degrees: of another unit, or other coordinates than azimuth and elevation; export it again"
        )
    radius = metres * values[:, 2]
    flat = radius * np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), radius * np.sin(elevation)], axis=1)
