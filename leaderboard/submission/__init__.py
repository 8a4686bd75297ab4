"""Submissions: the file, its card, what it must hold, and how it is sent."""
