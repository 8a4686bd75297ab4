"""Runs methods on a turn and writes what they say: numbers, a picture, a page, and what they see and hear."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...datagen.turning import FRAME_RATE, Turn
from ...errors import InputError
from ...files import require_local
from ..display.drawing import style
from ..display.film import write_picture
from ..display.sounds import wav_of
from ..display.text_table import TextTable
from ..running.method import LoadedMethod, installed, load_methods
from ..tracks import azimuth, rotation
from .courses import (
    AZIMUTH,
    ROTATION,
    WINDOW_SECONDS,
    Course,
    Float64,
    Relation,
    chance,
    follow_azimuth,
    follow_rotation,
    related,
    windows_of,
)
from .page import turn_page
from .picture import as_png, draw_turn

ROTATION_METHODS, AZIMUTH_METHODS = ("sift:protocol=best", "slfm"), ("itd-sphere", "slfm")
"""Methods that answer if none are named."""
DIGITS = 4


@dataclass(frozen=True)
class Senses:
    """The methods that see, and those that hear."""

    rotation: Sequence[LoadedMethod]
    azimuth: Sequence[LoadedMethod]


@dataclass(frozen=True)
class Followed:
    """A turn with the course of every method, and the relation of every pair."""

    turn: Turn
    courses: Sequence[Course]
    relations: Sequence[Relation]


def open_senses(seeing: Sequence[str], hearing: Sequence[str], device: str | None = None) -> Senses:
    """Return the methods named, by default those of `ROTATION_METHODS` and `AZIMUTH_METHODS` that can run.

    Raises InputError for an unknown method, one of another track, and one that needs a dataset.
    """
    return Senses(
        _open(seeing or installed(ROTATION_METHODS), rotation.TRACK.name, device),
        _open(hearing or installed(AZIMUTH_METHODS), azimuth.TRACK.name, device),
    )


def _open(specifications: Sequence[str], track: str, device: str | None) -> list[LoadedMethod]:
    methods = load_methods(specifications, track, ("paper",), device)
    for one in methods:
        if one.is_oracle or hasattr(one.method, "prepare"):
            raise InputError(f"method {one.label!r} learns from a dataset or its truth, and here is none: give another")
    return methods


def follow(turn: Turn, senses: Senses) -> Followed:
    """Return what the methods say of `turn`."""
    courses = [follow_rotation(one, turn) for one in senses.rotation]
    courses += [follow_azimuth(one, turn) for one in senses.azimuth]
    return Followed(turn, courses, related(courses))


def tables(followed: Followed) -> list[TextTable]:
    """Return the errors of every course beside chance, and the disagreement of every pair of them."""
    lines: list[list[str]] = []
    for track in (ROTATION, AZIMUTH):
        own = [course for course in followed.courses if course.track == track]
        lines += [_line(course) for course in (*own, chance(own[0]))]
    errors = TextTable(
        "errors over the whole turn, degrees",
        ["track", "method", "mean absolute error", "median", f"spread within {WINDOW_SECONDS:g} s", "answers"],
        lines,
    )
    pairs = TextTable(
        f"rotation against minus the change of azimuth, over {WINDOW_SECONDS:g} s, degrees",
        ["rotation", "azimuth", "mean disagreement", "pairs"],
        [[one.rotation, one.azimuth, f"{one.disagreement:.2f}", str(len(one.seen))] for one in followed.relations],
    )
    return [errors, pairs]


def _line(course: Course) -> list[str]:
    spread = "" if course.label == "chance" else f"{np.nanmean(windows_of(course).spread):.2f}"
    errors = (f"{value:.2f}" for value in (course.mean_absolute_error, course.median_absolute_error))
    return [course.track, course.label, *errors, spread, str(int(np.isfinite(course.answers).sum()))]


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends; raises InputError if `out` holds anything."""
    require_local(out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out} exists: give a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as made:
        folder = Path(made) / "turn"
        folder.mkdir()
        yield folder
        folder.replace(out)


def write_turn(followed: Followed, folder: Path) -> None:
    """Write the page, the picture, the numbers, `sound.wav` and `frames/` into `folder`."""
    turn = followed.turn
    (folder / "frames").mkdir()
    for k, frame in enumerate(turn.frames):
        write_picture(folder / f"frames/frame-{k:03d}.png", frame)
    (folder / "sound.wav").write_bytes(wav_of(turn.sound))
    numbers = json.dumps(_numbers(followed), indent=1, allow_nan=False)
    (folder / "turn.json").write_text(f"{numbers}\n", encoding="utf-8")
    with style():
        (folder / "turn.png").write_bytes(as_png(draw_turn(turn, followed.courses, followed.relations)))
        page = turn_page(turn, followed.courses, followed.relations, tables(followed))
    (folder / "index.html").write_text(page, encoding="utf-8")


def _numbers(followed: Followed) -> dict[str, Any]:
    """Return the truth and all answers as JSON values; angles in degrees, positive to the left."""
    turn, place = followed.turn, followed.turn.place
    return {
        "whence": __version__,
        "scene": turn.scene,
        "speaker": turn.speaker,
        "utterances": list(turn.utterances),
        "head_position_m": _listed(place.head),
        "talker_position_m": _listed(place.talker),
        "frames_per_second": FRAME_RATE,
        "window_seconds": WINDOW_SECONDS,
        "time": _listed(turn.times),
        "heading": _listed(turn.headings),
        "truth": {ROTATION: _listed(turn.rotations), AZIMUTH: _listed(turn.azimuths)},
        **{track: {c.label: _course(c) for c in followed.courses if c.track == track} for track in (ROTATION, AZIMUTH)},
        "relation": [
            {"rotation": one.rotation, "azimuth": one.azimuth, "mean_disagreement": round(one.disagreement, DIGITS)}
            for one in followed.relations
        ],
    }


def _course(course: Course) -> dict[str, Any]:
    windows = windows_of(course)
    return {
        "mean_absolute_error": round(course.mean_absolute_error, DIGITS),
        "answers": _listed(course.answers),
        **{name: _listed(values) for name, values in vars(windows).items()},
    }


def _listed(values: Float64) -> list[float | None]:
    return [round(float(value), DIGITS) if np.isfinite(value) else None for value in values]
