"""The first of two loops: methods to prediction files."""
