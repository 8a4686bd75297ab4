"""Panoramas with what sounds at one moment."""
