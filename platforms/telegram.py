"""Posting to Telegram: the port ``Sender`` over aiohttp.

A request's body is spliced from the chat's id and a tail prepared once for all channels that get the same,
so a message costs little more than the HTTP request itself. The HTTP session is given and closed by whoever
wires.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import (
    BytesPayload,
    ClientConnectionResetError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    MultipartWriter,
    TCPConnector,
)
from aiohttp.abc import AbstractStreamWriter
from aiohttp.hdrs import CONTENT_TYPE
from yarl import URL

from broadcasts.delivery import NOT_OURS, PICTURE_UNAVAILABLE, NotSent, Outcome, Rejected, Unsure
from broadcasts.ports import Content, LedgerUnavailable, MediaShelf
from platforms.patience import Patience
from platforms.proxies import socks_address
from platforms.telegram_outcomes import STALE_HANDLE, outcome_of, photo_handle_in

TELEGRAM_URL = "https://api.telegram.org"

_METHODS = ("sendMessage", "sendPhoto", "editMessageText", "editMessageCaption", "pinChatMessage")
_NO_PREVIEW: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}
_ANSWER_BYTES_AT_MOST = 64 * 1024
_TAILS_KEPT = 512
_CONNECTING = ClientTimeout(total=None, sock_connect=10.0)  # the whole is bounded by Patience
_TOO_LATE = "TimeoutError"
# Shorter than the server's patience with idle connections, or we would write into one that is just closing.
_IDLE_CONNECTION_SECONDS = 15.0


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


def open_session(in_flight: int, proxy: str | None = None) -> ClientSession:
    """An HTTP session with room for so many requests at once; whoever opens it closes it.

    A SOCKS ``proxy`` is the session's; an HTTP proxy is named at each request, by the account.
    """
    return ClientSession(
        connector=_connector(in_flight, socks_address(proxy)),
        cookie_jar=DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
    )


def _connector(in_flight: int, socks: str | None) -> TCPConnector:
    kept: dict[str, Any] = {"limit": in_flight, "keepalive_timeout": _IDLE_CONNECTION_SECONDS}
    if socks is None:
        return TCPConnector(ttl_dns_cache=300, **kept)
    from platforms.socks import SocksConnector

    return SocksConnector.from_url(socks, rdns=True, **kept)


def always() -> bool:
    """For a process that is alone: nobody else sends for its tokens."""
    return True


class _Watched:
    """Mixed into a request body, which then knows whether any of the request was written.

    Headers go out with the body's first bytes, so before that nothing has left this machine; and here, in the last
    moment, it is asked whether this process may still send: it may have been frozen a step ago.
    """

    has_begun = False
    is_kept_back = False
    may_go: Callable[[], bool] = staticmethod(always)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        transport = getattr(writer, "transport", None)
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("the connection closed before anything was written")
        if not self.may_go():
            self.is_kept_back = True
            raise ClientConnectionResetError("another process may send by now")
        self.has_begun = True
        await super().write_with_length(writer, content_length)  # type: ignore[misc]


class _Body(_Watched, BytesPayload):
    """A JSON object."""


class _Form(_Watched, MultipartWriter):
    """A form with a file in it."""


class TelegramSender:
    """Posts, edits and pins for one bot. Nothing is raised for what Telegram or the network may do."""

    def __init__(
        self,
        session: ClientSession,
        account: TelegramAccount,
        media: MediaShelf,
        may_send: Callable[[], bool] = always,
    ) -> None:
        """``may_send`` is asked right before the first byte of each request."""
        self._may_send = may_send
        self._session = session
        self._account = account
        self._media = media
        self._urls = {name: URL(f"{account.base_url}/bot{account.token}/{name}") for name in _METHODS}
        self._proxy = None if socks_address(account.proxy) else account.proxy
        self._patience = Patience(account.answer_seconds)
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
        """Change a message of our own; one that already reads so counts as changed."""
        has_picture = content.media is not None
        fields = {
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
            if handle is not None:
                tail = _replying(self._tail(content, handle), reply_to)
                outcome = await self._call("sendPhoto", chat, tail)
                if outcome != Rejected(STALE_HANDLE):
                    return outcome
            return await self._upload(chat, content, reply_to)
        except LedgerUnavailable:
            return NotSent(PICTURE_UNAVAILABLE)

    async def _upload(self, chat: str, content: Content, reply_to: str | None) -> Outcome:
        media = content.media
        sha256 = media.sha256 if media else ""
        picture = self._pictures.get(sha256) or await self._media.content(sha256)
        if media is None or picture is None:
            return Rejected("picture_missing")
        fields = {"chat_id": chat} | self._fields(content)
        if reply_to is not None:
            fields["reply_parameters"] = _reply_to(reply_to)
        status, body = await self._request("sendPhoto", _form(fields, media.file_name, picture))
        if isinstance(body, bytes):
            await self._remember(sha256, photo_handle_in(body))
            return outcome_of(status, body)
        return body

    async def _remember(self, sha256: str, handle: str | None) -> None:
        """A handle that cannot be kept is only uploaded again some day."""
        if handle is not None:
            self._handles[sha256] = handle
            with contextlib.suppress(LedgerUnavailable):
                await self._media.remember_handle(self._account.bot, sha256, handle)

    async def _call(self, method: str, chat: str, tail: bytes, known_message_id: str = "") -> Outcome:
        body = _Body(_head(chat) + tail, content_type="application/json")
        status, answer = await self._request(method, body)
        return outcome_of(status, answer, known_message_id) if isinstance(answer, bytes) else answer

    async def _request(self, method: str, body: _Body | _Form) -> tuple[int, bytes | Outcome]:
        """The whole answer, or what its absence means: ``NotSent`` before the first byte, then ``Unsure``."""
        body.may_go = self._may_send
        task = self._patience.begin()
        try:
            response = await self._session.post(
                self._urls[method],
                data=body,
                timeout=_CONNECTING,
                proxy=self._proxy,
                allow_redirects=False,
            )
            try:
                return response.status, await read_answer(response)
            finally:
                response.release()
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            # The words of these errors may hold the URL, and with it the token: only their names are kept.
            reason = NOT_OURS if body.is_kept_back else type(error).__name__
            return 0, Unsure(reason) if body.has_begun else NotSent(reason)
        except asyncio.CancelledError:
            if not self._patience.has_ended(task):
                raise
            return 0, Unsure(_TOO_LATE) if body.has_begun else NotSent(_TOO_LATE)
        finally:
            self._patience.end(task)


async def read_answer(response: ClientResponse) -> bytes | Outcome:
    """The body, unless it is longer than any answer of Telegram's."""
    length = response.content_length
    if length is not None and length <= _ANSWER_BYTES_AT_MOST:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _ANSWER_BYTES_AT_MOST:
            response.close()
            return Unsure("endless_answer")
    return bytes(body)


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


def _form(fields: dict[str, Any], file_name: str, picture: bytes) -> _Form:
    form = _Form("form-data")
    for name, value in fields.items():
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        form.append(written).set_content_disposition("form-data", name=name)
    part = form.append(io.BytesIO(picture), {CONTENT_TYPE: "application/octet-stream"})
    part.set_content_disposition("form-data", name="photo", filename=file_name)
    return form
