"""The habitat-sim adapter against habitat-sim's documented calls, recorded by a stand-in that refuses any other.

The stand-in has the attributes of the documentation (docs/AUDIO.md, the bindings of release 0.2.2 and of the branch
RLRAudioPropagationUpdate) and nothing else; habitat-sim itself was not run.
"""

import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from whence.datagen.acoustics.mesh import LEAD
from whence.datagen.acoustics.rlr import ENGINE_DELAY
from whence.datagen.habitat import HabitatScene, engine_version
from whence.errors import InputError

RELEASE_FIELDS = (
    "sampleRate frequencyBands directSHOrder indirectSHOrder threadCount updateDt irTime unitScale globalVolume "
    "indirectRayCount indirectRayDepth sourceRayCount sourceRayDepth maxDiffractionOrder direct indirect diffraction "
    "transmission meshSimplification temporalCoherence dumpWaveFiles enableMaterials writeIrToFile"
)
BRANCH_FIELDS = (
    "sampleRate frequencyBands directSHOrder indirectSHOrder threadCount maxIRLength unitScale globalVolume "
    "directRayCount indirectRayCount indirectRayDepth sourceRayCount sourceRayDepth maxDiffractionOrder direct "
    "indirect diffraction transmission meshSimplification temporalCoherence"
)


def structure(fields: str) -> type:
    """A class with these attributes and no others, as pybind11 makes them."""
    names = fields.split()

    def __init__(self) -> None:
        for name in names:
            setattr(self, name, None)

    return type("Structure", (), {"__slots__": names, "__init__": __init__})


class AudioSensor:
    def __init__(self, log, specification) -> None:
        self.log, self.specification, self.source, self.fresh = log, specification, None, False

    def reset(self) -> None:
        self.log.append("reset")
        self.source, self.fresh = None, True

    def setAudioSourceTransform(self, position) -> None:
        assert position.dtype == np.float32
        self.log.append("source")
        self.source = position

    def setAudioMaterialsJSON(self, path) -> None:
        self.log.append(f"materials {path}")


class Agent:
    def __init__(self, log) -> None:
        self.log, self._sensors = log, {}
        self.state = SimpleNamespace(position=np.zeros(3), rotation=None, sensor_states={"color": 1})

    def get_state(self):
        return self.state

    def set_state(self, state, reset_sensors) -> None:
        assert reset_sensors is True
        assert state.sensor_states == {}
        self.log.append("move")
        self.state = state


class PathFinder:
    is_loaded = True

    def __init__(self, log) -> None:
        self.log = log

    def seed(self, value) -> None:
        self.log.append("seed")
        self.rng = np.random.default_rng(value)

    def get_random_navigable_point(self):
        return np.array([*self.rng.uniform(0, 5, 3)], np.float32)

    def get_random_navigable_point_near(self, circle_center, radius):
        return np.full(3, np.nan) if radius < 0.1 else circle_center + np.float32(radius / 2)

    def is_navigable(self, point) -> bool:
        return bool(point[0] < 10)

    def find_path(self, path) -> bool:
        crooked = 1.5 if path.requested_end[0] > 5 else 1.0
        path.geodesic_distance = crooked * float(np.linalg.norm(path.requested_end - path.requested_start))
        return bool(path.requested_end[0] < 10)


class Simulator:
    def __init__(self, configuration) -> None:
        self.configuration, self.log, self.open = configuration, [], True
        self.agents = [Agent(self.log) for _ in configuration.agents]
        self.pathfinder = PathFinder(self.log)

    def get_agent(self, number):
        return self.agents[number]

    def add_sensor(self, specification, agent_id) -> None:
        assert specification.uuid == "audio_sensor"  # the only name under which habitat-sim looks for it
        self.log.append(f"add {agent_id}")
        self.agents[agent_id]._sensors["audio_sensor"] = AudioSensor(self.log, specification)

    def get_sensor_observations(self, agent_ids):
        self.log.append(f"observe {agent_ids}")
        if agent_ids == 0:
            height, width = self.configuration.agents[0].sensor_specifications[0].resolution
            rows = np.arange(height * width, dtype=np.float32).reshape(height, width)
            colour = np.zeros((height, width, 4), np.uint8)
            colour[1::3, 1::3] = 90
            return {"color": colour, "depth": rows, "semantic": rows.astype(np.uint32)}
        return {"audio_sensor": self._heard(self.agents[agent_ids]._sensors["audio_sensor"])}

    def _heard(self, sensor):
        assert sensor.fresh, "the context was used before"
        assert sensor.source is not None, "no source in the new context"
        sensor.fresh = False
        click = np.zeros(700)
        click[ENGINE_DELAY + 50] = 0.0 if sensor.source[1] < 0 else 1.0
        return [click.tolist(), (0.5 * click).tolist()]

    def close(self) -> None:
        self.open = False


