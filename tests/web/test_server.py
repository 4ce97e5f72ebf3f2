"""The web server behind a door that somebody else opened."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession

from web.door import open_door
from web.server import WebServer


async def well() -> str | None:
    return None


async def test_a_server_that_is_started_again_serves_behind_the_same_door() -> None:
    with open_door("127.0.0.1", 0) as door:
        server = WebServer(door, [], well)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/health"
        for _ in range(2):
            serving = asyncio.create_task(server.run())
            async with ClientSession() as visitor, visitor.get(address) as answer:
                assert await answer.text() == "ok"
            serving.cancel()
            await asyncio.wait([serving])
