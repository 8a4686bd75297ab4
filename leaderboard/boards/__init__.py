"""Boards: a folder under version control, or a server."""
