"""The server as any HTTP client meets it, and the API without a server under a clock that jumps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, FormData, web

from simulator.telegram_api import TelegramSimulator
from tests.simulator.scene import RIVAL_TOKEN, TOKEN, Clock, Scene, picture, set_scene


@pytest.fixture
async def http(scene: Scene) -> AsyncIterator[ClientSession]:
    async with ClientSession(base_url=f"{scene.simulator.base_url}/bot{TOKEN}/") as session:
        yield session


async def test_parameters_come_as_query_form_json_or_multipart(scene: Scene, http: ClientSession) -> None:
    fields = {"chat_id": str(scene.group.id), "text": "Chào & tạm biệt"}
    multipart = FormData(fields, default_to_multipart=True)
    answers = [
        await http.get("sendMessage", params=fields),
        await http.post("sendmessage", data=fields),
        await http.post("SENDMESSAGE", json=fields),
        await http.post("sendMessage", data=multipart),
    ]
    assert [answer.status for answer in answers] == [200] * 4
    assert [shown.text for shown in scene.world.shows(scene.group, last=4)] == ["Chào & tạm biệt"] * 4


async def test_an_album_is_several_messages_with_one_mark(scene: Scene, http: ClientSession) -> None:
    form = FormData({"chat_id": str(scene.group.id)})
    media = [{"type": "photo", "media": f"attach://anh{one}", "caption": f"Ảnh {one}"} for one in (1, 2)]
    form.add_field("media", json.dumps(media))
    for one in (1, 2):
        form.add_field(f"anh{one}", picture(20, 20, shade=one), filename="anh.png")
    answer = await (await http.post("sendMediaGroup", data=form)).json()
    assert len({message["media_group_id"] for message in answer["result"]}) == 1
    assert [shown.text for shown in scene.world.shows(scene.group, last=2)] == ["Ảnh 1", "Ảnh 2"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"/bot{RIVAL_TOKEN}/getMe", 401, "Unauthorized"),
        ("/botkhong-phai-token/getMe", 404, "Not Found"),
        (f"/bot{TOKEN}/khongCo", 404, "Not Found"),
        (f"/bot{TOKEN}/sendMessage", 400, "Bad Request: message text is empty"),
        (f"/bot{TOKEN}/sendMessage?text=a", 400, "Bad Request: chat_id is empty"),
        (f"/bot{TOKEN}/sendMessage?text=a&chat_id=x", 400, "Bad Request: chat not found"),
        (f"/bot{TOKEN}/getChat?chat_id=1004", 400, "Bad Request: chat not found"),
        (f"/file/bot{TOKEN}/photos/khongco.jpg", 404, "Not Found"),
    ],
)
async def test_wrong_calls_have_telegrams_codes(scene: Scene, path: str, status: int, words: str) -> None:
    async with ClientSession() as session, session.get(scene.simulator.base_url + path) as answer:
        body = await answer.json()
    assert (answer.status, body) == (status, {"ok": False, "error_code": status, "description": words})


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(scene: Scene) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(scene.simulator.base_url.rpartition(":")[2])
    )
    head = f"POST /bot{TOKEN}/sendDocument HTTP/1.1\r\nHost: localhost\r\nContent-Length: {60 * 1024 * 1024}\r\n\r\n"
    writer.write(head.encode())
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_server_that_stops_lets_its_pollers_go() -> None:
    simulator = TelegramSimulator()
    simulator.world.add_bot(TOKEN, "loa_phuong_bot", "Loa phường")
    await simulator.start()
    async with ClientSession() as session:
        url = f"{simulator.base_url}/bot{TOKEN}/getUpdates"
        waiting = asyncio.ensure_future(session.get(url, params={"timeout": 50}))
        await asyncio.sleep(0.1)
        await simulator.stop()
        assert (await waiting).status == 502


async def test_more_routes_can_be_mounted() -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="xin chào")

    async with TelegramSimulator(routes=[web.get("/phones", hello)]) as simulator, ClientSession() as session:
        assert await (await session.get(f"{simulator.base_url}/phones")).text() == "xin chào"


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as nothing else is to be done."""

    def __init__(self) -> None:
        super().__init__()
        self._jumped = 0.0

    def time(self) -> float:
        return super().time() + self._jumped

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready and scheduled:
            self._jumped += max(0.0, scheduled[0].when() - self.time())
        super()._run_once()  # type: ignore[misc]


def test_polling_in_process_waits_by_the_loops_own_clock() -> None:
    clock = Clock()
    scene = set_scene(TelegramSimulator(now=clock), clock)

    async def poll_through_a_quiet_night() -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(600):
            result = await scene.simulator.api.answer(TOKEN, "getUpdates", {"timeout": 50})
            assert result.result == []
        loop.call_later(30, scene.world.say, scene.lan, scene.bot, "Sáng rồi")
        result = await scene.simulator.api.answer(TOKEN, "getUpdates", {"timeout": 50})
        assert result.result[0]["message"]["text"] == "Sáng rồi"
        return loop.time() - started

    loop = JumpingLoop()
    try:
        assert loop.run_until_complete(poll_through_a_quiet_night()) >= 600 * 50 + 30
    finally:
        loop.close()
