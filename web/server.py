"""The web server: webhooks, health and metrics, on one port, for as many at once as it can bear."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import generate_latest

from web.guard import Guard, Refusals

_BODY_BYTES_AT_MOST = 1_000_000
_CLOSING_SECONDS = 5.0
_LINE_BYTES_AT_MOST = 8_190

Healthy = Callable[[], Awaitable[str | None]]
"""None when all is well, else one sentence on what is wrong."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one visitor, and all together, may occupy."""

    connections_at_most: int = 256
    head_within_seconds: float = 10.0
    """From a connection's begin, or its last answer, until the head of the next request is there."""


class WebServer:
    """Serves ``routes`` behind ``door``. ``run`` is a task that the supervisor owns."""

    def __init__(
        self,
        door: socket.socket,
        routes: Iterable[web.RouteDef],
        healthy: Healthy,
        limits: Limits | None = None,
    ) -> None:
        self._door = door
        self._routes = [*routes, *_watch_routes(healthy)]
        self._limits = limits or Limits()

    async def run(self) -> None:
        """Serve until cancelled."""
        refusals = Refusals()
        guard = Guard(self._limits.connections_at_most, refusals)
        application = web.Application(client_max_size=_BODY_BYTES_AT_MOST, middlewares=[guard.watch])
        application.add_routes(self._routes)
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_Quiet(refusals),
            shutdown_timeout=_CLOSING_SECONDS,
            keepalive_timeout=self._limits.head_within_seconds,
            max_line_size=_LINE_BYTES_AT_MOST,
            max_field_size=_LINE_BYTES_AT_MOST,
        )
        await runner.setup()
        if runner.server is None:
            raise RuntimeError("the web server was not set up")
        # A copy, because the loop closes its own: whoever opened the door closes it, and run can be repeated.
        serving = await asyncio.get_running_loop().create_server(
            guard.behind(runner.server), sock=self._door.dup()
        )
        try:
            await refusals.run()
        finally:
            serving.close()
            await runner.cleanup()
            refusals.tell()


class _Quiet(logging.Logger):
    """aiohttp writes a traceback for each head that cannot be read; that is anybody's to cause, so it is counted."""

    def __init__(self, refusals: Refusals) -> None:
        super().__init__("aiohttp.server")
        self._refusals = refusals
        self._all = logging.getLogger("aiohttp.server")

    def exception(self, msg: object, *args: object, exc_info: Any = True, **more: Any) -> None:
        """Count what a visitor did wrong, write down what we did."""
        if isinstance(exc_info, HttpProcessingError):
            self._refusals.count("unreadable")
        else:
            self._all.exception(msg, *args, exc_info=exc_info, **more)


def _watch_routes(healthy: Healthy) -> list[web.RouteDef]:
    async def health(_: web.Request) -> web.Response:
        wrong = await healthy()
        return web.Response(text=wrong or "ok", status=200 if wrong is None else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), content_type="text/plain")

    return [web.get("/health", health), web.get("/metrics", metrics)]
