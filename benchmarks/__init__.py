"""Tracks, metrics, statistics, harness and reports."""

from ..places import settle_matplotlib

settle_matplotlib()
