"""The sender against the simulated Telegram: what arrives in the chats, and what each mishap is called."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from aiohttp import web

from broadcasts.delivery import NOT_OURS, FloodWait, Gone, Moved, NotSent, Outcome, Rejected, Sent, Unsure
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Content, LedgerUnavailable
from bulletins.bulletin import Media
from bulletins.rendering import Rendered
from platforms.connections import always
from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from platforms.telegram_answers import PacedAnswers
from simulator.telegram_api import FaultKind, TelegramSimulator
from simulator.world import Chat
from tests.simulator.scene import TOKEN, Clock, Scene, picture, set_scene

NOTICE = Content(Rendered("<b>Mưa lớn</b> &amp; gió", "Mưa lớn & gió", 13))


@dataclass
class Shelf:
    """Pictures, and the handles that were remembered."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    handles: dict[tuple[str, str], str] = field(default_factory=dict)
    is_unreadable: bool = False
    reads: int = 0
    """How often a picture's bytes were wanted."""

    async def content(self, sha256: str) -> bytes | None:
        self.reads += 1
        return self.pictures.get(sha256)

    async def handle(self, bot: str, sha256: str) -> str | None:
        if self.is_unreadable:
            raise LedgerUnavailable("disk I/O error")
        return self.handles.get((bot, sha256))

    async def remember_handle(self, bot: str, sha256: str, handle: str) -> None:
        self.handles[bot, sha256] = handle


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Clock()
    async with TelegramSimulator(now=clock) as simulator:
        yield set_scene(simulator, clock)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@asynccontextmanager
async def sending(
    account: TelegramAccount, shelf: Shelf, may_send: Callable[[], bool] = always
) -> AsyncIterator[TelegramSender]:
    async with open_connections(account, 8) as connections:
        yield TelegramSender(connections, account, shelf, may_send)


@pytest.fixture
async def sender(scene: Scene, shelf: Shelf) -> AsyncIterator[TelegramSender]:
    async with sending(TelegramAccount("loa", TOKEN, scene.simulator.base_url), shelf) as sender:
        yield sender


async def test_a_bulletin_arrives_as_it_was_rendered(scene: Scene, sender: TelegramSender) -> None:
    outcome = await sender.post(str(scene.group.id), NOTICE)
    (shown,) = scene.world.shows(scene.group, last=1)
    assert outcome == Sent(str(shown.message_id))
    assert shown.text == "Mưa lớn & gió"
    assert shown.html == "<b>Mưa lớn</b> &amp; gió"
    assert not shown.silent


async def test_a_silent_post_makes_no_sound(scene: Scene, sender: TelegramSender) -> None:
    await sender.post(str(scene.group.id), Content(NOTICE.rendered, silent=True))
    assert scene.world.shows(scene.group, last=1)[0].silent


async def test_one_text_goes_to_many_chats(scene: Scene, sender: TelegramSender) -> None:
    for chat in (scene.group, scene.channel):
        assert isinstance(await sender.post(str(chat.id), NOTICE), Sent)
        assert scene.world.shows(chat, last=1)[0].text == "Mưa lớn & gió"


async def test_a_copy_is_changed_replied_to_and_pinned(scene: Scene, sender: TelegramSender) -> None:
    copy = await posted(sender, scene)
    corrected = Content(Rendered("Mưa <b>nhỏ</b>", "Mưa nhỏ", 7))
    assert await sender.edit(str(scene.group.id), copy, corrected) == Sent(copy)
    assert await sender.edit(str(scene.group.id), copy, corrected) == Sent(copy), "it reads so already"
    assert await sender.pin(str(scene.group.id), copy) == Sent(copy)
    await sender.post(str(scene.group.id), NOTICE, reply_to=copy)
    messages = {one.message_id: one for one in scene.world.shows(scene.group)}
    assert messages[int(copy)].text == "Mưa nhỏ"
    assert messages[int(copy)].pinned
    assert max(messages.values(), key=lambda one: one.message_id).reply_to == int(copy)


