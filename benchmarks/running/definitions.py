"""What a method defined in Python depends on: its source and every value that it refers to.

A method from a notebook has no file whose hash could key its predictions. Its definition is read instead: the source of
its functions, the globals, closures and defaults that they use, and the fields of objects. What cannot be read, such as
a lock, an open file or code without a source, raises `Unreadable`; predictions are then computed anew every time.
"""

import functools
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from dis import get_instructions
from enum import Enum
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...digests import canonical_json, digest, sha256

_OF_PYTHON = re.compile(
    r"__(dict|weakref|doc|module|qualname|firstlineno|static_attributes|slots|match_args|orig_bases|parameters"
    r"|annotations|annotations_cache|conditional_annotations|annotate|annotate_func|abstractmethods"
    r"|dataclass_fields|dataclass_params)__|_abc_impl"
)
"""What a class holds besides its definition."""
_MADE_BY_PYTHON = 1 << 9
"""The flag of classes that a `class` statement made (Py_TPFLAGS_HEAPTYPE)."""


class Unreadable(Exception):
    """A value on which a method depends cannot be told apart from another one."""


def definition_digest(given: Any) -> str:
    """Return the SHA-256 of the definition of a function, a class or an object; raises Unreadable if there is none."""
    return digest(_Reader().stated(given))


def is_of_user(module_name: str | None) -> bool:
    """Return whether the module of that name is the user's own: neither installed nor part of Whence or Python."""
    module, top = sys.modules.get(module_name or ""), (module_name or "").partition(".")[0]
    if module is None or module_name == "__main__":
        return True
    if top == "whence" or top in sys.stdlib_module_names:
        return False
    file = getattr(module, "__file__", None)
    return file is None or not _INSTALLED.intersection(Path(file).resolve().parts)


_INSTALLED = frozenset(("site-packages", "dist-packages"))


class _Reader:
    """States values as JSON. What was stated before is named by its number, so that circles end."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._held: list[Any] = []

    def stated(self, value: Any) -> Any:
        """Return what `value` is, as JSON values."""
        if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
            return [type(value).__name__, str(value)]
        if isinstance(value, float | complex | range | slice | np.generic | np.dtype):
            return [type(value).__name__, repr(value)]
        if id(value) in self._seen:
            return ["before", self._seen[id(value)]]
        self._seen[id(value)] = len(self._seen)
        self._held.append(value)  # an identifier is free again once its object is gone
        return [type(value).__name__, self._content(value)]

    def _content(self, value: Any) -> Any:
        if isinstance(value, FunctionType):
            return self._function(value) if is_of_user(value.__module__) else _name(value)
        if isinstance(value, type):
            return self._class(value) if is_of_user(value.__module__) else [_name(value), _version(value)]
        if isinstance(value, ModuleType):
            return self._module(value)
        if isinstance(value, bytes | bytearray):
            return sha256(bytes(value))
        if isinstance(value, Path):
            return str(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if callable(getattr(value, "detach", None)):  # a tensor
            return self._array(value.detach().cpu().numpy())
        if isinstance(value, list | tuple | set | frozenset | Mapping):
            return self._collection(value)
        return self._object(value)

    def _array(self, array: Any) -> Any:
        if array.dtype.hasobject:
            return self.stated(array.tolist())
        return [str(array.dtype), list(array.shape), sha256(np.ascontiguousarray(array).tobytes())]

    def _collection(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return [[self.stated(key), self.stated(one)] for key, one in value.items()]
        stated = [self.stated(one) for one in value]
        return sorted(stated, key=canonical_json) if isinstance(value, set | frozenset) else stated

    def _function(self, function: FunctionType) -> Any:
        values = {
            name: function.__globals__[name] for name in _globals(function.__code__) & function.__globals__.keys()
        }
        values |= {f"nonlocal {name}": one for name, one in _closure(function)}
        defaults = [function.__defaults__, function.__kwdefaults__]
        used = [[name, self.stated(values[name])] for name in sorted(values)]
        return [_source(function.__code__), self.stated(defaults), used]

    def _class(self, given: type) -> Any:
        own = {key: one for key, one in vars(given).items() if not _OF_PYTHON.fullmatch(key)}
        if is_dataclass(given):
            own = {key: one for key, one in own.items() if not _is_generated(one)}
        return [
            given.__qualname__,
            [self.stated(base) for base in given.__bases__],
            [[key, self.stated(own[key])] for key in sorted(own)],
        ]

    def _module(self, module: ModuleType) -> Any:
        if not is_of_user(module.__name__):
            return [module.__name__, _version(module)]
        file = getattr(module, "__file__", None)
        if file is None:
            raise Unreadable(f"the module {module.__name__} has no file")
        held = list(vars(module).values())
        names = {one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None) for one in held}
        known = sorted(name for name in names if isinstance(name, str) and name in sys.modules and is_of_user(name))
        used = [self.stated(sys.modules[name]) for name in known if name != module.__name__]
        return [module.__name__, sha256(Path(file).read_bytes()), used]

    def _object(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return [self.stated(type(value)), value.name]
        if isinstance(value, staticmethod | classmethod | MethodType):
            return [self.stated(value.__func__), self.stated(getattr(value, "__self__", None))]
        if isinstance(value, functools.partial):
            return [self.stated(part) for part in (value.func, value.args, value.keywords)]
        if isinstance(value, property):
            return [self.stated(part) for part in (value.fget, value.fset, value.fdel)]
        if isinstance(value, functools.cached_property):
            return self.stated(value.func)
        if inspect.isbuiltin(value) or isinstance(value, np.ufunc):
            return _name(value)
        return [self.stated(type(value)), self.stated(_state(value))]


_OF_EVERY_OBJECT = ("__dict__", "__weakref__")


def _state(value: Any) -> dict[str, Any]:
    """Return the fields of an object; raises Unreadable if it keeps anything outside of Python's sight."""
    bases = [base for base in type(value).__mro__ if base is not object]
    if not all(base.__flags__ & _MADE_BY_PYTHON for base in bases):
        raise Unreadable(f"a {type(value).__qualname__} cannot be read")
    slots = {name for base in bases for name in vars(base).get("__slots__", ()) if name not in _OF_EVERY_OBJECT}
    return {**getattr(value, "__dict__", {}), **{name: getattr(value, name, None) for name in sorted(slots)}}


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', None)}:{getattr(value, '__qualname__', value.__name__)}"


def _version(value: Any) -> str:
    version = getattr(value, "version", None) or getattr(value, "__version__", None)
    return version if isinstance(version, str) else ""


def _is_generated(value: Any) -> bool:
    """Return whether `value` is a function that `dataclass` wrote: the fields say the same."""
    return isinstance(value, FunctionType) and value.__code__.co_filename == "<string>" and value.__name__[:2] == "__"


def _source(code: CodeType) -> str:
    try:
        return inspect.getsource(code)
    except (OSError, TypeError):
        raise Unreadable(f"the source of {code.co_name} cannot be read") from None


def _globals(code: CodeType) -> set[str]:
    """Return the names of the globals that `code` and the functions in it read."""
    names = {str(one.argval) for one in get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_globals(one) for one in code.co_consts if isinstance(one, CodeType)))


def _closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the enclosing function that `function` uses."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not bound yet
            continue
