"""The tour: a notebook with its outputs, as a page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def page(path: Path) -> str:
    """Return the notebook at `path` as Markdown with pieces of HTML."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join(part for cell in cells for part in parts(cell))


def parts(cell: Any) -> Iterator[str]:
    """Yield the text or the code of a cell, then what came out of it."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield shown(output)


def shown(output: Any) -> str:
    """Return one output: its HTML, else its picture, else its text."""
    data = {kind: "".join(value) for kind, value in output.get("data", {}).items()}
    if "text/html" in data:
        return f'<div class="output">{" ".join(data["text/html"].splitlines())}</div>'  # a blank line would end it
    if "image/png" in data:
        return f'<div class="output"><img alt="figure" src="data:image/png;base64,{data["image/png"].strip()}"></div>'
    text = data.get("text/plain") or "".join(output["text"])
    return f"```text\n{text.rstrip()}\n```"
