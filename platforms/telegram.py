"""Posting to Telegram: the port ``Sender`` over HTTP connections of our own.

A request is spliced from a head prepared for each method, the chat's id, and a tail prepared once for all channels
that get the same. The connections are given and closed by whoever wires.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from broadcasts.delivery import PICTURE_UNAVAILABLE, NotSent, Outcome, Rejected, Unsure
from broadcasts.ports import Content, LedgerUnavailable, MediaShelf
from platforms.connection import Answer, Broken, NotBegun
from platforms.connections import Connections, always
from platforms.dialing import Dialer, address_in
from platforms.forms import form_of
from platforms.telegram_outcomes import NO_TEXT, STALE_HANDLE, greeting_of, outcome_of, photo_handle_in

TELEGRAM_URL = "https://api.telegram.org"

_METHODS = ("sendMessage", "sendPhoto", "editMessageText", "editMessageCaption", "pinChatMessage")
_JSON = "application/json"
_NO_PREVIEW: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}
_TAILS_KEPT = 512
# Itself, and pins of earlier ones that are not answered yet.
_A_DELIVERY_ASKS_AT_MOST = 4


@dataclass(frozen=True, slots=True)
class TelegramAccount:
    """Which bot posts, and how its server is reached."""

    bot: str
    """Name of the bot in the settings."""
    token: str = field(repr=False)
    base_url: str = TELEGRAM_URL
    proxy: str | None = field(default=None, repr=False)
    answer_seconds: float = 30.0
    is_paid: bool = False

    def request_head(self, method: str, content_type: str = _JSON) -> bytes:
        """A call of the Bot API up to its body's length. Raises ValueError if ``base_url`` is no web address."""
        return address_in(self.base_url).request_head(f"/bot{self.token}/{method}", content_type)


def open_connections(account: TelegramAccount, in_flight: int) -> Connections:
    """Connections for so many deliveries at once, and their pins; whoever opens them closes them.

    Connects to nothing yet.

    Raises ValueError if ``base_url`` is no web address. Needs a running loop.
    """
    dialer = Dialer(address_in(account.base_url), account.proxy)
    return Connections(dialer, _A_DELIVERY_ASKS_AT_MOST * in_flight, account.answer_seconds)


