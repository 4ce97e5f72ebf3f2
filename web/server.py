"""The web server: webhooks, health and metrics, on one port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from prometheus_client import generate_latest

_BODY_BYTES_AT_MOST = 1_000_000
_CLOSING_SECONDS = 5.0

Healthy = Callable[[], Awaitable[str | None]]
"""None when all is well, else one sentence on what is wrong."""


class WebServer:
    """Serves ``routes`` behind ``door``. ``run`` is a task that the supervisor owns."""

    def __init__(self, door: socket.socket, routes: Iterable[web.RouteDef], healthy: Healthy) -> None:
        self._door = door
        self._routes = [*routes, *_watch_routes(healthy)]

    async def run(self) -> None:
        """Serve until cancelled."""
        application = web.Application(client_max_size=_BODY_BYTES_AT_MOST)
        application.add_routes(self._routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSING_SECONDS)
        await runner.setup()
        try:
            # A copy, because the site closes its own: whoever opened the door closes it, and run can be repeated.
            await web.SockSite(runner, self._door.dup()).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


def _watch_routes(healthy: Healthy) -> list[web.RouteDef]:
    async def health(_: web.Request) -> web.Response:
        wrong = await healthy()
        return web.Response(text=wrong or "ok", status=200 if wrong is None else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), content_type="text/plain")

    return [web.get("/health", health), web.get("/metrics", metrics)]
