"""What a method is, and how a name with parameters becomes one.

A method is any object with `version`, `tracks` and `predict(batch)`; its name is what it is asked for by. Its class
may be a dataclass: its fields are then its parameters, checked against their types and recorded with every prediction.
"""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from ...errors import InputError
from ...registry import load_method, nearest, parse_specification

Float64 = npt.NDArray[np.float64]

PROTOCOLS = ("paper", "best")
RESERVED = ("chance", "ceiling")


@dataclass(frozen=True)
class Diagnosed:
    """Predictions (n,) and what the method can say of each, such as its inliers: by name, each (n,).

    The diagnostics are stored beside the predictions; tables show their medians.
    """

    prediction: Float64
    diagnostics: Mapping[str, npt.ArrayLike]


class Method(typing.Protocol):
    """Something that answers a track's question.

    `predict` is given a batch of the track's stimulus (`StereoBatch`, `ViewPairBatch`, ...) and returns float64 (n,):
    on the track `tde` the interaural time difference in seconds, positive when the left channel leads; on
    `left-right` any number, left when it is >= 0; on `rotation` and `azimuth` degrees, positive to the left.
    """

    version: ClassVar[str]
    """Raised whenever the predictions change: older cached ones are then computed anew."""
    tracks: ClassVar[tuple[str, ...]]

    def predict(self, batch: Any) -> Float64 | Diagnosed:
        """Return one prediction a sample."""


@dataclass(frozen=True)
class LoadedMethod:
    """A method ready to run: its `label` in tables, its parameters as JSON values, the sha256 of its file."""

    label: str
    method: Method
    parameters: Mapping[str, Any]
    source: str

    @property
    def is_ours(self) -> bool:
        """Whether the method is part of Whence, so that its exceptions are our mistakes and not the user's."""
        return type(self.method).__module__.startswith("whence.")

    @property
    def version(self) -> str:
        """The method's version."""
        return self.method.version


def load_methods(
    specifications: Sequence[str], track: str, protocols: Sequence[str], device: str | None = None
) -> list[LoadedMethod]:
    """Return the methods named by `specifications`, once for each of `protocols` they tell apart.

    Methods with a parameter `device` run on the `device` given. Raises InputError for an unknown name, parameter or
    value, and for a method of another track.
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
    return [_build(name, method_class, parameters, fields, source) for parameters in usable]


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
    return parameters


def _build(
    name: str, method_class: Any, parameters: dict[str, Any], fields: Mapping[str, Any], source: str
) -> LoadedMethod:
    try:
        method = method_class(**parameters)
    except Exception as error:
        raise InputError(f"method {name!r} cannot be made: {type(error).__name__}: {error}") from error
    known = {key: getattr(method, key) for key in fields}
    shown = [f"{key}={known[key]}" for key, field in fields.items() if known[key] != field.default]
    return LoadedMethod(":".join([name, *shown]), method, to_jsonable_python(known), source)
