"""What a paper calls methods, metrics and levels, from a TOML file."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError
from ...registry import nearest, registered_methods


@dataclass(frozen=True)
class PaperName:
    """A name in plain text; in LaTeX it is `latex`, word for word, if there is one."""

    text: str
    latex: str | None = None


@dataclass(frozen=True)
class PaperNames:
    """The names by key (`method`, `metric`, or a setting) and value; `file` is where they were read."""

    file: str = "names"
    by_key: Mapping[str, Mapping[str, PaperName]] = field(default_factory=dict)

    def of(self, key: str, value: str, default: str) -> PaperName:
        """Return the name of `value`, `default` if it has none."""
        return self.by_key.get(key, {}).get(value) or PaperName(default)

    def check(self, said: Mapping[str, Sequence[str]]) -> None:
        """Raise InputError for a key that tables lack, a likely misspelling, and two values of one name.

        `said` are the values by key. A file may name more than one table shows.
        """
        for key, names in self.by_key.items():
            if key not in said:
                raise InputError(f"{self.file}, [{key}]: {nearest(key, said)}")
            for value in names:
                self._check_value(key, value, said[key])
            shown = [one for one in dict.fromkeys(said[key]) if one in names]
            for value in shown:
                same = [other for other in shown if names[other] == names[value]]
                if len(same) > 1:
                    raise InputError(f"{self.file}, [{key}]: {same[0]!r} and {same[1]!r} have one name")

    def _check_value(self, key: str, value: str, there: Sequence[str]) -> None:
        """Refuse a value that looks like a misspelling of one that has no name."""
        nameless = [one for one in there if one not in self.by_key[key]]
        close = difflib.get_close_matches(value, nameless, 1, cutoff=0.8)
        if close and value not in there and value not in registered_methods():
            raise InputError(f"{self.file}, [{key}]: {value!r} is not in these runs: did you mean {close[0]!r}?")


def read_names(path: Path) -> PaperNames:
    """Return the names in the TOML file `path`: tables `[method]`, `[metric]` or a setting, of value = "name".

    A name may be { text = "...", latex = "..." }. Raises InputError for anything else.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"--names {path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"--names {path} is not TOML: {error}") from None
    for key, names in content.items():
        if not isinstance(names, dict):
            raise InputError(f"--names {path}, {key}: expected a table, such as [method] with {key} = ...")
    return PaperNames(
        str(path),
        {
            key: {value: _name(path, key, value, name) for value, name in names.items()}
            for key, names in content.items()
        },
    )


def _name(path: Path, key: str, value: str, name: object) -> PaperName:
    if isinstance(name, str) and name.strip():
        return PaperName(name)
    if isinstance(name, dict) and {"text"} <= name.keys() <= {"text", "latex"} and all(map(_is_text, name.values())):
        return PaperName(**name)
    raise InputError(f'--names {path}, [{key}] {value}: expected "NAME" or {{ text = "NAME", latex = "NAME" }}')


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
