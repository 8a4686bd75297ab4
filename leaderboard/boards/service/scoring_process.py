"""The scoring process as its worker sees it: asked, waited for, ended when it takes too long, started anew."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from .settings import Settings

TICK_SECONDS = 1.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Threads and pools reserve address space, which is limited."""


class ScoringError(Exception):
    """No answer: the process crashed, was too slow or too large, or it refused (`final`: trying again is no use)."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final = reason, final


class ScoringProcess:
    """A process that scores, started when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any], tick: Callable[[], bool]) -> dict[str, Any]:
        """Return the answer to `request`; raises ScoringError.

        `tick` is called about every second; where it returns False the process is ended.
        """
        process = self.start()
        try:
            line = self._exchange(process, json.dumps(request).encode() + b"\n", tick)
            answer: dict[str, Any] = json.loads(line)
        except (ValueError, BrokenPipeError):
            code = self.stop()
            raise ScoringError(f"the scoring process ended with code {code}") from None
        except BaseException:
            self.stop()
            raise
        if "refused" in answer:
            raise ScoringError(answer["refused"], final=True)
        if "failed" in answer:
            self.stop()
            raise ScoringError(answer["failed"])
        return answer

    def _exchange(self, process: "subprocess.Popen[bytes]", request: bytes, tick: Callable[[], bool]) -> bytes:
        """Send a line and return the line that comes back, empty where the process ended."""
        assert process.stdin
        assert process.stdout
        process.stdin.write(request)
        process.stdin.flush()
        deadline, parts = time.monotonic() + self._settings.scoring_seconds, b""
        pieces: list[bytes] = []
        while not parts.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], TICK_SECONDS)
            if ready:
                parts = os.read(process.stdout.fileno(), 1 << 20)
                pieces.append(parts)
                if not parts:
                    return b""
            elif time.monotonic() > deadline:
                raise ScoringError(f"scoring took longer than {self._settings.scoring_seconds:g} s")
            if not tick():
                raise ScoringError("another worker has taken it")
        return b"".join(pieces)

    def start(self) -> "subprocess.Popen[bytes]":
        """Return the process, started if there is none: it takes seconds until it can answer."""
        if self._process is None or self._process.poll() is not None:
            self.stop()
            arguments = [str(self._settings.folder), str(self._settings.scoring_bytes)]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "whence.leaderboard.boards.service.scorer", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ONE_THREAD},
            )
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
