"""The web server: webhooks, the public page of a bulletin, health and metrics, on one port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from prometheus_client import generate_latest

_BODY_BYTES_AT_MOST = 1_000_000
_CLOSING_SECONDS = 5.0

Healthy = Callable[[], Awaitable[str | None]]
"""None when all is well, else one sentence on what is wrong."""


class WebServer:
    """Serves ``routes`` on ``host:port``. ``run`` is a task that the supervisor owns."""

    def __init__(self, host: str, port: int, routes: Iterable[web.RouteDef], healthy: Healthy) -> None:
        self._host = host
        self._port = port
        self._application = web.Application(client_max_size=_BODY_BYTES_AT_MOST)
        self._application.add_routes([*routes, *_watch_routes(healthy)])

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError when the port is taken."""
        runner = web.AppRunner(self._application, access_log=None, shutdown_timeout=_CLOSING_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
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
