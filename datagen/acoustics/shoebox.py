"""Impulse responses of a rectangular room with rigid walls, from one of two engines."""

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...errors import InputError
from .lattice import LEAD, Float64, lattice_responses

Engine = Literal["lattice", "pyroomacoustics"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

__all__ = ["ENGINES", "LEAD", "Engine", "ShoeboxRoom", "impulse_responses", "sabine_inversion"]


@dataclass(frozen=True)
class ShoeboxRoom:
    """A rectangular room with one corner at the origin.

    `dimensions` are X, Y, Z in metres; `absorption` is the energy absorption (0 to 1) of the walls x=0, x=X, y=0,
    y=Y, z=0, z=Z; images of up to `order` reflections are included.
    """

    dimensions: tuple[float, float, float]
    absorption: tuple[float, float, float, float, float, float]
    order: int

    def __post_init__(self) -> None:
        if min(self.dimensions) <= 0:
            raise InputError(f"room dimensions {self.dimensions} m: expected three lengths > 0")
        if not all(0 <= a <= 1 for a in self.absorption):
            raise InputError(f"absorption {self.absorption}: expected an energy share from 0 to 1 for each wall")
        if self.order < 0:
            raise InputError(f"reflection order {self.order}: expected 0 or more")

    def place(self, point: npt.ArrayLike, what: str) -> Float64:
        """Return `point` (..., 3) as float64; raises InputError naming `what` unless it lies in the room."""
        position = np.asarray(point, dtype=np.float64)
        if position.shape[-1:] != (3,):
            raise InputError(f"{what} of the shape {position.shape}: expected x, y and z in metres")
        if not ((position >= 0) & (position <= self.dimensions)).all():
            raise InputError(f"{what} at {position.tolist()} m: outside the room of {self.dimensions} m")
        return position

    def places(self, source: npt.ArrayLike, microphones: npt.ArrayLike) -> tuple[Float64, Float64]:
        """Return `source` (3,) and `microphones` (m, 3) as float64; raises InputError as `impulse_responses` does."""
        heard, hearing = self.place(source, "source"), np.atleast_2d(self.place(microphones, "microphone"))
        if (np.linalg.norm(hearing - heard, axis=1) < 1e-3).any():
            raise InputError(f"source at {heard.tolist()} m: within 1 mm of a microphone")
        return heard, hearing


def sabine_inversion(rt60: float, dimensions: tuple[float, float, float]) -> tuple[float, int]:
    """Return the energy absorption of all walls and the reflection order for `rt60` (s), by Sabine's formula.

    If the formula gives an absorption above 1, 0.85 is used, as in the generator of TDE-Simulation (StereoCRW). An
    `rt60` of 0 means only the direct path.

    >>> absorption, order = sabine_inversion(0.5 / 1.4, (7.0, 6.0, 3.0))
    >>> round(absorption, 4), order
    (0.3509, 45)
    """
    if rt60 < 0:
        raise InputError(f"rt60={rt60} s: expected 0 or more")
    if rt60 == 0:
        return 0.999, 0
    pairs = list(itertools.combinations(dimensions, 2))
    surface = 2 * sum(a * b for a, b in pairs)
    absorption = 24 * math.log(10) * math.prod(dimensions) / (SPEED_OF_SOUND * surface * rt60)
    narrowest = min(a * b / math.hypot(a, b) for a, b in pairs)
    order = math.ceil(SPEED_OF_SOUND * rt60 / narrowest - 1)
    return (absorption if absorption < 1 else 0.85), order


def impulse_responses(
    room: ShoeboxRoom,
    source: npt.ArrayLike,
    microphones: npt.ArrayLike,
    *,
    engine: Engine = "lattice",
    sample_rate: int = SAMPLE_RATE,
) -> npt.NDArray[np.float32]:
    """Return the impulse responses from `source` (3,) to `microphones` (m, 3), in metres: float32 (m, samples).

    Sample `LEAD` is the moment of emission, so the direct sound of a path of d metres peaks at
    `LEAD + d / 343 * sample_rate`; an image at d metres has amplitude 1 / (4 pi d) times its reflections.
    Source: Allen and Berkley 1979. Raises InputError for points outside the room or a source on a microphone.
    """
    source, microphones = room.places(source, microphones)
    if engine == "pyroomacoustics":
        return _pyroomacoustics_responses(room, source, microphones, sample_rate)
    return lattice_responses(
        np.array(room.dimensions, dtype=np.float64),
        np.array(room.absorption, dtype=np.float64),
        room.order,
        source,
        microphones,
        sample_rate,
        SPEED_OF_SOUND,
    )


def settle_pyroomacoustics() -> None:
    """Let pyroomacoustics compute what we do: no high-pass, our speed of sound, one thread."""
    import pyroomacoustics

    settings = {
        "rir_hpf_enable": False,
        "num_threads": 1,
        "c": SPEED_OF_SOUND,
        "frac_delay_length": 2 * LEAD + 1,
    }
    for name, value in settings.items():
        pyroomacoustics.constants.set(name, value)


def _pyroomacoustics_responses(
    room: ShoeboxRoom, source: Float64, microphones: Float64, sample_rate: int
) -> npt.NDArray[np.float32]:
    """Return the responses of pyroomacoustics with its high-pass off, on one thread, scaled to our 1 / (4 pi d)."""
    import pyroomacoustics

    settle_pyroomacoustics()
    walls = ("west", "east", "south", "north", "floor", "ceiling")
    materials = {
        wall: pyroomacoustics.Material(absorption) for wall, absorption in zip(walls, room.absorption, strict=True)
    }
    box = pyroomacoustics.ShoeBox(
        room.dimensions, fs=sample_rate, materials=materials, max_order=room.order, air_absorption=False
    )
    box.add_source(source)
    box.add_microphone_array(microphones.T)
    box.compute_rir()
    heard = [responses[0] for responses in box.rir]
    padded = np.zeros((len(heard), max(map(len, heard))), dtype=np.float32)
    for row, response in zip(padded, heard, strict=True):
        row[: len(response)] = response / (4 * np.pi)
    return padded
