"""Sounds of the objects of a home, synthesised from a seed."""