class TelegramSender:
    """Posts, edits and pins for one bot. Nothing is raised for what Telegram or the network may do."""

    def __init__(
        self,
        connections: Connections,
        account: TelegramAccount,
        media: MediaShelf,
        may_send: Callable[[], bool] = always,
    ) -> None:
        """``may_send`` is asked right before the first byte of each request."""
        self._may_send = may_send
        self._connections = connections
        self._account = account
        self._media = media
        self._heads = {name: account.request_head(name) for name in _METHODS}
        self._tails: dict[tuple[Content, str], bytes] = {}
        self._handles: dict[str, str] = {}
        self._uploading = asyncio.Lock()
        self._pictures: dict[str, bytes] = {}

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        """Post a message; ``reply_to`` is the id of one already there."""
        if content.media is not None:
            return await self._post_picture(chat, content, reply_to)
        return await self._call("sendMessage", chat, _replying(self._tail(content, ""), reply_to))

    async def edit(self, chat: str, message_id: str, content: Content) -> Outcome:
        """Change a message of our own; one that already reads so counts as changed.

        An older correction's message may be a picture where the newer one is none: then its caption is changed.
        """
        outcome = await self._edit(chat, message_id, content, has_picture=content.media is not None)
        if outcome == Rejected(NO_TEXT):
            return await self._edit(chat, message_id, content, has_picture=True)
        return outcome

    async def _edit(self, chat: str, message_id: str, content: Content, *, has_picture: bool) -> Outcome:
        fields: dict[str, Any] = {
            "message_id": int(message_id),
            "caption" if has_picture else "text": content.rendered.html,
            "parse_mode": "HTML",
        }
        if not has_picture:
            fields |= _NO_PREVIEW
        method = "editMessageCaption" if has_picture else "editMessageText"
        return await self._call(method, chat, _tail_of(fields), message_id)

    async def pin(self, chat: str, message_id: str) -> Outcome:
        """Pin a message without a sound."""
        fields = {"message_id": int(message_id), "disable_notification": True}
        return await self._call("pinChatMessage", chat, _tail_of(fields), message_id)

    async def greet(self) -> Outcome:
        """Ask whose token this is, as nothing else is answered without a chat."""
        answer = await self._exchange(self._account.request_head("getMe"), b"{}")
        return greeting_of(answer.status, answer.body) if isinstance(answer, Answer) else answer

    def _tail(self, content: Content, handle: str) -> bytes:
        """All of a body but the chat, and the picture's handle if there is one; prepared once."""
        tail = self._tails.get((content, handle))
        if tail is None:
            fields = self._fields(content)
            if handle:
                fields["photo"] = handle
            tail = _tail_of(fields)
            if len(self._tails) >= _TAILS_KEPT:
                del self._tails[next(iter(self._tails))]
            self._tails[content, handle] = tail
        return tail

    def _fields(self, content: Content) -> dict[str, Any]:
        fields: dict[str, Any] = {"parse_mode": "HTML"}
        if content.media is None:
            fields |= {"text": content.rendered.html} | _NO_PREVIEW
        else:
            fields["caption"] = content.rendered.html
        if content.silent:
            fields["disable_notification"] = True
        if self._account.is_paid:
            fields["allow_paid_broadcast"] = True
        return fields

    @asynccontextmanager
    async def prepared(self, content: Content) -> AsyncIterator[None]:
        """Whoever finds a picture that Telegram has not got yet keeps all others waiting until it has.

        All reading is done here, so that nothing comes between a slot and its request.
        """
        sha256 = content.media.sha256 if content.media else ""
        if sha256 in self._handles:
            yield
            return
        async with self._uploading:
            if await self._is_to_be_uploaded(sha256):
                try:
                    yield
                finally:
                    self._pictures.pop(sha256, None)
                return
        yield

    async def _is_to_be_uploaded(self, sha256: str) -> bool:
        """Its bytes are at hand then; a database that cannot be read is told of when it is posted."""
        with contextlib.suppress(LedgerUnavailable):
            if await self._handle(sha256) is None:
                picture = await self._media.content(sha256)
                if picture is not None:
                    self._pictures[sha256] = picture
                return True
        return False

    async def _handle(self, sha256: str) -> str | None:
        known = self._handles.get(sha256) or await self._media.handle(self._account.bot, sha256)
        if known is not None:
            self._handles[sha256] = known
        return known

    async def _post_picture(self, chat: str, content: Content, reply_to: str | None) -> Outcome:
        """By the handle under which Telegram has it; without one, or with a stale one, by uploading it."""
        sha256 = content.media.sha256 if content.media else ""
        try:
            handle = None if sha256 in self._pictures else await self._handle(sha256)
            if handle is None:
                return await self._upload(chat, content, reply_to)
            outcome = await self._post_by_handle(chat, content, reply_to, handle)
            if outcome != Rejected(STALE_HANDLE):
                return outcome
            return await self._post_anew(chat, content, reply_to, handle)
        except LedgerUnavailable:
            return NotSent(PICTURE_UNAVAILABLE)

    async def _post_by_handle(
        self, chat: str, content: Content, reply_to: str | None, handle: str
    ) -> Outcome:
        return await self._call("sendPhoto", chat, _replying(self._tail(content, handle), reply_to))

    async def _post_anew(self, chat: str, content: Content, reply_to: str | None, stale: str) -> Outcome:
        """Many learn at once that a handle is stale. The first uploads the picture, the others are sent later."""
        sha256 = content.media.sha256 if content.media else ""
        known = self._handles.get(sha256)
        if known not in (None, stale):
            return await self._post_by_handle(chat, content, reply_to, known)
        self._handles.pop(sha256, None)  # so that whoever comes now waits in `prepared`
        if self._uploading.locked():
            return NotSent(PICTURE_UNAVAILABLE)
        async with self._uploading:
            return await self._upload(chat, content, reply_to)

    async def _upload(self, chat: str, content: Content, reply_to: str | None) -> Outcome:
        media = content.media
        sha256 = media.sha256 if media else ""
        picture = self._pictures.get(sha256) or await self._media.content(sha256)
        if media is None or picture is None:
            return Rejected("picture_missing")
        fields = {"chat_id": chat} | self._fields(content)
        if reply_to is not None:
            fields["reply_parameters"] = _reply_to(reply_to)
        content_type, form = form_of(fields, "photo", media.file_name, picture)
        answer = await self._exchange(self._account.request_head("sendPhoto", content_type), form)
        if not isinstance(answer, Answer):
            return answer
        await self._remember(sha256, photo_handle_in(answer.body))
        return outcome_of(answer.status, answer.body)

    async def _remember(self, sha256: str, handle: str | None) -> None:
        """A handle that cannot be kept is only uploaded again some day."""
        if handle is not None:
            self._handles[sha256] = handle
            with contextlib.suppress(LedgerUnavailable):
                await self._media.remember_handle(self._account.bot, sha256, handle)

    async def _call(self, method: str, chat: str, tail: bytes, known_message_id: str = "") -> Outcome:
        answer = await self._exchange(self._heads[method], _head(chat) + tail)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer.status, answer.body, known_message_id)

    async def _exchange(self, head: bytes, body: bytes) -> Answer | Outcome:
        """The whole answer, or what its absence means: ``NotSent`` before the first byte, then ``Unsure``."""
        try:
            return await self._connections.exchange(
                b"%b%d\r\n\r\n%b" % (head, len(body), body), self._may_send
            )
        except NotBegun as trouble:
            return NotSent(trouble.reason)
        except Broken as trouble:
            return Unsure(trouble.reason)


def _head(chat: str) -> bytes:
    """The beginning of a body: numbers stand bare, a public name in quotes."""
    is_number = chat.removeprefix("-").isdecimal()
    return b'{"chat_id":' + (chat if is_number else json.dumps(chat)).encode() + b","


def _tail_of(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()[1:]


def _reply_to(message_id: str) -> dict[str, Any]:
    """Should the message be gone, what replies to it is posted all the same."""
    return {"message_id": int(message_id), "allow_sending_without_reply": True}


def _replying(tail: bytes, reply_to: str | None) -> bytes:
    if reply_to is None:
        return tail
    return b'"reply_parameters":' + json.dumps(_reply_to(reply_to)).encode() + b"," + tail
