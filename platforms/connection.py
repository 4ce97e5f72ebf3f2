"""One HTTP/1.1 connection to a platform: one request at a time, and what its answer was (RFC 9112).

What matters to a delivery is whether anything of a request has left this machine, so that is told apart here:
``NotBegun`` before the first byte, ``Broken`` after it.

    ConnectionTrouble
     ├── NotBegun    nothing was written: safe to try again
     └── Broken      something was written, and no whole answer came
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

CONNECTION_LOST: Final = "connection_lost"
ENDLESS_ANSWER: Final = "endless_answer"
NOT_HTTP: Final = "not_http"

# No answer of a platform's to what we ask is nearly as long, with its headers.
_ANSWER_BYTES_AT_MOST = 80 * 1024
# A TLS transport does not tell what the one beneath it still holds: only what fits into the kernel's buffer, as any
# text does and a picture does not, is certainly written when the answer to it comes.
_WRITTEN_AT_ONCE_BYTES = 32 * 1024
_FINAL_STATUS = 200
_DELIMITING = frozenset({b"content-length", b"transfer-encoding"})


class ConnectionTrouble(Exception):
    """A request without an answer; ``reason`` is a word, never an address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotBegun(ConnectionTrouble):
    """Not one byte of the request was written."""


class Broken(ConnectionTrouble):
    """Some of the request was written; nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever it says."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """Connected once; closed by whoever holds it, or by the other side. Parses with llhttp."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._asked: asyncio.Future[Answer] | None = None
        self._parser: HttpResponseParser | None = None
        self._body = b""
        self._heard_bytes = 0
        self._has_head = False
        self._ends_with_connection = True
        self._may_be_kept = True

    @property
    def is_free(self) -> bool:
        """Whether it takes another request."""
        return self._asked is None and self._may_be_kept and self._is_open

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def _is_written(self) -> bool:
        """Whether nothing of a request is left; an answer may come before all of it was read (RFC 9112, 9.3)."""
        return self._transport is not None and self._transport.get_write_buffer_size() == 0

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Write ``request``; the future has its answer, or Broken. Raises NotBegun.

        Of an answer that is waited for no longer, the rest may come at any time: close the connection then.
        """
        if self._transport is None or not self.is_free:
            raise NotBegun(CONNECTION_LOST)
        self._asked = asked = asyncio.get_running_loop().create_future()
        self._parser = HttpResponseParser(self)
        self._heard_bytes = 0
        self._may_be_kept = len(request) <= _WRITTEN_AT_ONCE_BYTES
        self._forget_message()
        self._transport.write(request)
        return asked

    def close(self) -> None:
        """At once, whatever is on its way."""
        self._may_be_kept = False
        if self._transport is not None:
            self._transport.abort()

    # --- what the event loop calls ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """A piece of an answer; what nobody has asked for spoils the connection."""
        if self._asked is None or self._parser is None:
            self.close()
            return
        self._heard_bytes += len(data)
        if self._heard_bytes > _ANSWER_BYTES_AT_MOST:
            self._fail(ENDLESS_ANSWER)
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):  # the latter is none of the former
            self._fail(NOT_HTTP)

    def eof_received(self) -> None:
        """The other side has said all: that ends a body whose length was not told (RFC 9112, 6.3).

        The transport may seem open for a while yet, and swallow what is written.
        """
        self._may_be_kept = False
        if self._has_head and self._ends_with_connection and self._parser is not None:
            self._finish(self._parser)

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed; whoever still waits for an answer gets none."""
        del error
        self._fail(CONNECTION_LOST)
        self._transport = None

    # --- what the parser calls -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Of a second message nobody has asked for, only that the connection is spoilt."""
        if self._asked is None:
            self._may_be_kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Whether the body's end is told."""
        del value
        if name.lower() in _DELIMITING:
            self._ends_with_connection = False

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._has_head = True

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """The answer, unless it only says that there will be one (RFC 9110, 15.2)."""
        if self._asked is None or self._parser is None:
            return
        if self._parser.get_status_code() < _FINAL_STATUS:
            self._forget_message()
            return
        self._may_be_kept = self._may_be_kept and self._parser.should_keep_alive() and self._is_written
        self._finish(self._parser)

    # --- the end of a request --------------------------------------------------------------------------

    def _finish(self, parser: HttpResponseParser) -> None:
        answer = Answer(parser.get_status_code(), self._body)
        asked, self._asked, self._parser = self._asked, None, None
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def _fail(self, reason: str) -> None:
        asked, self._asked, self._parser = self._asked, None, None
        if asked is not None and not asked.done():
            asked.set_exception(Broken(reason))
        self.close()

    def _forget_message(self) -> None:
        self._body = b""
        self._has_head = False
        self._ends_with_connection = True
