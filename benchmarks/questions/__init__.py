"""What is asked: tracks, answers, labels, metrics, settings, and where samples come from."""
