"""The page of the weights that come with Whence: their cards."""

from pathlib import Path

from whence.models import __file__ as models
from whence.registry import METHODS

from .markdown import lowered, table

WEIGHTS = Path(models).parent / "weights"
INTRODUCTION = """# Checkpoints

Weights that come with Whence, in safetensors: nothing in a file is executed. Each was trained by `whence train` from a
dataset that `whence generate` makes, never on a test room, speaker or home; its card says how, and its metadata hold
the whole recipe. [Train](train.md) says how to make your own, and how to bring in those of the authors.

"""


def page() -> str:
    """Return the page: a table, then every card."""
    cards = sorted(WEIGHTS.glob("*.md"))
    rows = [(f"[{card.stem}](#{card.stem})", *_facts(card)) for card in cards]
    return INTRODUCTION + table(("weights", "method", "MB"), rows) + "\n" + "\n".join(map(_card, cards))


def _facts(card: Path) -> tuple[str, str]:
    method = next((name for name in sorted(METHODS, key=len, reverse=True) if card.stem.startswith(name)), "")
    size = card.with_suffix(".safetensors").stat().st_size / 1e6
    return f"[`{method}`](methods.md#{method})", f"{size:.1f}"


def _card(card: Path) -> str:
    """Return a card under the name of its weights, with its headings below that."""
    text = card.read_text(encoding="utf-8").partition("\n")[2]
    return f"## {card.stem}\n{lowered(text, 1)}"
