"""Connections against servers that answer strangely: an answer is whole and one's own, or it is none."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.delivery import NO_ROOM, NOT_OURS
from platforms.connection import (
    CONNECTION_LOST,
    ENDLESS_ANSWER,
    NOT_HTTP,
    Answer,
    Broken,
    Connection,
    NotBegun,
)
from platforms.connections import Connections
from platforms.dialing import Dialer, address_in
from platforms.patience import TOO_LATE
from tests.broadcasts.test_pacing import in_virtual_time

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
WITH_NOTICE = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
WITHOUT_LENGTH = b"HTTP/1.1 200 OK\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"

Serve = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server whose every connection is served by ``serve``, which is told the connection's number."""

    def __init__(self, serve: Serve) -> None:
        self.connections = 0
        self.url = ""
        self._serve = serve
        self._served: set[asyncio.Task[None] | None] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._served.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(self.connections, reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def end(self) -> None:
        """Whoever is still served is served no longer."""
        for one in self._served:
            if one is not None:
                one.cancel()
                await asyncio.wait([one])


@contextlib.asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(serve)
    listening = await asyncio.start_server(server.take, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server
        await server.end()


def saying(*answers: bytes) -> Serve:
    """On each connection one answer after the other, each to one request; then the connection is closed."""

    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request_from(reader)
            writer.write(answer)
            await writer.drain()

    return serve


async def request_from(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


def to(server: Server, at_most: int = 8, answer_seconds: float = 5.0) -> Connections:
    return Connections(Dialer(address_in(server.url)), at_most, answer_seconds)


def asking(server: Server, words: bytes = b"{}") -> bytes:
    head = address_in(server.url).request_head("/bot1:A/sendMessage", "application/json")
    return b"%b%d\r\n\r\n%b" % (head, len(words), words)


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with serving(saying(OK, CHUNKED, WITH_NOTICE, OK)) as server, to(server) as connections:
        answers = [await connections.exchange(asking(server)) for _ in range(4)]
        assert answers == [Answer(200, b"ok")] * 4
        assert server.connections == 1


async def test_requests_at_the_same_time_have_a_connection_each_and_their_own_answers() -> None:
    async def serve(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = await request_from(reader)
        await asyncio.sleep(0.02 * (5 - number))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(words), words))
        await reader.read()

    async with serving(serve) as server, to(server) as connections:
        words = [b"Hoa", b"Minh", b"Lan", b"Sau"]
        answers = await asyncio.gather(*(connections.exchange(asking(server, one)) for one in words))
        assert [answer.body for answer in answers] == words
        assert server.connections == 4


@pytest.mark.parametrize("answer", [LAST, OLD, WITHOUT_LENGTH], ids=["told", "old", "without length"])
async def test_a_connection_that_ends_with_its_answer_is_not_used_again(answer: bytes) -> None:
    async with serving(saying(answer)) as server, to(server) as connections:
        for _ in range(2):
            assert await connections.exchange(asking(server)) == Answer(200, b"ok")
        assert server.connections == 2


@pytest.mark.parametrize(
    "surplus", [OK, b"HTTP/1.1 2", b"\x00nonsense"], ids=["answer", "beginning", "nonsense"]
)
async def test_what_follows_an_answer_unasked_never_becomes_the_answer_to_another(surplus: bytes) -> None:
    async with serving(saying(OK + surplus, LAST)) as server, to(server) as connections:
        for _ in range(2):
            assert await connections.exchange(asking(server)) == Answer(200, b"ok")
            await asyncio.sleep(0.01)
        assert server.connections == 2


async def test_what_comes_unasked_while_a_connection_is_idle_spoils_it() -> None:
    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with serving(serve) as server, to(server) as connections:
        for _ in range(2):
            assert await connections.exchange(asking(server)) == Answer(200, b"ok")
            await asyncio.sleep(0.05)
        assert server.connections == 2


async def test_a_connection_that_the_server_closed_while_idle_costs_nobody_an_answer() -> None:
    async with serving(saying(OK)) as server, to(server) as connections:
        for _ in range(3):
            assert await connections.exchange(asking(server)) == Answer(200, b"ok")
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Le", CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", CONNECTION_LOST),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", CONNECTION_LOST),
        (b"HTTP/1.1 100 Continue\r\n\r\n", CONNECTION_LOST),
        (b"220 mail.example ESMTP\r\n", NOT_HTTP),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok", NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + bytes(900_000), ENDLESS_ANSWER),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, ENDLESS_ANSWER),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(900_000), ENDLESS_ANSWER),
    ],
)
async def test_half_an_answer_or_nonsense_is_no_answer(answer: bytes, reason: str) -> None:
    async with serving(saying(answer)) as server, to(server) as connections:
        with pytest.raises(Broken) as raised:
            await connections.exchange(asking(server))
    assert raised.value.reason == reason


