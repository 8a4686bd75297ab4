"""Binaural clips of homes, and the pages that show those homes."""
