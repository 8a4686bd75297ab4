"""Connections that say nothing, or stop in the middle of a request, are closed: they would fill the server's limit.

They are closed after a while, and at once where there are many: silent ones never take the place of a request.
"""

import asyncio
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that waits for a whole head of a request for `timeout_keep_alive` seconds, the first one too.

    Bytes that trickle in win no time. How long a body may take is its reader's business.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()
        if self.limit_concurrency and 2 * len(self.connections) > self.limit_concurrency:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what came in; a whole request ends the waiting."""
        super().data_received(data)
        if self._is_busy:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless it is there already."""
        super().on_response_complete()
        if not self._is_busy:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.timeout_keep_alive, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        """Close the connection, other than this one, that has waited the longest for a whole request."""
        others = (one for one in self.connections if isinstance(one, TimedProtocol) and one is not self)
        waiting = {one: one._deadline.when() for one in others if one._deadline is not None}
        if waiting:
            oldest = min(waiting, key=waiting.__getitem__)
            oldest._stop_waiting()
            oldest._give_up()

    def _give_up(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()


def drop_dead_peers(listener: socket.socket, seconds: int) -> None:
    """Let the kernel end connections of `listener` whose other side is gone, or takes no data, for so long."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * seconds)
