"""The page of a turn: the film and what methods say at each moment, moved by the sound; one file, no network."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from ...datagen.turning import FRAME_RATE, Turn
from ..display.drawing import Picture, axes_of, picture
from ..display.rendering import render_page
from ..display.sounds import as_sound
from ..display.text_table import TextTable
from .courses import Course, Relation
from .picture import CAPTION, draw_over_time, draw_relations, marked

QUALITY = 80
SCRIPT = """
"use strict";
const sound = document.querySelector("audio"), film = document.querySelectorAll(".film img");
const cursor = document.querySelector(".cursor"), cells = document.querySelectorAll("[data-values]");
const rate = Number(document.body.dataset.rate);
const values = Array.from(cells, cell => cell.dataset.values.split(","));
let shown = 0;
function show() {
  const frame = Math.max(0, Math.min(film.length - 1, Math.floor(sound.currentTime * rate + 1e-6)));
  const last = (film.length - 1) / rate, share = Math.min(sound.currentTime / last, 1);
  const from = Number(cursor.dataset.from), to = Number(cursor.dataset.to);
  cursor.style.left = 100 * (from + share * (to - from)) + "%";
  if (frame !== shown) {
    film[shown].hidden = true;
    film[frame].hidden = false;
    cells.forEach((cell, k) => { cell.textContent = values[k][frame]; });
    shown = frame;
  }
  if (!sound.paused && !sound.ended) requestAnimationFrame(show);
}
for (const name of ["play", "seeked", "timeupdate", "ended"]) sound.addEventListener(name, show);
"""
"""Moves film, cursor and numbers with the sound. Without it the page shows the first frame."""


@dataclass(frozen=True)
class Script:
    """A script of a page, and the digest by which the page's policy lets it run."""

    text: str

    @property
    def digest(self) -> str:
        """The source expression of Content-Security-Policy, without quotes."""
        return f"sha256-{base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}"


@dataclass(frozen=True)
class Line:
    """A line of the table that follows the sound: who says it, and a number for each frame."""

    name: str
    track: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Cursor:
    """Where time 0 and the last frame lie in the picture, as shares of its width."""

    start: float
    end: float


def turn_page(turn: Turn, courses: Sequence[Course], relations: Sequence[Relation], tables: Sequence[TextTable]) -> str:
    """Return the page of `turn`."""
    drawn = draw_over_time(turn, courses)
    over_time = picture(drawn, "over-time", "Rotation and azimuth over time: truth, answers and their spread")
    box = drawn.axes[0].get_position()
    both, axes = axes_of(4.2, 4.2)
    draw_relations(axes, relations)
    relation = picture(both, "relation", "Minus the change of azimuth against the rotation within a second")
    return render_page(
        "turn.html",
        f"a head that turns in {turn.scene}",
        scene=turn.scene,
        seconds=f"{turn.sound.shape[1] / SAMPLE_RATE:g}",
        speaker=turn.speaker,
        rate=FRAME_RATE,
        frames=[_photograph(turn, frame) for frame in range(len(turn.frames))],
        sound=as_sound(turn.sound),
        over_time=over_time,
        cursor=Cursor(float(box.x0), float(box.x1)),
        relation=relation,
        caption=CAPTION,
        lines=list(_lines(courses)),
        tables=tables,
        script=Script(SCRIPT),
    )


def _photograph(turn: Turn, frame: int) -> Picture:
    image = marked(turn, frame)
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    height, width = image.shape[:2]
    uri = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    return Picture(uri, f"What the head sees at {frame / FRAME_RATE:.1f} s", width, height)


def _lines(courses: Sequence[Course]) -> list[Line]:
    found = []
    for track in dict.fromkeys(course.track for course in courses):
        own = [course for course in courses if course.track == track]
        found.append(Line("truth", track, _numbers(own[0].truth)))
        found += [Line(course.label, track, _numbers(course.answers)) for course in own]
    return found


def _numbers(values: npt.NDArray[np.float64]) -> tuple[str, ...]:
    return tuple(f"{value:+.1f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "" for value in values)
