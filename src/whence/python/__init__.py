"""What `import whence` offers, one file a family: the door from Python, as `commands` is the one from the shell."""

from ..places import settle_matplotlib

settle_matplotlib()
