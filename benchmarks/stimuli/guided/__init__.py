"""Two talkers at once, and a clip of the voice that is pointed at."""
