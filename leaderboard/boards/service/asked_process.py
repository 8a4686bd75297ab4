"""A process of ours that answers lines of JSON: asked, waited for, ended when it takes too long, started anew."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....threads import ONE_THREAD

TICK_SECONDS = 1.0
_SMALL = {**ONE_THREAD, "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Threads and pools reserve address space, which is limited."""


class NoAnswerError(Exception):
    """No answer: the process crashed, was too slow or too large, or it refused (`final`: trying again is no use)."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final = reason, final


class AskedProcess:
    """The module `module` of this package as a process with `arguments`, started when it is first asked.

    `work` is what it does, for messages; an answer may take `seconds`.
    """

    def __init__(self, module: str, arguments: Sequence[str], work: str, seconds: float) -> None:
        self._command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
        self._work, self._seconds = work, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any], tick: Callable[[], bool] = lambda: True) -> dict[str, Any]:
        """Return the answer to `request`; raises NoAnswerError.

        `tick` is called about every second; where it returns False the process is ended.
        """
        process = self.start()
        try:
            line = self._exchange(process, json.dumps(request).encode() + b"\n", tick)
            answer: dict[str, Any] = json.loads(line)
        except (ValueError, BrokenPipeError):
            code = self.stop()
            raise NoAnswerError(f"the {self._work} process ended with code {code}") from None
        except BaseException:
            self.stop()
            raise
        if "refused" in answer:
            raise NoAnswerError(answer["refused"], final=True)
        if "failed" in answer:
            self.stop()
            raise NoAnswerError(answer["failed"])
        return answer

    def _exchange(self, process: "subprocess.Popen[bytes]", request: bytes, tick: Callable[[], bool]) -> bytes:
        """Send a line and return the line that comes back, empty where the process ended."""
        assert process.stdin
        assert process.stdout
        process.stdin.write(request)
        process.stdin.flush()
        deadline, parts = time.monotonic() + self._seconds, b""
        pieces: list[bytes] = []
        while not parts.endswith(b"\n"):
            left = max(deadline - time.monotonic(), 0.0)
            ready, _, _ = select.select([process.stdout], [], [], min(TICK_SECONDS, left))
            if ready:
                parts = os.read(process.stdout.fileno(), 1 << 20)
                pieces.append(parts)
                if not parts:
                    return b""
            elif time.monotonic() >= deadline:
                raise NoAnswerError(f"{self._work} took longer than {self._seconds:g} s")
            if not tick():
                raise NoAnswerError("another worker has taken it")
        return b"".join(pieces)

    def start(self) -> "subprocess.Popen[bytes]":
        """Return the process, started if there is none: it takes seconds until it can answer."""
        if self._process is None or self._process.poll() is not None:
            self.stop()
            environment = {**os.environ, **_SMALL}
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, env=environment)
        return self._process

    def stop(self) -> int:
        """End the process, if there is one, and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        return process.wait()
