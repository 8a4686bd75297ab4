"""The card of a checkpoint for the Hugging Face Hub, from what its header holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...benchmarks.report.citations import bibtex, cited_methods
from ...datagen.hub import front_matter, licence_fields
from ...registry import METHODS
from .card import curve_text, recipe_text, sources_text
from .header import licences_of_card


def model_card(card: Mapping[str, Any], path: Path) -> str:
    """Return the README.md of the checkpoint at `path`, whose header holds `card`."""
    model, licences = str(card.get("model", "unknown")), licences_of_card(card)
    tracks = METHODS[model].tracks if model in METHODS else ()
    fields = {
        **licence_fields(licences or ["unknown"]),
        "library_name": "whence",
        "tags": ["whence", "sound-localization", model, *tracks],
    }
    track = tracks[0] if tracks else "TRACK"
    text = f"""
# {model}

{METHODS[model].summary if model in METHODS else "A model of Whence"}. Safetensors: nothing in the file is executed.

```bash
whence bench {track} DATA.zarr --method {model}:checkpoint={path.name}
```

{sources_text(card.get("sources", ()))}
- Whence {card.get("code", {}).get("whence", "of an unknown version")}

## Recipe

{recipe_text(card.get("recipe", {}))}

## Validation

{curve_text(card.get("log", ()))}

## Papers

```bibtex
{bibtex(cited_methods([model]), {"training data": licences} if licences else {})}```
"""
    return front_matter(fields) + text
