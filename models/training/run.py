"""The folder of a training: its recipe, its last state, its log, and at the end the checkpoint with its card."""

import io
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ...digests import canonical_json
from ...errors import InputError
from ...files import written_whole
from ...locks import LOCK

RECIPE, STATE, LOG, CHECKPOINT, CARD = "recipe.json", "state.pt", "log.csv", "checkpoint.safetensors", "card.md"


@dataclass(frozen=True)
class TrainingRun:
    """A training in `folder`, described by `recipe` (JSON values): model, its recipe, sources, version."""

    folder: Path
    recipe: Mapping[str, Any]

    def begin(self) -> None:
        """Create the folder or find it begun; raises InputError if it holds another training or other files."""
        path = self.folder / RECIPE
        if path.is_file():
            self._require_same(path)
            return
        if self.folder.exists() and any(entry.name != LOCK for entry in self.folder.iterdir()):
            raise InputError(f"{self.folder}: not empty and not a training; give a new folder with --out")
        self._write_recipe()

    def _write_recipe(self) -> None:
        with written_whole(self.folder / RECIPE) as partial:
            partial.write_text(json.dumps(self.recipe, indent=1, sort_keys=True) + "\n")

    def _require_same(self, path: Path) -> None:
        try:
            found = dict(json.loads(path.read_text()))
        except (ValueError, TypeError):
            raise InputError(f"{path}: damaged; remove the folder or give another one with --out") from None
        if canonical_json(found) == canonical_json(self.recipe):
            return
        if any((self.folder / name).exists() for name in (STATE, CHECKPOINT)):
            key, old, new = _first_difference(found, self.recipe)
            raise InputError(
                f"{self.folder} holds another training ({key}: {old} there, {new} asked for); "
                "give another folder with --out, or the same settings to resume it"
            )
        self._write_recipe()  # nothing was learned: a first step that failed must not bind to its settings

    @property
    def checkpoint(self) -> Path:
        """The file of the finished weights."""
        return self.folder / CHECKPOINT

    def read_state(self) -> dict[str, Any] | None:
        """Return the last state written, None before the first; raises InputError if it is damaged."""
        path = self.folder / STATE
        if not path.is_file():
            return None
        try:
            return dict(torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, ValueError, TypeError, KeyError, EOFError, OSError, pickle.UnpicklingError) as error:
            raise InputError(f"{path}: damaged ({type(error).__name__}); remove it to train from the start") from None

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Replace the last state, and the log that belongs to it."""
        buffer = io.BytesIO()
        torch.save(dict(state), buffer)
        with written_whole(self.folder / STATE) as partial:
            partial.write_bytes(buffer.getvalue())
        self.write_log(state["log"])

    def write_log(self, log: Sequence[Mapping[str, float]]) -> None:
        """Write the log as CSV, one line a validation."""
        with written_whole(self.folder / LOG) as partial:
            pd.DataFrame(list(log)).to_csv(partial, index=False)

    def write_card(self, text: str) -> None:
        """Write the model card."""
        with written_whole(self.folder / CARD) as partial:
            partial.write_text(text)


def _first_difference(old: Any, new: Any, key: str = "recipe") -> tuple[str, Any, Any]:
    """Return where two JSON values first differ, and both values there."""
    if isinstance(old, dict) and isinstance(new, Mapping):
        for name in sorted(set(old) | set(new)):
            if old.get(name) != new.get(name):
                return _first_difference(old.get(name), new.get(name), name)
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            if before != after:
                return _first_difference(before, after, key)
    return key, old, new
