"""The simulated Telegram as a real HTTP server on loopback, for clients that know nothing of it.

`TelegramSimulator` puts together a world, the API over it, scripted faults, rate limits and the couriers of
webhooks. Clients use `base_url + "/bot<token>/<method>"` and `base_url + "/file/bot<token>/<path>"`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from aiohttp import web

from simulator.bot_api.api import TelegramApi
from simulator.bot_api.bodies import read_parameters
from simulator.bot_api.faults import Fault, FaultKind, Faults
from simulator.bot_api.limits import Limits
from simulator.bot_api.refusals import ApiResult, Fate, RefusedError, refused
from simulator.bot_api.request import Upload
from simulator.bot_api.uploads import key_in_path
from simulator.bot_api.webhooks import Courier
from simulator.guard import guard
from simulator.world import World
from simulator.world_state import utc_now

__all__ = [
    "ApiResult",
    "Fate",
    "Fault",
    "FaultKind",
    "Faults",
    "Limits",
    "TelegramApi",
    "TelegramSimulator",
    "Upload",
]

LOOPBACK = "127.0.0.1"
BODY_BYTES = 52 * 1024 * 1024
SHUTDOWN_SECONDS = 0.5


class TelegramSimulator:
    """A Telegram that exists on this machine only.

    `limits` None means no rate limits. `routes` are added to `app` besides the API's own. After `start`,
    `base_url` says where it listens.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        random: Random | None = None,
        limits: Limits | None = None,
        world: World | None = None,
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self.world = world or World(now=now, random=random or Random(0))
        self.faults = Faults(Random(self.world.random.getrandbits(64)))
        self.api = TelegramApi(self.world, self.faults, limits)
        self.app = web.Application(client_max_size=BODY_BYTES, middlewares=[guard])
        self.app.add_routes([*self._routes(), *routes])
        self.app.on_shutdown.append(self._release_pollers)
        self.before_call: Callable[[str, str, Mapping[str, Any]], None] | None = None
        """Told of each call over HTTP before it is carried out: token, method, parameters."""
        self._courier = Courier(self.api)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """Where the server listens, without a slash at the end."""
        if self._runner is None:
            raise RuntimeError("the simulator is not started")
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes any free one. Raises OSError for one that is in use."""
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner, self._port = runner, int(runner.addresses[0][1])
        await self._courier.start()

    async def stop(self) -> None:
        """Let waiting pollers go, stop the couriers, close the port. The world stays to be looked at."""
        if self._runner is None:
            return
        await self._courier.stop()
        await self._runner.cleanup()
        self._runner = None

    async def __aenter__(self) -> TelegramSimulator:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _release_pollers(self, _: web.Application) -> None:
        self.api.pollers.end_all()

    # --- routes --------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/bot{token}/{method}", self._call),
            web.post("/bot{token}/{method}", self._call),
            web.get("/file/bot{token}/{path:.+}", self._fetch),
        ]

    async def _call(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        try:
            parameters = await self._parameters(request)
        except RefusedError as error:
            return await self._respond(request, refused(error))
        except web.HTTPRequestEntityTooLarge:
            return await self._respond(request, refused(RefusedError(413, "Request Entity Too Large")))
        if self.before_call is not None:
            self.before_call(token, method, parameters)
        return await self._respond(request, await self.api.answer(token, method, parameters))

    @staticmethod
    async def _parameters(request: web.Request) -> dict[str, Any]:
        if (request.content_length or 0) > BODY_BYTES:
            raise RefusedError(413, "Request Entity Too Large")
        from_body = read_parameters(request.headers.get("Content-Type", ""), await request.read())
        return {**request.query, **from_body} if request.query_string else from_body

    @staticmethod
    async def _respond(request: web.Request, result: ApiResult) -> web.StreamResponse:
        if result.delay_seconds:
            await asyncio.sleep(result.delay_seconds)
        if result.fate is Fate.LOST:
            return _reset(request)
        return web.Response(body=result.payload(), status=result.status, content_type=result.content_type)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        bot = self.world.bot_of_token(request.match_info["token"])
        if bot is None:
            return await self._respond(request, refused(RefusedError(401, "Unauthorized")))
        stored = self.world.files.get(key_in_path(request.match_info["path"]))
        if stored is None:
            return await self._respond(request, refused(RefusedError(404, "Not Found")))
        return web.Response(body=stored.data, content_type="application/octet-stream")


def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection so that the client never learns what happened."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
