"""Compiled functions: numba's `njit`, with its cache where this user can write, or without one."""

from collections.abc import Callable
from typing import Any

from .places import private_folder, settle_home

settle_home()

import numba  # noqa: E402


def njit(*, cache: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return numba's decorator for `options`. Where its `cache` finds no folder, a private one is used, or none.

    numba looks beside the source code and in the user's home; read-only images run by unknown users have neither.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        for folder in (None, private_folder()) if cache else ():
            if folder is not None:
                numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
            try:
                return numba.njit(cache=True, **options)(function)
            except RuntimeError:  # numba found no folder
                continue
        return numba.njit(**options)(function)

    return compiled