async def test_the_notice_of_an_older_correction_that_was_a_picture_gets_the_newer_words(
    scene: Scene, sender: TelegramSender, shelf: Shelf
) -> None:
    outcome = await sender.post(str(scene.group.id), with_picture(shelf))
    assert isinstance(outcome, Sent)
    newer = Content(Rendered("Mưa <b>nhỏ</b>", "Mưa nhỏ", 7))
    assert await sender.edit(str(scene.group.id), outcome.message_id, newer) == Sent(outcome.message_id)
    shown = scene.world.shows(scene.group, last=1)[0]
    assert (shown.text, shown.photo is not None) == ("Mưa nhỏ", True)


async def test_a_greeting_says_whether_telegram_answers(scene: Scene, sender: TelegramSender) -> None:
    assert isinstance(await sender.greet(), Sent)
    scene.simulator.faults.script("refuse", "getMe", code=401, description="Unauthorized")
    assert await sender.greet() == NotSent("http_401")


async def test_a_reply_is_posted_even_when_the_copy_was_deleted(scene: Scene, sender: TelegramSender) -> None:
    copy = await posted(sender, scene)
    scene.world.remove_message(scene.group, int(copy))
    assert await sender.edit(str(scene.group.id), copy, NOTICE) == Rejected("copy_gone")
    assert isinstance(await sender.post(str(scene.group.id), NOTICE, reply_to=copy), Sent)


async def test_a_picture_is_uploaded_once_and_then_reused(
    scene: Scene, sender: TelegramSender, shelf: Shelf
) -> None:
    content = with_picture(shelf)
    uploads: list[str] = []
    scene.simulator.before_call = lambda token, method, given: uploads.append(type(given["photo"]).__name__)
    chats = (scene.group, scene.channel, scene.group)

    async def post(chat: Chat) -> Outcome:
        async with sender.prepared(content):
            return await sender.post(str(chat.id), content)

    outcomes = await asyncio.gather(*map(post, chats))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert uploads.count("str") == 2, "after the upload, only its handle travels"
    shown = [scene.world.shows(chat, last=1)[0] for chat in (scene.group, scene.channel)]
    assert {one.photo for one in shown} == {shown[0].photo}
    assert shown[0].text == "Mưa lớn & gió"
    assert list(shelf.handles) == [("loa", content.media.sha256 if content.media else "")]


async def test_a_handle_that_telegram_no_longer_knows_is_uploaded_anew(
    scene: Scene, sender: TelegramSender, shelf: Shelf
) -> None:
    content = with_picture(shelf)
    assert content.media is not None
    shelf.handles["loa", content.media.sha256] = "AgACAgUAAxkBAAIstale"
    assert isinstance(await sender.post(str(scene.group.id), content), Sent)
    assert scene.world.shows(scene.group, last=1)[0].photo is not None


async def test_of_many_who_learn_that_a_handle_is_stale_one_uploads_the_picture(
    scene: Scene, sender: TelegramSender, shelf: Shelf
) -> None:
    content = with_picture(shelf)
    assert content.media is not None
    shelf.handles["loa", content.media.sha256] = "AgACAgUAAxkBAAIstale"
    chats = [str(chat.id) for chat in (scene.group, scene.lan, scene.channel)]

    async def carry(chat: str) -> Outcome:
        async with sender.prepared(content):
            return await sender.post(chat, content)

    outcomes = dict(zip(chats, await asyncio.gather(*map(carry, chats)), strict=True))
    assert shelf.reads == 1
    later = [chat for chat in chats if outcomes[chat] == NotSent("picture_unavailable")]
    assert len(later) == 2
    assert all(isinstance(outcome, Sent) for outcome in await asyncio.gather(*map(carry, later)))
    assert shelf.reads == 1


async def test_a_picture_that_cannot_be_read_is_not_sent(
    scene: Scene, sender: TelegramSender, shelf: Shelf
) -> None:
    content = with_picture(shelf)
    shelf.is_unreadable = True
    assert await sender.post(str(scene.group.id), content) == NotSent("picture_unavailable")
    shelf.is_unreadable = False
    shelf.pictures.clear()
    assert await sender.post(str(scene.group.id), content) == Rejected("picture_missing")


async def test_who_is_gone_is_called_gone(scene: Scene, sender: TelegramSender) -> None:
    scene.world.block(scene.lan, scene.bot)
    assert await sender.post(str(scene.lan.id), NOTICE) == Gone("blocked")
    assert await sender.post("424242424242", NOTICE) == Gone("chat_not_found")


