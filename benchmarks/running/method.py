"""The interface of methods, and how to load one from its name and parameters.

A method is any object with `version`, `tracks` and `predict(batch)`. If its class is a dataclass, the fields are its
parameters, which are checked against their types and recorded with every prediction.
"""

import dataclasses
import os
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ...errors import InputError
from ...registry import load_method, nearest, parse_specification
from ..scoring.results import CEILING, CHANCE
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

    `source` is the SHA-256 of the file of its class, `files` those of its parameters and of `Method.files`, by name.
    `opened` are the paths read while it was loaded or run.
    """

    label: str
    method: Method
    parameters: Mapping[str, Any]
    source: str
    files: Mapping[str, str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

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
            return None
        package = type(self.method).__module__.count(".")
        return file.parents[max(package - 1, 0)]

    def files_read(self) -> dict[str, str]:
        """Return the SHA-256 of every file that the method has read from its own folder, by relative path."""
        return {} if self.folder is None else files_read(self.folder, self.opened)


def _file_of(method_class: type) -> Path | None:
    file = getattr(sys.modules.get(method_class.__module__), "__file__", None)
    return Path(file).resolve() if file else None


def load_methods(
    specifications: Sequence[str], track: str, protocols: Sequence[str], device: str | None = None
) -> list[LoadedMethod]:
    """Return the methods named by `specifications`, once for each of `protocols` that they distinguish.

    Methods with a parameter `device` run on the given `device`. Raises InputError for an unknown name, parameter or
    value, and for methods of another track.
    """
    loaded: dict[str, LoadedMethod] = {}
    for text in specifications:
        for method in _load_variants(text, track, protocols, device):
            loaded.setdefault(method.label, method)
    return list(loaded.values())


def _load_variants(text: str, track: str, protocols: Sequence[str], device: str | None) -> list[LoadedMethod]:
    name, given = parse_specification(text)
    if name in RESERVED:
        raise InputError(f"method {name!r}: the name is reserved for the {name} row of the tables")
    with noting_files() as opened:
        method_class, source = load_method(name)
    serves = getattr(method_class, "tracks", None)
    version = getattr(method_class, "version", None)
    if serves is None or not callable(getattr(method_class, "predict", None)) or not isinstance(version, str):
        raise InputError(f"method {name!r}: its class needs `version` (a string), `tracks` and `predict(batch)`")
    if track not in serves:
        raise InputError(f"method {name!r} serves {', '.join(serves)}, not the track {track!r}")
    fields = {f.name: f for f in dataclasses.fields(method_class)} if dataclasses.is_dataclass(method_class) else {}
    if device is not None and "device" in fields:
        given = {"device": device} | given
    if "protocol" in fields and "protocol" not in given:
        variants = [given | {"protocol": protocol} for protocol in protocols]
    else:
        variants = [given]
    usable = [_parameters(name, method_class, fields, variant) for variant in variants]
    return [_build(name, method_class, parameters, fields, source, opened) for parameters in usable]


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


def _build(
    name: str,
    method_class: Any,
    parameters: dict[str, Any],
    fields: Mapping[str, Any],
    source: str,
    opened: set[str],
) -> LoadedMethod:
    try:
        with noting_files() as more:
            method = method_class(**parameters)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"method {name!r} cannot be constructed: {type(error).__name__}: {error}") from error
    known = {key: getattr(method, key) for key in fields}
    shown = [f"{key}={known[key]}" for key, field in fields.items() if known[key] != field.default]
    files = _files(method, known)
    return LoadedMethod(":".join([name, *shown]), method, to_jsonable_python(known), source, files, opened | more)


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
