"""Tracks, answers, labels, metrics, settings and sources of samples."""
