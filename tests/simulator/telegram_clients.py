"""Two Telegram clients by different authors behind one small interface, for the contract suite.

What one of them calls differently is levelled here; what the server does is not touched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiogram
import pytest
import telegram
import telegram.error
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import BufferedInputFile
from telegram.request import HTTPXRequest


class Failure(Exception):
    """A call that failed; `description` is in lower case and without “Bad Request: ”."""

    def __init__(
        self,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to: int | None = None,
        is_network: bool = False,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.retry_after = retry_after
        self.migrate_to = migrate_to
        self.is_network = is_network


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client says of a message it sent or edited."""

    message_id: int
    text: str
    entities: tuple[tuple[str, int, int], ...]
    buttons: tuple[str, ...]
    photo_ids: tuple[str, ...]
    topic: int | None
    reply_to: int | None


class Client(Protocol):
    """The calls of the contract suite. Options are those of the Bot API, by its own names."""

    name: str

    async def call(self, method: str, **parameters: Any) -> Any: ...

    async def send(self, chat_id: int | str, text: str, **options: Any) -> Sent: ...

    async def send_photo(self, chat_id: int, photo: bytes | str, **options: Any) -> Sent: ...

    async def send_document(self, chat_id: int, data: bytes, name: str) -> str: ...

    async def edit_text(self, chat_id: int, message_id: int, text: str, **options: Any) -> Sent: ...

    async def updates(self, **options: Any) -> list[dict[str, Any]]: ...

    async def download(self, file_id: str) -> bytes: ...


def inline(*labels: str) -> list[list[tuple[str, str]]]:
    """One button a row, each with its label as data."""
    return [[(label, label)] for label in labels]


async def refusal(attempt: Awaitable[object]) -> Failure:
    """The failure that a call ends with."""
    with pytest.raises(Failure) as caught:
        await attempt
    return caught.value


# --- aiogram -----------------------------------------------------------------------------------------


class AiogramClient:
    """aiogram 3, a form-encoding client on aiohttp."""

    name = "aiogram"

    def __init__(self, base_url: str, token: str) -> None:
        self._session = AiohttpSession(api=TelegramAPIServer.from_base(base_url))
        self.bot = aiogram.Bot(token, session=self._session)

    async def close(self) -> None:
        client_session = self._session._session
        if client_session is not None:
            await client_session.close()

    async def call(self, method: str, **parameters: Any) -> Any:
        """Any method by its Python name; the result as plain data."""
        return _plain_aiogram(
            await self._guard(getattr(self.bot, method), **_markup(parameters, aiogram.types))
        )

    async def _guard(self, function: Callable[..., Any], *given: Any, **options: Any) -> Any:
        try:
            return await function(*given, **options)
        except TelegramRetryAfter as error:
            raise Failure(_levelled(error.message), retry_after=error.retry_after) from error
        except TelegramMigrateToChat as error:
            raise Failure(_levelled(error.message), migrate_to=error.migrate_to_chat_id) from error
        except TelegramNetworkError as error:
            raise Failure("network", is_network=True) from error
        except ClientDecodeError as error:
            raise Failure("undecodable", is_network=True) from error
        except TelegramAPIError as error:
            raise Failure(_levelled(error.message)) from error
        except AiogramError as error:
            raise Failure(_levelled(str(error))) from error

    async def send(self, chat_id: int | str, text: str, **options: Any) -> Sent:
        options = _markup(options, aiogram.types)
        return _sent(await self._guard(self.bot.send_message, chat_id, text, **options))

    async def send_photo(self, chat_id: int, photo: bytes | str, **options: Any) -> Sent:
        file = BufferedInputFile(photo, "anh.png") if isinstance(photo, bytes) else photo
        return _sent(await self._guard(self.bot.send_photo, chat_id, file, **_markup(options, aiogram.types)))

    async def send_document(self, chat_id: int, data: bytes, name: str) -> str:
        sent = await self._guard(self.bot.send_document, chat_id, BufferedInputFile(data, name))
        return str(sent.document.file_id)

    async def edit_text(self, chat_id: int, message_id: int, text: str, **options: Any) -> Sent:
        options = _markup(options, aiogram.types)
        where = {"chat_id": chat_id, "message_id": message_id}
        return _sent(await self._guard(self.bot.edit_message_text, text, **where, **options))

    async def updates(self, **options: Any) -> list[dict[str, Any]]:
        return list(_plain_aiogram(await self._guard(self.bot.get_updates, **options)))

    async def download(self, file_id: str) -> bytes:
        fetched = await self._guard(self.bot.download, file_id)
        return bytes(fetched.read())


def _plain_aiogram(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_aiogram(one) for one in value]
    if isinstance(value, aiogram.types.TelegramObject):
        return value.model_dump(by_alias=True, exclude_none=True)
    return value


# --- python-telegram-bot -----------------------------------------------------------------------------


