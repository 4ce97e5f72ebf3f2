"""`loa demo --data FOLDER`, killed without warning in the middle of things: started again, everything goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from simulator.crash.wire import code_in
from tests.demo.process import DemoProcess

CHANNELS = 12
LAST_SCENE = 11

Messages = list[dict[str, Any]]


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoProcess]:
    async with ClientSession() as visitor:
        process = DemoProcess(tmp_path / "world", visitor)
        await process.start()
        yield process
        await process.kill()


def introductions(messages: Messages) -> Messages:
    """What the bot says when a pledge is confirmed."""
    by_bot = (one for one in messages if one["from"]["kind"] in ("bot", "chat"))
    return [one for one in by_bot if "@LoaDemoBot" in one["text"] and "LOA-" not in one["text"]]


def copies(messages: Messages) -> Messages:
    """Posts of the bulletin that do not say that they may be repeated."""
    posts = (one for one in messages if "LOA-" in one["text"] and "reply" not in one)
    return [one for one in posts if "Gửi lại" not in one["text"]]


def has_repeats(posts: Messages) -> bool:
    """Whether two of them are the same bulletin: a bulletin's own code stands last in it."""
    codes = [code_in(one["text"]) for one in posts]
    return len(set(codes)) < len(codes)


async def pledged(demo: DemoProcess) -> int:
    return sum(bool(introductions(messages)) for messages in (await demo.channels()).values())


async def test_killed_in_a_pledge_a_delivery_and_a_correction_it_goes_on_and_repeats_nothing(
    demo: DemoProcess,
) -> None:
    # In the middle of the pledges: some have made theirs, some have not.
    demo.tell("step")
    await demo.until(lambda: told(demo, 0))
    demo.tell("step")
    await demo.until(lambda: at_least(demo, "pledged", 1))
    await demo.kill()
    await demo.start()
    assert 0 < await pledged(demo) < CHANNELS
    assert await demo.position() == 0

    # In the middle of a delivery. What was begun is finished without anybody's help.
    await demo.play_fast()
    await demo.until(lambda: at_least(demo, "delivered", 3))
    await demo.kill()
    await demo.start()
    assert await demo.position() in (2, 3)
    # One may have been on its way: nobody knows whether it arrived, so Lan is asked, and it is not repeated.
    await demo.until(lambda: at_least(demo, "delivered", CHANNELS - 1))

    # In the middle of a correction.
    await demo.play_fast()
    await demo.until(lambda: at_least(demo, "corrected", 3))
    await demo.kill()
    await demo.start()
    await demo.play_fast()
    await demo.until(lambda: told(demo, LAST_SCENE))

    assert await demo.tiles() == {"corrected": CHANNELS}
    channels = await demo.channels()
    # A word of welcome may come twice, because an update that was not confirmed is handled again. A bulletin never.
    assert all(introductions(messages) for messages in channels.values())
    # A correction stands whole beside a copy of which nobody knew: that is another bulletin, under its own code.
    assert {title for title, messages in channels.items() if has_repeats(copies(messages))} == set()


async def told(demo: DemoProcess, scene: int) -> bool:
    """Whether the story stands still after this scene."""
    return (await demo.state())["story"] == {"position": scene, "playing": False}


async def at_least(demo: DemoProcess, what: str, count: int) -> bool:
    """Whether so many channels show it."""
    return (await pledged(demo) if what == "pledged" else (await demo.tiles())[what]) >= count
