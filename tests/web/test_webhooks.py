"""A webhook lets in only what carries its secret, and answers 200 only for what was handled."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from web.webhooks import Webhook, webhook_routes

SECRET = "a-secret-that-opens-nothing"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
Client = TestClient[web.Request, web.Application]


class Desk:
    """Takes updates, and remembers them."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.refuses: type[Exception] | None = None

    async def take(self, update: Mapping[str, Any]) -> None:
        if self.refuses is not None:
            raise self.refuses("not today")
        self.taken.append(update)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[Client]:
    application = web.Application()
    hooks = {"loa": Webhook("loa", SECRET, desk.take), "open": Webhook("open", "", desk.take)}
    application.add_routes(webhook_routes(hooks))
    async with TestClient(TestServer(application)) as running:
        yield running


async def test_what_carries_the_secret_is_handled(client: Client, desk: Desk) -> None:
    answer = await client.post("/webhook/loa", json={"update_id": 7}, headers={HEADER: SECRET})
    assert answer.status == 200
    assert desk.taken == [{"update_id": 7}]


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: ""}, {HEADER: SECRET[:-1]}, {HEADER: SECRET + "x"}, {HEADER: "é"}]
)
async def test_a_forged_one_is_refused_before_it_is_read(
    client: Client, desk: Desk, headers: dict[str, str]
) -> None:
    answer = await client.post("/webhook/loa", json={"update_id": 7}, headers=headers)
    assert answer.status == 401
    assert desk.taken == []


@pytest.mark.parametrize("name", ["open", "nobody"])
async def test_a_bot_without_a_secret_and_one_that_does_not_exist_let_nothing_in(
    client: Client, desk: Desk, name: str
) -> None:
    answer = await client.post(f"/webhook/{name}", json={"update_id": 7}, headers={HEADER: ""})
    assert answer.status == 401
    assert desk.taken == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"[" * 100_000, b"\xff\xfe"])
async def test_what_is_no_object_is_refused(client: Client, desk: Desk, body: bytes) -> None:
    answer = await client.post("/webhook/loa", data=body, headers={HEADER: SECRET})
    assert answer.status == 400
    assert desk.taken == []


async def test_a_huge_body_is_not_read(client: Client, desk: Desk) -> None:
    answer = await client.post("/webhook/loa", data=b"x" * 1_000_001, headers={HEADER: SECRET})
    assert answer.status == 413
    assert desk.taken == []


async def test_what_the_platform_sends_and_nobody_can_read_is_not_asked_for_again(
    client: Client, desk: Desk
) -> None:
    desk.refuses = ValueError
    strange = {"update_id": 7, "hello": "words of a citizen"}
    with capture_logs() as logs:
        answer = await client.post("/webhook/loa", json=strange, headers={HEADER: SECRET})
    assert answer.status == 200
    assert [line["update_id"] for line in logs] == [7]
    assert "words of a citizen" not in repr(logs)


async def test_what_could_not_be_handled_is_asked_for_again(client: Client, desk: Desk) -> None:
    desk.refuses = RuntimeError
    answer = await client.post("/webhook/loa", json={"update_id": 7}, headers={HEADER: SECRET})
    assert answer.status == 500
