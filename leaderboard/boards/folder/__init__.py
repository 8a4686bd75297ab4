"""A board without a server: a folder to which submissions are added by pull requests."""
