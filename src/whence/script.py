"""Programs that are run by `python -m`: studies and timings."""

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from .errors import InputError


def run_script(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run `main` on the command line's arguments and exit with its result; a wrong input costs one line and code 2."""
    try:
        code = main(sys.argv[1:])
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    sys.exit(code)
