"""The tracks, one file each."""
