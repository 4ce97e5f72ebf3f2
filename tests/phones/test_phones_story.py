"""The story's controls, and the stream that tells open pages how far it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientResponse

from simulator.phones.page import MOST_OPEN_PAGES
from tests.phones.conftest import Wall


async def events(response: ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The server-sent events of a stream, heartbeats left out."""
    name = ""
    async for line in response.content:
        words = line.decode().rstrip("\n")
        if words.startswith("event: "):
            name = words.removeprefix("event: ")
        if words.startswith("data: "):
            yield name, json.loads(words.removeprefix("data: "))


async def test_a_visitor_tells_the_story_step_by_step(wall: Wall) -> None:
    after_one = await wall.act("story", do="step")
    after_two = await wall.act("story", do="step")

    assert (after_one["position"], after_two["position"]) == (0, 1)
    assert wall.stage.hoas_group.member(wall.stage.bot.id).is_admin


async def test_the_whole_story_reaches_and_corrects_every_channel_but_the_one_that_refused(
    wall: Wall,
) -> None:
    await wall.act("story", do="play")

    states = [tile["state"] for tile in (await wall.state())["tiles"]]
    assert sorted(set(states)) == ["corrected", "refused"]
    assert states.count("refused") == 1


async def test_a_paused_story_waits_for_the_visitor(wall: Wall) -> None:
    wall.director.may_go_on.clear()
    telling = asyncio.ensure_future(wall.act("story", do="play"))
    await wall.director.begun.wait()
    await wall.act("story", do="pause")
    wall.director.may_go_on.set()
    stopped = await telling

    assert stopped == {"position": 0, "playing": False}


async def test_playing_twice_tells_it_once(wall: Wall) -> None:
    wall.director.may_go_on.clear()
    first = asyncio.ensure_future(wall.act("story", do="step"))
    await wall.director.begun.wait()
    second = await wall.act("story", do="step")
    wall.director.may_go_on.set()
    await first

    assert second["playing"] is True
    assert wall.director.position == 0


async def test_fast_forward_begins_the_story_too(wall: Wall) -> None:
    wall.director.pace = 60.0

    told = await wall.act("story", do="fast_forward")

    assert told["position"] == len(wall.director.steps) - 1


async def test_an_unknown_wish_is_refused(wall: Wall) -> None:
    assert await wall.status_of("story", do="rewind") == 400


async def test_an_open_page_gets_everything_first_and_then_what_changes(wall: Wall) -> None:
    async with wall.client.get("/phones/api/events") as response:
        stream = events(response)
        first, state = await anext(stream)
        wall.stage.world.say(wall.stage.sau, wall.stage.bot, "Chào Loa")
        second, patch = await anext(stream)

    assert response.content_type == "text/event-stream"
    assert (first, second) == ("state", "patch")
    assert len(state["tiles"]) == len(wall.stage.channels)
    assert patch["chats"][0]["messages"][-1]["text"] == "Chào Loa"


async def test_the_server_stops_without_waiting_for_browsers(wall: Wall) -> None:
    async with wall.client.get("/phones/api/events") as response:
        stream = events(response)
        await anext(stream)
        closing = asyncio.ensure_future(wall.client.server.close())
        rest = [event async for event in stream]
        await closing

    assert rest == []


async def test_no_more_pages_than_the_server_bears_are_open_at_once(wall: Wall) -> None:
    async with AsyncExitStack() as open_pages:
        opened = [
            await open_pages.enter_async_context(wall.client.get("/phones/api/events"))
            for _ in range(MOST_OPEN_PAGES + 1)
        ]

        assert [response.status for response in opened] == [200] * MOST_OPEN_PAGES + [503]


async def test_the_inside_of_any_channel_of_the_grid_can_be_looked_at(wall: Wall) -> None:
    place = wall.stage.channels[7]
    wall.director.bot_says(place.id, "Bản tin LOA-7J7H-1")

    async with wall.client.get(f"/phones/api/chat/{place.id}") as response:
        shown = await response.json()

    assert shown["title"] == place.title
    assert shown["messages"][-1]["text"] == "Bản tin LOA-7J7H-1"


@pytest.mark.parametrize("chat_id", ["nowhere", "-5"])
async def test_a_chat_that_does_not_exist_is_not_found(wall: Wall, chat_id: str) -> None:
    async with wall.client.get(f"/phones/api/chat/{chat_id}") as response:
        assert response.status == 404
