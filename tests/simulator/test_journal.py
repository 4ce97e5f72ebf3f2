"""A world that was killed stands as it stood, for the people in it and for the bot that comes back."""

from datetime import UTC, datetime
from pathlib import Path

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from simulator.journal import KeptWorld, open_kept_simulator
from simulator.telegram_api import TelegramSimulator
from simulator.world import ChatKind

MORNING = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
TOKEN = "4200:simulated-token-of-nobody"


def client(simulator: TelegramSimulator) -> Bot:
    return Bot(TOKEN, AiohttpSession(api=TelegramAPIServer.from_base(simulator.base_url)))


async def test_all_that_people_and_the_bot_did_is_there_again(tmp_path: Path) -> None:
    simulator, was_there = open_kept_simulator(tmp_path / "world.journal", now=lambda: MORNING)
    assert not was_there
    world = simulator.world
    loa = world.add_bot(TOKEN, "loa_bot", "Loa")
    hoa = world.add_user("Hoa")
    group = world.add_chat(ChatKind.SUPERGROUP, "Tổ 5", hoa)
    world.start(hoa, loa)
    world.add_member(group, loa, by=hoa)
    await simulator.start()
    async with client(simulator) as bot:
        updates = await bot.get_updates()
        await bot.get_updates(offset=updates[0].update_id + 1)
        sent = await bot.send_message(group.id, "Xin <b>chào</b> bà con", parse_mode="HTML")
        await bot.edit_message_text("Đã sửa", chat_id=group.id, message_id=sent.message_id)
    waiting = len(world.queues[loa.id])
    shown = world.shows(group.id)
    await simulator.stop()

    again, was_there = open_kept_simulator(tmp_path / "world.journal", now=lambda: MORNING)
    assert was_there
    assert again.world.shows(group.id) == shown
    assert len(again.world.queues[loa.id]) == waiting
    again.world.say(hoa.id, group.id, "Cảm ơn")
    assert again.world.shows(group.id)[-1].message_id == shown[-1].message_id + 1


async def test_a_record_cut_off_in_the_middle_had_no_effect(tmp_path: Path) -> None:
    path = tmp_path / "world.journal"
    simulator, _ = open_kept_simulator(path)
    simulator.world.add_user("Hoa")
    whole = path.read_bytes()
    simulator.world.add_user("Tùng")
    path.write_bytes(path.read_bytes()[:-3])

    again, _ = open_kept_simulator(path)
    assert [user.first_name for user in again.world.users.values()] == ["Hoa"]
    assert path.read_bytes() == whole
    again.world.add_user("Bác Sáu")
    third, _ = open_kept_simulator(path)
    assert [user.first_name for user in third.world.users.values()] == ["Hoa", "Bác Sáu"]


async def test_an_act_made_of_other_acts_is_repeated_once(tmp_path: Path) -> None:
    path = tmp_path / "world.journal"
    simulator, _ = open_kept_simulator(path)
    assert isinstance(simulator.world, KeptWorld)
    loa = simulator.world.add_bot(TOKEN, "loa_bot", "Loa")
    hoa = simulator.world.add_user("Hoa")
    simulator.world.open_link(hoa, "https://t.me/loa_bot?start=abc")

    again, _ = open_kept_simulator(path)
    texts = [message.text for message in again.world.private_chat(hoa.id, loa.id).messages.values()]
    assert texts == ["/start abc"]
