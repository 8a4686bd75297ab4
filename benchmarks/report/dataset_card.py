"""The card of a dataset for the Hugging Face Hub: front matter, how to read and remake it, arrays, licences, papers."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ...datagen.dataset import Dataset
from ...datagen.hub import front_matter, licence_fields, size_category
from ...datagen.licences import licences_of, unstated
from ...datagen.merging import MERGED
from ...english import counted
from ...registry import DATASETS, load_track, registered_tracks
from .citations import bibtex, cited


def dataset_card(dataset: Dataset) -> str:
    """Return the README.md of `dataset`, which is meant to lie beside its folder."""
    folder = PurePosixPath(dataset.folder.absolute).name
    return front_matter(_fields(dataset, folder)) + _text(dataset, folder)


def _fields(dataset: Dataset, folder: str) -> dict[str, Any]:
    licences = [
        *(one for listed in licences_of(dataset).values() for one in listed),
        *("unknown" for _ in unstated(dataset)),
    ]
    splits = [{"name": name, "num_examples": count} for name, count in _splits(dataset).items()]
    return {
        **licence_fields(licences),
        "pretty_name": f"Whence {dataset.name} {dataset.fingerprint[:8]}",
        "tags": list(dict.fromkeys(["whence", "sound-localization", "zarr", dataset.name, *tracks_of(dataset)])),
        "size_categories": [size_category(len(dataset))],
        "configs": [{"config_name": dataset.name, "data_files": f"{folder}/**"}],
        "dataset_info": {"config_name": dataset.name, "splits": splits, "dataset_size": _bytes(dataset)},
        "viewer": False,
    }


def tracks_of(dataset: Dataset) -> list[str]:
    """Return the tracks that `dataset` serves: one, if it is sealed."""
    if dataset.name == "sealed":
        return [str(dataset.recipe["track"])]
    return [name for name in registered_tracks() if dataset.name in load_track(name).datasets]


def _splits(dataset: Dataset) -> Mapping[str, int]:
    """Return the number of rows of each split; all of them are "test" where there are none."""
    if "split" not in dataset:
        return {"test": len(dataset)}
    names, counts = np.unique(dataset.column("split").astype(object).astype(str), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _bytes(dataset: Dataset) -> int:
    return int(dataset.folder.filesystem.du(dataset.folder.root))


def _text(dataset: Dataset, folder: str) -> str:
    licences = licences_of(dataset)
    stated = [f"- {what}: {'; '.join(listed)}" for what, listed in licences.items()]
    stated += [f"- {what}: not stated" for what in unstated(dataset)]
    software = ", ".join(f"{name} {version}" for name, version in dataset.attributes.get("software", {}).items())
    tracks = ", ".join(f"`{name}`" for name in tracks_of(dataset)) or "none"
    return f"""
# {dataset.name}, {counted(len(dataset), "row")}

A dataset of Whence, for sound localization. Tracks that it serves: {tracks}.

```python
import whence

data = whence.open("{folder}")
row = data[0]
```

Zarr opens it as well: `zarr.open_group("{folder}", mode="r")`. `whence verify {folder}` checks it.

## Recipe

{_making(dataset, folder)}

- fingerprint: `{dataset.fingerprint}`
- seed: {dataset.recipe.get("seed", "none")}
- made with: {software or "not stated"}

## Arrays

{_arrays(dataset)}

## Licences

{chr(10).join(stated) or "None are stated."}

## Papers

```bibtex
{bibtex(cited(dataset), licences)}```
"""


def _making(dataset: Dataset, folder: str) -> str:
    """Return the commands that made the dataset and make it again, of those that there are."""
    command = dataset.attributes.get("command")
    made = f"It was made by\n\n```bash\n{command}\n```\n" if command else ""
    if dataset.name not in DATASETS or MERGED in dataset.recipe:
        return made
    return f"{made}\n`whence generate --recipe {folder} AGAIN.zarr` makes it again, byte for byte.\n"


def _arrays(dataset: Dataset) -> str:
    lines = ["| array | type | shape | unit | what it is |", "|---|---|---|---|---|"]
    for name, about in dataset.manifest["arrays"].items():
        attributes = about["attributes"]
        shape = " x ".join(map(str, about["shape"]))
        unit = attributes.get("units", "")
        lines.append(f"| `{name}` | {about['dtype']} | {shape} | {unit} | {attributes.get('description', '')} |")
    return "\n".join(lines)
