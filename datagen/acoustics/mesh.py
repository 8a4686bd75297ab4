"""Binaural impulse responses in a triangle mesh by ray tracing: the engine `native`.

`trace` sends rays from the listening position once, for all sources and headings; `binaural` renders the resulting
field for any headings and head. Direct sound and low-order specular reflections are exact in delay, direction and
level; the rest is noise shaped by the traced energy in time, direction and octave band. This is geometrical acoustics:
no diffraction, no transmission through walls.

Conventions: sample `LEAD` of every response is the moment of emission, so the free-field direct sound of a source d
metres away peaks at `LEAD + d / 343 * 16000`, with amplitude 1 / (4 pi d). Channel 0 is the left ear. Heading 0 looks
along -Z, and turning left is positive.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...errors import InputError
from ..scenes.materials import BANDS_HZ
from ..scenes.scene import Scene
from .air_absorption import air_absorption
from .early_reflections import early_reflections
from .energy_field import EnergyField, Float32, Float64, even_directions
from .hrtf import Head
from .lattice import LEAD
from .mesh_synthesis import add_pulses, late_responses, pulse_responses, turned_responses
from .mesh_tracing import TracingPlan, trace_energy

DIRECT_SAMPLES = 512
INDIRECT_SAMPLES = 16_000

__all__ = ["DIRECT_SAMPLES", "INDIRECT_SAMPLES", "LEAD", "BinauralResponses", "MeshSettings", "binaural", "trace"]


@dataclass(frozen=True)
class MeshSettings:
    """Resolution of the tracing.

    `rays` leave the listener and are followed for `seconds` or until they have lost `floor_db`. Specular reflections
    off up to `exact_order` planes are computed exactly; a ball of `radius` metres around each source collects the
    later ones. Energy is binned in `bin_samples` samples.
    """

    rays: int = 4096
    seconds: float = 1.0
    floor_db: float = 60.0
    exact_order: int = 3
    radius: float = 0.5
    bin_samples: int = 32

    def __post_init__(self) -> None:
        if self.rays < 1 or self.bin_samples < 1 or self.exact_order < 0:
            raise InputError(f"{self}: expected rays and bin_samples of 1 or more, and exact_order of 0 or more")
        if min(self.seconds, self.floor_db, self.radius) <= 0:
            raise InputError(f"{self}: expected seconds, floor_db and radius > 0")


@dataclass(frozen=True, eq=False)
class BinauralResponses:
    """Impulse responses, float32: `direct` (source, heading, ear, 512) and `indirect` (source, heading, ear, 16000).

    `visible` (source,) says whether a source is in line of sight; the direct sound of a hidden source is zero.
    """

    direct: Float32
    indirect: Float32
    visible: npt.NDArray[np.bool_]


def trace(
    scene: Scene,
    listener: npt.ArrayLike,
    sources: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    settings: MeshSettings = MeshSettings(),
) -> EnergyField:
    """Return the sound field of `sources` (s, 3) at `listener` (3,), in metres; one trace serves all headings.

    Rays that leave an open scene are lost. Raises InputError for a source within 1 cm of the listener.
    """
    ear, emitters = np.asarray(listener, dtype=np.float64), np.atleast_2d(np.asarray(sources, dtype=np.float64))
    if (np.linalg.norm(emitters - ear, axis=1) < 0.01).any():
        raise InputError(f"scene {scene.name}: a source within 1 cm of the listener at {ear.tolist()} m")
    air = air_absorption(BANDS_HZ)
    seeking = even_directions(settings.rays)
    early = early_reflections(scene, ear, emitters, seeking, settings.exact_order, air)
    plan = TracingPlan(
        rays=settings.rays,
        radius=settings.radius,
        exact_order=settings.exact_order,
        bins=math.ceil(settings.seconds * SAMPLE_RATE / settings.bin_samples),
        bin_samples=settings.bin_samples,
        floor=10 ** (-settings.floor_db / 10),
    )
    energy = trace_energy(scene, ear, emitters, plan, rng)
    metres = (np.arange(energy.shape[1]) + 0.5) * settings.bin_samples * SPEED_OF_SOUND / SAMPLE_RATE
    energy *= np.exp(-np.outer(metres, air)).astype(np.float32)[:, None]
    visible = ~scene.rays.blocked(np.broadcast_to(ear, emitters.shape), emitters)
    return EnergyField(ear, emitters, visible, early, energy, settings.bin_samples, int(rng.integers(2**63)))


def binaural(field: EnergyField, headings: npt.ArrayLike, head: Head) -> BinauralResponses:
    """Return the responses at the ears of `head` for each of `headings` (h,), degrees."""
    turned = np.atleast_1d(np.asarray(headings, dtype=np.float64))
    indirect = late_responses(field, turned, head, INDIRECT_SAMPLES)
    early = field.early
    ears = turned_responses(head, early.direction, turned)
    reflected, begin = pulse_responses(early.distance, early.gain, ears, head.lead)
    for number in range(len(field.sources)):
        own = early.source == number
        add_pulses(indirect[number], reflected[own], begin[own])
    return BinauralResponses(_direct(field, turned, head), indirect, field.visible)


def _direct(field: EnergyField, headings: Float64, head: Head) -> Float32:
    """Return the direct sound of each source, float32 (source, heading, ear, DIRECT_SAMPLES)."""
    away = field.sources - field.listener
    distance = np.linalg.norm(away, axis=1)
    air = np.exp(-np.outer(distance, air_absorption(BANDS_HZ)))
    ears = turned_responses(head, away / distance[:, None], headings, distance)
    pulses, begin = pulse_responses(distance, air, ears, head.lead)
    direct = np.zeros((len(away), len(headings), 2, DIRECT_SAMPLES), dtype=np.float32)
    for number in np.flatnonzero(field.visible):
        add_pulses(direct[number], pulses[[number]], begin[[number]])
    return direct