async def test_a_group_that_was_upgraded_says_its_new_id(scene: Scene, sender: TelegramSender) -> None:
    group = scene.world.add_chat("group", "Tổ 6", scene.hoa, members=[scene.bot])
    supergroup = scene.world.upgrade(group)
    assert await sender.post(str(group.id), NOTICE) == Moved(str(supergroup.id))
    assert isinstance(await sender.post(str(supergroup.id), NOTICE), Sent)


@pytest.mark.parametrize(
    ("fault", "details", "expected"),
    [
        (FaultKind.FLOOD, {"seconds": 17}, FloodWait(17.0)),
        (FaultKind.GATEWAY, {"code": 502}, Unsure("http_502")),
        (FaultKind.NOT_OK, {"code": 403, "description": "Forbidden: bot was kicked"}, Gone("kicked")),
        (FaultKind.RESET, {}, Unsure("connection_lost")),
        (FaultKind.DROP_ANSWER, {}, Unsure("connection_lost")),
        (FaultKind.TRUNCATED, {}, Unsure("http_200")),
        (FaultKind.WRONG_TYPES, {}, Unsure("unreadable_answer")),
        (FaultKind.HUGE, {}, Unsure("endless_answer")),
    ],
)
async def test_every_mishap_has_a_name(
    scene: Scene, sender: TelegramSender, fault: FaultKind, details: dict[str, Any], expected: Outcome
) -> None:
    scene.simulator.faults.script(fault, "sendMessage", **details)
    assert await sender.post(str(scene.group.id), NOTICE) == expected
    assert isinstance(await sender.post(str(scene.group.id), NOTICE), Sent), "and the next one works again"


async def test_an_answer_that_does_not_come_in_time_is_unsure(scene: Scene, shelf: Shelf) -> None:
    scene.simulator.faults.script(FaultKind.DELAY, "sendMessage", seconds=30)
    account = TelegramAccount("loa", TOKEN, scene.simulator.base_url, answer_seconds=0.3)
    async with sending(account, shelf) as sender:
        assert await sender.post(str(scene.group.id), NOTICE) == Unsure("no_answer_in_time")


async def test_a_process_that_may_send_no_more_says_so_before_the_first_byte(
    scene: Scene, shelf: Shelf
) -> None:
    may_send = [True, False, True]
    chat, before = str(scene.group.id), len(scene.group.messages)
    account = TelegramAccount("loa", TOKEN, scene.simulator.base_url)
    async with sending(account, shelf, lambda: may_send.pop(0)) as sender:
        assert isinstance(await sender.post(chat, NOTICE), Sent)
        assert await sender.post(chat, NOTICE) == NotSent(NOT_OURS)
        assert isinstance(await sender.post(chat, NOTICE), Sent)
    assert len(scene.group.messages) == before + 2


async def test_where_nobody_listens_nothing_was_sent(shelf: Shelf) -> None:
    simulator = TelegramSimulator()
    await simulator.start()
    url = simulator.base_url
    await simulator.stop()
    async with sending(TelegramAccount("loa", TOKEN, url), shelf) as sender:
        assert await sender.post("1", NOTICE) == NotSent("ConnectionRefusedError")


async def test_a_name_that_cannot_be_found_means_that_nothing_was_sent(shelf: Shelf) -> None:
    async with sending(TelegramAccount("loa", TOKEN, "http://telegram.invalid"), shelf) as sender:
        assert isinstance(await sender.post("1", NOTICE), NotSent)


async def test_a_proxy_that_refuses_means_that_nothing_was_sent(shelf: Shelf) -> None:
    account = TelegramAccount("loa", TOKEN, "http://telegram.invalid", proxy="http://127.0.0.1:9")
    async with sending(account, shelf) as sender:
        assert isinstance(await sender.post("1", NOTICE), NotSent)


async def test_no_reason_ever_holds_the_token(shelf: Shelf) -> None:
    for url in ("http://127.0.0.1:9", "http://telegram.invalid"):
        async with sending(TelegramAccount("loa", TOKEN, url), shelf) as sender:
            outcome = await sender.post("1", NOTICE)
        assert isinstance(outcome, NotSent)
        assert TOKEN.partition(":")[2] not in outcome.reason


