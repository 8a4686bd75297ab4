"""Binaural responses of a scene by RLRAudioPropagation, the engine behind SoundSpaces 2.0 (Chen et al. 2022).

Each simulation runs on one thread in a fresh context, so the same request gives the same bytes. Direct and indirect
sound are rendered in two passes, as in SoundSpaces. Every field of the engine's configuration is set here, because its
documentation contradicts itself on the defaults.

Measurements on version 0.0.1, and how its responses are aligned with `mesh`:

* the direct sound arrives after (d - 0.1 m) / 344 m/s, rounded to whole samples (0.1 m is the listener's radius), plus
  16.3 samples of the head filters: emission is at sample 11.6 - 0.14 d. Removing `ENGINE_DELAY` samples makes the
  delay right to 1.1 samples (0.07 ms) up to 3 m;
* the amplitude is 1 / sqrt(4 pi) / d, times 1.02 at low frequency and 1.17 from the head; `GLOBAL_VOLUME` scales it to
  1 / (4 pi d) at 100 Hz, within 0.5 dB from 0.5 m on;
* absorption is a share of energy, although the header says pressure: the decay is Eyring's;
* the decay hardly depends on scattering: it is that of a diffuse field even between parallel hard walls.
"""

import ctypes
import importlib
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from ...errors import InputError
from ..scenes.materials import BANDS_HZ, AcousticMaterial
from ..scenes.scene import Scene
from .mesh import DIRECT_SAMPLES, INDIRECT_SAMPLES, LEAD, BinauralResponses

LICENCE = (
    "The rlr engine (RLRAudioPropagation, Meta Platforms) is licensed CC BY-NC 4.0: what it renders is for "
    "non-commercial use, with attribution (https://creativecommons.org/licenses/by-nc/4.0/)."
)
MISSING = "the rlr engine is not installed: pip install 'whence[soundspaces]' (Linux x86-64, CC-BY-NC 4.0)"
ENGINE_DELAY = 11
"""Delay of the engine's responses, samples."""

GLOBAL_VOLUME = 0.237
LISTENER_RADIUS = 0.1

_FIXED: Mapping[str, Any] = {
    "sample_rate": float(SAMPLE_RATE),
    "thread_count": 1,
    "global_volume": GLOBAL_VOLUME,
    "unit_scale": 1.0,
    "hrtf_right": [1.0, 0.0, 0.0],
    "hrtf_up": [0.0, 1.0, 0.0],
    "hrtf_back": [0.0, 0.0, 1.0],
    "mesh_simplification": False,
    "temporal_coherence": False,
}


@dataclass(frozen=True)
class RlrSettings:
    """The adjustable part of the engine's configuration, under its own names, with the defaults of SoundSpaces.

    `transmission` is off, because our materials transmit nothing.
    """

    frequency_bands: int = 4
    direct_sh_order: int = 3
    indirect_sh_order: int = 1
    direct_ray_count: int = 500
    indirect_ray_count: int = 5000
    indirect_ray_depth: int = 200
    source_ray_count: int = 200
    source_ray_depth: int = 10
    max_diffraction_order: int = 10
    max_ir_length: float = 4.0
    diffraction: bool = True
    transmission: bool = False

    @property
    def recipe(self) -> dict[str, Any]:
        """Every field that affects the bytes, as JSON values."""
        return {**_FIXED, **asdict(self), "listener_radius": LISTENER_RADIUS}


def rlr_responses(
    scene: Scene,
    listener: npt.ArrayLike,
    sources: npt.ArrayLike,
    headings: npt.ArrayLike,
    settings: RlrSettings | None = None,
) -> BinauralResponses:
    """Return the engine's responses to `sources` (s, 3) at `listener` (3,) for each of `headings` (h,), degrees.

    The head is the engine's own. A source out of sight has no direct sound.
    """
    position, places = np.asarray(listener, np.float64), np.atleast_2d(np.asarray(sources, np.float64))
    turns = np.atleast_1d(np.asarray(headings, np.float64))
    session = _Session(scene, settings or RlrSettings())
    direct = session.render(position, places, turns, indirect=False)
    indirect = np.concatenate(
        [
            np.concatenate([session.render(position, s[None], h[None], indirect=True) for h in turns], axis=1)
            for s in places
        ]
    )
    visible = ~scene.rays.blocked(np.broadcast_to(position, places.shape), places)
    direct[~visible] = 0  # the engine leaks 1e-7 through a closed door
    return BinauralResponses(direct, indirect, visible)


def engine_version() -> str:
    """Return the version of the installed engine; raises InputError if it is not installed."""
    from importlib.metadata import version

    _engine()
    return version("rlr-audio-propagation")


