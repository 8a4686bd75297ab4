"""Training and sealing from Python."""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmarks.questions.settings import given_levels, grid
from ..datagen.dataset import Dataset
from ..places import settle_home
from ..registry import load_track
from .command import call
from .data import Place, place_of
from .runs import Conditions

if TYPE_CHECKING:
    from ..leaderboard.sealing.seal import Sealed


def train(model: str, data: Place | Sequence[Place], out: str | PathLike[str], **options: Any) -> Path:
    """Train a model on `data` in the folder `out`, or go on with it, and return the file of its weights.

    `options` are those of `whence train`: `preset="tiny"`, `device="cuda"`, `devices`, `nodes`; any other keyword is a
    field of the recipe, as `--set` takes it, such as `steps=100`. The weights are benched as
    f"{model}:checkpoint={file}". Raises InputError for an unknown model or field and for data that do not serve.
    """
    sources = [data] if isinstance(data, str | PathLike | Dataset) else list(data)
    known = {name: value for name, value in options.items() if name in ("preset", "device", "devices", "nodes")}
    fields = [f"{name}={_spelled(value)}" for name, value in options.items() if name not in known]
    call(("train",), model, data=[place_of(one) for one in sources], out=out, set=fields, **known)
    return Path(fspath(out)) / "checkpoint.safetensors"


def _spelled(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def seal(
    data: Place,
    track: str,
    *,
    labels: str | PathLike[str],
    out: str | PathLike[str],
    conditions: Conditions | None = None,
    split: str | None = None,
    private_share: float = 0.5,
    allow_guessable_seed: bool = False,
) -> "Sealed":
    """Write a public copy of `data` without labels to `out`, and its labels to the new, private file `labels`.

    `conditions` are as for `bench`. Raises InputError for what cannot be sealed.
    """
    from ..leaderboard.sealing.seal import seal as write_sealed

    settle_home()
    chosen = load_track(track)
    asked: Sequence[Any] = tuple(conditions or ()) if not isinstance(conditions, Mapping) else ()
    if isinstance(conditions, Mapping):
        given = given_levels(chosen.stimulus.condition, conditions)
        asked = grid(chosen.default_conditions, given, track)
    return write_sealed(
        place_of(data),
        track=track,
        labels_path=Path(fspath(labels)),
        out=fspath(out),
        conditions=asked,
        split=split,
        private_share=private_share,
        allow_guessable_seed=allow_guessable_seed,
    )
