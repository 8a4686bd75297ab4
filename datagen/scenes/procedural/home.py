"""Generates one furnished flat from a seed and a number."""

from ....digests import generator_for
from ..scene import Scene, check_scene
from .brush import Brush, Canvas
from .building import draw_building
from .furnishing import furnish
from .palette import Palette
from .plan import Plan, draw_plan


def procedural_scene(seed: int, number: int) -> Scene:
    """Return flat `number` of `seed`: the same bytes in every process, a different home for every number.

    Its floor is at y = 0. It has about 20,000 to 60,000 triangles and an instance for each object, wall and floor.
    """
    rng = generator_for(seed, f"procedural/{number}")
    plan = draw_plan(rng)
    canvas, palette = Canvas(rng), Palette(rng)
    brush = Brush(canvas)
    draw_building(brush, palette, plan)
    furnish(brush, palette, plan)
    return check_scene(canvas.scene(f"procedural-{number:05d}", palette.textures))


def procedural_plan(seed: int, number: int) -> Plan:
    """Return the rooms and openings of flat `number` of `seed`."""
    return draw_plan(generator_for(seed, f"procedural/{number}"))
