"""How long an answer is waited for: one timer for all requests instead of one for each.

All wait equally long, so whoever came first loses patience first. A timer for each request, which nearly always is
cancelled, costs as much as a tenth of the request.
"""

from __future__ import annotations

import asyncio


class Patience:
    """Interrupts tasks that have waited for ``seconds``; a little later, never earlier."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[
            asyncio.Task[object], float
        ] = {}  # in the order in which they came, and so of these times
        self._interrupted: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[object]:
        """The current task waits from now on; ``end`` it in any case."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait")
        loop = asyncio.get_running_loop()
        self._until[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)
        return task

    def end(self, task: asyncio.Task[object]) -> None:
        """It waits no longer."""
        self._until.pop(task, None)
        if task in self._interrupted:
            self._interrupted.discard(task)
            task.uncancel()

    def has_ended(self, task: asyncio.Task[object]) -> bool:
        """Of a task that is being cancelled: whether only its time is up, and nobody else wants it to end."""
        return task in self._interrupted and task.cancelling() == 1

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, until in list(self._until.items()):
            if until > now:
                self._timer = loop.call_at(until, self._look)
                return
            del self._until[task]
            self._interrupted.add(task)
            task.cancel()
