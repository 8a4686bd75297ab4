"""Homes: one description of triangles, textures and acoustic materials for rendering and sound."""
