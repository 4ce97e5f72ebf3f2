"""Only a browser on this machine, showing this page, may speak in somebody's name."""

from __future__ import annotations

import io

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from simulator.guard import PHOTO_BODY_BYTES, SMALL_BODY_BYTES, guard
from tests.phones.conftest import Wall


async def test_the_page_comes_with_headers_that_allow_nothing_from_outside(wall: Wall) -> None:
    async with wall.client.get("/phones/") as response:
        policy = response.headers["Content-Security-Policy"]

        assert response.status == 200
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["loa.example", "127.0.0.1.loa.example", "192.168.1.7:80", "0x7f.1", ""])
async def test_a_name_rebound_to_this_machine_is_refused(wall: Wall, host: str) -> None:
    async with wall.client.get("/phones/api/state", headers={"Host": host}) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_every_name_of_this_machine_is_answered(wall: Wall, host: str) -> None:
    async with wall.client.get("/phones/api/state", headers={"Host": host}) as response:
        assert response.status == 200


async def test_another_machine_is_refused() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response()

    here = make_mocked_request("GET", "/phones/", headers={"Host": "127.0.0.1"})

    assert (await guard(here.clone(remote="127.0.0.1"), page)).status == 200
    with pytest.raises(web.HTTPForbidden):
        await guard(here.clone(remote="192.168.1.7"), page)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://loa.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_web_site_cannot_speak_for_lan(wall: Wall, headers: dict[str, str]) -> None:
    said = {"user": wall.stage.lan, "chat": wall.stage.lan, "text": "/broadcast"}

    async with wall.client.post("/phones/api/say", json=said, headers=headers) as response:
        assert response.status == 403
    assert wall.stage.world.shows(wall.stage.lan) == []


async def test_a_form_of_another_web_site_is_no_act(wall: Wall) -> None:
    async with wall.client.post("/phones/api/say", data='{"user": 1001}') as response:
        assert response.status == 415


@pytest.mark.parametrize(
    ("name", "most_bytes"),
    [("say", SMALL_BODY_BYTES), ("story", SMALL_BODY_BYTES), ("photo", PHOTO_BODY_BYTES)],
)
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    wall: Wall, name: str, most_bytes: int
) -> None:
    body = io.BytesIO(b"x" * (most_bytes + 1))

    async with wall.client.post(
        f"/phones/api/{name}", data=body, headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 413


@pytest.mark.parametrize("body", ["", "[1]", "nonsense", "[" * 30_000])
async def test_what_is_no_json_object_is_refused(wall: Wall, body: str) -> None:
    headers = {"Content-Type": "application/json"}

    async with wall.client.post("/phones/api/say", data=body, headers=headers) as response:
        assert response.status == 400


@pytest.mark.parametrize("name", ["..%2Fpage.py", "%2Fetc%2Fpasswd", "nothing.js"])
async def test_only_the_pages_own_files_are_served(wall: Wall, name: str) -> None:
    async with wall.client.get(f"/phones/static/{name}") as response:
        assert response.status == 404
