"""The interface of methods, and how to load one from its name and parameters.

A method is any object with `version`, `tracks` and `predict(batch)`. If its class is a dataclass, the fields are its
parameters, which are checked against their types and recorded with every prediction. A function `answer(batch)` is a
method as well. Methods are given by name, or in Python as classes, objects and functions.
"""

import dataclasses
import inspect
import os
import sys
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ...errors import InputError
from ...registry import load_method, nearest, parse_specification, registered_methods, without_missing_packages
from ..scoring.results import CEILING, CHANCE
from .definitions import Unreadable, definition_digest
from .provenance import files_read, noting_files, sha256_of

Float64 = npt.NDArray[np.float64]

PROTOCOLS = ("paper", "best")
RESERVED = (CHANCE, CEILING)


@dataclass(frozen=True)
class Diagnosed:
    """Answers (n, ...) with diagnostics for each, such as the number of inliers: by name, each (n,).

    The diagnostics are stored beside the predictions; tables show their medians.
    """

    prediction: npt.NDArray[Any]
    diagnostics: Mapping[str, npt.ArrayLike]


class Method(typing.Protocol):
    """A method, which answers a track's question.

    `predict` takes a batch of the track's stimulus (`StereoBatch`, `ViewPairBatch`, ...) and returns an array
    (n, *shape) of the track's `AnswerKind`: on the track `tde` the interaural time difference in seconds, positive
    when the left channel leads; on `left-right` any number, where >= 0 means left; on `rotation` and `azimuth` degrees,
    positive to the left; on `sounding-object` maps (n, rows, columns) of any size, or points (n, 2).
    """

    version: ClassVar[str]
    """Change it whenever the predictions change: cached ones are then recomputed."""
    tracks: ClassVar[tuple[str, ...]]
    # Four more are optional. `ignores_input: ClassVar[bool]`: the answers do not depend on the input.
    # `oracle: ClassVar[bool]`: `predict` takes the track's batches with the truth, to show what could be reached.
    # `files() -> Iterable[Path]`: files besides the parameters that change the answers, such as a checkpoint.
    # `prepare(source: Source)`: called before the first batch of each condition, for methods that are fitted on other
    # splits of the dataset; raises InputError if the source lacks what the method needs.

    def predict(self, batch: Any) -> npt.NDArray[Any] | Diagnosed:
        """Return one answer for each sample."""


