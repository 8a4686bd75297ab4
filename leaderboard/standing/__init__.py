"""Standings: submissions and labels to everything that a board shows."""