def stand_in(branch: bool = False, audio: bool = True) -> ModuleType:
    """A module with what the documentation promises."""
    module, made = ModuleType("habitat_sim"), []
    module.__version__ = "0.3.2"
    layouts = SimpleNamespace(Binaural="binaural")
    module.made = made
    module.SimulatorConfiguration = structure(
        "scene_id scene_dataset_config_file enable_physics load_semantic_mesh random_seed"
    )
    module.agent = SimpleNamespace(AgentConfiguration=structure("sensor_specifications"))
    module.Configuration = lambda backend, agents: SimpleNamespace(backend=backend, agents=agents)
    module.Simulator = lambda configuration: made.append(Simulator(configuration)) or made[-1]
    module.SensorType = SimpleNamespace(COLOR="c", DEPTH="d", SEMANTIC="s")
    module.CameraSensorSpec = structure("uuid sensor_type resolution hfov position orientation")
    module.AudioSensorSpec = structure(
        "uuid position outputDirectory acousticsConfig channelLayout" + (" enableMaterials" if branch else "")
    )
    module.ShortestPath = structure("requested_start requested_end points geodesic_distance")
    module.sensor = SimpleNamespace(
        RLRAudioPropagationConfiguration=structure(BRANCH_FIELDS if branch else RELEASE_FIELDS),
        RLRAudioPropagationChannelLayout=structure("type channelCount" if branch else "channelType channelCount"),
        RLRAudioPropagationChannelLayoutType=layouts if audio else None,
    )
    turn = SimpleNamespace(quat_from_angle_axis=lambda angle, axis: (angle, axis.tolist()))
    module.utils = SimpleNamespace(common=turn)
    return module


@pytest.fixture
def scene_file(tmp_path):
    path = tmp_path / "home.glb"
    path.touch()
    return str(path)


def opened(monkeypatch, path, *, branch=False, audio=True, **options) -> tuple[HabitatScene, Simulator]:
    module = stand_in(branch, audio)
    monkeypatch.setitem(sys.modules, "quaternion", ModuleType("quaternion"))
    monkeypatch.setitem(sys.modules, "habitat_sim", module)
    scene = HabitatScene(path, **options)
    return scene, module.made[0]


@pytest.mark.parametrize("branch", [False, True])
def test_opens_with_three_agents_cameras_and_two_pairs_of_ears(monkeypatch, scene_file, branch):
    scene, simulator = opened(monkeypatch, scene_file, branch=branch, materials=scene_file)
    assert simulator.log == ["add 1", f"materials {scene_file}", "add 2", f"materials {scene_file}"]
    backend, cameras = simulator.configuration.backend, simulator.configuration.agents[0].sensor_specifications
    assert (backend.scene_id, backend.enable_physics) == (scene_file, False)
    assert [camera.sensor_type for camera in cameras] == ["c", "d", "s"]
    for camera in cameras:
        assert (camera.resolution, camera.hfov, camera.position) == ([720, 960], 60.0, [0.0, 1.5, 0.0])
        assert camera.orientation == [pytest.approx(-math.pi / 8), 0.0, 0.0]
    for agent, direct in ((1, True), (2, False)):
        ears = simulator.get_agent(agent)._sensors["audio_sensor"].specification
        configuration = ears.acousticsConfig
        assert (configuration.direct, configuration.indirect) == (direct, not direct)
        assert (configuration.sampleRate, configuration.threadCount) == (16_000, 1)
        assert (configuration.indirectRayCount, configuration.indirectSHOrder) == (5000, 1)
        assert (configuration.transmission, configuration.temporalCoherence) == (False, False)
        assert (ears if branch else configuration).enableMaterials is True
        assert getattr(ears.channelLayout, "type" if branch else "channelType") == "binaural"
        assert (ears.channelLayout.channelCount, ears.position) == (2, [0.0, 1.5, 0.0])
    with scene:
        assert simulator.open
    assert not simulator.open


