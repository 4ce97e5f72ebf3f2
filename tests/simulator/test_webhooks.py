"""Webhooks: where updates are sent, with which secret, how often again, and what may come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from simulator.bot_api import webhooks
from simulator.telegram_api import ApiResult
from tests.simulator.scene import Scene

SECRET = "bi-mat_1"


class Listener:
    """A server of the bot's own, which takes updates and answers as it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.answers: list[web.Response] = []
        self.heard = asyncio.Event()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/tin", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/tin"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.secrets.append(request.headers.get(webhooks.SECRET_HEADER))
        self.heard.set()
        return self.answers.pop(0) if self.answers else web.Response()

    async def until(self, is_enough: Callable[[], bool]) -> None:
        """Wait until enough was heard."""
        while not is_enough():
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), 10)

    @property
    def texts(self) -> list[str]:
        return [body["message"]["text"] for body in self.bodies]


@pytest.fixture
async def listener(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    monkeypatch.setattr(webhooks, "FIRST_PAUSE_SECONDS", 0.01)
    opened = Listener()
    await opened.open()
    yield opened
    await opened.close()


def call(scene: Scene, method: str, **parameters: Any) -> ApiResult:
    return scene.simulator.api.call(scene.bot.token, method, parameters)


async def test_updates_come_in_order_with_the_secret(scene: Scene, listener: Listener) -> None:
    scene.world.say(scene.lan, scene.bot, "trước")
    assert call(scene, "setWebhook", url=listener.url, secret_token=SECRET).description == "Webhook was set"
    for number in range(5):
        scene.world.say(scene.lan, scene.bot, f"tin {number}")
    await listener.until(lambda: len(listener.bodies) == 6)
    assert listener.texts == ["trước", *(f"tin {number}" for number in range(5))]
    assert set(listener.secrets) == {SECRET}


async def test_what_is_not_taken_comes_again_before_anything_else(scene: Scene, listener: Listener) -> None:
    listener.answers = [web.Response(status=500), web.Response(status=302), web.Response(status=204)]
    call(scene, "setWebhook", url=listener.url)
    scene.world.say(scene.lan, scene.bot, "một")
    scene.world.say(scene.lan, scene.bot, "hai")
    await listener.until(lambda: len(listener.bodies) == 4)
    assert listener.texts == ["một", "một", "một", "hai"]
    assert len({body["update_id"] for body in listener.bodies}) == 2


async def test_the_last_failure_is_told(scene: Scene, listener: Listener) -> None:
    listener.answers = [web.Response(status=500)]
    call(scene, "setWebhook", url=listener.url, max_connections=3, allowed_updates=["message"])
    scene.world.say(scene.lan, scene.bot, "một")
    await listener.until(lambda: len(listener.bodies) == 2)
    info = call(scene, "getWebhookInfo").result
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert (info["url"], info["max_connections"]) == (listener.url, 3)
    assert info["allowed_updates"] == ["message"]


async def test_an_answer_may_be_a_call(scene: Scene, listener: Listener) -> None:
    reply = {"method": "sendMessage", "chat_id": scene.lan.id, "text": "Đã nhận"}
    listener.answers = [web.json_response(reply)]
    call(scene, "setWebhook", url=listener.url)
    scene.world.say(scene.lan, scene.bot, "một")
    scene.world.say(scene.lan, scene.bot, "hai")
    await listener.until(lambda: len(listener.bodies) == 2)
    assert "Đã nhận" in [shown.text for shown in scene.world.shows(scene.lan.id)]


async def test_a_webhook_can_be_taken_away(scene: Scene, listener: Listener) -> None:
    call(scene, "setWebhook", url=listener.url)
    assert call(scene, "deleteWebhook").description == "Webhook was deleted"
    assert call(scene, "deleteWebhook").description == "Webhook is already deleted"
    scene.world.say(scene.lan, scene.bot, "một")
    assert len(call(scene, "getUpdates").result) == 1
    assert listener.bodies == []


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("ftp://127.0.0.1/", "", "bad webhook: An HTTPS URL must be provided for webhook"),
        ("https://loa.example.vn/tin", "", "bad webhook: Failed to resolve host: Name or service not known"),
        ("http://127.0.0.1/tin", "bí mật", "secret token contains unallowed characters"),
    ],
)
async def test_a_wrong_webhook_is_refused(scene: Scene, url: str, secret: str, words: str) -> None:
    assert call(scene, "setWebhook", url=url, secret_token=secret).description == f"Bad Request: {words}"
