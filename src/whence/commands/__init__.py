"""The commands of `whence`, one file a family."""
