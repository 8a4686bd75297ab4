"""Lists on the command line: `--snr 30 20 10`, `--snr 30,20,10` and `--snr 30 --snr 20` say the same."""

import re
from collections.abc import Sequence

from ..errors import InputError

NUMBER_LISTS = ("--snr", "--distractor", "--clip-seconds", "--rt60", "--reverberation", "--dominance")
NAME_LISTS = ("--method",)
_NUMBER = re.compile(r"[-+]?[\d.]+([eE][-+]?\d+)?|clean|none|off", re.IGNORECASE)
OFF = ("clean", "none", "off")


def spread_lists(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with every value of a list option as an option of its own.

    >>> spread_lists(["bench", "tde", "d.zarr", "--snr", "30", "-10", "--out", "r"])
    ['bench', 'tde', 'd.zarr', '--snr=30', '--snr=-10', '--out', 'r']
    """
    spread: list[str] = []
    current = ""
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if name in NUMBER_LISTS or name in NAME_LISTS:
            current = name
            spread += [f"{name}={part}" for part in value.split(",")] if separator else []
        elif current and _belongs(current, argument):
            spread += [f"{current}={part}" for part in argument.split(",") if part]
        else:
            if current and not (spread and spread[-1].startswith(f"{current}=")):
                spread.append(current)
            current = ""
            spread.append(argument)
    return spread if not current or (spread and spread[-1].startswith(f"{current}=")) else [*spread, current]


def _belongs(option: str, argument: str) -> bool:
    if option in NAME_LISTS:
        return not argument.startswith("-")
    return all(_NUMBER.fullmatch(part) for part in argument.split(",") if part)


def numbers(option: str, values: Sequence[str] | None) -> list[float | None]:
    """Return `values` as numbers, None for those that say `clean`, `none` or `off`."""
    return [None if value.lower() in OFF else _number(option, value) for value in values or ()]


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
