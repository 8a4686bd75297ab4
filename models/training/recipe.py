"""Recipes: everything that affects a training's bytes, as typed fields with presets."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ...errors import InputError
from ...registry import nearest

Preset = Literal["tiny", "small", "paper"]
PRESETS: tuple[Preset, ...] = ("tiny", "small", "paper")


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the lower bound comes first")
    return bounds


Bounds = Annotated[tuple[float, float], AfterValidator(_rising)]
"""A range that a number is drawn from, lower bound first."""
Size = Annotated[int, Field(ge=1)]
"""Samples, channels or layers: at least one."""


class Recipe(BaseModel):
    """The fields that every training has. A model adds its own, and its `presets`: fields by preset."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {preset: {} for preset in PRESETS}

    start: str = ""
    """A checkpoint of the same model whose weights the training begins with; none: random weights."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    steps: int = Field(default=1000, ge=1)
    batch: int = Field(default=128, ge=2)
    """Examples a step, over all devices."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest rate: it rises over `warm_up`, then falls to zero along a cosine."""
    warm_up: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps."""
    weight_decay: float = Field(default=0.01, ge=0)
    clip_gradient: float = Field(default=1.0, gt=0)
    """Largest norm of a gradient."""
    averaged: float = Field(default=0.2, gt=0, le=1)
    """Share of the steps, at the end, whose weights are averaged."""
    validations: int = Field(default=10, ge=1)
    """How often the validation set is scored."""


R = TypeVar("R", bound=Recipe)


def recipe_from(kind: type[R], preset: str, settings: Sequence[str] = ()) -> R:
    """Return the recipe `preset` of `kind`, changed by `settings` ("key=value").

    Raises InputError for an unknown preset or key, naming the nearest one, and for an invalid value.
    """
    if preset not in kind.presets:
        raise InputError(f"preset {preset!r}: {nearest(preset, kind.presets)}")
    fields: dict[str, Any] = dict(kind.presets[preset])
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator or key not in kind.model_fields:
            raise InputError(f"--set {text}: no field {key!r}, {nearest(key, kind.model_fields)}; give KEY=VALUE")
        fields[key] = _value(kind, key, value)
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(cause := first.get("ctx", {}).get("error"), InputError):
            raise cause from None
        raise InputError(_complaint(first)) from None


def _complaint(error: Mapping[str, Any]) -> str:
    """Return an `error` of pydantic with the setting that it is about, as the user types it."""
    said, value = error["msg"].removeprefix("Value error, "), error["input"]
    if not error["loc"]:
        return f"--set: {said}"
    shown = ",".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"--set {'.'.join(map(str, error['loc']))}={shown}: {said}"


def _value(kind: type[Recipe], key: str, text: str) -> Any:
    """Return `text` as a value of the field `key`; several numbers are separated by commas."""
    annotation: Any = kind.model_fields[key].annotation
    parts = [part.strip() for part in text.split(",")]
    for candidate in (text, None if text == "none" else text, parts):
        try:
            return TypeAdapter(annotation).validate_python(candidate)
        except ValidationError:
            continue
    return parts if get_origin(annotation) is tuple and len(parts) > 1 else text
