"""Homes to see and hear: one description of triangles, textures and materials for eye and ear."""
