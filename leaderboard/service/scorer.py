"""The process that scores: the only one that opens labels. It takes a line of JSON, and answers with one.

It is started by `scoring_process`, has the folder of the labels and the limits on its command line, and knows
neither the database nor the network. Whatever a submission does to it, the worker that started it goes on.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import InputError, VerificationError
from ..labels_file import SealedLabels, read_labels_file
from ..standing import BoardInfo, EntryInfo, Standing, standing_of
from ..submission import Limits, Submission, read_submission
from .new_track import HALVES, labels_path

KEPT_LABELS = 8


class _LabelsError(Exception):
    """The labels cannot be read: no fault of a submission."""


def main() -> None:
    """Answer requests until there are no more: arguments are the board's folder and the bytes of memory allowed."""
    folder, memory = Path(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(folder, json.loads(line)), allow_nan=False) + "\n")
        answers.flush()


def _answer(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to `request`, or why there is none: {"refused"}: never, {"failed"}: try again."""
    try:
        if request["task"] == "score":
            return {"halves": _score(folder, request)}
        return {"standing": _standing(folder, request).to_json()}
    except InputError as error:
        return {"refused": str(error)}
    except _LabelsError as error:
        print(f"scorer: {error.__cause__}", file=sys.stderr)
        return {"failed": "the labels of the track cannot be read: tell the host of this board"}
    except MemoryError:
        return {"failed": "scoring needs more memory than is allowed"}


def _score(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores of one submission by half, each {"rows", "overall"}."""
    key = request["key"]
    found: dict[str, Any] = {}
    for half in HALVES:
        standing = _standing(folder, {**request, "half": half, "phase": "open", "title": "", "entries": [request]})
        content = standing.to_json()
        found[half] = {part: [row for row in content[part] if row["method"] == key] for part in ("rows", "overall")}
    return found


def _standing(folder: Path, request: Mapping[str, Any]) -> Standing:
    """Return the standing of the submissions that `request` names."""
    labels = _labels(labels_path(folder, request["slug"]))
    info = BoardInfo(request["slug"], request["title"], request["phase"])
    entries = {one["key"]: EntryInfo(one["team"], one["submitted"], one["kind"]) for one in request["entries"]}
    submissions = {one["key"]: _submission(one["path"]) for one in request["entries"]}
    return standing_of(info, labels, submissions, entries, request["half"])


@lru_cache(maxsize=KEPT_LABELS)
def _labels(path: Path) -> SealedLabels:
    try:
        return read_labels_file(path)
    except (InputError, VerificationError) as error:
        raise _LabelsError from error


def _submission(path: str) -> Submission:
    """Return the submission at `path`, which was within its track's limits when it came in."""
    return read_submission(Path(path), Limits())


if __name__ == "__main__":
    main()
