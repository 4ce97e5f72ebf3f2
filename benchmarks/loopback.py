"""The platform's side of every benchmark, in a process and on a core of its own: what is measured is the client's.

Speaks just enough HTTP/1.1, its answers are prepared. Accepts every message at once; or, told a limit, enforces it
twice over: no more in any second, and a token bucket of one second's worth; whichever is exceeded answers 429.
``GET /seen`` tells what came. Times are those of the machine's monotonic clock, the same in every process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from random import Random
from typing import cast

import aiohttp
import uvloop

from benchmarks.measuring import pin, server_core

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = b"content-length:"
_POLL_SECONDS = 5.0
_KEPT_AT_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the server behaves. ``limit_per_second`` 0 is no limit; ``keeps`` remembers every message."""

    limit_per_second: int = 0
    jitter_seconds: float = 0.0
    keeps: bool = False
    mark: str = ""


@dataclass(slots=True)
class Seen:
    """What came: how many were taken and refused, and, if kept, (time, path before the
    method, chat, whether it bears the mark) of each."""

    accepted: int = 0
    refused: int = 0
    messages: list[tuple[float, str, str, bool]] = field(default_factory=list)


class Limit:
    """So many in any second, and a bucket of as many that fills evenly."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._times: deque[float] = deque()
        self._level = float(per_second)
        self._filled_at = time.monotonic()

    def admits(self, now: float) -> bool:
        """Whether one more is within both rules; then it counts."""
        while self._times and self._times[0] <= now - 1.0:
            self._times.popleft()
        self._level = min(self._per_second, self._level + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if len(self._times) >= self._per_second or self._level < 1.0:
            return False
        self._times.append(now)
        self._level -= 1.0
        return True


class Platform:
    """What all connections share."""

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.seen = Seen()
        self._mark = conduct.mark.encode()
        self._limit = Limit(conduct.limit_per_second) if conduct.limit_per_second else None
        self._random = Random(1)

    def delay_seconds(self) -> float:
        """How long the next request is under way."""
        return self._random.uniform(0.0, self.conduct.jitter_seconds)

    def take(self, path: bytes, body: bytes) -> bytes:
        """A message has arrived; the answer."""
        now = time.monotonic()
        if self._limit is not None and not self._limit.admits(now):
            self.seen.refused += 1
            return _TOO_MANY
        self.seen.accepted += 1
        if self.conduct.keeps and len(self.seen.messages) < _KEPT_AT_MOST:
            marked = bool(self._mark) and self._mark in body
            source = path[1 : path.rfind(b"/")].decode()
            self.seen.messages.append((now, source, _chat_of(body), marked))
        return _MESSAGE_HEAD + b"%012d" % self.seen.accepted + _MESSAGE_TAIL

    def tell(self) -> bytes:
        """What was seen, as JSON."""
        return _answer(json.dumps(asdict(self.seen)).encode())


class Connection(asyncio.Protocol):
    """One connection; requests on it come one after the other."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (split := self._split()) is not None:
            head_end, end = split
            path = self._buffer[: self._buffer.find(b"\r\n")].split(b" ", 2)[1]
            body, self._buffer = self._buffer[head_end:end], self._buffer[end:]
            self._serve(path, body)

    def _serve(self, path: bytes, body: bytes) -> None:
        if path.lower().endswith(b"/sendmessage"):
            if self._platform.conduct.jitter_seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(self._platform.delay_seconds(), self._take, path, body)
            else:
                self._take(path, body)
        elif path == b"/seen":
            self._write(self._platform.tell())
        elif path.lower().endswith(b"/getupdates"):
            asyncio.get_running_loop().call_later(_POLL_SECONDS, self._write, _NOTHING)
        else:
            self._write(_ME if path.lower().endswith(b"/getme") else _TRUE)

    def _take(self, path: bytes, body: bytes) -> None:
        self._write(self._platform.take(path, body))

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    def _split(self) -> tuple[int, int] | None:
        """Where the body of the first request begins and ends, once all of it is here."""
        head_end = self._buffer.find(_END_OF_HEADERS)
        if head_end < 0:
            return None
        head = self._buffer[:head_end].lower()
        start = head.find(_LENGTH)
        length = int(head[start + len(_LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        end = head_end + len(_END_OF_HEADERS) + length
        return (head_end + len(_END_OF_HEADERS), end) if len(self._buffer) >= end else None


def _chat_of(body: bytes) -> str:
    """The number after ``chat_id``, in JSON or a form; enough for the clients measured here."""
    place = body.find(b"chat_id")
    digits = (chr(one) for one in body[place + 7 : place + 40])
    return "".join(sign for sign in digits if sign.isdigit() or sign == "-") if place >= 0 else ""


def _answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
        status,
        len(body),
    )
    return head + body


_NUMBER = b"000000000000"
# In Telegram's own order: the number comes first.
_MESSAGE_HEAD, _, _MESSAGE_TAIL = _answer(
    b'{"ok":true,"result":{"message_id":1%b,"from":{"id":1,"is_bot":true,"first_name":"Loa","username":"loa_bot"},'
    b'"chat":{"id":1,"first_name":"x","type":"private"},"date":1700000000,"text":"x"}}' % _NUMBER
).partition(_NUMBER)
_TOO_MANY = _answer(
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}',
    b"429 Too Many Requests",
)
_TRUE = _answer(b'{"ok":true,"result":true}')
_NOTHING = _answer(b'{"ok":true,"result":[]}')
_ME = _answer(b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Loa","username":"loa_bot"}}')


class Loopback:
    """The running server, as a benchmark sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def seen(self) -> Seen:
        """What has come until now."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/seen") as answer:
            told = await answer.json()
        return Seen(told["accepted"], told["refused"], [tuple(one) for one in told["messages"]])


@contextlib.asynccontextmanager
async def open_loopback(conduct: Conduct | None = None) -> AsyncIterator[Loopback]:
    """The server, while it runs in a process of its own."""
    conduct = conduct or Conduct()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.loopback",
        json.dumps(asdict(conduct)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield Loopback(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        await process.wait()


async def _serve(conduct: Conduct) -> None:
    pin(server_core())
    platform = Platform(conduct)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(platform), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("conduct", type=json.loads, nargs="?", default={})
    uvloop.run(_serve(Conduct(**parser.parse_args().conduct)))