def test_materials_are_off_as_in_the_reference_set(monkeypatch, scene_file):
    _, simulator = opened(monkeypatch, scene_file)
    assert simulator.log == ["add 1", "add 2"]
    assert simulator.get_agent(1)._sensors["audio_sensor"].specification.acousticsConfig.enableMaterials is False


def test_renders_after_moving_the_eyes_alone(monkeypatch, scene_file):
    scene, simulator = opened(monkeypatch, scene_file)
    simulator.log.clear()
    view = scene.render([1.0, 2.0, 3.0], 90.0)
    assert simulator.log == ["move", "observe 0"]
    state = simulator.get_agent(0).state
    assert state.position.tolist() == [1.0, 0.5, 3.0]  # the body stands 1.5 m below the camera
    assert state.rotation == (pytest.approx(math.pi / 2), [0.0, 1.0, 0.0])  # a left turn is positive about +Y
    assert (view.image.shape, view.image.dtype) == ((240, 320, 3), np.uint8)
    assert (view.image == 10).all()  # one of nine pixels is 90
    assert (view.depth.shape, view.instance.dtype) == ((240, 320), np.int32)
    assert view.depth[2, 5] == 7 * 960 + 16  # the middle of its nine pixels


def test_hears_each_response_in_a_fresh_context(monkeypatch, scene_file):
    scene, simulator = opened(monkeypatch, scene_file)
    simulator.log.clear()
    heard = scene.responses([1.0, 2.0, 3.0], [0.0, 40.0], [[1, 1, 1], [2, 1, 2], [3, -1, 3]])
    one = ["reset", "source", "move"]
    assert simulator.log == [*one, "observe 1"] * 6 + [*one, "observe 2"] * 6
    assert (heard.direct.shape, heard.indirect.shape) == ((3, 2, 2, 512), (3, 2, 2, 16_000))
    assert (heard.direct.dtype, heard.indirect.dtype) == (np.float32, np.float32)
    assert heard.visible.tolist() == [True, True, False]  # no direct sound
    assert (heard.direct[:2, :, 0].argmax(axis=-1) == LEAD + 50).all()
    assert (heard.direct[0, 0, :, LEAD + 50] == [1.0, 0.5]).all()


def test_floor_asks_the_navigation_mesh(monkeypatch, scene_file):
    scene, simulator = opened(monkeypatch, scene_file)
    floor = scene.floor
    points = [floor.random_point(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (points[0] == points[1]).all()
    assert (points[0] != points[2]).all()
    assert "seed" in simulator.log
    assert floor.random_point_near(np.random.default_rng(1), [1, 0, 1], 1.0).tolist() == [1.5, 0.5, 1.5]
    assert floor.random_point_near(np.random.default_rng(1), [1, 0, 1], 0.01) is None
    assert floor.contains([1, 0, 1])
    assert not floor.contains([11, 0, 1])
    assert floor.straight_walk([1, 0, 1], [4, 0, 1])
    assert not floor.straight_walk([1, 0, 1], [6, 0, 1])
    assert floor.geodesic_distance([1, 0, 1], [6, 0, 1]) == pytest.approx(7.5)
    assert floor.geodesic_distance([1, 0, 1], [11, 0, 1]) == math.inf


def test_the_version_is_that_of_the_installed_one(monkeypatch, scene_file):
    opened(monkeypatch, scene_file)
    assert engine_version() == "0.3.2"
    monkeypatch.setitem(sys.modules, "habitat_sim", None)
    with pytest.raises(InputError, match="conda install habitat-sim"):
        engine_version()


def test_mistakes_are_one_line(monkeypatch, scene_file, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.glb: no such file"):
        HabitatScene(str(tmp_path / "nothing.glb"))
    with pytest.raises(InputError, match="built without sound"):
        opened(monkeypatch, scene_file, audio=False)
    monkeypatch.setattr(PathFinder, "is_loaded", False)
    with pytest.raises(InputError, match="no navigation mesh"):
        opened(monkeypatch, scene_file)
    monkeypatch.setitem(sys.modules, "habitat_sim", None)
    with pytest.raises(InputError, match="conda install habitat-sim"):
        HabitatScene(scene_file)
