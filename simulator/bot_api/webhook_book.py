"""Where each bot wants its updates sent, and the methods that change it. Sending them is `webhooks.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulator.bot_api.refusals import ApiResult, bad_request, succeeded
from simulator.bot_api.request import Request
from simulator.world import World

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UPDATE_KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "poll",
        "poll_answer",
        "shipping_query",
        "pre_checkout_query",
    }
)


@dataclass(slots=True)
class Webhook:
    """One bot's webhook and what became of the last attempt."""

    url: str
    secret: str = ""
    connections: int = 40
    last_error_at: int = 0
    last_error: str = ""


class WebhookBook:
    """The webhooks in force; `listeners` hear of every change, with the bot's id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hooks: dict[int, Webhook] = {}
        self.listeners: list[Callable[[int], None]] = []

    def of(self, bot_id: int) -> Webhook | None:
        return self._hooks.get(bot_id)

    def all(self) -> dict[int, Webhook]:
        return dict(self._hooks)

    def set(self, request: Request) -> ApiResult:
        """`setWebhook`; an empty url takes it away."""
        url = request.text("url")
        if not url:
            return self.delete(request)
        _expect_reachable(url)
        secret = request.text("secret_token")
        if secret and not SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        ask_for(request, self._world)
        self._drop_if_asked(request)
        self._hooks[request.bot.id] = Webhook(url, secret, request.integer("max_connections", 40))
        self._tell(request.bot.id)
        return succeeded(True, "Webhook was set")

    def delete(self, request: Request) -> ApiResult:
        self._drop_if_asked(request)
        had = self._hooks.pop(request.bot.id, None) is not None
        self._tell(request.bot.id)
        return succeeded(True, "Webhook was deleted" if had else "Webhook is already deleted")

    def info(self, request: Request) -> ApiResult:
        hook, queue = self._hooks.get(request.bot.id), self._world.queues[request.bot.id]
        described: dict[str, Any] = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(queue),
        }
        if hook is not None:
            described |= {"max_connections": hook.connections, "ip_address": "127.0.0.1"}
            if hook.last_error:
                described |= {"last_error_date": hook.last_error_at, "last_error_message": hook.last_error}
        if queue.allowed:
            described["allowed_updates"] = sorted(queue.allowed)
        return succeeded(described)

    def _drop_if_asked(self, request: Request) -> None:
        if request.flag("drop_pending_updates"):
            self._world.queues[request.bot.id].drop_all()

    def _tell(self, bot_id: int) -> None:
        for listener in tuple(self.listeners):
            listener(bot_id)


def ask_for(request: Request, world: World) -> None:
    """Take over `allowed_updates` when the call names it; unknown kinds are passed over."""
    kinds = request.structure("allowed_updates")
    if isinstance(kinds, list):
        world.queues[request.bot.id].ask_for(UPDATE_KINDS.intersection(kinds))


def _expect_reachable(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if parts.hostname not in LOOPBACK:
        # The simulator never leaves this machine.
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
