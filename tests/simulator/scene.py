"""The scene that the simulator's tests play in: a neighbourhood, its people, and one bot."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.telegram_api import TelegramSimulator
from simulator.world import Bot, Chat, User, World

TOKEN = "4200042:AAHnotARealTokenButLongEnough_0123456789"
RIVAL_TOKEN = "4300043:AAHanotherTokenThatIsNotReal_0123456789"
MORNING = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self, at: datetime = MORNING) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Scene:
    """Hoa owns the group, Tùng the channel; Lan is a member; Bác Sáu has never met the bot."""

    clock: Clock
    simulator: TelegramSimulator
    bot: Bot
    hoa: User
    tung: User
    lan: User
    bac_sau: User
    group: Chat
    channel: Chat

    @property
    def world(self) -> World:
        return self.simulator.world

    def told(self, bot: Bot | None = None) -> list[dict[str, object]]:
        """The updates that wait for the bot, without confirming them."""
        queue = self.world.queues[(bot or self.bot).id]
        return [update.as_json() for update in queue.take()]

    def forget(self) -> None:
        """Drop the updates so far, to look only at what comes."""
        self.world.queues[self.bot.id].drop_all()


def set_scene(simulator: TelegramSimulator, clock: Clock) -> Scene:
    """A supergroup with the bot as administrator, a channel with it, and four people."""
    world = simulator.world
    bot = world.add_bot(TOKEN, "loa_phuong_bot", "Loa phường")
    hoa = world.add_user("Hoa", username="hoa_to_dan_pho")
    tung = world.add_user("Tùng")
    lan = world.add_user("Lan")
    bac_sau = world.add_user("Bác Sáu")
    group = world.add_chat("supergroup", "Tổ dân phố 5", hoa, members=[lan, tung])
    channel = world.add_chat("channel", "Tin phường", tung, member_count=1200)
    world.promote(group, bot, {"can_pin_messages", "can_delete_messages"})
    world.promote(channel, bot, {"can_post_messages", "can_edit_messages", "can_delete_messages"})
    world.start(lan, bot)
    scene = Scene(clock, simulator, bot, hoa, tung, lan, bac_sau, group, channel)
    scene.forget()
    return scene


def picture(width: int = 640, height: int = 400, *, shade: int = 128) -> bytes:
    """A small grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([shade]) * width) * height
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body
