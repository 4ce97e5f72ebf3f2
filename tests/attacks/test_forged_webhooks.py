"""Whoever does not know the secret gets 401, whatever bytes they send, and nothing is logged as our fault."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from storage.tables import cases, reports
from tests.handlers.house import House
from tests.handlers.reporting_house import furnish
from web.webhooks import Webhook, webhook_routes


@pytest.mark.parametrize("given", [b"\xff\xfe", b"\xed\xa0\x80", b"a" * 4_000])
async def test_a_secret_that_is_no_text_is_refused_like_any_other(
    given: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def take(update: Mapping[str, Any]) -> None:
        raise AssertionError("it was let in")

    application = web.Application()
    application.add_routes(webhook_routes({"loa": Webhook("loa", "a-secret-that-opens-nothing", take)}))
    async with TestServer(application) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        head = b"POST /webhook/loa HTTP/1.1\r\nHost: loa\r\nContent-Length: 2\r\nConnection: close\r\n"
        with caplog.at_level(logging.ERROR):
            writer.write(head + b"X-Telegram-Bot-Api-Secret-Token: " + given + b"\r\n\r\n{}")
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 401")
    assert not caplog.records


async def test_a_forged_webhook_is_refused_before_its_body_is_parsed_and_writes_nothing() -> None:
    taken: list[Mapping[str, Any]] = []

    async def take(update: Mapping[str, Any]) -> None:
        taken.append(update)

    application = web.Application()
    application.add_routes(webhook_routes({"loa": Webhook("loa", "a-secret-that-opens-nothing", take)}))
    async with TestClient(TestServer(application)) as client:
        for secret in (
            "",
            "a-secret-that-opens-nothin",
            "A-SECRET-THAT-OPENS-NOTHING",
        ):
            for body in (b'{"update_id": 7}', b"no JSON", b"[" * 5_000):
                headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
                answer = await client.post("/webhook/loa", data=body, headers=headers)
                assert answer.status == 401
    assert taken == []


async def test_one_update_replayed_a_hundred_times_has_one_effect(house: House) -> None:
    """Whoever got hold of the secret, or a platform that repeats itself, cannot file a report twice."""
    corner = await furnish(house)
    sau = house.world.add_user("Bác Sáu")
    await corner.report(sau)
    kept = await house.rows(cases), await house.rows(reports)
    said = len(house.shown(sau))
    update = house.taken[-1]

    for _ in range(100):
        await house.take(update)

    assert (await house.rows(cases), await house.rows(reports)) == kept
    assert len(house.shown(sau)) == said
