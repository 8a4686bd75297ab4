"""A picture and a sound that may come from something in it."""
