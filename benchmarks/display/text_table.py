"""A text table and its three renderings: terminal, Markdown, LaTeX."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from rich.markup import escape
from rich.table import Table as RichTable
from tabulate import tabulate

from ...spelling import shown

_LATEX = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "°": r"$^\circ$", "≤": r"$\leq$", "≥": r"$\geq$", "↑": r"$\uparrow$", "↓": r"$\downarrow$"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "−": r"$-$", "µ": r"$\mu$", "–": "--"}
)
BEGIN = r"\begin{table}  % needs \usepackage{booktabs}"
_OPTION = re.compile(r"^\s*[\[*]", re.MULTILINE)
"""What LaTeX would take, at the start of a row, for an option of the end of the row before or of its rule."""


@dataclass(frozen=True)
class TextTable:
    """A caption, the column heads, the cells of each row, and which cells (row, column) are bold."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[tuple[int, int]] = frozenset()

    @property
    def alignments(self) -> list[Literal["left", "right"]]:
        """Alignment of each column: right for numbers, left for words."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.heads)
        return ["right" if any(cells) and not any(map(_is_words, cells)) else "left" for cells in columns]


def _is_words(cell: str) -> bool:
    return bool(cell) and not (cell[0].isdigit() or cell[0] in "+-.") and cell not in ("missing", "inf", "nan")


def rich_table(table: TextTable) -> RichTable:
    """Return `table` for this terminal."""
    drawn = RichTable(title=escape(shown(table.caption)), title_justify="left", header_style="bold")
    for head, align in zip(table.heads, table.alignments, strict=True):
        drawn.add_column(escape(shown(head)), justify=align, overflow="fold")
    for r, row in enumerate(table.rows):
        cells = [escape(shown(cell)) for cell in row]
        drawn.add_row(*(f"[bold]{cell}[/]" if (r, k) in table.bold else cell for k, cell in enumerate(cells)))
    return drawn


def markdown(table: TextTable) -> str:
    """Return `table` as Markdown."""
    rows = [
        [f"**{c}**" if (r, k) in table.bold else c.replace("|", r"\|") for k, c in enumerate(row)]
        for r, row in enumerate(table.rows)
    ]
    align = table.alignments if rows else None
    body = tabulate(rows, table.heads, tablefmt="pipe", disable_numparse=True, colalign=align)
    return f"**{table.caption}**\n\n{body}\n"


def escaped(text: str) -> str:
    """Return `text` for LaTeX: what it would take for its own is spelled."""
    return text.translate(_LATEX)


def latex(table: TextTable, label: str | None = None) -> str:
    r"""Return `table` as a LaTeX table for the package booktabs; `label` is its name for \ref."""
    frame = pd.DataFrame(table.rows, columns=pd.Index(table.heads))
    style = frame.style.format(escape="latex").format_index(escape="latex", axis=1).hide(axis="index")
    marks = pd.DataFrame("", index=frame.index, columns=frame.columns)
    for row, column in table.bold:
        marks.iat[row, column] = "textbf:--rwrap;"
    columns = "".join(align[0] for align in table.alignments)
    caption = escaped(table.caption)
    text = str(
        style.apply(lambda _: marks, axis=None).to_latex(
            hrules=True, caption=caption, label=label, column_format=columns
        )
    )
    return _OPTION.sub(r"{}\g<0>", text).replace(r"\begin{table}", BEGIN, 1)
