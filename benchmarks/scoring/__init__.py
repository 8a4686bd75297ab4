"""Predictions to scores: intervals, ranks, comparisons and published numbers."""
