"""The Bot API without sockets: a token, a method and parameters in, an `ApiResult` out.

`call` is synchronous and acts at once; `answer` is the same with long polling's wait. Both apply the
scripted faults and remember the call. The HTTP server and in-process clients use the same two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator.bot_api import answering, chats, copying, editing, profile, sending, topics
from simulator.bot_api.faults import BEFORE_ACTING, Fault, Faults, answer_instead, spoiled
from simulator.bot_api.limits import Limiter, Limits
from simulator.bot_api.polling import Pollers
from simulator.bot_api.refusals import ApiResult, RefusedError, not_found, refused, succeeded, unauthorized
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method
from simulator.bot_api.webhook_book import WebhookBook
from simulator.world import Call, World

TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{3,}")

METHODS: dict[str, Method] = {
    **sending.METHODS,
    **editing.METHODS,
    **copying.METHODS,
    **topics.METHODS,
    **chats.METHODS,
    **profile.METHODS,
    **answering.METHODS,
}
_OWN_METHODS = frozenset({"getupdates", "setwebhook", "deletewebhook", "getwebhookinfo"})


class TelegramApi:
    """All methods over one world, for every bot of it."""

    def __init__(self, world: World, faults: Faults, limits: Limits | None = None) -> None:
        self.world = world
        self.faults = faults
        self.limiter = Limiter(limits, world.now)
        self.hooks = WebhookBook(world)
        self.pollers = Pollers(world, self.hooks)

    def call(self, token: str, method: str, parameters: Mapping[str, Any] | None = None) -> ApiResult:
        """Carry out one call. Files are given as `Upload` values among the parameters."""
        try:
            request = self.request(token, method, parameters or {})
        except RefusedError as error:
            return refused(error)
        return self._with_fault(request, self.faults.choose(request))

    async def answer(self, token: str, method: str, parameters: Mapping[str, Any] | None = None) -> ApiResult:
        """The same, but `getUpdates` waits for updates as long as its `timeout` says."""
        if method.lower() != "getupdates":
            return self.call(token, method, parameters)
        try:
            request = self.request(token, method, parameters or {})
        except RefusedError as error:
            return refused(error)
        fault = self.faults.choose(request)
        if fault is not None and fault.kind in BEFORE_ACTING:
            return answer_instead(fault)
        result = await self.pollers.poll(request)
        return result if fault is None else spoiled(fault, result)

    def request(self, token: str, method: str, parameters: Mapping[str, Any]) -> Request:
        """Who calls what; raises 401 for a wrong token, 404 for what is no token or no method."""
        if not TOKEN.fullmatch(token):
            raise not_found()
        bot = self.world.bot_of_token(token)
        if bot is None:
            raise unauthorized()
        if method.lower() not in METHODS and method.lower() not in _OWN_METHODS:
            raise not_found()
        return Request(self.world, bot, self.limiter, method, parameters)

    def _with_fault(self, request: Request, fault: Fault | None) -> ApiResult:
        if fault is not None and fault.kind in BEFORE_ACTING:
            result = answer_instead(fault)
            self._record(request, f"fault: {fault.kind}")
            return result
        result = self._carry_out(request)
        self._record(request, "ok" if result.ok else result.description)
        return result if fault is None else spoiled(fault, result)

    def _carry_out(self, request: Request) -> ApiResult:
        name = request.method.lower()
        try:
            if name in _OWN_METHODS:
                return self._own(name, request)
            return succeeded(METHODS[name](request))
        except RefusedError as error:
            return refused(error)

    def _own(self, name: str, request: Request) -> ApiResult:
        match name:
            case "setwebhook":
                return self.hooks.set(request)
            case "deletewebhook":
                return self.hooks.delete(request)
            case "getwebhookinfo":
                return self.hooks.info(request)
        return self.pollers.take(request)

    def _record(self, request: Request, outcome: str) -> None:
        if request.method.lower() == "getupdates":
            return
        reference = str(request.parameters.get("chat_id", ""))
        chat_id = int(reference) if reference.lstrip("-").isdigit() else None
        self.world.record(
            Call(
                request.bot.id,
                request.method,
                chat_id,
                self.world.now(),
                outcome,
                request.has_acted,
                tuple(request.message_ids),
            )
        )
