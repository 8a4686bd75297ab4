"""Impulse responses: simulating them, measuring them and applying them to dry sound."""
