"""The web server bears visitors who ask slowly, for too much, or for nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from web.door import open_door
from web.guard import Refusals
from web.server import Limits, WebServer
from web.webhooks import Busy, Webhook, webhook_routes

SECRET = "a-secret-that-opens-nothing"
GENUINE = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
SHORT = Limits(connections_at_most=4, head_within_seconds=0.2)
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Desk:
    """Takes updates, as slowly as it is told to."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.is_full = False

    async def take(self, update: Mapping[str, Any]) -> None:
        if self.is_full:
            raise Busy
        await self.may_end.wait()
        self.taken.append(update)


async def well() -> str | None:
    return None


@pytest.fixture
def desk() -> Desk:
    return Desk()


@asynccontextmanager
async def serving(desk: Desk, limits: Limits = SHORT) -> AsyncIterator[int]:
    """The port at which it listens."""
    routes = webhook_routes({"loa": Webhook("loa", SECRET, desk.take)}, body_within_seconds=0.2)
    with open_door("127.0.0.1", 0) as door:
        running = asyncio.create_task(WebServer(door, routes, well, limits).run())
        try:
            async with asyncio.timeout(20):
                yield door.getsockname()[1]
        finally:
            running.cancel()
            await asyncio.wait([running])


async def connect(port: int) -> Wire:
    return await asyncio.open_connection("127.0.0.1", port)


def push(body: bytes, said_bytes: int | None = None) -> bytes:
    length = len(body) if said_bytes is None else said_bytes
    return (
        f"POST /webhook/loa HTTP/1.1\r\nHost: x\r\n{GENUINE}Content-Length: {length}\r\n\r\n".encode() + body
    )


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What came until the other side closed."""
    said = b""
    try:
        while more := await reader.read(4_096):
            said += more
    except ConnectionError:
        pass
    return said


@pytest.mark.parametrize("said", [b"", b"G", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(desk: Desk, said: bytes) -> None:
    async with serving(desk) as port:
        reader, writer = await connect(port)
        writer.write(said)
        assert b"200" not in await closed(reader)
        writer.close()


async def test_nor_is_one_that_comes_a_letter_at_a_time(desk: Desk) -> None:
    async with serving(desk) as port:
        reader, writer = await connect(port)
        ended = asyncio.create_task(closed(reader))
        letters = 0
        while not ended.done():
            writer.write(b"G" if not letters else b"E")
            letters += 1
            await asyncio.sleep(0.02)
        writer.close()


async def test_a_connection_that_asked_once_is_not_kept_for_ever(desk: Desk) -> None:
    async with serving(desk) as port:
        reader, writer = await connect(port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in await closed(reader)
        writer.close()


async def test_a_body_that_does_not_come_to_its_end_is_refused(desk: Desk) -> None:
    async with serving(desk) as port:
        reader, writer = await connect(port)
        writer.write(push(b'{"update_id": 7', said_bytes=100))
        assert b"408" in await reader.readline()
        writer.close()
    assert desk.taken == []


async def test_who_asks_for_nothing_gives_way_to_who_does(desk: Desk) -> None:
    """Connections that say nothing fill the server; a push is let in all the same, and so is the next."""
    async with serving(desk, Limits(connections_at_most=4, head_within_seconds=60.0)) as port:
        idle = [await connect(port) for _ in range(20)]
        for number in range(3):
            reader, writer = await connect(port)
            writer.write(push(b'{"update_id": %d}' % number))
            assert b"200" in await reader.readline()
            writer.close()
        for _, writer in idle:
            writer.close()
    assert [one["update_id"] for one in desk.taken] == [0, 1, 2]


async def test_while_every_connection_is_being_answered_another_is_refused_and_none_of_them_is_cut(
    desk: Desk,
) -> None:
    desk.may_end.clear()
    async with serving(desk) as port:
        pushing = [await connect(port) for _ in range(4)]
        for number, (_, writer) in enumerate(pushing):
            writer.write(push(b'{"update_id": %d}' % number))
        await asyncio.sleep(0.5)  # longer than anybody may stay who asks for nothing

        reader, refused = await connect(port)
        refused.write(push(b'{"update_id": 99}'))
        assert await closed(reader) == b""
        refused.close()

        desk.may_end.set()
        assert all([b"200" in await reader.readline() for reader, _ in pushing])
        for _, writer in pushing:
            writer.close()
    assert sorted(one["update_id"] for one in desk.taken) == [0, 1, 2, 3]


async def test_what_there_is_no_room_for_is_asked_for_again(desk: Desk) -> None:
    desk.is_full = True
    async with serving(desk) as port, ClientSession() as platform:
        address, headers = f"http://127.0.0.1:{port}/webhook/loa", {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with platform.post(address, json={"update_id": 7}, headers=headers) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"]
        desk.is_full = False
        async with platform.post(address, json={"update_id": 7}, headers=headers) as answer:
            assert answer.status == 200
    assert desk.taken == [{"update_id": 7}]


async def test_a_thousand_refused_requests_make_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        async with serving(desk, Limits()) as port, ClientSession() as visitor:
            for number in range(300):
                async with visitor.post(f"http://127.0.0.1:{port}/webhook/loa", data=b"x"):
                    pass
                async with visitor.get(f"http://127.0.0.1:{port}/{number}"):
                    pass
            for _ in range(100):
                reader, writer = await connect(port)
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nbroken\x00header\r\n\r\n")
                assert b"400" in await reader.readline()
                writer.close()

    told = [line for line in logs if line["event"] == "requests were refused"]
    assert len(logs) == len(told) == 1
    assert told[0]["status_401"] == 300
    assert told[0]["status_404"] == 300
    assert told[0]["unreadable"] == 100
    assert caplog.records == []
    assert len("".join(capsys.readouterr())) < 1_000


def test_nothing_is_told_when_nothing_was_refused() -> None:
    with capture_logs() as logs:
        Refusals().tell()
    assert logs == []


async def test_what_goes_wrong_on_our_side_is_still_written_down(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Mapping[str, Any]) -> None:
        raise RuntimeError("ours")

    desk.take = broken  # type: ignore[method-assign]
    async with serving(desk) as port, ClientSession() as platform:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with platform.post(
            f"http://127.0.0.1:{port}/webhook/loa", json={"update_id": 7}, headers=headers
        ) as answer:
            assert answer.status == 500
    assert "RuntimeError: ours" in caplog.text
