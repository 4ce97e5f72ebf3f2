"""Sending updates to webhooks: in order, one at a time a bot, again and again until a 2xx comes back.

Owns one task a bot while its webhook is set. The answer to an update may itself be a method call, which is
then carried out, as the platform does.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from simulator.bot_api.api import TelegramApi
from simulator.bot_api.bodies import read_parameters
from simulator.bot_api.webhook_book import Webhook
from simulator.wire.shapes import seconds
from simulator.wire.updates import Update

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
ANSWER_SECONDS = 60.0


class Courier:
    """Takes the updates of every bot with a webhook to it. `start` and `stop` belong to the server."""

    def __init__(self, api: TelegramApi) -> None:
        self._api = api
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._session: ClientSession | None = None

    async def start(self) -> None:
        self._session = ClientSession(timeout=ClientTimeout(total=ANSWER_SECONDS))
        self._api.hooks.listeners.append(self._changed)
        for bot_id in self._api.hooks.all():
            self._changed(bot_id)

    async def stop(self) -> None:
        self._api.hooks.listeners.remove(self._changed)
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _changed(self, bot_id: int) -> None:
        running = self._tasks.pop(bot_id, None)
        if running is not None:
            running.cancel()
        hook = self._api.hooks.of(bot_id)
        if hook is not None:
            name = f"simulator webhook of bot {bot_id}"
            task = asyncio.get_running_loop().create_task(self._run(bot_id, hook), name=name)
            task.add_done_callback(_log_crash)
            self._tasks[bot_id] = task

    async def _run(self, bot_id: int, hook: Webhook) -> None:
        """Deliver until the webhook changes; a failed update is tried again before any other."""
        queue = self._api.world.queues[bot_id]
        arrived = asyncio.Event()
        queue.listeners.append(arrived.set)
        pause = FIRST_PAUSE_SECONDS
        try:
            while True:
                arrived.clear()
                update = queue.first()
                if update is None:
                    await arrived.wait()
                elif await self._deliver(bot_id, hook, update):
                    queue.confirm(update.id)
                    pause = FIRST_PAUSE_SECONDS
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        finally:
            queue.listeners.remove(arrived.set)

    async def _deliver(self, bot_id: int, hook: Webhook, update: Update) -> bool:
        """Whether the update was taken; otherwise the webhook's last error says why not."""
        body = json.dumps(update.as_json(), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: hook.secret} if hook.secret else {})
        assert self._session is not None  # noqa: S101 - a courier that was started has one
        try:
            async with self._session.post(hook.url, data=body, headers=headers) as response:
                if not 200 <= response.status < 300:
                    reason = f"{response.status} {response.reason or ''}".strip()
                    return self._failed(hook, f"Wrong response from the webhook: {reason}")
                await self._carry_out(bot_id, response)
        except (ClientError, TimeoutError, OSError) as error:
            return self._failed(hook, f"Connection failed: {type(error).__name__}")
        return True

    def _failed(self, hook: Webhook, why: str) -> bool:
        hook.last_error, hook.last_error_at = why, seconds(self._api.world.now())
        return False

    async def _carry_out(self, bot_id: int, response: ClientResponse) -> None:
        """Carry out the method call that came as the answer, if one came."""
        kind = response.headers.get("Content-Type", "")
        parameters: dict[str, Any] = read_parameters(kind, await response.read())
        method = parameters.pop("method", None)
        if isinstance(method, str):
            result = self._api.call(self._api.world.bots[bot_id].token, method, parameters)
            if not result.ok:
                logger.info("the call in a webhook's answer was refused: %s", result.description)


def _log_crash(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logger.error("%s crashed", task.get_name(), exc_info=error)
