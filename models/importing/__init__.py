"""Checkpoints that the authors of published models released, made into ours."""
