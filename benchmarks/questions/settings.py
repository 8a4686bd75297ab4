"""Settings of a condition, such as the noise level, each declared in one place.

A condition is a frozen dataclass whose fields are made by `setting(...)`. That one declaration gives the option of
`whence bench` and `whence seal`, the column of a predictions file, the text in tables, the axis of figures and the
match with published numbers. This module imports nothing heavy, since the command line loads it before any command
runs.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from itertools import product
from typing import Any, TypeVar

from ...errors import InputError
from ...registry import nearest

Level = float | int | None
"""The value of a setting; None if it is off or left to the dataset."""
Stated = Mapping[str, Level]
"""A condition as files hold it: levels by the names of its settings."""
TYPICAL_SNR_DB = 10.0
FASTEST = "snr_db"
"""The setting that varies fastest in a grid."""
OFF_WORDS = ("clean", "none", "off")
"""Words that turn a setting off."""


@dataclass(frozen=True)
class Setting:
    """One setting: its option, its column and its wording.

    `key` is the field of the condition, the column of a predictions file and the name in JSON. `option` is the
    command-line flag (empty if there is none) with its `metavar` and `help`; `single` settings take one level, others
    several. `present` is the text of a level, `absent` the text when the setting is off (empty to say nothing). `off`
    is the axis label when it is off, None if it cannot be off; `off_is_highest` places it last. `follows` is the key of
    another setting that determines this one by default. `words` name the levels 0, 1, ... if they are no
    numbers.
    """

    key: str
    name: str
    unit: str = ""
    option: str = ""
    metavar: str = ""
    help: str = ""
    single: bool = False
    present: str = ""
    absent: str = ""
    off: str | None = None
    off_is_highest: bool = False
    follows: str = ""
    words: tuple[str, ...] = ()

    @property
    def axis(self) -> str:
        """The name and unit for an axis, such as "SNR (dB)"."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def text(self, level: Level) -> str:
        """Return `level` in words: "SNR 10 dB", or the text for off."""
        if level is None or self.words:
            return self.absent if level is None else self.level_text(level)
        return (self.present or f"{self.name} {{:g}} {self.unit}".rstrip()).format(level)

    def level_text(self, level: Level) -> str:
        """Return `level` without the setting's name: "10", or "clean" when it is off."""
        if level is None:
            return self.off or "off"
        return self.words[int(level)] if self.words else f"{level:g}"

    def in_order(self, levels: Iterable[Level]) -> list[Level]:
        """Return the distinct `levels` from low to high; off comes first, or last if it is the highest."""
        off = math.inf if self.off_is_highest else -math.inf
        return sorted(set(levels), key=lambda level: off if level is None else level)

    def parsed(self, words: Iterable[str]) -> list[Level]:
        """Return the levels that a user typed; raises InputError for an invalid one."""
        return [self._parsed(word) for word in words]

    def _parsed(self, word: str) -> Level:
        if self.off is not None and word.lower() in OFF_WORDS:
            return None
        try:
            level = int(word) if self.single else float(word)
        except ValueError:
            raise InputError(f"{self.option} {word}: expected a {'whole ' if self.single else ''}number") from None
        if not math.isfinite(level):
            raise InputError(f"{self.option} {word}: expected a finite number")
        return level


def setting(default: Any = MISSING, **declared: Any) -> Any:
    """Return the dataclass field of a setting with this `default`; `declared` are fields of `Setting`."""
    return field(default=default, metadata={"setting": declared})


def settings_of(condition: Any) -> dict[str, Setting]:
    """Return the settings of a condition (or its class) by key, in order."""
    declared = {f.name: f.metadata["setting"] for f in fields(condition) if "setting" in f.metadata}
    return {key: Setting(key, **words) for key, words in declared.items()}


def options_of(conditions: Iterable[Any]) -> dict[str, Setting]:
    """Return the settings of all classes of `conditions` that have an option, by its flag.

    A setting shared by several stimuli, such as noise, is one option; its first declaration gives the help.
    """
    found: dict[str, Setting] = {}
    for condition in conditions:
        for one in settings_of(condition).values():
            if one.option:
                found.setdefault(one.option, one)
    return found


