"""The page of the tracks: what each asks, what a method is given and answers, how that is scored."""

import dataclasses
import typing
from typing import Any

import numpy as np

from whence.benchmarks.questions.settings import settings_of
from whence.benchmarks.questions.stimulus import Stimulus
from whence.benchmarks.questions.track import Track
from whence.registry import TRACKS, load, load_track, registered_methods

from .markdown import anchor, code, prose, table

INTRODUCTION = """# Tracks

A track is a question, with what a method is given, what it answers, and how that is scored. A method is a function from
a batch to one answer a sample; see [your own method](bench.md). Left is positive, see
[conventions](conventions.md). This page is drawn from the code.

"""


def page() -> str:
    """Return the page."""
    rows = [
        (f"[`{name}`](#{anchor(name)})", one.summary, load_track(name).answer.words) for name, one in TRACKS.items()
    ]
    return INTRODUCTION + table(("track", "what it asks", "an answer"), rows) + "".join(map(section, TRACKS))


def section(name: str) -> str:
    """Return what is said of the track `name`."""
    track = load_track(name)
    parts = [
        f"\n## {name}\n\n**{track.question}**\n\n{_about(name)}\n",
        f"\n**A batch** is a `{track.stimulus.batch.__name__}` of at most {track.stimulus.size} samples.\n",
        f"{prose(track.stimulus.batch)}\n",
        batch_table(track.stimulus),
        f"**An answer** is {track.answer.words}. {_stored(track)}\n",
        _scoring(track),
        f"**Datasets:** {', '.join(f'[`{kind}`](datasets.md#{anchor(kind)})' for kind in track.datasets)}\n",
        _settings(track),
        _methods(track),
    ]
    return "\n".join(filter(None, parts))


def _about(name: str) -> str:
    """Return the docstring of the track's module without its first line, which repeats the question."""
    module = load(TRACKS[name].target.partition(":")[0] + ":__doc__")
    return str(module).partition("\n")[2].strip()


def batch_table(stimulus: Stimulus[Any]) -> str:
    """Return the fields of the stimulus's batches: name, type, shape of the array, meaning."""
    given = {one.name: one for one in stimulus.arrays}
    types = typing.get_type_hints(stimulus.batch)
    rows = []
    for field in dataclasses.fields(stimulus.batch):  # type: ignore[arg-type]
        kind = types[field.name]
        if field.name in given:
            one = given[field.name]
            rows.append((f"`{field.name}`", dtype_of(kind), f"({', '.join(('n', *one.dimensions))})", one.description))
        elif field.name == "sample_id":
            rows.append(("`sample_id`", "str", "(n)", "name of each sample"))
        else:
            shape = "one number" if kind in (int, float) else "one array"
            rows.append((f"`{field.name}`", dtype_of(kind), shape, "the same for all samples"))
    return table(("field", "type", "shape", "what it is"), rows)


def dtype_of(kind: Any) -> str:
    """Return the type of an array's elements, or of a number.

    >>> import numpy.typing as npt
    >>> dtype_of(npt.NDArray[np.uint8]), dtype_of(int)
    ('uint8', 'int')
    """
    arguments = typing.get_args(kind)
    if arguments and typing.get_args(arguments[-1]):
        return np.dtype(typing.get_args(arguments[-1])[0]).name
    return str(kind.__name__)


def _stored(track: Track) -> str:
    shape = " x ".join(map(str, track.answer.shape))
    what = f"{shape} numbers" if shape else "one number"
    return f"Prediction files hold {what} ({track.answer.stored}) for each sample."


def _scoring(track: Track) -> str:
    rows = [
        (
            f"[{one.label}](metrics.md#{anchor(one.name)})",
            f"`{one.name}`",
            one.unit,
            "higher is better" if one.higher_is_better else "lower is better",
        )
        for one in track.metrics
    ]
    chance, ceiling = (_sentence(prose(one)) for one in (track.chance, track.ceiling))
    text = f"**Metrics.** The first ranks the methods. Chance: {chance} Ceiling: {ceiling}\n\n"
    return text + table(("metric", "name in files", "unit", ""), rows)


def _sentence(text: str) -> str:
    """Return the first sentence of `text`, which tells what is returned."""
    first = " ".join(text.split("\n\n")[0].split())
    return first.removeprefix("Return ").split(". ")[0].rstrip(".") + "."


def _settings(track: Track) -> str:
    own = track.default_conditions[0]
    rows = [
        (
            f"`{one.option}`" if one.option else "fixed",
            one.axis,
            one.help or one.text(getattr(own, key)),
            _levels(track, key),
        )
        for key, one in settings_of(own).items()
    ]
    if not rows:
        return "**Settings:** none; samples are used as stored.\n"
    heads = ("option", "setting", "meaning", "the track's own")
    return "**Settings** of the conditions:\n\n" + table(heads, rows)


def _levels(track: Track, key: str) -> str:
    setting = settings_of(track.default_conditions[0])[key]
    levels = dict.fromkeys(getattr(one, key) for one in track.default_conditions)
    return ", ".join(setting.level_text(level) for level in levels)


def _methods(track: Track) -> str:
    serving = [name for name, one in registered_methods().items() if track.name in one.tracks]
    listed = ", ".join(f"[`{name}`](methods.md#{anchor(name)})" for name in serving)
    return f"**Methods:** {listed}. Without `--method`, {code(track.default_methods)} run.\n"
