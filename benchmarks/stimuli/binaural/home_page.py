"""The page of an HM3D-SS dataset: its labels, and a few examples to see and hear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....datagen.dataset import Dataset
from ....files import written_whole
from ...display.drawing import Picture, picture, style
from ...display.inspection import describe
from ...display.rendering import render_page
from ...display.sounds import Sound, as_sound
from .home_example import HomeExample, read_example
from .home_pictures import draw_floor_plan, draw_response, draw_spread, photograph

EXAMPLES = 3
_SPREADS = {
    "azimuth": "azimuth of the sources in the views (degrees, positive left)",
    "rotation": "rotation from the first view (degrees, positive left)",
    "distance": "distance of the sources (m)",
    "rt60": "RT60 (s), both ears",
}


@dataclass(frozen=True)
class ShownView:
    """One view: its picture, its heading and the speech heard in it."""

    picture: Picture
    heading: str
    turn: str
    sound: Sound | None
    heard: str


@dataclass(frozen=True)
class Cell:
    """One source in one view: its azimuth and the room's response."""

    azimuth: str
    room: str


@dataclass(frozen=True)
class Example:
    """One example of the page; `cells` has a row for each source and a column for each view."""

    name: str
    facts: str
    views: Sequence[ShownView]
    floor_plan: Picture
    responses: Sequence[Picture]
    cells: Sequence[Sequence[Cell]]


def write_home_page(dataset: Dataset, target: Path, examples: int = EXAMPLES) -> Path:
    """Write the page of `dataset` (hm3d-ss) to `target`, one file without script or network; return `target`."""
    rows = sorted({int(row) for row in np.linspace(0, len(dataset) - 1, examples)})
    with style():
        page = render_page(
            "home.html",
            f"dataset {dataset.name}, {dataset.fingerprint[:12]}",
            name=dataset.name,
            rows=len(dataset),
            scenes=len(set(dataset.column("scene").tolist())),
            fingerprint=dataset.fingerprint,
            tables=describe(dataset),
            pictures=list(_spreads(dataset)),
            examples=[_example(read_example(dataset, row)) for row in rows],
            has_depth="depth" in dataset,
        )
    with written_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def _spreads(dataset: Dataset) -> Iterator[Picture]:
    """Yield histograms of the labels; rotations exclude the first view."""
    for name, title in _SPREADS.items():
        values = dataset.column(name)
        values = values[:, 1:] if name == "rotation" else values
        if np.isfinite(values).any():
            yield picture(draw_spread(values.astype(np.float64), title), f"spread-{name}", f"Histogram: {title}")


def _example(example: HomeExample) -> Example:
    alt = f"Floor plan of {example.name} with views and sources"
    floor_plan = picture(draw_floor_plan(example), f"plan-{example.row}", alt)
    responses = [
        picture(
            draw_response(example, source),
            f"response-{example.row}-{source}",
            f"Response to source {source} in view 0 of {example.name} and its energy decay",
        )
        for source in range(example.sources)
    ]
    views = [_view(example, view) for view in range(example.views)]
    cells = [[_cell(example, source, view) for view in range(example.views)] for source in range(example.sources)]
    return Example(example.name, f"split {example.split}", views, floor_plan, responses, cells)


def _view(example: HomeExample, view: int) -> ShownView:
    heard = example.heard(view)
    return ShownView(
        photograph(example.fields["image"][view], f"View {view} of {example.name}"),
        f"{example.fields['heading'][view]:.1f}°",
        f"turned {signed(example.fields['rotation'][view], 1)}°" if view else "reference view",
        None if heard is None else as_sound(heard),
        f"source 0 at {signed(example.fields['azimuth'][0, view], 0)}°",
    )


def signed(value: float, digits: int) -> str:
    """Return `value` with its sign; no line break can separate them.

    >>> signed(-38.64, 1), signed(2.0, 0)
    ('\N{MINUS SIGN}38.6', '+2')
    """
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _cell(example: HomeExample, source: int, view: int) -> Cell:
    """Return the azimuth, and the RT60 and direct-to-reverberant ratio averaged over both ears."""
    rt60 = float(example.fields["rt60"][source, view].mean())
    ratio = float(example.fields["direct_to_reverberant"][source, view].mean())
    decay = f"{rt60:.2f} s" if np.isfinite(rt60) else "no RT60"
    return Cell(f"{signed(example.fields['azimuth'][source, view], 1)}°", f"{decay}, {signed(ratio, 1)} dB")