async def late(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """To the first request an answer that comes too late; to the others at once."""
    while True:
        await request_from(reader)
        await asyncio.sleep(0.2 if number == 1 else 0.0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)


async def test_an_answer_that_comes_too_late_is_nobody_elses() -> None:
    async with serving(late) as server, to(server, answer_seconds=0.1) as connections:
        with pytest.raises(Broken) as raised:
            await connections.exchange(asking(server))
        assert raised.value.reason == TOO_LATE
        assert await connections.exchange(asking(server)) == Answer(200, b"2")


async def test_an_answer_that_nobody_waits_for_any_more_is_nobody_elses() -> None:
    async with serving(late) as server, to(server) as connections:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connections.exchange(asking(server))
        assert await connections.exchange(asking(server)) == Answer(200, b"2")


async def test_who_may_send_no_more_writes_nothing_and_the_connection_stays() -> None:
    async with serving(saying(OK, OK)) as server, to(server) as connections:
        assert await connections.exchange(asking(server)) == Answer(200, b"ok")
        with pytest.raises(NotBegun) as raised:
            await connections.exchange(asking(server), lambda: False)
        assert raised.value.reason == NOT_OURS
        assert await connections.exchange(asking(server)) == Answer(200, b"ok")
        assert server.connections == 1


async def test_one_too_many_at_the_same_time_is_told_at_once() -> None:
    async with serving(late) as server, to(server, at_most=1) as connections:
        first = asyncio.create_task(connections.exchange(asking(server)))
        await asyncio.sleep(0.01)
        with pytest.raises(NotBegun) as raised:
            await connections.exchange(asking(server))
        assert raised.value.reason == NO_ROOM
        await first
        assert await connections.exchange(asking(server)) == Answer(200, b"1"), "there is room again"


async def test_a_connection_that_is_closed_at_once_has_begun_nothing_or_says_so() -> None:
    async def serve(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nothing is read, nothing said."""

    async with serving(serve) as server, to(server) as connections:
        for _ in range(5):
            with pytest.raises((NotBegun, Broken)):
                await connections.exchange(asking(server))
        await asyncio.sleep(0.01)


def test_all_of_it_on_the_loop_that_the_product_runs_on() -> None:
    async def play() -> None:
        await test_one_connection_serves_one_request_after_the_other()
        await test_an_answer_that_comes_too_late_is_nobody_elses()
        await test_what_comes_unasked_while_a_connection_is_idle_spoils_it()
        await test_half_an_answer_or_nonsense_is_no_answer(b"HTTP/1.1 200 OK\r\nCont", CONNECTION_LOST)

    uvloop.run(play())


# --- one connection, without a network -------------------------------------------------------------------


class Paper(asyncio.Transport):
    """A transport on which nothing is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False
        self.left = 0

    def get_write_buffer_size(self) -> int:
        return self.left

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody reads it."""

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True


class Echo(Paper):
    """A transport on which every request is answered at once."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def write(self, data: bytes | bytearray | memoryview) -> None:
        asyncio.get_running_loop().call_soon(self._connection.data_received, OK)


def test_an_idle_connection_is_neither_used_nor_kept_for_longer_than_servers_are_patient() -> None:
    dialled: list[Echo] = []

    async def dial() -> Connection:
        connection = Connection()
        dialled.append(Echo(connection))
        connection.connection_made(dialled[-1])
        return connection

    async def play() -> None:
        async with Connections(dial, at_most=8, answer_seconds=5.0) as connections:
            await connections.exchange(b"first")
            await asyncio.sleep(10.0)
            await connections.exchange(b"second")
            assert len(dialled) == 1, "it was used ten seconds ago"
            await asyncio.sleep(15.1)
            await connections.exchange(b"third")
            assert len(dialled) == 2, "the server may just be closing the other one"
            await asyncio.sleep(30.1)
            assert [one.is_closed for one in dialled] == [True, True]

    in_virtual_time(play())


async def test_a_connection_that_is_in_use_when_all_are_closed_ends_with_its_request() -> None:
    connection, paper = Connection(), Paper()

    async def dial() -> Connection:
        connection.connection_made(paper)
        return connection

    connections = Connections(dial, at_most=8, answer_seconds=5.0)
    asked = asyncio.create_task(connections.exchange(b"last"))
    await asyncio.sleep(0)
    await connections.close()
    assert not paper.is_closed
    connection.data_received(OK)
    assert await asked == Answer(200, b"ok")
    assert paper.is_closed


async def heard(pieces: Sequence[bytes]) -> tuple[Answer, bool]:
    """The answer that comes in these pieces, and whether the connection is free again."""
    connection = Connection()
    connection.connection_made(Paper())
    asked = connection.ask(b"POST / HTTP/1.1\r\n\r\n")
    for piece in pieces:
        connection.data_received(piece)
    return await asked, connection.is_free


@given(
    st.sampled_from([OK, CHUNKED, WITH_NOTICE]),
    st.sets(st.integers(1, len(WITH_NOTICE) - 1)),
)
def test_it_does_not_matter_in_which_pieces_an_answer_comes(answer: bytes, cuts: set[int]) -> None:
    ends = sorted({cut for cut in cuts if cut < len(answer)} | {len(answer)})
    pieces = [answer[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert asyncio.run(heard(pieces)) == (Answer(200, b"ok"), True)


async def test_an_answer_that_came_before_all_of_the_request_was_written_is_the_last_one() -> None:
    """A server that refuses a picture by its size does not wait for the rest of it."""
    connection, paper = Connection(), Paper()
    connection.connection_made(paper)
    asked = connection.ask(b"POST / HTTP/1.1\r\n\r\n")
    paper.left = 1_000_000
    connection.data_received(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    assert await asked == Answer(413, b"")
    assert not connection.is_free
