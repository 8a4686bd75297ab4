"""From the predictions of a finished run to a submission: what `whence submit` sends."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from ...benchmarks.bench import RUN
from ...benchmarks.running.predictions import Predictions, read_predictions
from ...datagen.dataset import Dataset
from ...datagen.storage import Folder
from ...digests import canonical_json
from ...errors import InputError
from ...registry import nearest
from .card import Card
from .expectation import Expectation, shown
from .file import Submission, header

_PARAMETER = re.compile(r"(:\w+=)")
"""What parts a method's label into its name and the values of its parameters."""


def dataset_of_run(run: Path, data: str | None = None) -> Dataset:
    """Return the dataset that was benched into `run`, at `data` if it has moved; raises InputError if it has gone."""
    listing = _listing(run)
    near = [str(run / listing["data_from_here"])] if "data_from_here" in listing else []
    places = [data] if data else [*filter(None, [listing.get("data")]), *near]
    found = next((place for place in places if Folder(place).exists()), None)
    if found is None:
        what = places[0] if places else f"the dataset of {run}"
        raise InputError(f"{what} does not exist: give it with --data DATA.zarr")
    return Dataset(found)


def build_submission(run: Path, method: str, card: Card, expectation: Expectation) -> Submission:
    """Return the predictions of `method` (its label) in the folder `run` as a submission, conditions in their order.

    Raises InputError where `run` has none of this method for the dataset of `expectation`.
    """
    files = _by_condition(run, _of_method(run, method, expectation))
    known = [canonical_json(dict(condition)) for condition in expectation.conditions]
    chosen = sorted(files.values(), key=lambda one: _position(known, one))
    first = chosen[0].metadata
    for one in chosen:
        for key in ("version", "parameters", "harness"):
            if one.metadata[key] != first[key]:
                raise InputError(
                    f"{run} holds predictions of {method!r} with another {key} under other conditions: bench it again"
                )
    sizes = [len(one.frame) for one in chosen]
    return Submission(
        header(
            track=first["track"],
            fingerprint=first["fingerprint"],
            conditions=[one.metadata["condition"] for one in chosen],
            method="".join(map(_without_folders, _PARAMETER.split(method))),
            version=first["version"],
            parameters={name: _without_folders(value) for name, value in first["parameters"].items()},
            seconds_per_sample=[float(one.metadata["seconds_per_sample"]) for one in chosen],
            card=card,
            harness=first["harness"],
        ),
        np.repeat(np.arange(len(chosen), dtype=np.int32), sizes),
        np.concatenate([one.frame["sample_id"].to_numpy(dtype=object) for one in chosen]),
        np.concatenate([one.frame["prediction"].to_numpy(dtype=np.float64) for one in chosen]),
    )


def _without_folders(value: Any) -> Any:
    """Return the last part of a path, and anything else as it is: how a disk is laid out is nobody's business."""
    return re.sub(r".*[/\\]", "", value.rstrip("/\\")) if isinstance(value, str) else value


def _position(known: Sequence[str], one: Predictions) -> int:
    """Return the place of a file's condition in `known`, behind all of them where it is not there."""
    stated = canonical_json(one.metadata["condition"])
    return known.index(stated) if stated in known else len(known)


def _of_method(run: Path, method: str, expectation: Expectation) -> list[Path]:
    """Return the prediction files of `method` for the dataset of `expectation`."""
    about = {path: _about(path) for path in sorted((run / "predictions").glob("*.parquet"))}
    if not about:
        raise InputError(f"{run} holds no predictions: give the --out folder of a `whence bench` on the sealed dataset")
    labels = {str(metadata["method"]) for metadata in about.values()}
    if method not in labels:
        raise InputError(f"--method {method}: {run} holds none of it; {nearest(method, labels)}")
    found = [path for path, metadata in about.items() if metadata["method"] == method]
    mine = [path for path in found if about[path]["fingerprint"] == expectation.fingerprint]
    if not mine:
        other = about[found[0]]["fingerprint"][:16]
        raise InputError(
            f"{run} is a run on the dataset {other}, not on {expectation.fingerprint[:16]}: bench the board's own one"
        )
    return mine


def _about(path: Path) -> dict[str, Any]:
    """Return the metadata of a predictions file."""
    try:
        metadata = dict(json.loads((parquet.read_schema(path).metadata or {})[b"whence"]))
        return {key: metadata[key] for key in ("method", "fingerprint", "condition")}
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise InputError(f"{path} is no predictions file of `whence bench` ({error}): remove it, bench again") from None


def _by_condition(run: Path, paths: Sequence[Path]) -> dict[str, Predictions]:
    """Return the predictions by condition; of several, such as of two versions, those that the run lists last count."""
    listed = {str(run / name) for name in _listing(run).get("predictions", [])}
    found: dict[str, Path] = {}
    for path in paths:
        condition = canonical_json(_about(path)["condition"])
        there = found.get(condition)
        if there is not None and (str(there) in listed) == (str(path) in listed):
            raise InputError(
                f"{run} holds two files for one condition, {shown(there.name)} and {shown(path.name)}: "
                "remove the older one, or bench into a new folder"
            )
        if there is None or str(path) in listed:
            found[condition] = path
    return {condition: read_predictions(path) for condition, path in found.items()}


def _listing(run: Path) -> Mapping[str, Any]:
    """Return what `run.json` says, nothing where there is none."""
    path = run / RUN
    if not run.is_dir():
        raise InputError(f"{run} is no run folder: give the --out folder of a `whence bench`")
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except ValueError as error:
        raise InputError(f"{path} cannot be read ({error}): run the bench again") from None