@dataclass(frozen=True)
class LoadedMethod:
    """A method ready to run: its `label` in tables, its parameters as JSON values, and hashes of its code and files.

    `source` is the SHA-256 of the file of its class, or of its definition if it was given in Python. `files` are those
    of its parameters and of `Method.files`, by name. `opened` are the paths read while it was loaded or run.
    """

    label: str
    method: Method
    parameters: Mapping[str, Any]
    source: str
    files: Mapping[str, str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    reusable: bool = True
    """Whether its predictions can be used again: not if nobody can tell what they depend on."""

    @property
    def is_ours(self) -> bool:
        """Whether the method is part of Whence: its exceptions are then our bugs, not the user's."""
        return type(self.method).__module__.startswith("whence.")

    @property
    def version(self) -> str:
        """The method's version."""
        return self.method.version

    @property
    def ignores_input(self) -> bool:
        """Whether the method declares that it ignores its input."""
        return bool(getattr(self.method, "ignores_input", False))

    @property
    def is_oracle(self) -> bool:
        """Whether the method is given parts of the truth."""
        return bool(getattr(self.method, "oracle", False))

    @property
    def folder(self) -> Path | None:
        """The folder of a third-party method or its package; None for those of Whence, whose version marks changes."""
        file = None if self.is_ours else _file_of(type(self.method))
        if file is None:
            return Path.cwd() if self._is_of_session else None
        package = type(self.method).__module__.count(".")
        return file.parents[max(package - 1, 0)]

    @property
    def _is_of_session(self) -> bool:
        """Whether the method was defined in a notebook or a console."""
        return type(self.method).__module__ == "__main__" and _file_of(type(self.method)) is None

    def files_read(self) -> dict[str, str]:
        """Return the SHA-256 of every file that the method has read from its own folder, by relative path.

        Of a notebook, these are the files that Python opened: what is imported is part of the definition.
        """
        return {} if self.folder is None else files_read(self.folder, self.opened, opened_only=self._is_of_session)


def _file_of(method_class: type) -> Path | None:
    file = getattr(sys.modules.get(method_class.__module__), "__file__", None)
    return Path(file).resolve() if file else None


def installed(specifications: Sequence[str]) -> Sequence[str]:
    """Return those of the default methods whose packages are installed; name the others and the fix."""
    usable, left_out = without_missing_packages(specifications)
    if left_out:
        print(f"left out: {', '.join(left_out)}; they need torch: pip install '.[learned]'", file=sys.stderr)
    return usable


def load_methods(
    methods: Sequence[Any] | Mapping[str, Any], track: str, protocols: Sequence[str], device: str | None = None
) -> list[LoadedMethod]:
    """Return `methods`, once for each of `protocols` that they distinguish.

    Each is a name with parameters, a class, an object or a function; a mapping gives them labels. Methods with a
    parameter `device` run on the given `device`. Raises InputError for an unknown name, parameter or value, for methods
    of another track, and for two methods with one label.
    """
    pairs = methods.items() if isinstance(methods, Mapping) else ((None, one) for one in methods)
    loaded: dict[str, LoadedMethod] = {}
    for label, one in pairs:
        for method in _load_variants(one, label, track, protocols, device):
            known = loaded.setdefault(method.label, method)
            if (known.source, known.parameters) != (method.source, method.parameters) or not known.reusable:
                _check_distinct(known, method)
    return list(loaded.values())


def _check_distinct(known: LoadedMethod, method: LoadedMethod) -> None:
    if known is not method:
        raise InputError(f"two methods are called {method.label!r}: give them labels, methods={{label: method, ...}}")


def _load_variants(
    asked: Any, label: str | None, track: str, protocols: Sequence[str], device: str | None
) -> list[LoadedMethod]:
    named, given = parse_specification(asked) if isinstance(asked, str) else (_own_name(asked, label), {})
    name = label or named
    _check_name(name, is_registered=isinstance(asked, str) and name in (named, asked))
    with noting_files() as opened:
        found, source = load_method(named) if isinstance(asked, str) else (asked, None)
    if inspect.isfunction(found):
        found = _class_of_function(found, track)
    make = _Maker(name, found if isinstance(found, type) else type(found), opened, source or "")
    _check_interface(name, make.method_class, track)
    if source is None:
        make = replace(make, **_definition(asked, name))
    if not isinstance(found, type):
        return [make.loaded(found, label)]
    if device is not None and "device" in make.fields:
        given = {"device": device} | given
    variants = [given]
    if "protocol" in make.fields and "protocol" not in given:
        variants = [given | {"protocol": protocol} for protocol in protocols]
    usable = [_parameters(name, found, make.fields, variant) for variant in variants]
    return [make.built(parameters, label if len(usable) == 1 else None) for parameters in usable]


def _check_name(name: str, is_registered: bool) -> None:
    if name in RESERVED:
        raise InputError(f"method {name!r}: the name is reserved for the {name} row of the tables")
    if not is_registered and name in registered_methods():
        raise InputError(f"method {name!r}: another method is registered under this name; give yours another one")


def _own_name(asked: Any, label: str | None) -> str:
    """Return the name of a method given in Python: that of the function or class, unless it has a `label`."""
    name = asked.__name__ if isinstance(asked, type) or inspect.isfunction(asked) else type(asked).__name__
    if label is None and not name.isidentifier():
        raise InputError(f"method {name}: it has no name; give one, methods={{name: method}}")
    return label or name


def _class_of_function(function: Any, track: str) -> type:
    """Return the class of the method that answers by calling `function`; it belongs where the function does."""
    version = getattr(function, "version", "function")
    own = {"version": version, "tracks": (track,), "predict": staticmethod(function), "__module__": function.__module__}
    return type(function.__name__, (), own)


def _check_interface(name: str, method_class: type, track: str) -> None:
    serves = getattr(method_class, "tracks", None)
    version = getattr(method_class, "version", None)
    if serves == ():
        raise InputError(f"method {name!r} serves no track, so not {track!r} either")
    if serves is None or not callable(getattr(method_class, "predict", None)) or not isinstance(version, str):
        raise InputError(f"method {name!r}: its class needs `version` (a string), `tracks` and `predict(batch)`")
    if track not in serves:
        raise InputError(f"method {name!r} serves {', '.join(serves)}, not the track {track!r}")


def _definition(given: Any, name: str) -> dict[str, Any]:
    """Return `source` and `reusable` of a method given in Python; say so if nobody can tell what it depends on."""
    try:
        return {"source": definition_digest(given)}
    except Unreadable as reason:
        print(f"method {name!r} runs anew every time, its predictions are not cached: {reason}", file=sys.stderr)
        return {"reusable": False}


def _parameters(name: str, method_class: type, fields: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    hints = typing.get_type_hints(method_class, include_extras=True)
    parameters = {}
    for key, text in given.items():
        if key not in fields:
            raise InputError(f"method {name!r} has no parameter {key!r}: {nearest(key, fields) if fields else 'none'}")
        try:
            parameters[key] = TypeAdapter(hints[key]).validate_python(text)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise InputError(f"method {name!r}, parameter {key}={text}: {reason[0].lower()}{reason[1:]}") from None
        if isinstance(parameters[key], float) and not np.isfinite(parameters[key]):
            raise InputError(f"method {name!r}, parameter {key}={text}: expected a finite number")
    return parameters


@dataclass(frozen=True)
class _Maker:
    """What all variants of a method share; see `LoadedMethod`."""

    name: str
    method_class: Any
    opened: set[str]
    source: str
    reusable: bool = True

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the class, which are its parameters; none if it is no dataclass."""
        known = dataclasses.fields(self.method_class) if dataclasses.is_dataclass(self.method_class) else ()
        return {field.name: field for field in known}

    def built(self, parameters: dict[str, Any], label: str | None) -> LoadedMethod:
        """Return the method with these `parameters`, named after them unless it has a `label`."""
        try:
            with noting_files() as more:
                method = self.method_class(**parameters)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"method {self.name!r} cannot be constructed: {type(error).__name__}: {error}") from error
        return self.loaded(method, label, more)

    def loaded(self, method: Any, label: str | None, more: Collection[str] = ()) -> LoadedMethod:
        """Return `method`, which read the paths `more` when it was made."""
        known = {key: getattr(method, key) for key in self.fields}
        short = {key: value for key, value in known.items() if isinstance(value, _SHORT)}
        shown = [f"{key}={value}" for key, value in short.items() if value != self.fields[key].default]
        label, opened = label or ":".join([self.name, *shown]), self.opened.union(more)
        stated = to_jsonable_python(known, fallback=repr)
        return LoadedMethod(label, method, stated, self.source, _files(method, known), opened, self.reusable)


_SHORT = (str, int, float, Path, list, tuple, dict, type(None))
"""Types of parameters that labels show."""


def _files(method: Any, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of every file or folder named by a parameter or listed by the method, by name.

    Raises InputError for a listed file that is not there.
    """
    named = {key: Path(value) for key, value in parameters.items() if isinstance(value, str | Path) and str(value)}
    there = {key: path for key, path in named.items() if path.is_file() or _is_folder(parameters[key], path)}
    listed = {str(path): Path(path) for path in getattr(method, "files", tuple)()}
    for path in listed.values():
        if not path.exists():
            raise InputError(f"{path}: no such file; the method reads it")
    return {key: sha256_of(path) for key, path in {**listed, **there}.items()}


def _is_folder(value: Any, path: Path) -> bool:
    """Return whether a parameter names a folder; text must look like a path, since any word could be one."""
    return path.is_dir() and (isinstance(value, Path) or os.sep in value)
