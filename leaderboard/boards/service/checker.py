"""The process that looks at uploads: whatever a file does to it, the server that started it goes on.

It takes a line of JSON, {"path", "expectation" (its name), "content" (the expectation itself, when it is asked for)},
and answers with {"method"}, {"refused"}, {"failed"}, or {"unknown"} where it needs the content.
"""

import json
import os
import resource
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import InputError
from ....registry import load_track
from ...submission.expectation import Expectation, check_submission, expectation_from_json

NICENESS = 5
"""Readers come first, then uploads, then scoring."""
KEPT = 8


def main() -> None:
    """Answer requests until there are no more; the argument is the bytes of memory allowed."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    checker = Checker()
    for line in sys.stdin:
        answers.write(json.dumps(checker.answer(json.loads(line))) + "\n")
        answers.flush()


class Checker:
    """What answers requests; it remembers the expectations that it was told last."""

    def __init__(self) -> None:
        self._expectations: OrderedDict[str, Expectation] = OrderedDict()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to `request`."""
        name = request["expectation"]
        if "content" in request:
            self._expectations[name] = expectation_from_json(request["content"])
            while len(self._expectations) > KEPT:
                self._expectations.popitem(last=False)
        if name not in self._expectations:
            return {"unknown": name}
        try:
            load_track(self._expectations[name].track)
        except InputError as error:
            return {"failed": f"checking is not possible here, whatever the file: {error}"}
        try:
            return {"method": _checked(Path(request["path"]), self._expectations[name])}
        except InputError as error:
            return {"refused": str(error)}
        except MemoryError:
            return {"failed": "checking needs more memory than is allowed"}


def _checked(path: Path, expectation: Expectation) -> str:
    """Return the method's name of a submission that holds what it must; raises InputError."""
    submission = expectation.read(path)
    check_submission(submission, expectation)
    return submission.header.method


if __name__ == "__main__":
    main()
