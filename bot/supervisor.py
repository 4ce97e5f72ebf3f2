"""One supervisor owns every task of the process: what crashes is logged, then restarted or ends the process, by rule.

Nothing else in Loa starts a task that outlives the call it was started in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import structlog

log = structlog.get_logger(__name__)

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_STEADY_AFTER_SECONDS = 60.0


class OnCrash(StrEnum):
    """What to do when a task ends with an error."""

    RESTART = "restart"
    END = "end"


class TaskEnded(Exception):
    """A task that the process cannot do without has crashed; the cause is chained."""


@dataclass(frozen=True, slots=True)
class _Charge:
    name: str
    run: Callable[[], Awaitable[None]]
    on_crash: OnCrash


class Supervisor:
    """Starts the tasks given to ``own`` in that order, and cancels them in the opposite one."""

    def __init__(self) -> None:
        self._charges: list[_Charge] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ended: asyncio.Future[None] | None = None

    def own(self, name: str, run: Callable[[], Awaitable[None]], on_crash: OnCrash = OnCrash.RESTART) -> None:
        """Take charge of ``run``; it is started by ``start``, or at once when that has been called already."""
        charge = _Charge(name, run, on_crash)
        self._charges.append(charge)
        if self._ended is not None:
            self._begin(charge)

    def start(self) -> None:
        """Start all that is owned."""
        self._ended = asyncio.get_running_loop().create_future()
        for charge in self._charges:
            self._begin(charge)

    async def wait(self) -> None:
        """Wait until a task of rule END crashes; raises TaskEnded then."""
        if self._ended is None:
            raise RuntimeError("the supervisor was not started")
        await self._ended

    async def stop(self) -> None:
        """Cancel everything, last started first, each wholly before the next: the committer outlives its users."""
        for task in reversed(self._tasks):
            task.cancel()
            await asyncio.wait([task])
        self._tasks.clear()
        if self._ended is not None and self._ended.done() and not self._ended.cancelled():
            self._ended.exception()  # it was somebody's to hear, or nobody is left to

    def _begin(self, charge: _Charge) -> None:
        self._tasks.append(asyncio.create_task(self._mind(charge), name=charge.name))

    async def _mind(self, charge: _Charge) -> None:
        wait_seconds = _FIRST_WAIT_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            try:
                await charge.run()
                return
            except Exception as error:
                log.exception("task crashed", task=charge.name, rule=charge.on_crash)
                if charge.on_crash is OnCrash.END:
                    self._end(charge, error)
                    return
            steady = clock() - started > _STEADY_AFTER_SECONDS
            wait_seconds = _FIRST_WAIT_SECONDS if steady else wait_seconds
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    def _end(self, charge: _Charge, error: Exception) -> None:
        if self._ended is not None and not self._ended.done():
            ended = TaskEnded(f"{charge.name} crashed, and Loa cannot work without it")
            ended.__cause__ = error
            self._ended.set_exception(ended)
