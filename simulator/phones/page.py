"""The HTTP side of the phones page: its files, its state, the stream of changes, the acts of visitors.

Mounted under `/phones/` on the application it is given. Each open page has its own watch and gets at most one
patch every `PATCH_SECONDS`.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from simulator.guard import HEADERS, PHOTO_BODY_BYTES, SMALL_BODY_BYTES, json_only, read_body
from simulator.phones.acts import ACT_NAMES, Body, act
from simulator.phones.director import Director
from simulator.phones.scene import Scene
from simulator.phones.watch import Watch
from simulator.world import FileKind, World

PATCH_SECONDS = 0.12
HEARTBEAT_SECONDS = 10.0
MOST_OPEN_PAGES = 24

STATIC = Path(__file__).parent / "static"
_PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})


class HoldsWorld(Protocol):
    """What is needed of a simulated platform: the world behind it."""

    @property
    def world(self) -> World: ...


def mount(app: web.Application, simulator: HoldsWorld, director: Director) -> None:
    """Serve the page under `/phones/` of `app`; call before the application starts."""
    page = Page(Scene(simulator.world, director))
    phones = web.Application(middlewares=[json_only])
    phones.add_routes(
        [
            web.get("/", page.index),
            web.get("/static/{name}", page.static),
            web.get("/api/state", page.state),
            web.get("/api/events", page.events),
            web.get("/api/chat/{id}", page.chat),
            web.get("/api/photo/{key}", page.photo),
            web.post("/api/story", page.story),
            web.post("/api/{act}", page.act),
        ]
    )
    phones.on_shutdown.append(page.close)
    app.add_subapp("/phones", phones)


class Page:
    """The handlers, and how many streams are open."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._closing = asyncio.Event()
        self._open_pages = 0

    # --- files ---------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html", headers=HEADERS)

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in {file.name for file in STATIC.iterdir()}:
            raise web.HTTPNotFound
        return web.FileResponse(STATIC / name, headers=HEADERS)

    async def photo(self, request: web.Request) -> web.Response:
        """A picture of the world, and never another kind of file: those could be pages or scripts."""
        stored = self._scene.world.files.get(request.match_info["key"])
        if stored is None or stored.kind is not FileKind.PHOTO:
            raise web.HTTPNotFound
        kind = _picture_type(stored.data)
        if kind not in _PICTURE_TYPES:
            raise web.HTTPNotFound
        return web.Response(body=stored.data, content_type=kind)

    # --- what shows ----------------------------------------------------------------------------------

    async def state(self, request: web.Request) -> web.Response:
        return web.json_response(self._scene.state())

    async def chat(self, request: web.Request) -> web.Response:
        """One chat of the grid, which need not be on any phone."""
        try:
            return web.json_response(self._scene.chat(int(request.match_info["id"])))
        except (ValueError, KeyError):
            raise web.HTTPNotFound from None

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: first the whole state, then patches."""
        if self._open_pages >= MOST_OPEN_PAGES:
            raise web.HTTPServiceUnavailable(text="Too many pages are open.\n")
        stream = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await stream.prepare(request)
        self._open_pages += 1
        try:
            with suppress(ConnectionResetError):
                await self._stream(stream)
        finally:
            self._open_pages -= 1
        return stream

    async def _stream(self, stream: web.StreamResponse) -> None:
        quiet_seconds = 0.0
        with Watch(self._scene) as watch:
            await stream.write(_event("state", watch.whole()))
            while not self._closing.is_set():
                await asyncio.sleep(PATCH_SECONDS)
                quiet_seconds += PATCH_SECONDS
                if patch := watch.patch():
                    await stream.write(_event("patch", patch))
                elif quiet_seconds >= HEARTBEAT_SECONDS:
                    await stream.write(b": still here\n\n")
                else:
                    continue
                quiet_seconds = 0.0

    # --- what visitors do ----------------------------------------------------------------------------

    async def act(self, request: web.Request) -> web.Response:
        name = request.match_info["act"]
        if name not in ACT_NAMES:
            raise web.HTTPNotFound
        fields = await read_body(request, PHOTO_BODY_BYTES if name == "photo" else SMALL_BODY_BYTES)
        try:
            return web.json_response(act(self._scene, name, Body(fields)))
        except KeyError:
            raise web.HTTPNotFound(text="There is no such person, chat or message.\n") from None

    async def story(self, request: web.Request) -> web.Response:
        """`{"do": "play" | "step" | "pause" | "fast_forward"}`, answered when the telling stops."""
        wish = (await read_body(request)).get("do")
        if wish == "pause":
            self._scene.director.pause()
        elif wish == "fast_forward":
            self._scene.director.fast_forward()
        elif wish not in ("play", "step"):
            raise web.HTTPBadRequest(text="do must be play, step, pause or fast_forward\n")
        if wish != "pause" and not self._scene.director.playing:
            # Told inside the request: no task of its own, and a story that stumbles is a plain HTTP 500.
            await (self._scene.director.step() if wish == "step" else self._scene.director.play())
        return web.json_response(self._scene.story())

    async def close(self, app: web.Application) -> None:
        """End the streams and the telling, so that the server can stop without waiting for browsers."""
        self._closing.set()
        self._scene.director.pause()


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def _picture_type(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "image/png"
    return "image/gif" if data.startswith(b"GIF8") else "image/jpeg"
