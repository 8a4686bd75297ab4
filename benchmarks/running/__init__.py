"""Methods to prediction files: the first of two loops."""
