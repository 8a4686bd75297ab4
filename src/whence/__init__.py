"""Whence does a sound come? Generate, bench, compare, train and submit."""

__version__ = "0.1.0"