class PtbClient:
    """python-telegram-bot, a form-encoding client on httpx."""

    name = "python-telegram-bot"

    def __init__(self, base_url: str, token: str) -> None:
        def transport() -> HTTPXRequest:
            return HTTPXRequest(httpx_kwargs={"trust_env": False}, read_timeout=60.0)

        self.bot = telegram.Bot(
            token,
            base_url=f"{base_url}/bot",
            base_file_url=f"{base_url}/file/bot",
            request=transport(),
            get_updates_request=transport(),
        )

    async def open(self) -> None:
        await self.bot.initialize()

    async def close(self) -> None:
        await self.bot.shutdown()

    async def call(self, method: str, **parameters: Any) -> Any:
        """Any method by its Python name; the result as plain data."""
        return _plain_ptb(await self._guard(getattr(self.bot, method), **_markup(parameters, telegram)))

    async def _guard(self, function: Callable[..., Any], *given: Any, **options: Any) -> Any:
        try:
            return await function(*given, **options)
        except telegram.error.RetryAfter as error:
            wait = error.retry_after
            seconds = wait if isinstance(wait, int) else wait.total_seconds()
            raise Failure("too many requests", retry_after=int(seconds)) from error
        except telegram.error.ChatMigrated as error:
            raise Failure("migrated", migrate_to=error.new_chat_id) from error
        except telegram.error.BadRequest as error:
            raise Failure(_levelled(error.message)) from error
        except telegram.error.NetworkError as error:
            raise Failure(_levelled(error.message), is_network=True) from error
        except telegram.error.TelegramError as error:
            raise Failure(_levelled(error.message), is_network="Invalid server" in error.message) from error

    async def send(self, chat_id: int | str, text: str, **options: Any) -> Sent:
        return _sent(await self._guard(self.bot.send_message, chat_id, text, **_markup(options, telegram)))

    async def send_photo(self, chat_id: int, photo: bytes | str, **options: Any) -> Sent:
        return _sent(await self._guard(self.bot.send_photo, chat_id, photo, **_markup(options, telegram)))

    async def send_document(self, chat_id: int, data: bytes, name: str) -> str:
        sent = await self._guard(self.bot.send_document, chat_id, data, filename=name)
        return str(sent.document.file_id)

    async def edit_text(self, chat_id: int, message_id: int, text: str, **options: Any) -> Sent:
        options = _markup(options, telegram)
        where = {"chat_id": chat_id, "message_id": message_id}
        return _sent(await self._guard(self.bot.edit_message_text, text, **where, **options))

    async def updates(self, **options: Any) -> list[dict[str, Any]]:
        return list(_plain_ptb(await self._guard(self.bot.get_updates, **options)))

    async def download(self, file_id: str) -> bytes:
        file = await self._guard(self.bot.get_file, file_id)
        return bytes(await file.download_as_bytearray())


def _plain_ptb(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain_ptb(one) for one in value]
    return value.to_dict() if isinstance(value, telegram.TelegramObject) else value


# --- levelling ---------------------------------------------------------------------------------------


def _levelled(description: str) -> str:
    return description.removeprefix("Bad Request: ").lower()


def _markup(options: dict[str, Any], types: Any) -> dict[str, Any]:
    """Options whose values are plain tuples, as the objects of the client's own `types`."""
    built = dict(options)
    if "buttons" in built:
        rows = [[_button(types, label, data) for label, data in row] for row in built.pop("buttons")]
        built["reply_markup"] = types.InlineKeyboardMarkup(inline_keyboard=rows)
    if "reply_to" in built:
        built["reply_parameters"] = types.ReplyParameters(message_id=built.pop("reply_to"))
    if "commands" in built:
        built["commands"] = [
            types.BotCommand(command=name, description=what) for name, what in built["commands"]
        ]
    if isinstance(built.get("entities"), Sequence):
        built["entities"] = [
            types.MessageEntity(type=kind, offset=offset, length=size)
            for kind, offset, size in built["entities"]
        ]
    return built


def _button(types: Any, label: str, data: str) -> Any:
    where = {"url": data} if "://" in data else {"callback_data": data}
    return types.InlineKeyboardButton(text=label, **where)


def _sent(message: Any) -> Sent:
    entities = message.entities or message.caption_entities or ()
    markup = message.reply_markup
    return Sent(
        message.message_id,
        message.text or message.caption or "",
        tuple((str(getattr(one.type, "value", one.type)), one.offset, one.length) for one in entities),
        tuple(button.text for row in markup.inline_keyboard for button in row) if markup else (),
        tuple(size.file_id for size in message.photo or ()),
        message.message_thread_id,
        message.reply_to_message.message_id if message.reply_to_message else None,
    )


@asynccontextmanager
async def client_of(name: str, base_url: str, token: str) -> AsyncIterator[AiogramClient | PtbClient]:
    """A client by its name, opened and closed."""
    if name == AiogramClient.name:
        aiogram_client = AiogramClient(base_url, token)
        try:
            yield aiogram_client
        finally:
            await aiogram_client.close()
        return
    ptb_client = PtbClient(base_url, token)
    try:
        await ptb_client.open()
        yield ptb_client
    finally:
        await ptb_client.close()
