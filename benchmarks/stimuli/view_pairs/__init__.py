"""Pairs of views of one place."""