async def test_paid_broadcasts_say_so(scene: Scene, shelf: Shelf, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    async def telegram(request: web.Request) -> web.Response:
        seen.append(json.loads(await request.read()))
        return web.json_response({"ok": True, "result": {"message_id": 1}})

    app = web.Application()
    app.router.add_post("/bot{token}/sendMessage", telegram)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with sending(TelegramAccount("loa", TOKEN, url, is_paid=True), shelf) as sender:
        await sender.post("@kenh_phuong", NOTICE)
    await runner.cleanup()
    assert seen[0]["allow_paid_broadcast"] is True
    assert seen[0]["chat_id"] == "@kenh_phuong"
    assert "protect_content" not in seen[0], "citizens must be able to forward a bulletin"


# --- the bot's own answers -------------------------------------------------------------------------------


@pytest.fixture
async def talking_bot(scene: Scene) -> AsyncIterator[tuple[Bot, Pacer]]:
    pacer = Pacer(PaceRules(rate_per_second=1_000, chat_per_second=1_000))
    api = TelegramAPIServer.from_base(scene.simulator.base_url)
    bot = Bot(TOKEN, session=AiohttpSession(api=api))
    bot.session.middleware(PacedAnswers(pacer))
    yield bot, pacer
    await bot.session.close()


async def test_an_answer_takes_a_slot_of_the_token(scene: Scene, talking_bot: tuple[Bot, Pacer]) -> None:
    bot, pacer = talking_bot
    pacer.hold(0.2)
    started = asyncio.get_running_loop().time()
    await bot.get_me()
    assert asyncio.get_running_loop().time() - started < 0.2, "what posts nothing waits for nothing"
    await bot.send_message(scene.lan.id, "Xin chào")
    assert not pacer.held_for()


async def test_a_short_flood_wait_is_waited_for(scene: Scene, talking_bot: tuple[Bot, Pacer]) -> None:
    bot, _ = talking_bot
    scene.simulator.faults.script(FaultKind.FLOOD, "sendMessage", seconds=1)
    await bot.send_message(scene.lan.id, "Xin chào")
    assert scene.world.shows(scene.lan.id, last=1)[0].text == "Xin chào"


async def test_a_long_flood_wait_is_told_to_the_caller_and_to_the_pace(
    scene: Scene, talking_bot: tuple[Bot, Pacer]
) -> None:
    bot, pacer = talking_bot
    scene.simulator.faults.script(FaultKind.FLOOD, "sendMessage", seconds=3_000)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(scene.lan.id, "Xin chào")
    assert pacer.free_in(str(scene.lan.id)) > 2_000


async def test_a_hold_of_the_whole_token_that_answers_have_caused_is_remembered(scene: Scene) -> None:
    remembered: list[float] = []
    pacer = Pacer(PaceRules(rate_per_second=1_000, chat_per_second=1_000))

    async def remember() -> None:
        remembered.append(round(pacer.held_for()))

    api = TelegramAPIServer.from_base(scene.simulator.base_url)
    async with Bot(TOKEN, session=AiohttpSession(api=api)) as bot:
        bot.session.middleware(PacedAnswers(pacer, remember))
        for chat in (scene.lan.id, scene.group.id):
            scene.simulator.faults.script(FaultKind.FLOOD, "sendMessage", seconds=3_000)
            with pytest.raises(TelegramRetryAfter):
                await bot.send_message(chat, "Xin chào")
    assert remembered == [3_000]


async def test_nobody_who_talks_to_the_bot_waits_for_hours(
    scene: Scene, talking_bot: tuple[Bot, Pacer]
) -> None:
    bot, pacer = talking_bot
    pacer.hold(3_000.0)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(scene.lan.id, "Xin chào")


# --- steps -----------------------------------------------------------------------------------------------


async def posted(sender: TelegramSender, scene: Scene) -> str:
    """A notice in the group; its id."""
    outcome = await sender.post(str(scene.group.id), NOTICE)
    assert isinstance(outcome, Sent)
    return outcome.message_id


def with_picture(shelf: Shelf) -> Content:
    """A notice with a picture that is on the shelf."""
    content = picture()
    sha256 = hashlib.sha256(content).hexdigest()
    shelf.pictures[sha256] = content
    return Content(NOTICE.rendered, Media(sha256, "bản đồ.png"))
