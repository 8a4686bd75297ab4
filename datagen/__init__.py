"""Renders data: acoustics, corpora, generators, shards."""
