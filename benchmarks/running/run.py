"""A run folder: `run.json`, which records the methods and the dataset, and its prediction files.

`run.json` is {track, fingerprint, split, samples, harness, sealed, protocol, content (of the dataset, as in
`datagen.content`; none for older datasets), data: where the dataset lay,
data_from_here: the same, relative to the run folder, predictions: the files, in order}. If there are several files for
one method and condition, the listed one counts. An unlisted file, left by a killed bench, belongs to the run if its
track, dataset, split, samples and harness match.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datagen.content import are_twins
from ...datagen.dataset import Dataset
from ...datagen.recipes import travelling
from ...datagen.storage import Folder
from ...digests import canonical_json
from ...errors import InputError
from ...files import require_local, written_whole
from ...registry import load_track
from ...threads import thread_policy
from ..questions.labels import Labels
from ..questions.source import Source, open_source
from ..questions.track import Track
from ..scoring.results import RESULTS, Results, read_results, score
from ..scoring.scored import Scored
from .predictions import HARNESS_VERSION, metadata_of, score_file

RUN = "run.json"
BELONGING = ("track", "fingerprint", "split", "samples", "harness")
"""Metadata that the files of a run share."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its samples, and every method under every condition.

    A run on a sealed set has only `files`: only the board can score them.
    """

    folder: Path
    source: Source
    files: Sequence[Path]
    scored: Sequence[Scored]
    results: Results

    @property
    def track(self) -> Track:
        """The track."""
        return self.source.track

    @property
    def dataset(self) -> Dataset:
        """The dataset."""
        return self.source.dataset

    @property
    def labels(self) -> Labels:
        """The samples."""
        return self.source.labels


def read_listing(folder: Path) -> dict[str, Any]:
    """Return the content of `run.json` in `folder`, with absolute paths; raises InputError if there is no run."""
    require_local(folder, "a run folder")
    path = folder / RUN
    if not path.is_file():
        raise InputError(f"{folder} holds no {RUN}: give the --out folder of a `whence bench`")
    try:
        listing = dict(json.loads(path.read_text(encoding="utf-8")))
        if "://" not in listing["data_from_here"]:
            listing["data_from_here"] = str(folder / listing["data_from_here"])
        return listing | {key: listing[key] for key in (*BELONGING, "sealed", "data", "predictions")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} cannot be read ({type(error).__name__}: {error}): run the bench again") from None


def write_listing(folder: Path, source: Source, protocol: str, files: Sequence[Path]) -> None:
    """Write `run.json` of a run on `source` whose predictions are `files`."""
    place = source.dataset.folder.absolute
    listing = {
        **belonging_to(source),
        "sealed": source.sealed,
        "protocol": protocol,
        "data": place,
        "content": source.dataset.attributes.get("content"),
        "data_from_here": os.path.relpath(place, folder.resolve()) if source.dataset.folder.local else place,
        "predictions": [str(path.relative_to(folder)) for path in files],
    }
    with written_whole(folder / RUN) as partial:
        partial.write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8")


def belonging_to(source: Source) -> dict[str, Any]:
    """Return the metadata that prediction files on `source` share."""
    return {
        "track": source.track.name,
        "fingerprint": source.dataset.fingerprint,
        "split": source.split,
        "samples": len(source.labels),
        "harness": HARNESS_VERSION,
    }


def prediction_files(folder: Path, common: Mapping[str, Any], made: Sequence[Path] = ()) -> list[Path]:
    """Return the files of the run in `folder` that have `common`, one for each method and condition.

    Newly `made` files take precedence, then those listed in `run.json`, then the latest.
    """
    listed = _listed(folder)
    others = sorted((folder / "predictions").glob("*.parquet"), key=lambda path: (-path.stat().st_mtime_ns, path.name))
    keys = {path: _key(path, common) for path in {*made, *listed, *others}}
    chosen: dict[tuple[str, str], Path] = {}
    for path in (*made, *listed, *others):
        if (key := keys[path]) is not None:
            chosen.setdefault(key, path)
    in_order = [key for path in (*listed, *made, *others) if (key := keys[path]) is not None]
    return [chosen[key] for key in dict.fromkeys(in_order)]


def _listed(folder: Path) -> list[Path]:
    """Return the files listed in `run.json`; none if it is missing or damaged."""
    try:
        return [folder / name for name in read_listing(folder)["predictions"]]
    except InputError:
        return []


def _key(path: Path, common: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return method and condition of a predictions file that matches `common`; None for any other file."""
    try:
        metadata = metadata_of(path)
    except InputError:
        return None
    if any(metadata.get(key) != value for key, value in common.items()):
        return None
    return str(metadata["method"]), canonical_json(metadata["condition"])


