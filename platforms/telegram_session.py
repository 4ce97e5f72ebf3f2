"""aiogram's session, with less work for each call of the same meaning.

Telegram takes JSON as well as forms (core.telegram.org/bots/api#making-requests), and JSON is written and read at
a fraction of the cost. A call with a file in it stays a form.
"""

from __future__ import annotations

import json
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError, TelegramServerError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import BytesPayload, FormData
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

# They have no root of their own, and are none of aiohttp's.
_PROXY_ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)


class AskForUpdates(TelegramMethod[list[Any]]):
    """``getUpdates`` as JSON came: to read an update costs more than to see that it is not for us, or too much.

    And some of a batch may be of a kind that aiogram does not know yet. See core.telegram.org/bots/api#getupdates.
    """

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class TelegramSession(AiohttpSession):
    """One HTTP session for the conversations of one bot."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._answers: dict[type[TelegramMethod[Any]], type[Response[Any]]] = {}

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 (as aiogram has it)
    ) -> TelegramType:
        """As aiogram's; what a proxy refuses, which it does not know, is a network error like others."""
        try:
            return await super().make_request(bot, method, timeout)
        except (*_PROXY_ERRORS, OSError) as error:
            raise TelegramNetworkError(method=method, message=type(error).__name__) from error

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """The answer, or what aiogram raises instead; one that cannot be read is a server's error like others.

        pydantic forgets a generic model when nobody holds it, and then makes it again at the next call, which
        takes ten milliseconds. So the model of each method's answer is held.
        """
        kind = type(method)
        if kind not in self._answers:
            self._answers[kind] = Response[method.__returning__]  # type: ignore[name-defined]
        try:
            return super().check_response(bot, method, status_code, content)
        except ClientDecodeError:
            # Without its cause, which holds the whole answer and would bring it into the logs.
            raise TelegramServerError(method, f"http_{status_code}") from None

    def build_form_data(self, bot: Bot, method: TelegramMethod[TelegramType]) -> Any:
        """The body: JSON, or a form when there are files."""
        files: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        for name, value in method.model_dump(warnings=False).items():
            prepared = self.prepare_value(value, bot=bot, files=files, _dumps_json=False)
            if files:
                return self._form(bot, method)
            if prepared is not None and prepared != "":
                fields[name] = prepared
        return BytesPayload(json.dumps(fields, ensure_ascii=False).encode(), content_type="application/json")

    def _form(self, bot: Bot, method: TelegramMethod[TelegramType]) -> FormData:
        return super().build_form_data(bot, method)
