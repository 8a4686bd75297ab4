"""Model cards: what a checkpoint was made from, at what cost, and how well it did on its validation set."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def card_text(facts: Mapping[str, Any], log: Sequence[Mapping[str, float]], seconds: float, machine: str) -> str:
    """Return the card as Markdown: model, data, cost, recipe and validation curve."""
    return f"""# {facts["model"]}

{sources_text(facts["sources"])}
- Cost: {seconds:.0f} s on {machine}
- Whence {facts["code"]["whence"]}

## Recipe

{recipe_text(facts["recipe"])}

## Validation

{curve_text(log)}
"""


def recipe_text(recipe: Mapping[str, Any]) -> str:
    """Return one line for each setting of a recipe."""
    return "\n".join(f"- {key}: {value}" for key, value in recipe.items())


def curve_text(log: Sequence[Mapping[str, float]]) -> str:
    """Return the validation curve as a table; "none" without one."""
    return str(pd.DataFrame(list(log)).to_markdown(index=False, floatfmt=".4g")) if log else "none"


def sources_text(sources: Sequence[Mapping[str, Any]]) -> str:
    """Return one line for each source of examples, with its licences."""
    return "\n".join(
        f"- Data: {source['dataset']}, fingerprint {source['fingerprint']}; licences: {', '.join(source['licences'])}"
        for source in sources
    )