class _Session:
    """A scene and settings in the engine's terms; each `render` uses a fresh context."""

    def __init__(self, scene: Scene, settings: RlrSettings) -> None:
        self.engine = _engine()
        self.settings = settings
        self.vertices = scene.vertices.ravel().tolist()
        used = np.unique(scene.material).tolist()
        self.faces = {_label(k): scene.faces[scene.material == k].ravel().tolist() for k in used}
        self.materials = json.dumps({"materials": [_material(_label(k), scene.materials[k]) for k in used]})

    def render(
        self,
        listener: npt.NDArray[np.float64],
        sources: npt.NDArray[np.float64],
        headings: npt.NDArray[np.float64],
        *,
        indirect: bool,
    ) -> npt.NDArray[np.float32]:
        """Return the direct or the indirect sound, float32 (source, heading, 2, samples)."""
        context = self._context(indirect)
        self._place(context, listener, sources, headings)
        context.simulate()
        samples = INDIRECT_SAMPLES if indirect else DIRECT_SAMPLES
        out = np.zeros((len(sources), len(headings), 2, samples), np.float32)
        for s, h, ear in np.ndindex(out.shape[:3]):
            out[s, h, ear] = in_line(np.asarray(context.get_ir_channel(h, s, ear), np.float32), samples)
        return out

    def _context(self, indirect: bool) -> Any:
        """Return a fresh context that holds the scene."""
        with _silent_standard_output():
            context = self.engine.Context(_configuration(self.engine, self.settings, indirect))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as database:
            database.write(self.materials)
            database.flush()
            context.set_material_database_json(database.name)
        context.add_object()
        context.add_mesh_vertices(self.vertices)
        for label, faces in self.faces.items():
            context.add_mesh_indices(faces, 3, label)
        context.finalize_object_mesh(0)
        return context

    def _place(
        self,
        context: Any,
        listener: npt.NDArray[np.float64],
        sources: npt.NDArray[np.float64],
        headings: npt.NDArray[np.float64],
    ) -> None:
        binaural = self.engine.ChannelLayout(self.engine.ChannelLayoutType.Binaural, 2)
        for k, source in enumerate(sources):
            context.add_source()
            context.set_source_position(k, source.tolist())
            context.set_source_radius(k, 0.0)
        for k, heading in enumerate(headings):
            half = math.radians(float(heading)) / 2
            context.add_listener(binaural)
            context.set_listener_radius(k, LISTENER_RADIUS)
            context.set_listener_position(k, listener.tolist())
            context.set_listener_orientation_quaternion(k, [math.cos(half), 0.0, math.sin(half), 0.0])


def _engine() -> Any:
    try:
        return importlib.import_module("rlr_audio_propagation")
    except ImportError as reason:
        raise InputError(MISSING) from reason


def _configuration(engine: Any, settings: RlrSettings, indirect: bool) -> Any:
    """Return the engine's configuration with every field set; raises InputError for fields that we do not know."""
    fields = {**_FIXED, **asdict(settings), "direct": not indirect, "indirect": indirect}
    configuration = engine.Config()
    known = {name for name in dir(configuration) if not name.startswith("_")} - {"size"}
    if known != set(fields):
        strange = ", ".join(sorted(known ^ set(fields)))
        raise InputError(f"rlr-audio-propagation: unknown configuration ({strange}); pip install '.[soundspaces]'")
    for name, value in fields.items():
        setattr(configuration, name, value)
    return configuration


def _label(number: int) -> str:
    """Return the label of a material; the engine matches labels as substrings, so none may contain another."""
    return f"surface{number:05d}"


def _material(label: str, material: AcousticMaterial) -> dict[str, Any]:
    return {
        "name": material.name,
        "labels": [label],
        "absorption": _spectrum(material.absorption),
        "scattering": _spectrum(material.scattering),
        "transmission": _spectrum([0.0] * len(BANDS_HZ)),
        "damping": _spectrum([0.0] * len(BANDS_HZ)),
        "density": 1000.0,
        "speed": 1500.0,
    }


def _spectrum(values: Sequence[float]) -> list[float]:
    """Return `values` in the engine's notation: frequency, value, frequency, value..."""
    return [number for pair in zip(BANDS_HZ, values, strict=True) for number in pair]


def in_line(response: npt.NDArray[np.float32], samples: int) -> npt.NDArray[np.float32]:
    """Return `response` shifted so that emission is at sample `LEAD`, cut to `samples`."""
    return np.pad(response, (LEAD - ENGINE_DELAY, samples))[:samples]


@contextmanager
def _silent_standard_output() -> Iterator[None]:
    """Silence standard output, where the engine prints a greeting but `--json` results belong."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        flush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
