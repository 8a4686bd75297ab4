"""`python -m whence`, the same program as `whence`."""

from .cli import main

if __name__ == "__main__":
    main()
