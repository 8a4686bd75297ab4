"""Furnished flats generated from a seed: plan, building, furniture, textures."""

from .home import procedural_plan, procedural_scene

__all__ = ["procedural_plan", "procedural_scene"]
