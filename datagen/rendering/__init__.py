"""Rendering of scenes: surfaces for the ray caster, texture filtering, and the loops over pixels."""
