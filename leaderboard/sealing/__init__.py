"""Sealing: the public copy of a dataset and the private file of its labels."""
