"""Whoever does not know the secret gets 401, whatever bytes they send, and nothing is logged as our fault."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

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
