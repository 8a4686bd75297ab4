"""Learned models."""
