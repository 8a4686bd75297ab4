"""What a notebook shows of a dataset, a row, a batch or a run: tables, pictures and players, as HTML."""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...conventions import SAMPLE_RATE
from ...datagen.dataset import Dataset
from ...english import counted
from .inspection import describe
from .rendering import render_page
from .sounds import as_sound
from .text_table import TextTable

MOST_PICTURES = 4
_SHORTEST_SOUND = 512
"""Samples: what is shorter is a response or a number."""
_WIDEST = 320
_PEAKS = 300
"""Columns of a waveform."""
Captioned = tuple[str, str]
"""A caption and a data URI."""


class Shown:
    """A batch that a notebook shows: a table of its fields, and the pictures and sounds of its first samples."""

    def _repr_html_(self) -> str:
        return batch_html(self)


def block_html(
    title: str,
    tables: Sequence[TextTable],
    pictures: Sequence[Captioned] = (),
    sounds: Sequence[Captioned] = (),
    note: str = "",
) -> str:
    """Return a block for a notebook."""
    values = {"tables": tables, "pictures": pictures, "sounds": sounds, "note": note}
    return render_page("notebook.html", title, **values)


def fields_html(title: str, values: Mapping[str, Any]) -> str:
    """Return the block of one sample: its arrays as pictures and players, and a table of all `values`."""
    rows = [[name, _text(value)] for name, value in values.items()]
    return block_html(title, [TextTable("", ["field", "value"], rows)], pictures_of(values), sounds_of(values))


def dataset_html(dataset: Dataset, first: Mapping[str, Any]) -> str:
    """Return the block of `dataset`: its `first` row as pictures and players, its recipe, arrays and sources."""
    title = f"{dataset.name}: {counted(len(dataset), 'row')}"
    return block_html(title, describe(dataset)[:2], pictures_of(first), sounds_of(first), f"{dataset.url}, first row:")


def batch_html(batch: Any) -> str:
    """Return the block of a `batch`, a dataclass of arrays (samples, ...) and constants."""
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    rows = [[name, _text(value)] for name, value in values.items()]
    first = {name: value[0] for name, value in values.items() if isinstance(value, np.ndarray) and value.ndim > 1}
    title, note = f"{type(batch).__name__} of {len(batch)}", "first sample:"
    return block_html(title, [TextTable("", ["field", "value"], rows)], pictures_of(first), sounds_of(first), note)


def pictures_of(values: Mapping[str, Any]) -> list[Captioned]:
    """Return the pictures among `values`, uint8 (..., height, width, 3), and those of sounds; four of each at most."""
    found = {name: value for name, value in values.items() if _is_picture(value)}
    waves = [pair for name, value in _sounds(values) for pair in _numbered(name, value, _channels(value), _waves)]
    return [*(pair for name, value in found.items() for pair in _numbered(name, value, 3, image_uri)), *waves]


def sounds_of(values: Mapping[str, Any]) -> list[Captioned]:
    """Return the sounds among `values`, float32 (samples,), (1, samples) or (2, samples) or several of them."""
    return [pair for name, value in _sounds(values) for pair in _numbered(name, value, _channels(value), _player)]


def _sounds(values: Mapping[str, Any]) -> list[tuple[str, npt.NDArray[np.float32]]]:
    return [(name, value) for name, value in values.items() if _is_sound(name, value)]


def _channels(sound: npt.NDArray[np.float32]) -> int:
    """Return how many of the last dimensions are those of one sound."""
    return 2 if sound.ndim > 1 and sound.shape[-2] <= 2 else 1


def _is_picture(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim >= 3 and value.shape[-1] == 3


def _is_sound(name: str, value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or value.ndim not in (1, 2, 3):
        return False
    return value.shape[-1] >= _SHORTEST_SOUND and not name.startswith("impulse")


def _numbered(name: str, value: npt.NDArray[Any], dimensions: int, show: Any) -> Iterator[Captioned]:
    """Yield up to four items of `value`, whose last `dimensions` are those of one item."""
    items = value.reshape(-1, *value.shape[value.ndim - dimensions :])[:MOST_PICTURES]
    for k, item in enumerate(items):
        yield (f"{name} {k}" if len(items) > 1 else name), show(item)


def image_uri(picture: npt.NDArray[np.uint8]) -> str:
    """Return `picture` (height, width, 3) as a JPEG data URI, at most 320 pixels wide."""
    image, file = Image.fromarray(np.ascontiguousarray(picture)), io.BytesIO()
    image.thumbnail((_WIDEST, _WIDEST))
    image.save(file, format="JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _player(sound: npt.NDArray[np.floating]) -> str:
    return as_sound(np.atleast_2d(sound)).uri


def _waves(sound: npt.NDArray[np.floating]) -> str:
    """Return the waveform of `sound`, the left channel above the right one."""
    from .drawing import BLUE, VERMILLION, axes_of, picture, style  # loads matplotlib

    channels = np.atleast_2d(sound)
    together = max(channels.shape[1] // _PEAKS, 1)
    kept = channels[:, : channels.shape[1] // together * together].reshape(len(channels), -1, together)
    scaled = kept / (2.2 * max(float(np.abs(channels).max()), 1e-9))
    time = np.arange(scaled.shape[1]) * together / SAMPLE_RATE
    with style():
        drawing, axes = axes_of(3.0, 0.6 * len(channels) + 0.5)
        for k, one in enumerate(scaled):
            colour = (BLUE, VERMILLION)[k]
            axes.fill_between(time, one.min(axis=1) - k, one.max(axis=1) - k, color=colour, linewidth=0.5)
        axes.set_yticks(range(0, -len(channels), -1), ["left", "right"] if len(channels) == 2 else [""])
        axes.set_xlabel("time (s)")
        return picture(drawing, "waves", "").uri


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size <= 8:
            return np.array2string(value, precision=4, separator=", ")
        return f"{value.dtype} ({', '.join(map(str, value.shape))}{',' if value.ndim == 1 else ''})"
    if isinstance(value, tuple | list) and len(value) > 2:
        return f"{len(value)}: {value[0]}, {value[1]}, ..."
    return f"{value:.6g}" if isinstance(value, float) else str(value)
