"""Lists on the command line: `--snr 30 20 10`, `--snr 30,20,10` and `--snr 30 --snr 20` mean the same."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .conditions import known_settings

OTHER_NUMBER_LISTS = frozenset(("--rt60",))
"""Options that take several numbers, besides those for settings."""
NAME_LISTS = {
    "audit": frozenset(("--against",)),
    "bench": frozenset(("--method",)),
    "import": frozenset(("--list",)),
    "probe-physics": frozenset(("--method",)),
    "table": frozenset(("--metric", "--columns", "--rows", "--where")),
    "train": frozenset(("--data", "--set")),
    "turn": frozenset(("--rotation", "--azimuth")),
}
"""Options that take several names, by command: the `--method` of `submit` takes one."""
WITH_COMMAS = frozenset(("--against", "--data", "--list", "--set", "--where"))
"""Options whose values may hold commas, so that only spaces separate them."""
_LONG = {"-m": "--method"}
_NUMBER = re.compile(r"[-+]?[\d.]+([eE][-+]?\d+)?|clean|none|off", re.IGNORECASE)


def spread_lists(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with each value of a list option as a separate option.

    >>> spread_lists(["bench", "tde", "d.zarr", "--snr", "30", "-10", "--out", "r"])
    ['bench', 'tde', 'd.zarr', '--snr=30', '--snr=-10', '--out', 'r']
    """
    numbers = OTHER_NUMBER_LISTS | set(known_settings())
    names = NAME_LISTS.get(arguments[0], frozenset()) if arguments else frozenset()
    spread: list[str] = []
    current = ""
    for argument in map(_in_full, arguments):
        name, separator, value = argument.partition("=")
        if name in numbers or name in names:
            current = name
            spread += [f"{name}={part}" for part in _parts(name, value)] if separator else []
        elif current and _belongs(argument, current in names) and not _is_run(arguments[0], argument):
            spread += [f"{current}={part}" for part in _parts(current, argument) if part]
        else:
            spread += [*_left_empty(current, spread), argument]
            current = ""
    return [*spread, *_left_empty(current, spread)]


def _in_full(argument: str) -> str:
    """Return `argument` with the long name of a short option: `-m=NAME` is no value of a parser's short option."""
    name, separator, value = argument.partition("=")
    return f"{_LONG[name]}{separator}{value}" if name in _LONG else argument


def _parts(option: str, value: str) -> list[str]:
    return [value] if option in WITH_COMMAS else value.split(",")


def _left_empty(option: str, spread: Sequence[str]) -> list[str]:
    """Return the bare `option` if no value followed it, so that the parser reports it."""
    return [option] if option and not (spread and spread[-1].startswith(f"{option}=")) else []


def _belongs(argument: str, is_name: bool) -> bool:
    if is_name:
        return not argument.startswith("-")
    return all(_NUMBER.fullmatch(part) for part in argument.split(",") if part)


def _is_run(command: str, argument: str) -> bool:
    """Return whether `argument` is a run of `whence table`, which may stand behind its lists of names."""
    return command == "table" and Path(argument).is_dir()


def plain_numbers(option: str, values: Sequence[str] | None) -> list[float]:
    """Return `values` as numbers."""
    return [_number(option, value) for value in values or ()]


def _number(option: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{option} {value}: expected a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise InputError(f"{option} {value}: expected a finite number")
    return number
