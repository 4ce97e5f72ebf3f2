"""A worker process and those who wait for it: one request at a time, in order, none longer than its deadline.

ask ──> queue, bounded ──> run ──> worker ──> reply, read as a value of its type ──> whoever asked
                            └ late, dead or talking nonsense: it is ended, and another begins with the next request
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import structlog

import bot
from bot.worker.frames import (
    HEAD_BYTES,
    MOST_REPLY_BYTES,
    MOST_REQUEST_BYTES,
    BrokenFrame,
    framed,
    length_of,
)
from bulletins.rendering import Imprint
from reports.findings import NotExamined

log = structlog.get_logger(__name__)

A = TypeVar("A")

_ENVIRONMENT = {"PYTHONPATH": str(Path(bot.__file__).resolve().parent.parent)}
"""Where our own code is, and nothing else."""


def worker_command(imprint: Imprint) -> tuple[str, ...]:
    """How a worker is started."""
    zone = imprint.zone
    if not isinstance(zone, ZoneInfo):
        raise TypeError("a worker is told the time zone by its name")
    return (sys.executable, "-P", "-m", "bot.worker", imprint.bot_username, zone.key)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one lane may take."""

    deadline_seconds: float = 6.0
    """For one request, from its first byte to the last of the reply; more than the processor time it may use."""
    start_seconds: float = 30.0
    most_waiting: int = 64
    idle_seconds: float = 600.0
    """After so long without a request the process is let go, and its memory with it."""


@dataclass(frozen=True, slots=True)
class _Request(Generic[A]):
    content: bytes
    read: Callable[[bytes], A]
    reply: asyncio.Future[A | NotExamined] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, reply: A | NotExamined) -> None:
        """Tell whoever asked, unless they have gone."""
        if not self.reply.done():
            self.reply.set_result(reply)


class Lane:
    """One worker process. ``run`` is the task the supervisor owns; ``ask`` is what everybody else calls."""

    def __init__(self, name: str, command: Sequence[str], limits: Limits | None = None) -> None:
        self.name = name
        self._command = command
        self._limits = limits or Limits()
        self._waiting: asyncio.Queue[_Request[object]] = asyncio.Queue(self._limits.most_waiting)
        self._is_running = False
        self._process: Process | None = None

    async def ask(self, content: bytes, read: Callable[[bytes], A]) -> A | NotExamined:
        """What ``read`` makes of the reply; ``read`` raises ValueError for what is none."""
        if not self._is_running or len(content) > MOST_REQUEST_BYTES:
            return NotExamined.BUSY if not self._is_running else NotExamined.LATE
        request = _Request(content, read)
        try:
            self._waiting.put_nowait(request)  # type: ignore[arg-type]
        except asyncio.QueueFull:
            return NotExamined.BUSY
        return await request.reply

    async def run(self) -> None:
        """Answer until cancelled. May be called again."""
        self._is_running = True
        try:
            while True:
                request = await self._next()
                if request.reply.done():
                    continue  # nobody waits for it any more
                try:
                    request.settle(await self._answered(request))
                finally:
                    request.settle(NotExamined.BUSY)
        finally:
            self._is_running = False
            while not self._waiting.empty():
                self._waiting.get_nowait().settle(NotExamined.BUSY)
            await self._end()

    async def _next(self) -> _Request[object]:
        """Whoever is next; the process is let go when that takes long."""
        try:
            async with asyncio.timeout(None if self._process is None else self._limits.idle_seconds):
                return await self._waiting.get()
        except TimeoutError:
            await self._end()
            return await self._waiting.get()

    async def _answered(self, request: _Request[A]) -> A | NotExamined:
        try:
            reply = await self._exchange(request.content)
            if reply:
                return request.read(reply)
            log.warning("a worker could not do what it was asked", worker=self.name)
        except (TimeoutError, OSError, BrokenFrame, ValueError) as error:
            log.warning("a worker is ended", worker=self.name, because=type(error).__name__)
            await self._end()
        return NotExamined.LATE

    async def _exchange(self, content: bytes) -> bytes:
        if self._process is None:
            await self._start()
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise BrokenFrame("there is no pipe")
        async with asyncio.timeout(self._limits.deadline_seconds):
            process.stdin.write(framed(content))
            await process.stdin.drain()
            return await _received(process.stdout)

    async def _start(self) -> None:
        """With nothing of this process: no secret in its environment, no open file. Raises OSError, BrokenFrame."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, cwd=os.sep
        )
        async with asyncio.timeout(self._limits.start_seconds):
            if self._process.stdout is None or await _received(self._process.stdout):
                raise BrokenFrame("it did not say that it is ready")

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _received(pipe: asyncio.StreamReader) -> bytes:
    """The next frame. Raises BrokenFrame, also when there will be none."""
    try:
        head = await pipe.readexactly(HEAD_BYTES)
        return await pipe.readexactly(length_of(head, MOST_REPLY_BYTES))
    except asyncio.IncompleteReadError as error:
        raise BrokenFrame("the pipe was closed") from error