def given_levels(condition: Any, asked: Mapping[str, Any]) -> dict[str, list[Level]]:
    """Return the levels `asked` for in Python, by flag: one or several for each setting of `condition`, None for off.

    Settings go by their key or by their option without hyphens. Raises InputError for an unknown one, naming the
    nearest, and for what is no level.
    """
    declared = settings_of(condition)
    known = {**{one.option.removeprefix("--").replace("-", "_"): one for one in declared.values() if one.option}}
    known |= {key: one for key, one in declared.items() if one.option}
    for name in asked:
        if name not in known:
            hint = nearest(name, known) if known else "its samples are used as stored"
            raise InputError(f"conditions have no setting {name!r}: {hint}")
    return {known[name].option: known[name].parsed(map(word_of, _several(one))) for name, one in asked.items()}


def _several(levels: Any) -> list[Any]:
    return list(levels) if isinstance(levels, Iterable) and not isinstance(levels, str) else [levels]


def word_of(level: Any) -> str:
    """Return a level as a user would type it."""
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return OFF_WORDS[-1] if level is None else str(level)


C = TypeVar("C")


def grid(own: Sequence[C], given: Mapping[str, Sequence[Level]], track: str) -> list[C]:
    """Return every combination of the levels `given`, by flag, and of the `own` levels of the other settings.

    Noise varies fastest, then the settings declared last. Raises InputError for a flag that the conditions of `track`
    do not have.
    """
    settings = settings_of(own[0])
    known = {one.option: key for key, one in settings.items() if one.option}
    for option in given:
        if option not in known:
            there = ", ".join(known) or "no such options: its samples are used as stored"
            raise InputError(f"{option} does not apply to the track {track!r}, which has {there}")
    asked = {known[option]: levels for option, levels in given.items()}
    levels = {key: asked.get(key) or _distinct(getattr(one, key) for one in own) for key in settings}
    slowest_first = sorted(levels, key=lambda key: key == FASTEST)
    combinations = product(*(levels[key] for key in slowest_first))
    return [replace(own[0], **dict(zip(slowest_first, some, strict=True))) for some in combinations]  # type: ignore[type-var]


def _distinct(levels: Iterable[Level]) -> list[Level]:
    return list(dict.fromkeys(levels))


@dataclass(frozen=True)
class Wording:
    """The wording of a track's conditions, from its `settings` by key (of conditions, then of sample parts)."""

    settings: Mapping[str, Setting]
    parts: frozenset[str]
    """The keys that restrict a condition to a part of the samples, such as one RT60."""

    def of(self, key: str) -> Setting:
        """Return the setting `key`; an undeclared one is named after its key."""
        return self.settings.get(key) or Setting(key, key, absent=f"no {key}")

    def part_keys(self, condition: Stated) -> list[str]:
        """Return the keys that restrict `condition` to a part of the samples; empty if it covers all."""
        return [key for key in condition if key in self.parts]

    def varying(self, conditions: Sequence[Stated]) -> list[str]:
        """Return the keys whose levels differ among `conditions`, except those that follow from another."""
        keys = dict.fromkeys(key for condition in conditions for key in condition)
        differing = [key for key in keys if len({condition.get(key) for condition in conditions}) > 1]
        return [key for key in differing if not self._follows(key, conditions)]

    def _follows(self, key: str, conditions: Sequence[Stated]) -> bool:
        """Return whether each level of the setting that `key` follows goes with one level of `key`."""
        decider = self.of(key).follows
        pairs = {(condition.get(decider), condition.get(key)) for condition in conditions}
        return bool(decider) and len(pairs) == len({first for first, _ in pairs})

    def text(self, condition: Stated, keys: Iterable[str]) -> str:
        """Return the settings `keys` of `condition` in words; may be empty."""
        return ", ".join(filter(None, (self.of(key).text(condition.get(key)) for key in keys)))

    def middle(self, conditions: Sequence[Stated]) -> Stated:
        """Return the representative condition: one with noise at 10 dB if there is one, else the middle one."""
        typical = [c for c in conditions if c.get("snr_db") == TYPICAL_SNR_DB] or conditions
        return typical[(len(typical) - 1) // 2]
