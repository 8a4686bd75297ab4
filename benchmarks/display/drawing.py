"""Pictures in one style, for light and dark pages and for papers, reproducible to the byte."""

import base64
import io
import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

INK, MUTED, GRID, PAPER = "#1c2127", "#59636e", "#d8dce1", "#ffffff"
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#e69f00",
    "#cc79a7",
    "#56b4e9",
)
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""
WIDTH = 5.0
"""Width of a figure, inches: readable on a phone, half a page on a desktop."""
POINT = "#2f8fd0"
"""A blue for pixels, which cannot follow the page's theme; visible on light and dark."""
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, INK)
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")

_IN_THE_DARK = {
    INK: "#e8eaed",
    MUTED: "#a4adb8",
    GRID: "#3a424c",
    PAPER: "#1a1e24",
    BLUE: "#4fa8dc",
    VERMILLION: "#f0803c",
    GREEN: "#2fc498",
}
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "text.parse_math": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}
_LONGEST_NAME = 30
_NARROW_LETTER = 0.05
"""Width of a narrow letter of a title, inches."""
_NO_PDF_METADATA = {"CreationDate": None, "Creator": None, "Producer": None}
_PNG = {"compress_level": 4}
"""Of photographs 2.5 times as fast as level 6, and 4 % larger."""
_PRINT_DPI = 200
_CSS_PIXELS_PER_INCH = 96


@dataclass(frozen=True)
class Picture:
    """A picture for the page: its data URI, its alternative text, its size in pixels.

    `file` is its name in the folder of figures, without an ending; empty if it does not lie there.
    """

    uri: str
    alt: str
    width: int
    height: int
    file: str = ""


@contextmanager
def style() -> Iterator[None]:
    """Draw in our style inside the block, regardless of the user's matplotlib settings."""
    with rc_context(), warnings.catch_warnings():
        rcdefaults()
        rcParams.update(_STYLE)
        warnings.filterwarnings("ignore", message="Glyph")  # a name in a script missing from the font
        yield


class ShownFigure(Figure):
    """A figure that a notebook shows by itself; others need pyplot, which draws on the user's screen."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        FigureCanvasAgg(self)
        with style():
            self.savefig(file, format="png", dpi=_CSS_PIXELS_PER_INCH, metadata={"Software": None})
        return file.getvalue()


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches."""
    return ShownFigure(figsize=(width, height), layout="constrained")


def axes_of(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of `width` x `height` inches with one pair of axes."""
    figure = blank(width, height)
    return figure, figure.add_subplot()


def plain_name(name: str) -> str:
    """Return `name` for pictures: printable, about 30 letters at most, and never hidden from a legend.

    >>> plain_name("/a/long/folder/name/with/my/file.py:Mine")
    '…folder/name/with/my/file.py:Mine'
    """
    printable = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    short = printable if len(printable) <= _LONGEST_NAME + 3 else "…" + printable[-_LONGEST_NAME - 2 :]
    return f" {short}" if short.startswith("_") else short


def fitted(text: str, inches: float) -> str:
    """Return `text` as a title that is at most `inches` wide, on as many lines as it takes."""
    if not text.strip():
        return ""
    font = FontProperties(family=rcParams["font.family"], size=rcParams["axes.titlesize"], weight="bold")
    for letters in range(max(min(len(text), int(inches / _NARROW_LETTER)), 1), 0, -1):
        lines = textwrap.wrap(text, letters) or [text]
        if max(TextPath((0, 0), line, prop=font, usetex=False).get_extents().width for line in lines) <= 72 * inches:
            break
    return "\n".join(lines)


def _arrange(figure: Figure) -> None:
    """Lay out `figure` once for all output formats."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def picture(figure: Figure, name: str, alt: str, folder: Path | None = None) -> Picture:
    """Return `figure` for the page; `name` makes its identifiers reproducible. If there is a `folder`, `save` it."""
    svg = _drawn(figure, name) if folder is None else save(figure, folder, name)
    width, height = figure.get_size_inches() * _CSS_PIXELS_PER_INCH
    data = base64.b64encode(_themed(svg).encode()).decode()
    return Picture(f"data:image/svg+xml;base64,{data}", alt, round(width), round(height), name if folder else "")


def save(figure: Figure, folder: Path, name: str) -> str:
    """Write `figure` as `name`.png, `name`.pdf and `name`.svg into `folder`; return the SVG."""
    save_image(figure, folder, name)
    pdf = io.BytesIO()  # matplotlib stumbles over a disk that is full
    figure.savefig(pdf, format="pdf", metadata=_NO_PDF_METADATA)
    (folder / f"{name}.pdf").write_bytes(pdf.getvalue())
    svg = _drawn(figure, name)
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    return svg


def _drawn(figure: Figure, name: str) -> str:
    _arrange(figure)
    return _rounded(_svg(figure, name))


def save_image(figure: Figure, folder: Path, name: str) -> None:
    """Write `figure` as `name`.png into `folder`."""
    FigureCanvasAgg(figure)
    _arrange(figure)
    figure.savefig(folder / f"{name}.png", dpi=_PRINT_DPI, metadata={"Software": None}, pil_kwargs=_PNG)


def pages(path: Path) -> PdfPages:
    """Return the open PDF `path`. Its pages share fonts, ten times faster than one file each."""
    return PdfPages(path, metadata=_NO_PDF_METADATA)


def _svg(figure: Figure, name: str) -> str:
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", dpi=2 * _CSS_PIXELS_PER_INCH, metadata=nothing)
    return text.getvalue()


def _themed(svg: str) -> str:
    """Return `svg` with colours that follow the reader's choice of light or dark."""
    light = "".join(f"--{colour[1:]}:{colour};" for colour in _IN_THE_DARK)
    dark = "".join(f"--{colour[1:]}:{other};" for colour, other in _IN_THE_DARK.items())
    for colour in _IN_THE_DARK:
        svg = svg.replace(colour, f"var(--{colour[1:]})")
    rules = f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return svg.replace("</style>", f"{rules}</style>", 1)


def _rounded(svg: str) -> str:
    """Return `svg` with paths rounded to 0.01 point, on one line each, which halves its size."""

    def shorter(path: re.Match[str]) -> str:
        return re.sub(r"(\.\d\d)\d+", r"\1", path[0]).replace(" \n", " ").replace("\n", " ")

    return re.sub(r' d="[^"]*"', shorter, svg)
