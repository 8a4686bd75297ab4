"""The process that scores: the only one that opens labels. It takes a line of JSON, and answers with one.

It is started by `scoring_process`, has the folder of the labels and the limits on its command line, and knows
neither the database nor the network. Whatever a submission does to it, the worker that started it goes on.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....errors import InputError, VerificationError
from ...sealing.labels_file import SealedLabels, read_labels_file
from ...standing.record import BoardInfo, EntryInfo, row_json
from ...standing.scoring import Reduced, halves_of, reduce_submission
from ...standing.standing import scores_of, standing_of_reduced
from .memory import Estimates, Memory
from .new_track import labels_path

KEPT_LABELS = 8
REMEMBERED = 8
"""One part in so many of the memory allowed may hold the terms of submissions, and another their resamples."""


class _LabelsError(Exception):
    """The labels cannot be read: no fault of a submission."""


def main() -> None:
    """Answer requests until there are no more: arguments are the board's folder and the bytes of memory allowed."""
    folder, memory = Path(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    scorer = Scorer(folder, memory)
    for line in sys.stdin:
        answers.write(json.dumps(scorer.answer(json.loads(line)), allow_nan=False) + "\n")
        answers.flush()


class Scorer:
    """What answers requests on the board in `folder`; it may use `memory` bytes, a part of them to remember."""

    def __init__(self, folder: Path, memory: int) -> None:
        self._folder = folder
        self._estimates = Estimates(memory // REMEMBERED)
        self._reduced: Memory[tuple[str, str], Reduced] = Memory(memory // REMEMBERED, lambda one: one.nbytes)
        self._read_labels = lru_cache(maxsize=KEPT_LABELS)(_read_labels)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to `request`, or why there is none: {"refused"}: never, {"failed"}: try again."""
        try:
            if request["task"] == "score":
                return {"halves": self._score(request)}
            started = time.monotonic()
            return {"standing": self._standing(request), "seconds": time.monotonic() - started}
        except InputError as error:
            return {"refused": str(error)}
        except _LabelsError as error:
            print(f"scorer: {error.__cause__}", file=sys.stderr)
            return {"failed": "the labels of the track cannot be read: tell the host of this board"}
        except MemoryError:
            return {"failed": "scoring needs more memory than is allowed"}

    def _score(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the scores of one submission by half, each {"rows", "overall"}."""
        key, slug = request["key"], request["slug"]
        labels = self._labels_of(request)
        reduced = {key: self._reduced_at(labels, slug, request["path"])}
        found: dict[str, Any] = {}
        for half in halves_of(labels):
            results, overall = scores_of(labels, reduced, half, self._estimates)
            parts = {"rows": results.rows, "overall": overall}
            found[half] = {name: [row_json(row) for row in rows if row.method == key] for name, rows in parts.items()}
        return found

    def _standing(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the standing of the submissions that `request` names, as JSON values."""
        slug, labels = request["slug"], self._labels_of(request)
        info = BoardInfo(slug, request["title"], request["phase"])
        entries = {one["key"]: EntryInfo(one["team"], one["submitted"], one["kind"]) for one in request["entries"]}
        reduced = {one["key"]: self._reduced_at(labels, slug, one["path"]) for one in request["entries"]}
        return standing_of_reduced(info, labels, reduced, entries, request["half"], self._estimates).to_json()

    def _labels_of(self, request: Mapping[str, Any]) -> SealedLabels:
        """Return the labels of a track, which must be those that it was made with."""
        labels = self._read_labels(labels_path(self._folder, request["slug"]))
        stated = request.get("commitment")
        if stated and labels.commitment != stated:
            raise _LabelsError from VerificationError(f"labels of {request['slug']}: other ones than the track's")
        return labels

    def _reduced_at(self, labels: SealedLabels, slug: str, path: str) -> Reduced:
        """Return the terms of the submission at `path`; what its track takes, no more and no less, can be scored."""

        def read() -> Reduced:
            return reduce_submission(labels, labels.expectation.read(Path(path), stored=True))

        return self._reduced.get((slug, path), read)


def _read_labels(path: Path) -> SealedLabels:
    try:
        return read_labels_file(path)
    except (InputError, VerificationError) as error:
        raise _LabelsError from error


if __name__ == "__main__":
    main()
