"""Models of the time delay between two microphones."""
