"""`loa demo` as a process that is killed without warning, and looked into through its page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionError, ClientSession, ServerDisconnectedError

from tests.demo.conftest import PATIENCE_SECONDS, ROOT, free_port

LOOKED_EVERY_SECONDS = 0.05


class DemoProcess:
    """One folder and one port; the process behind them comes and goes."""

    def __init__(self, folder: Path, visitor: ClientSession) -> None:
        self._folder = folder
        self._said = folder.with_suffix(".log")
        self._visitor = visitor
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._wishes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Until the page answers."""
        command = ("-m", "bot.cli", "demo", "--by-hand", "--data", self._folder, "--port", self._port)
        with self._said.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *map(str, command), cwd=ROOT, stdout=said, stderr=said
            )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._answers():
                assert self._process.returncode is None, self._said.read_text(encoding="utf-8")
                await asyncio.sleep(LOOKED_EVERY_SECONDS)

    async def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._wishes:
            await asyncio.wait(self._wishes)

    async def state(self) -> dict[str, Any]:
        async with self._visitor.get(self._url("state")) as answer:
            state: dict[str, Any] = json.loads(await answer.text())
            return state

    async def tiles(self) -> Counter[str]:
        """How many channels show what."""
        return Counter(tile["state"] for tile in (await self.state())["tiles"])

    async def position(self) -> int:
        """The scene that was told last."""
        return int((await self.state())["story"]["position"])

    async def channels(self) -> dict[str, list[dict[str, Any]]]:
        """The messages of every channel, by its title."""
        messages = {}
        for tile in (await self.state())["tiles"]:
            async with self._visitor.get(self._url(f"chat/{tile['id']}")) as answer:
                messages[tile["title"]] = json.loads(await answer.text())["messages"]
        return messages

    def tell(self, wish: str) -> None:
        """Press a button of the story. The answer comes when the telling stops, or never."""
        task = asyncio.create_task(self._wish(wish))
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)

    async def play_fast(self) -> None:
        """To the end, without waiting for readers."""
        self.tell("fast_forward")
        await self.until(self._is_playing)

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        """Until ``look`` sees it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await look():  # noqa: ASYNC110 (a process cannot set our event)
                await asyncio.sleep(LOOKED_EVERY_SECONDS)

    async def _is_playing(self) -> bool:
        return bool((await self.state())["story"]["playing"])

    async def _answers(self) -> bool:
        try:
            return bool(await self.state())
        except ClientConnectionError:
            return False

    async def _wish(self, wish: str) -> None:
        with contextlib.suppress(ClientConnectionError, ServerDisconnectedError):
            async with self._visitor.post(self._url("story"), json={"do": wish}) as answer:
                await answer.read()

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}/phones/api/{path}"
