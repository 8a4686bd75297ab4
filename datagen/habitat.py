"""Renders homes with habitat-sim and SoundSpaces 2.0, if installed.

Written from the documentation of habitat-sim 0.2.2 to 0.3.3 and of its branch RLRAudioPropagationUpdate, on which
SoundSpaces 2.0 is built. A test checks the calls against the documentation; it was not run with habitat-sim itself.

Agent 0 has the cameras. habitat-sim runs all sensors of an agent at once and expects an audio sensor to be named
"audio_sensor", so direct and indirect sound have one agent each. Each response is rendered on one thread in a fresh
context, with the settings and alignment of `acoustics.rlr`.
"""

import importlib
import math
import os
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..conventions import SAMPLE_RATE
from ..errors import InputError
from .acoustics.mesh import DIRECT_SAMPLES, INDIRECT_SAMPLES, BinauralResponses
from .acoustics.rlr import GLOBAL_VOLUME, RlrSettings, in_line
from .cameras import EYE_HEIGHT, PITCH_DEG, Camera
from .raycast import View

MISSING = (
    "habitat-sim is not installed: conda install habitat-sim headless -c conda-forge -c aihabitat (Linux; for sound, "
    "build it from source with --audio)"
)
DEAF = (
    "this habitat-sim was built without sound: git checkout RLRAudioPropagationUpdate in its sources, then "
    "python setup.py install --headless --audio"
)
OVERSAMPLING = 3
"""Rendered pixels per stored pixel, across and down."""

HIDDEN = 1e-5
"""Direct sound below this amplitude is leakage through walls."""

_EYES, _DIRECT, _INDIRECT = range(3)
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HabitatFloor:
    """The navigation mesh (`finder`, habitat-sim's PathFinder), with the methods of `scenes.floor.Floor`."""

    simulator: Any
    finder: Any

    def random_point(self, rng: np.random.Generator) -> Float64:
        """Return a random navigable point (3,), m."""
        self.finder.seed(int(rng.integers(2**31)))
        return np.asarray(self.finder.get_random_navigable_point(), np.float64)

    def random_point_near(self, rng: np.random.Generator, centre: npt.ArrayLike, radius: float) -> Float64 | None:
        """Return a random navigable point (3,) within `radius` m of `centre` (3,), None if none was found."""
        self.finder.seed(int(rng.integers(2**31)))
        found = self.finder.get_random_navigable_point_near(np.asarray(centre, np.float32), radius)
        point = np.asarray(found, np.float64)
        return None if np.isnan(point).any() else point

    def contains(self, point: npt.ArrayLike) -> bool:
        """Return whether a body can stand at `point` (3,)."""
        return bool(self.finder.is_navigable(np.asarray(point, np.float32)))

    def geodesic_distance(self, start: npt.ArrayLike, end: npt.ArrayLike) -> float:
        """Return the walking distance from `start` to `end`, m; infinite if there is no path."""
        path = self.simulator.ShortestPath()
        path.requested_start, path.requested_end = (np.asarray(point, np.float32) for point in (start, end))
        return float(path.geodesic_distance) if self.finder.find_path(path) else math.inf

    def straight_walk(self, start: npt.ArrayLike, end: npt.ArrayLike) -> bool:
        """Return whether the walking distance equals that of the straight line, within 1 mm (plus 1e-5 of it)."""
        direct = float(np.linalg.norm(np.asarray(end, np.float64) - np.asarray(start, np.float64), axis=-1))
        return math.isclose(self.geodesic_distance(start, end), direct, rel_tol=1e-5, abs_tol=1e-3)


