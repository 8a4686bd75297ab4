"""A home without its own things that could sound, so that the objects put into it are the only ones of their kinds."""

from functools import lru_cache

import numpy as np

from ..acoustics.hrtf import open_head
from ..home import TracedHome
from ..scenes.floor import find_floor
from ..scenes.opening import SceneSource
from ..scenes.scene import Scene, without

LOOKALIKES = frozenset(("television", "tap", "washing machine", "fridge", "clock"))
"""Instances of procedural homes that look like objects that sound."""


@lru_cache(maxsize=2)
def open_quiet_home(scenes: SceneSource, number: int) -> TracedHome:
    """Return home `number` of `scenes`, cached while a worker renders its pictures."""
    scene = _quiet(scenes.load(number))
    return TracedHome(scene, find_floor(scene), open_head(None), "native")


def _quiet(scene: Scene) -> Scene:
    assert scene.instance is not None
    named = np.array([name in LOOKALIKES for name in scene.instance_names])
    return without(scene, named[scene.instance])
