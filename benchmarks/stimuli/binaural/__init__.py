"""Binaural clips, and the pages that show homes."""