class HabitatScene:
    """One scene file (.glb) in habitat-sim; close it, or use it in a `with` statement.

    `dataset` is the scene dataset configuration that habitat-sim needs for instances, `materials` the material file
    of SoundSpaces; without it all surfaces have the engine's default material, as in HM3D-SS.
    """

    def __init__(
        self,
        path: str,
        *,
        dataset: str | None = None,
        materials: str | None = None,
        camera: Camera | None = None,
        settings: RlrSettings | None = None,
    ) -> None:
        for given in (path, dataset, materials):
            if given is not None and not os.path.isfile(given):
                raise InputError(f"{given}: no such file")
        self._habitat = require()
        self._simulator = self._open(path, dataset, camera or Camera())
        self._ears = {
            agent: self._listen(agent, materials, settings or RlrSettings()) for agent in (_DIRECT, _INDIRECT)
        }
        if not self._simulator.pathfinder.is_loaded:
            self.close()
            raise InputError(f"{path}: no navigation mesh beside it (.navmesh, part of every Habitat scene dataset)")
        self.floor = HabitatFloor(self._habitat, self._simulator.pathfinder)

    def __enter__(self) -> "HabitatScene":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the simulator."""
        self._simulator.close()

    def render(self, position: npt.ArrayLike, heading: float) -> View:
        """Return the camera view from `position` (3,) m; instance 0 marks unannotated surfaces."""
        self._move(_EYES, position, heading)
        seen = self._simulator.get_sensor_observations(agent_ids=_EYES)
        image, middle = np.asarray(seen["color"])[..., :3], slice(OVERSAMPLING // 2, None, OVERSAMPLING)
        height, width = (size // OVERSAMPLING for size in image.shape[:2])
        blocks = image.reshape(height, OVERSAMPLING, width, OVERSAMPLING, 3).mean(axis=(1, 3))
        depth, instance = (np.asarray(seen[name])[middle, middle] for name in ("depth", "semantic"))
        return View(blocks.round().astype(np.uint8), depth.astype(np.float32), instance.astype(np.int32))

    def responses(self, listener: npt.ArrayLike, headings: npt.ArrayLike, sources: npt.ArrayLike) -> BinauralResponses:
        """Return the responses to `sources` (s, 3) at `listener` (3,) for each of `headings` (h,), degrees."""
        places, turns = np.atleast_2d(np.asarray(sources, np.float64)), np.atleast_1d(np.asarray(headings, np.float64))
        direct, indirect = (
            np.array([[self._hear(agent, listener, turn, place, samples) for turn in turns] for place in places])
            for agent, samples in ((_DIRECT, DIRECT_SAMPLES), (_INDIRECT, INDIRECT_SAMPLES))
        )
        visible = np.abs(direct).max(axis=(1, 2, 3)) > HIDDEN
        direct[~visible] = 0
        return BinauralResponses(direct, indirect, visible)

    def _hear(
        self, agent: int, listener: npt.ArrayLike, heading: float, source: Float64, samples: int
    ) -> npt.NDArray[np.float32]:
        self._ears[agent].reset()  # a fresh context restarts the random numbers
        self._ears[agent].setAudioSourceTransform(source.astype(np.float32))
        self._move(agent, listener, heading)
        heard = self._simulator.get_sensor_observations(agent_ids=agent)["audio_sensor"]
        return np.stack([in_line(np.asarray(channel, np.float32), samples) for channel in heard])

    def _open(self, path: str, dataset: str | None, camera: Camera) -> Any:
        """Return the simulator with three agents: cameras, and two listeners whose sensors are added later."""
        habitat = self._habitat
        backend = habitat.SimulatorConfiguration()
        backend.scene_id = path
        backend.enable_physics = False
        backend.load_semantic_mesh = dataset is not None
        if dataset is not None:
            backend.scene_dataset_config_file = dataset
        agents = [habitat.agent.AgentConfiguration() for _ in (_EYES, _DIRECT, _INDIRECT)]
        kinds = habitat.SensorType
        types = {"color": kinds.COLOR, "depth": kinds.DEPTH, "semantic": kinds.SEMANTIC}
        agents[_EYES].sensor_specifications = [self._camera(name, kind, camera) for name, kind in types.items()]
        return habitat.Simulator(habitat.Configuration(backend, agents))

    def _camera(self, name: str, kind: Any, camera: Camera) -> Any:
        specification = self._habitat.CameraSensorSpec()
        specification.uuid = name
        specification.sensor_type = kind
        specification.resolution = [OVERSAMPLING * camera.height, OVERSAMPLING * camera.width]
        specification.hfov = camera.horizontal_field_of_view
        specification.position = [0.0, EYE_HEIGHT, 0.0]
        specification.orientation = [math.radians(PITCH_DEG), 0.0, 0.0]
        return specification

    def _listen(self, agent: int, materials: str | None, settings: RlrSettings) -> Any:
        """Add an audio sensor to `agent` and return it."""
        layouts = getattr(self._habitat.sensor, "RLRAudioPropagationChannelLayoutType", None)
        if layouts is None:
            self.close()
            raise InputError(DEAF)
        specification = self._habitat.AudioSensorSpec()
        specification.uuid = "audio_sensor"
        specification.position = [0.0, EYE_HEIGHT, 0.0]
        configuration = self._habitat.sensor.RLRAudioPropagationConfiguration()
        for name, value in _configuration(settings, agent == _DIRECT).items():
            if hasattr(configuration, name):  # a few fields differ between versions
                setattr(configuration, name, value)
        layout = self._habitat.sensor.RLRAudioPropagationChannelLayout()
        _set_either(layout, "channelType", layout, "type", layouts.Binaural)
        layout.channelCount = 2
        _set_either(configuration, "enableMaterials", specification, "enableMaterials", materials is not None)
        specification.acousticsConfig, specification.channelLayout = configuration, layout
        self._simulator.add_sensor(specification, agent_id=agent)
        sensor = self._simulator.get_agent(agent)._sensors["audio_sensor"]
        if materials is not None:
            sensor.setAudioMaterialsJSON(materials)
        return sensor

    def _move(self, number: int, position: npt.ArrayLike, heading: float) -> None:
        agent = self._simulator.get_agent(number)
        state = agent.get_state()
        state.position = np.asarray(position, np.float64) - [0.0, EYE_HEIGHT, 0.0]
        up = np.array([0.0, 1.0, 0.0])
        state.rotation = self._habitat.utils.common.quat_from_angle_axis(math.radians(heading), up)
        state.sensor_states = {}
        agent.set_state(state, True)


def require() -> Any:
    """Return the module habitat_sim; raises InputError if it is not installed."""
    try:
        importlib.import_module("quaternion")  # must precede habitat_sim, which may crash otherwise (its issue 1747)
        return importlib.import_module("habitat_sim")
    except ImportError as reason:
        raise InputError(MISSING) from reason


def engine_version() -> str:
    """Return the version of habitat-sim; raises InputError if it is not installed."""
    return str(require().__version__)


def _set_either(one: Any, name: str, other: Any, other_name: str, value: Any) -> None:
    """Set an attribute whose name differs between release 0.2.2 and the branch of SoundSpaces 2.0."""
    setattr(*((one, name) if hasattr(one, name) else (other, other_name)), value)


def _configuration(settings: RlrSettings, direct: bool) -> dict[str, Any]:
    """Return the engine configuration under the names of habitat-sim."""
    return {
        **{_camel_case(name): value for name, value in asdict(settings).items()},
        "irTime": settings.max_ir_length,
        "sampleRate": SAMPLE_RATE,
        "threadCount": 1,
        "unitScale": 1.0,
        "globalVolume": GLOBAL_VOLUME,
        "direct": direct,
        "indirect": not direct,
        "meshSimplification": False,
        "temporalCoherence": False,
    }


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join({"sh": "SH", "ir": "IR"}.get(word, word.capitalize()) for word in rest)
