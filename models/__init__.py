"""Learned models."""

from ..places import settle_matplotlib

settle_matplotlib()
