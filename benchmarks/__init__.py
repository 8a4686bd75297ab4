"""Tracks, metrics, statistics, harness and reports."""
