"""Generates data: acoustics, corpora, generators, shards."""
