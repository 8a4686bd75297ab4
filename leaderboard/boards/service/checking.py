"""The processes that look at uploads, as the server sees them."""

import atexit
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue

from ....digests import digest
from ....errors import InputError
from ...submission.expectation import Expectation
from .asked_process import AskedProcess, NoAnswerError
from .settings import Settings

AT_ONCE = 2
"""Files that are looked at at once, of one team only one."""
SPARE = 1
"""Processes more, so that one that had to be ended is ready again before its turn comes."""


class Checkers:
    """Processes that each look at one file at a time; ask from at most `AT_ONCE` threads."""

    def __init__(self, memory: int, seconds: float) -> None:
        self._idle: SimpleQueue[AskedProcess] = SimpleQueue()
        self._all = [AskedProcess("checker", [str(memory)], "checking", seconds) for _ in range(AT_ONCE + SPARE)]
        for process in self._all:
            self._idle.put(process)

    def start(self) -> None:
        """Start all processes: each needs a second or two until it can answer."""
        for process in self._all:
            process.start()

    def close(self) -> None:
        """End all processes; those asked again start anew."""
        for process in self._all:
            process.stop()

    def method_of(self, path: Path, expectation: Expectation, name: str) -> str:
        """Return the method's name of the submission at `path`, which holds all of `expectation`, known as `name`.

        Raises InputError, one line, for any other file, also for one that takes too long or too much memory.
        """
        process = self._idle.get()
        request = {"path": str(path), "expectation": name}
        try:
            answer = process.ask(request)
            if "unknown" in answer:
                answer = process.ask({**request, "content": expectation.to_json()})
        except NoAnswerError as error:
            raise InputError(error.reason) from None
        finally:
            process.start()
            self._idle.put(process)
        return str(answer["method"])


def name_of(expectation: Expectation) -> str:
    """Return a name for `expectation` that its content decides."""
    return digest(expectation.to_json())


def checkers(settings: Settings) -> Checkers:
    """Return the checkers of this process, the same ones for the same limits."""
    return _shared(settings.scoring_bytes, settings.checking_seconds)


@lru_cache(maxsize=4)
def _shared(memory: int, seconds: float) -> Checkers:
    found = Checkers(memory, seconds)
    atexit.register(found.close)
    return found
