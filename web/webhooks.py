"""Webhooks: a platform's pushes, let in only with the secret it was given.

The secret is compared in constant time before anything of the body is read as an update; what is refused has no
effect at all. The answer 200 is given when the update has been handled and that is durable: anything else makes
the platform send it again, and a repeat has no second effect. What is genuine but cannot be read as an update
gets 200 too, and a line in the log: sent again it would be no better, and hold up those behind it. What there is no
room for gets 503, and comes again.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

TakeUpdate = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Handles one update, given as the platform's own JSON object. Raises ValueError when it is none, Busy for later."""

_BODY_BYTES_AT_MOST = 1_000_000
_BODY_WITHIN_SECONDS = 10.0
_AGAIN_AFTER_SECONDS = 2
_TELEGRAM_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Busy(Exception):
    """There is no room for one more now."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where one bot's updates come in: ``/webhook/{name}``, guarded by ``secret``."""

    name: str
    secret: str = field(repr=False)
    take: TakeUpdate


def webhook_routes(
    webhooks: Mapping[str, Webhook], *, body_within_seconds: float = _BODY_WITHIN_SECONDS
) -> list[web.RouteDef]:
    """The routes by which Telegram pushes updates; see core.telegram.org/bots/api#setwebhook."""

    async def receive(request: web.Request) -> web.Response:
        webhook = webhooks.get(request.match_info["name"])
        given = request.headers.get(_TELEGRAM_SECRET_HEADER, "")
        expected = webhook.secret if webhook is not None else ""
        genuine = hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())
        if webhook is None or not expected or not genuine:
            return web.Response(status=401)
        return await _hand_over(request, webhook.take, body_within_seconds)

    return [web.post("/webhook/{name}", receive)]


async def _hand_over(request: web.Request, take: TakeUpdate, body_within_seconds: float) -> web.Response:
    if (request.content_length or 0) > _BODY_BYTES_AT_MOST:
        return web.Response(status=413)
    try:
        async with asyncio.timeout(body_within_seconds):
            update = json.loads(await request.read())
    except TimeoutError:
        return web.Response(status=408)
    except (ValueError, RecursionError):
        return web.Response(status=400)
    if not isinstance(update, dict):
        return web.Response(status=400)
    try:
        await take(update)
    except Busy:
        return web.Response(status=503, headers={"Retry-After": str(_AGAIN_AFTER_SECONDS)})
    except ValueError:
        log.error("an update that cannot be read was passed over", update_id=_id_of(update))
    return web.Response(status=200)


def _id_of(update: Mapping[str, Any]) -> int | None:
    """For the log: a number and nothing else, whatever was sent."""
    update_id = update.get("update_id")
    return update_id if isinstance(update_id, int) else None
