"""An event loop without a clock of its own: time stands still while anything is ready, then jumps to the next timer.

Which of the ready callbacks runs next is drawn from a seeded source, so every interleaving that a single thread
allows can come up, and the same seed brings it up again. There are no sockets and no threads: whoever asks for
them has left the simulation, and hears ``NotImplementedError``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
import itertools
from asyncio import events
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_GHOST_ROUNDS = 100
_STEPS_AT_MOST = 50_000


class VirtualClock:
    """The one time of a run, which goes on while processes come and go."""

    def __init__(self, starts: datetime) -> None:
        self._starts = starts
        self.seconds = 0.0

    def now(self) -> datetime:
        """The time of day, aware."""
        return (self._starts + timedelta(seconds=self.seconds)).astimezone(UTC)


class NumberedTask(asyncio.Task[T]):
    """A task with a hash of its own: sets of tasks are then gone through in the same order in every replay."""

    def __init__(self, number: int, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], **options: Any):
        self._number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._number


class Stuck(Exception):
    """Nothing is ready and no timer is set, or tasks refuse to end: the system waits for ever."""


def new_loop(clock: VirtualClock, order: Random, steps_left: int | None = None) -> VirtualLoop:
    """A loop. Of asyncio's interface it has what a program without sockets, threads and signals calls."""
    return VirtualLoop(clock, order, steps_left)  # type: ignore[abstract]


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs one process. ``steps_left`` counts down with each callback; at zero the process is dead."""

    def __init__(self, clock: VirtualClock, order: Random, steps_left: int | None = None) -> None:
        self._clock = clock
        self._order = order
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._tasks: set[NumberedTask[Any]] = set()
        self._steps = 0
        self._is_stopping = False
        self._is_dead = False
        self.steps_left = steps_left
        self.faults: list[dict[str, Any]] = []
        """What callbacks raised: a bug in somebody's code, never expected."""

    # --- running -------------------------------------------------------------------------------------

    def run_forever(self) -> None:
        """Until ``stop``, or until the last step."""
        self._is_stopping = False
        with self._as_running_loop():
            while not self._is_stopping and self.steps_left != 0:
                self._step()

    def die(self) -> None:
        """Every task is cancelled and ends where it stands; no time passes. The caller has cut all lines before."""
        self._is_dead = True
        self._timers.clear()
        with self._as_running_loop():
            for _ in range(_GHOST_ROUNDS):
                self._drain()
                if not self._tasks:
                    return
                for task in sorted(self._tasks, key=hash):
                    task.cancel()
        raise Stuck(f"{self._tasks} outlived their process")

    @contextlib.contextmanager
    def _as_running_loop(self) -> Iterator[None]:
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            yield
        finally:
            events._set_running_loop(before)

    def stop(self) -> None:
        self._is_stopping = True

    def time(self) -> float:
        return self._clock.seconds

    def _step(self) -> None:
        if not self._ready:
            self._jump()
        if self.steps_left is not None:
            self.steps_left -= 1
        self._steps += 1
        if self._steps > _STEPS_AT_MOST:
            raise Stuck(f"{self._steps} steps, and no end")
        self._run_one()

    def _run_one(self) -> None:
        ready = self._ready
        chosen = int(self._order.random() * len(ready))
        ready[chosen], ready[-1] = ready[-1], ready[chosen]
        handle = ready.pop()
        if not handle.cancelled():
            handle._run()

    def _drain(self) -> None:
        for _ in range(_GHOST_ROUNDS * 100):
            if not self._ready:
                return
            self._run_one()
        raise Stuck("a dead process keeps running")

    def _jump(self) -> None:
        """To the next timer, and to all others of the same moment."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            raise Stuck("nothing is ready and no timer is set")
        self._clock.seconds = max(self._clock.seconds, timers[0][0])
        while timers and timers[0][0] <= self._clock.seconds:
            self._ready.append(heapq.heappop(timers)[2])

    # --- what asyncio asks of a loop -----------------------------------------------------------------

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        number = next(self._numbers)
        task: NumberedTask[T] = NumberedTask(
            number, coro, loop=self, name=f"task-{number}", context=context or contextvars.copy_context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """There are no threads: it is done here and now."""
        future: asyncio.Future[T] = self.create_future()
        future.set_result(func(*args))
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._is_dead:
            self.faults.append(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
