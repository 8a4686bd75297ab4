"""Impulse responses, their measures, and what they do to a dry sound."""
