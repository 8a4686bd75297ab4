"""From the predictions of a finished run to a submission: what `whence submit` sends."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...benchmarks.running.predictions import metadata_of, read_predictions
from ...benchmarks.running.run import BELONGING, prediction_files, read_listing
from ...datagen.content import are_twins
from ...digests import canonical_json
from ...errors import InputError
from ...registry import nearest
from .card import Card
from .expectation import Expectation
from .file import Rows, Submission, header
from .physics import StatedPhysics

_PARAMETER = re.compile(r"(:\w+=)")
"""What parts a method's label into its name and the values of its parameters."""


def build_submission(
    run: Path, method: str, card: Card, expectation: Expectation, physics: StatedPhysics | None = None
) -> Submission:
    """Return the predictions of `method` (its label) in the folder `run` as a submission, conditions in their order.

    It carries the report card `physics`, if there is one.
    Raises InputError where `run` has none of this method for the dataset of `expectation`.
    """
    files = _files_of(run, method, expectation)
    about = list(files.values())
    first = about[0]
    for key in ("version", "parameters", "harness"):
        if any(one[key] != first[key] for one in about):
            raise InputError(
                f"{run} holds predictions of {method!r} with another {key} under other conditions: bench it again"
            )
    return Submission(
        header(
            track=first["track"],
            fingerprint=expectation.fingerprint,
            conditions=[one["condition"] for one in about],
            method="".join(map(_without_folders, _PARAMETER.split(method))),
            version=first["version"],
            parameters={name: _without_folders(value) for name, value in first["parameters"].items()},
            seconds_per_sample=[float(one["seconds_per_sample"]) for one in about],
            card=card,
            harness=first["harness"],
            content=expectation.content,
            physics=physics,
        ),
        _RowsOfRun(list(files)),
    )


@dataclass(frozen=True)
class _RowsOfRun:
    """The rows of prediction files, one a condition, a file at a time."""

    paths: Sequence[Path]

    def __iter__(self) -> Iterator[Rows]:
        for number, path in enumerate(self.paths):
            found = read_predictions(path)
            names = found.frame["sample_id"].to_numpy(dtype=object)
            yield Rows(np.full(len(names), number, dtype=np.int32), names, found.answers)


def _without_folders(value: Any) -> Any:
    """Return the last part of a path, and anything else as it is: how a disk is laid out is nobody's business."""
    return re.sub(r".*[/\\]", "", value.rstrip("/\\")) if isinstance(value, str) else value


def _files_of(run: Path, method: str, expectation: Expectation) -> dict[Path, Mapping[str, Any]]:
    """Return the metadata of the files of `method` for the dataset of `expectation`, in the order of its conditions."""
    listing = read_listing(run)
    if listing["fingerprint"] != expectation.fingerprint and not _is_on_twin(listing, expectation):
        raise InputError(
            f"{run} is a run on the dataset {listing['fingerprint'][:16]}, not on {expectation.fingerprint[:16]}: "
            "bench the board's own one"
        )
    about = {path: metadata_of(path) for path in prediction_files(run, {key: listing[key] for key in BELONGING})}
    if not about:
        raise InputError(f"{run} holds no predictions: give the --out folder of a `whence bench` on the sealed dataset")
    labels = {str(metadata["method"]) for metadata in about.values()}
    if method not in labels:
        raise InputError(f"--method {method}: {run} holds none of it; {nearest(method, labels)}")
    known = [canonical_json(dict(condition)) for condition in expectation.conditions]
    mine = [(path, metadata) for path, metadata in about.items() if metadata["method"] == method]
    return dict(sorted(mine, key=lambda one: _position(known, one[1]["condition"])))


def _is_on_twin(listing: Mapping[str, Any], expectation: Expectation) -> bool:
    """Whether the run of `listing` was on a twin of the board's dataset: the same values, up to the last step."""
    one, other = listing.get("content"), expectation.content
    return one is not None and other is not None and are_twins(one, other)


def _position(known: Sequence[str], condition: Mapping[str, Any]) -> int:
    """Return the place of a file's condition in `known`, behind all of them where it is not there."""
    stated = canonical_json(condition)
    return known.index(stated) if stated in known else len(known)
