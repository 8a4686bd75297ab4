"""The running service: one process that answers, and workers that it starts and starts again."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from ....errors import InputError
from .app import create_app
from .checking import checkers
from .connections import TimedProtocol, drop_dead_peers
from .settings import OWNER_ONLY, Settings, make_private

CONNECTIONS = 1000
"""Requests at once, beyond which the answer is 503."""
WATCH_SECONDS = 0.5
SWITCH_SECONDS = 0.001
"""For how long a thread that draws a page holds up the others."""


class Workers:
    """Worker processes on one board; one that ends is started again. Use it in a `with` block."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._command = [sys.executable, "-m", "whence.leaderboard.boards.service.worker", str(settings.folder)]
        self._processes = [self._start() for _ in range(count)]
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL)

    def _watch(self) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            for k, process in enumerate(self._processes):
                if process.poll() is not None:
                    print(f"worker {k} ended with code {process.returncode}: starting another", file=sys.stderr)
                    self._processes[k] = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers; what they had not finished is taken again when the service next starts."""
        self._ended.set()
        self._watcher.join()
        for process in self._processes:
            process.terminate()
            process.wait()


def serve(settings: Settings, host: str, port: int, workers: int, ready: Callable[[str], None]) -> None:
    """Serve the board until the process is told to stop; `ready` gets the address. Raises InputError."""
    os.umask(OWNER_ONLY)
    make_private(settings)
    with _listener(host, port) as listener, Workers(settings, workers):
        drop_dead_peers(listener, settings.idle_seconds)
        checkers(settings).start()
        config = uvicorn.Config(
            create_app(settings),
            http=TimedProtocol,
            ws="none",
            log_level="warning",
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=settings.idle_seconds,
        )
        sys.setswitchinterval(SWITCH_SECONDS)
        ready(f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `host` and `port`, any free one where it is 0."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol is stated because asyncio sends without delay on sockets that say they are TCP, and no others.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(CONNECTIONS)
    except OSError as error:
        raise InputError(f"--host {host} --port {port}: {error.strerror or error}; choose another") from None
    return listener
