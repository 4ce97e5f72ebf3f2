"""The page on a real server of this machine, over a bare world with a canned story."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from simulator.guard import guard
from simulator.phones import mount
from simulator.phones.scene import Scene
from tests.phones.canned import CannedDirector, Stage, set_stage

NINE_IN_THE_MORNING = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)

Client = TestClient[web.Request, web.Application]


def ticking(start: datetime = NINE_IN_THE_MORNING) -> Callable[[], datetime]:
    """A clock that moves on by one second whenever somebody looks."""
    looks: Iterator[datetime] = (start + timedelta(seconds=second) for second in range(10**9))
    return lambda: next(looks)


@dataclass
class Wall:
    """The page as a visitor's browser reaches it."""

    stage: Stage
    director: CannedDirector
    client: Client

    async def act(self, name: str, **fields: Any) -> dict[str, Any]:
        async with self.client.post(f"/phones/api/{name}", json=fields) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def status_of(self, name: str, **fields: Any) -> int:
        async with self.client.post(f"/phones/api/{name}", json=fields) as response:
            return response.status

    async def state(self) -> dict[str, Any]:
        async with self.client.get("/phones/api/state") as response:
            state: dict[str, Any] = await response.json()
            return state

    def address(self, path: str = "/phones/") -> str:
        return str(self.client.make_url(path))


@pytest.fixture
def stage() -> Stage:
    return set_stage(now=ticking())


@pytest.fixture
def director(stage: Stage) -> CannedDirector:
    return CannedDirector(stage)


@pytest.fixture
def scene(stage: Stage, director: CannedDirector) -> Scene:
    return Scene(stage.world, director)


@pytest.fixture
async def wall(stage: Stage, director: CannedDirector) -> AsyncIterator[Wall]:
    app = web.Application(middlewares=[guard])
    mount(app, stage, director)
    async with TestClient(TestServer(app)) as client:
        yield Wall(stage, director, client)
