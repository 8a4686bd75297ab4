"""The report of a training: curves of the loss and of the validation scores, and the recipe."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ...benchmarks.display.drawing import COLOURS, DASHES, WIDTH, Picture, axes_of, picture, style
from ...benchmarks.display.rendering import render_page
from ...benchmarks.display.sounds import as_sound
from ...files import written_whole

_OWN = ("step", "loss", "learning_rate")


Log = Sequence[Mapping[str, float]]


def write_report(
    path: Path,
    facts: Mapping[str, Any],
    log: Log,
    shown: Sequence[Figure] = (),
    sounds: Mapping[str, npt.NDArray[np.floating]] = MappingProxyType({}),
) -> None:
    """Write the page of a training to `path`, and its curves as pictures beside it.

    `shown` are the model's own figures, such as its answers on the validation set, `sounds` (channels, samples) what it
    lets hear, by caption.
    """
    with style():
        figures = {"loss": _curves(log, ["loss"], "loss"), "validation": _curves(log, _scores(log), "validation score")}
        figures |= {f"answers-{k}": figure for k, figure in enumerate(shown)}
        pictures = [_drawn(path, name, figure, facts["model"]) for name, figure in figures.items()]
    rows = [[f"{entry[name]:.4g}" for name in (*_OWN, *_scores(log))] for entry in log]
    tables = [
        {"caption": "Validation", "heads": [*_OWN, *_scores(log)], "rows": rows},
        {"caption": "Recipe", "heads": ["field", "value"], "rows": _listed(facts["recipe"])},
        {"caption": "Data", "heads": ["what", "value"], "rows": _sources(facts["sources"])},
    ]
    if facts.get("calibration"):
        found = [[name, f"{value:.4g}"] for name, value in facts["calibration"].items()]
        tables.insert(1, {"caption": "Found on the validation set", "heads": ["what", "value"], "rows": found})
    if facts.get("made"):
        tables.append({"caption": "How it was made", "heads": ["what", "value"], "rows": _listed(facts["made"])})
    title, heard = f"Training of {facts['model']}", {caption: as_sound(audio) for caption, audio in sounds.items()}
    page = render_page("training.html", title, model=facts["model"], pictures=pictures, tables=tables, sounds=heard)
    with written_whole(path) as partial:
        partial.write_text(page)


def _listed(fields: Mapping[str, Any]) -> list[list[Any]]:
    return [list(field) for field in fields.items()]


def _scores(log: Log) -> list[str]:
    return [name for name in log[0] if name not in _OWN] if log else []


def _curves(log: Log, names: Sequence[str], label: str) -> Figure:
    """Return the curves `names` of the log over the steps."""
    figure, axes = axes_of(WIDTH, 3.0)
    for k, name in enumerate(names):
        steps, values = [entry["step"] for entry in log], [entry[name] for entry in log]
        axes.plot(
            steps, values, color=COLOURS[k % len(COLOURS)], linestyle=DASHES[k % len(DASHES)], marker=".", label=name
        )
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def _drawn(path: Path, name: str, figure: Figure, model: str) -> Picture:
    return picture(figure, name, f"{name} of {model} during training", path.parent)


def _sources(sources: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[str(key), str(value)] for source in sources for key, value in source.items()]
