"""The page of a dataset: its tables, histograms of its labels, and a few clips to see and hear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Drawing

from ....datagen.dataset import Dataset
from ....files import written_whole
from ...display.drawing import BLUE, INK, WIDTH, Picture, axes_of, picture, style
from ...display.inspection import describe
from ...display.rendering import render_page
from ...display.sounds import Sound, as_sound
from ...questions.metrics import MS_PER_SECOND
from .batch import skipped_samples
from .condition import StereoCondition
from .picture import Delay, draw_clip

EXAMPLES = 6
_HEIGHT = 2.6


@dataclass(frozen=True)
class Example:
    """One clip of the page."""

    name: str
    facts: str
    sound: Sound
    picture: Picture


def write_dataset_page(dataset: Dataset, target: Path) -> None:
    """Write the page of `dataset` to `target`, one file without script or network."""
    with style():
        page = render_page(
            "dataset.html",
            f"dataset {dataset.name}, {dataset.fingerprint[:12]}",
            name=dataset.name,
            rows=len(dataset),
            fingerprint=dataset.fingerprint,
            tables=describe(dataset),
            pictures=list(_pictures(dataset)),
            examples=[_example(dataset, row, *talker) for row in example_rows(dataset) for talker in _talkers(dataset)],
        )
    with written_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")


def example_rows(dataset: Dataset) -> list[int]:
    """Return rows spread evenly over `dataset`."""
    return sorted({int(row) for row in np.linspace(0, len(dataset) - 1, EXAMPLES)})


def _pictures(dataset: Dataset) -> Iterator[Picture]:
    """Yield histograms of the labels, the delay against the azimuth, and the reverberation."""
    for name, title, scale in (
        ("azimuth", "azimuth (degrees, positive left)", 1.0),
        ("interaural_time_difference", "interaural time difference (ms)", MS_PER_SECOND),
        ("distance", "distance (m)", 1.0),
    ):
        values = scale * dataset.column(name) if name in dataset else np.empty(0)
        if np.isfinite(values).any():
            yield picture(_histogram(values[np.isfinite(values)], title), name, f"Histogram of the {title}")
    if {"azimuth", "interaural_time_difference"} <= {*dataset.manifest["arrays"]}:
        yield picture(_delay_by_azimuth(dataset), "delay-by-azimuth", "Delay against azimuth, one point for each clip")
    if "rt60_nominal" in dataset:
        yield picture(_reverberation(dataset), "reverberation", "Realised against nominal RT60")


def _histogram(values: npt.NDArray[np.float64], title: str) -> Drawing:
    drawing, axes = axes_of(WIDTH, _HEIGHT)
    axes.hist(values, bins=40, color=BLUE)
    axes.set(xlabel=title, ylabel="clips")
    return drawing


def _delay_by_azimuth(dataset: Dataset) -> Drawing:
    drawing, axes = axes_of(WIDTH, _HEIGHT)
    delay = MS_PER_SECOND * dataset.column("interaural_time_difference")
    axes.plot(dataset.column("azimuth"), delay, ".", color=BLUE, markersize=2, rasterized=True)
    axes.invert_xaxis()
    axes.set(xlabel="azimuth (degrees), left is left", ylabel="delay (ms), left leads up")
    return drawing


def _reverberation(dataset: Dataset) -> Drawing:
    drawing, axes = axes_of(WIDTH, _HEIGHT)
    nominal, realised = dataset.column("rt60_nominal"), dataset.column("rt60").mean(axis=1)
    levels = np.unique(nominal)
    spread: Sequence[npt.NDArray[np.float32]] = [realised[nominal == level] for level in levels]
    axes.boxplot([part[np.isfinite(part)] for part in spread], positions=levels, widths=0.05, manage_ticks=False)
    axes.plot(levels, levels, "--", color=INK, linewidth=0.8)
    axes.set(xlabel="nominal RT60 (s)", ylabel="realised RT60, T30 (s)")
    return drawing


def _talkers(dataset: Dataset) -> list[tuple[int, ...]]:
    """Return the index inside a row of each of its clips: none, unless a row holds several talkers."""
    talkers = dataset.array("audio").shape[1:-2]
    return list(np.ndindex(*talkers))


def _example(dataset: Dataset, row: int, *talker: int) -> Example:
    clip = dataset.audio([row])[(0, *talker)]
    known = {
        name: value
        for name in ("interaural_time_difference", "side", "azimuth")
        if name in dataset and np.isfinite(value := float(dataset.column(name)[(row, *talker)]))
    }
    delays, (truth, *_) = "interaural_time_difference" in known, known.values()
    said = f"delay {MS_PER_SECOND * truth:+.3f} ms" if delays else ("left" if truth > 0 else "right")
    angle = f", azimuth {known['azimuth']:+.1f}°" if "azimuth" in known else ""
    name = "/talker-".join(map(str, (dataset.column("sample_id")[row], *talker)))
    skipped = skipped_samples(dataset)
    heard = clip[:, skipped : skipped + StereoCondition().kept_samples]
    drawing = draw_clip(Delay(truth, None, delays), clip, heard, skipped)
    place = "-".join(map(str, (row, *talker)))
    return Example(name, said + angle, as_sound(clip), picture(drawing, f"clip-{place}", f"Waveforms of {name}"))
