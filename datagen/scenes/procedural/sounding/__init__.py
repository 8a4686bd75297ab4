"""Objects that sound, drawn so that a person recognises them: `SOUNDING` has one for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..brush import Brush
from ..palette import Palette
from . import animals, furniture, kitchen, machines, on_walls, people, small

Drawing = Callable[[Brush, Palette], None]
"""Draws one object as one new instance named by its kind, its front towards +z."""


@dataclass(frozen=True)
class SoundingObject:
    """An object that sounds: how it is drawn, where it belongs, and the space it takes.

    On a "floor", "counter" or "table" it rests at the origin of the brush's frame, its middle above it. On a "wall" it
    is centred at the origin with the wall at z = 0, and `height` is that of its middle above the floor, m. `size` is
    the width, height and depth of a box, m, that holds it however it varies.
    """

    draw: Drawing
    where: Literal["floor", "counter", "table", "wall"]
    size: tuple[float, float, float]
    height: float = 0.0


SOUNDING: Mapping[str, SoundingObject] = MappingProxyType(
    {
        "telephone": SoundingObject(small.telephone, "table", (0.4, 0.2, 0.3)),
        "alarm-clock": SoundingObject(small.alarm_clock, "table", (0.2, 0.25, 0.1)),
        "wall-clock": SoundingObject(on_walls.wall_clock, "wall", (0.4, 0.4, 0.06), 1.3),
        "kettle": SoundingObject(kitchen.kettle, "counter", (0.45, 0.3, 0.25)),
        "tap": SoundingObject(kitchen.tap, "counter", (0.52, 0.42, 0.52)),
        "washing-machine": SoundingObject(machines.washing_machine, "floor", (0.62, 0.9, 0.7)),
        "vacuum-cleaner": SoundingObject(machines.vacuum_cleaner, "floor", (1.0, 1.2, 0.7)),
        "fan": SoundingObject(machines.fan, "table", (0.46, 0.7, 0.34)),
        "fridge": SoundingObject(kitchen.fridge, "floor", (0.7, 1.62, 0.82)),
        "microwave": SoundingObject(kitchen.microwave, "counter", (0.56, 0.32, 0.48)),
        "television": SoundingObject(furniture.television, "table", (1.14, 0.75, 0.45)),
        "radio": SoundingObject(small.radio, "table", (0.38, 0.48, 0.14)),
        "music-box": SoundingObject(small.music_box, "table", (0.34, 0.26, 0.3)),
        "piano": SoundingObject(furniture.piano, "floor", (1.56, 1.3, 0.64)),
        "door-bell": SoundingObject(on_walls.door_bell, "wall", (0.16, 0.28, 0.06), 1.2),
        "dog": SoundingObject(animals.dog, "floor", (1.2, 1.0, 1.2)),
        "cat": SoundingObject(animals.cat, "floor", (0.56, 0.54, 0.56)),
        "baby": SoundingObject(people.baby, "floor", (0.94, 0.88, 0.6)),
        "person": SoundingObject(people.person, "floor", (0.9, 1.54, 0.7)),
        "frying-pan": SoundingObject(kitchen.frying_pan, "counter", (0.8, 0.2, 0.8)),
        "smoke-alarm": SoundingObject(on_walls.smoke_alarm, "wall", (0.22, 0.22, 0.08), 1.35),
        "hair-dryer": SoundingObject(small.hair_dryer, "table", (0.34, 0.26, 0.34)),
    }
)
"""The objects by kind, in the order of `sounds.kinds.KINDS`."""
