"""Long polling: handing out waiting updates, or waiting for some; one poller a bot."""

from __future__ import annotations

import asyncio

from simulator.bot_api.refusals import ApiResult, RefusedError, conflict, refused, succeeded
from simulator.bot_api.request import Request
from simulator.bot_api.webhook_book import WebhookBook, ask_for
from simulator.world import World

TIMEOUT_SECONDS = 50
UPDATES_AT_MOST = 100
TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


class Pollers:
    """Who waits for updates of which bot. A newcomer ends the wait of the one before with 409."""

    def __init__(self, world: World, hooks: WebhookBook) -> None:
        self._world = world
        self._hooks = hooks
        self._waiting: dict[int, asyncio.Future[RefusedError | None]] = {}
        hooks.listeners.append(self._hook_changed)

    def take(self, request: Request) -> ApiResult:
        """`getUpdates` without waiting."""
        if self._hooks.of(request.bot.id) is not None:
            raise conflict(HOOKED)
        self._end(request.bot.id, conflict(TERMINATED))
        ask_for(request, self._world)
        limit = min(max(request.integer("limit", UPDATES_AT_MOST), 1), UPDATES_AT_MOST)
        updates = self._world.queues[request.bot.id].take(request.integer("offset"), limit)
        return succeeded([update.as_json() for update in updates])

    async def poll(self, request: Request) -> ApiResult:
        """`getUpdates`: what waits, or what comes within `timeout` seconds, or nothing."""
        try:
            result = self.take(request)
            timeout = min(request.integer("timeout"), TIMEOUT_SECONDS)
            if result.result or timeout <= 0:
                return result
            ended = await self._wait(request.bot.id, timeout)
            if ended is not None:
                return refused(ended)
            return self.take(request)
        except RefusedError as error:
            return refused(error)

    async def _wait(self, bot_id: int, timeout_seconds: float) -> RefusedError | None:
        future: asyncio.Future[RefusedError | None] = asyncio.get_running_loop().create_future()
        queue = self._world.queues[bot_id]

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        queue.listeners.append(wake)
        self._waiting[bot_id] = future
        try:
            return await asyncio.wait_for(future, timeout_seconds)
        except TimeoutError:
            return None
        finally:
            queue.listeners.remove(wake)
            if self._waiting.get(bot_id) is future:
                del self._waiting[bot_id]

    def _end(self, bot_id: int, reason: RefusedError) -> None:
        future = self._waiting.pop(bot_id, None)
        if future is not None and not future.done():
            future.set_result(reason)

    def _hook_changed(self, bot_id: int) -> None:
        if self._hooks.of(bot_id) is not None:
            self._end(bot_id, conflict("terminated by setWebhook request"))

    def end_all(self) -> None:
        """Let everybody go who waits, as a server that shuts down does."""
        for bot_id in tuple(self._waiting):
            self._end(bot_id, RefusedError(502, "Bad Gateway"))
