"""A made-up head in a SOFA file: the near ear is earlier and louder by known amounts; arguments bend the layout."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

RATE = 48_000
HALF_DELAY = 3e-4
"""s by which an ear at 90 degrees is earlier than the middle of the head."""

DIRECTIONS = np.array([(a, e) for e in (-45.0, 0.0, 45.0) for a in np.arange(0.0, 360.0, 45.0)])
"""Azimuth and elevation (24, 2), degrees."""
RING = np.array([(a, 0.0) for a in np.arange(0.0, 360.0, 45.0)])

TEXT_FORMS = {
    "fixed": np.bytes_,
    "variable": str,
    "padded with zeros": lambda word: np.array(word.encode() + b"\0\0", dtype=f"S{len(word) + 2}"),
    "padded with spaces": lambda word: np.bytes_(word + "  "),
    "array of one": lambda word: np.array([word.encode()]),
    "array of one, variable": lambda word: np.array([word], dtype=h5py.string_dtype()),
    "two dimensions": lambda word: np.array([[word.encode()]]),
    "characters": lambda word: np.array(list(word.encode()), dtype=np.uint8),
    "single letters": lambda word: np.array([letter.encode() for letter in word]),
    "UTF-16": lambda word: np.array(word.encode("utf-16"), dtype=f"S{2 * len(word) + 2}"),
    "opaque": lambda word: np.void(word.encode()),
    "array with an empty one": lambda word: np.array([word.encode(), b""]),
    "upper case": lambda word: word.upper(),
}


def towards(directions: np.ndarray) -> np.ndarray:
    """Return unit vectors (n, 3), x ahead, y left, z up, as SOFA has them."""
    azimuth, elevation = np.radians(directions).T
    return np.stack([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], 1)


def head(directions: np.ndarray = DIRECTIONS, delay: float = 1.0, level: float = 1.0) -> np.ndarray:
    """Return responses (n, 2, 64), left ear first; `delay` and `level` scale both differences."""
    left = towards(directions)[:, 1]
    side = np.stack([left, -left], axis=1)
    lag = 24 - HALF_DELAY * RATE * delay * side
    return np.asarray((1 + 0.6 * level * side)[..., None] * np.sinc(np.arange(64) - lag[..., None]))


def write(path: Path, directions: np.ndarray = DIRECTIONS, responses: np.ndarray | None = None, **bent: Any) -> str:
    """Write a head to `path` with `bent` layout and return the path as text.

    Known are `first` (the ear listed first: left, right or none), `receivers` (rci, rcm, rc), `receiver_type`,
    `source_type`, `units` (degree, radian, centimetre), `radius` (n,) m, `words` (how text is stored), `types` (False
    leaves those out that have a usual one), `convention`, `delay`, `rate`, `libver`.
    """
    known = {"first": "left", "receivers": "rci", "receiver_type": "cartesian", "source_type": "spherical"}
    known |= {"units": "degree", "radius": np.full(len(directions), 1.5), "words": np.bytes_, "types": True}
    known |= {"convention": "SimpleFreeFieldHRIR", "delay": np.zeros((1, 2)), "rate": [RATE], "libver": "earliest"}
    assert set(bent) <= set(known)
    form = known | bent
    with h5py.File(path, "w", libver=form["libver"]) as file:
        file.attrs["Conventions"] = form["words"]("SOFA")
        file.attrs["SOFAConventions"] = form["words"](form["convention"])
        file["Data.IR"] = np.asarray(head(directions) if responses is None else responses, dtype=np.float32)
        file["Data.SamplingRate"], file["Data.Delay"] = np.asarray(form["rate"], dtype=float), form["delay"]
        _positions(file, form, directions)
        file["ListenerView"] = [[1.0, 0.0, 0.0]]
        if form["types"]:
            file["ListenerView"].attrs["Type"] = form["words"]("cartesian")
    return str(path)


def _positions(file: h5py.File, form: dict[str, Any], directions: np.ndarray) -> None:
    angle = np.radians if form["units"] == "radian" else np.asarray
    if form["source_type"] == "cartesian":
        scale = 100.0 if form["units"] == "centimetre" else 1.0
        sources, units = scale * form["radius"][:, None] * towards(directions), form["units"]
    else:
        sources = np.column_stack([angle(directions), form["radius"]])
        units = f"{form['units']}, {form['units']}, metre"
    file["SourcePosition"] = sources
    file["SourcePosition"].attrs["Type"] = form["words"](form["source_type"])
    file["SourcePosition"].attrs["Units"] = form["words"](units)
    side = {"left": 90.0, "right": -90.0, "none": 0.0}[form["first"]]
    if form["receiver_type"] == "cartesian":
        ears = np.array([[0, np.sin(np.radians(s)) * 0.09, 0] for s in (side, -side)])
    else:
        ears = np.array([[s % 360, 0, 0.09] for s in (side, -side)])
    repeat = {"rc": ears, "rci": ears[..., None], "rcm": np.repeat(ears[..., None], len(directions), axis=2)}
    file["ReceiverPosition"] = repeat[form["receivers"]]
    if form["types"] or form["receiver_type"] != "cartesian":
        file["ReceiverPosition"].attrs["Type"] = form["words"](form["receiver_type"])
