"""Models of where in a picture a sound comes from."""