def scored_run(folder: Path, source: Source, protocol: str, files: Sequence[Path]) -> Run:
    """Return the scored run of `files` on `source`; on a sealed set it has no scores."""
    scored = [] if source.sealed else [score_file(path, source.track, source.labels) for path in files]
    about = about_dataset(source)
    if source.sealed:
        return Run(folder, source, files, (), Results(source.track.name, about, protocol))
    return Run(folder, source, files, scored, score(source.track, source.labels, scored, about, protocol))


def about_dataset(source: Source) -> dict[str, Any]:
    """Return the description of the dataset of `source` for result files."""
    dataset = source.dataset
    return {
        **travelling(dataset),
        "split": source.split,
        "published": source.track.benchmarks(dataset),
    }


@thread_policy()
def open_run(folder: Path, data: str | None = None) -> Run:
    """Return the finished run in `folder`; `data` is the new location of its dataset, if it has moved. Raises
    InputError if the dataset has changed or is missing, or the folder holds no finished run.
    """
    listing = read_listing(folder)
    if listing["sealed"]:
        raise InputError(f"{folder} was run on a sealed set: its scores come from the board (`whence submit`)")
    if not (folder / RESULTS).is_file():
        raise InputError(f"{folder} holds no {RESULTS}: the bench was stopped; run it again")
    results = read_results(folder)
    source = open_source(
        load_track(listing["track"]), _dataset(folder, listing, data), listing["split"], listing["samples"]
    )
    common = {key: listing[key] for key in BELONGING}
    files = prediction_files(folder, common)
    scored = [score_file(path, source.track, source.labels) for path in files]
    return Run(folder, source, files, scored, results)


def dataset_of(folder: Path, data: str | None = None) -> Dataset:
    """Return the dataset of the run in `folder`, at `data` if it has moved.

    Raises InputError if it is missing or another one.
    """
    return _dataset(folder, read_listing(folder), data)


def _dataset(folder: Path, listing: Mapping[str, Any], data: str | None) -> Dataset:
    places = [data] if data else [listing["data"], listing["data_from_here"]]
    url = next((place for place in places if Folder(place).exists()), None)
    if url is None and data:
        raise InputError(f"--data {data} does not exist: say where the dataset of {folder} is now")
    if url is None:
        raise InputError(f"{places[0]}, the dataset of {folder}, has moved: give it with --data DATA.zarr")
    dataset = Dataset(url)
    if dataset.fingerprint != listing["fingerprint"] and not _is_twin(dataset, listing):
        raise InputError(f"{url} is not the dataset that {folder} was run on: bench it again")
    return dataset


def _is_twin(dataset: Dataset, listing: Mapping[str, Any]) -> bool:
    """Whether `dataset` holds what the run of `listing` was on, up to the last step; older runs do not say."""
    return bool(listing.get("content")) and are_twins(listing["content"], dataset.content)


def check_folder(folder: Path, track: str, dataset: Dataset) -> None:
    """Refuse to write a run behind a URL, into a dataset, or over the run of another track or dataset."""
    require_local(folder, "a run folder")
    if any(part.endswith(".zarr") for part in folder.resolve().parts):
        raise InputError(f"--out {folder} lies inside a dataset: choose another folder")
    try:
        there = read_listing(folder)
    except InputError:
        return
    if (there["track"], there["fingerprint"]) != (track, dataset.fingerprint):
        raise InputError(
            f"--out {folder} holds a run of track {there['track']!r} on another dataset or track: choose another"
        )
