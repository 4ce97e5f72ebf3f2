"""R1: a bulletin goes out while two hundred strangers do everything at once that strangers can do.

The whole of ``loa run`` against the simulated Telegram, which runs here. First without the strangers, as the peer. An
emergency leaves two slots of three to answers (docs/decisions/0008), so what is left to it is the whole pace less the
answers that went out, and a third of it at least. Meanwhile somebody of the staff presses a button again and again, and
in the end stops the bulletin.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import uvloop
from sqlalchemy import text, update

from benchmarks.measuring import Finding, percentile, tell
from benchmarks.network import BOT, emergency, in_sqlite, open_network, start_bulletin
from benchmarks.processes import Installation, loa_running, token_of
from benchmarks.station import running
from broadcasts.broadcast import BroadcastState
from simulator.telegram_api import TelegramSimulator
from simulator.world import Chat, User
from storage.tables import bulletins

_RATE_PER_SECOND = 25.0
_PART_AT_LEAST = 0.95
_PART_LEFT_BY_ANSWERS = 1 / 3
_PRESS_SECONDS_AT_MOST = 2.0
_ACTS_A_SECOND_EACH = 1.5
_CODE = "LOA-BENC-H"
_STARTS_WITHIN_SECONDS = 60.0
_RUN_IN_SECONDS = 3.0
_LOOKED_EVERY_SECONDS = 0.02
_SWITCH = ("English", "Tiếng Việt")
_RESUME, _STOP = ("Gửi tiếp",), ("Dừng hẳn",)


@dataclass(slots=True)
class Told:
    """What the bot asked of the platform: when, and of whom."""

    channels: frozenset[int] = frozenset()
    bulletins: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    presses: dict[str, float] = field(default_factory=dict)
    """By query, when it was answered."""

    def hear(self, _: str, method: str, given: Mapping[str, Any]) -> None:
        """One call."""
        now = time.monotonic()
        if method.lower() == "answercallbackquery":
            self.presses.setdefault(str(given["callback_query_id"]), now)
        elif method.lower().startswith(("send", "copymessage")) and method.lower() != "sendchataction":
            to_channel = (
                str(given.get("chat_id", "")).lstrip("-").isdigit() and int(given["chat_id"]) in self.channels
            )
            (self.bulletins if to_channel else self.answers).append(now)


class Scene:
    """The simulated Telegram with its people."""

    def __init__(self, simulator: TelegramSimulator, channels: int, strangers: int) -> None:
        world = self.world = simulator.world
        self.told = Told()
        simulator.before_call = self.told.hear
        self.bot = world.add_bot(token_of(0), "LoaBenchBot", "Loa")
        self.lan = world.add_user("Lan")
        self.moderators = world.add_chat("supergroup", "Điều phối", self.lan)
        world.promote(self.moderators, self.bot, by=self.lan)
        self.strangers = [
            Stranger(self, world.add_user(f"Lạ {number}"), number) for number in range(strangers)
        ]
        readers = [world.add_user("Bạn đọc") for _ in range(channels)]
        for reader in readers:
            reader.started.add(self.bot.id)
        self.first_reader = readers[0].id
        self.told.channels = frozenset(reader.id for reader in readers)

    def button(self, person: User, labels: tuple[str, ...]) -> tuple[int, str] | None:
        """The newest message of a private chat that has one of these buttons, and which."""
        for message in reversed(self.world.shows(person.id)):
            for row in message.buttons:
                for button in row:
                    if any(label in button.label for label in labels) and button.url is None:
                        return message.message_id, button.label
        return None


class Stranger:
    """Does one thing after the other, of every kind, for as long as they are let."""

    def __init__(self, scene: Scene, user: User, number: int) -> None:
        self._scene = scene
        self._world = scene.world
        self._user = user
        self._random = Random(number)
        self._group: Chat | None = None
        self._said: list[int] = []
        self.did = Counter[str]()

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(self._random.uniform(0.0, 1.0 / _ACTS_A_SECOND_EACH))
        self._world.start(self._user, self._scene.bot)
        while True:
            await asyncio.sleep(self._random.expovariate(_ACTS_A_SECOND_EACH))
            name = self._random.choice(list(self._acts()))
            self._acts()[name]()
            self.did[name] += 1

    def _acts(self) -> dict[str, Callable[[], object]]:
        return {
            "message": self._write,
            "press": self._press,
            "caption_in_group": self._caption,
            "membership": self._found_group,
            "edit": self._edit,
            "inline_query": lambda: self._world.inline(self._user, self._scene.bot, "bão số"),
            "group_talk": lambda: self._world.say(
                self._user, self._own_group(), "Chiều nay chợ có cá không?"
            ),
            "reaction": self._react,
        }

    def _write(self) -> None:
        words = self._random.choice(
            [
                f"{_CODE} " + "a." * 100,
                _CODE,
                "/verify LOA-0000-0",
                "Tin này có thật không?",
                "/kenh",
                "/khong-co",
            ]
        )
        self._said.append(self._world.say(self._user, self._scene.bot, words).id)

    def _press(self) -> None:
        """The button that draws the card anew in another language, with new buttons."""
        found = self._scene.button(self._user, _SWITCH)
        if found is not None:
            self._world.press(self._user, self._scene.bot, *found)

    def _caption(self) -> None:
        self._world.send_photo(self._user, self._own_group(), b"\xff\xd8\xff", "/verify")

    def _found_group(self) -> None:
        group = self._world.add_chat("supergroup", "Nhóm mới", self._user)
        self._world.promote(group, self._scene.bot, by=self._user)
        self._group = group

    def _edit(self) -> None:
        if self._said:
            self._world.edit_text(self._user, self._scene.bot, self._said[-1], f"sửa {self._random.random()}")

    def _react(self) -> None:
        if self._said:
            self._world.react(self._user, self._scene.bot, self._said[-1])

    def _own_group(self) -> Chat:
        if self._group is None:
            self._found_group()
        assert self._group is not None
        return self._group


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one run, within the seconds that were watched."""

    seconds: float
    cpu_seconds: float
    bulletins: int
    answers: int
    acts: Mapping[str, int]
    press_seconds: list[float]
    stop_seconds: float
    after_stop_seconds: float
    """From the press of Stop to the last message of the bulletin; 0 when none came after it."""

    @property
    def part(self) -> float:
        """Of the slots left to the bulletin, how many it used."""
        slots = self.seconds * _RATE_PER_SECOND
        return self.bulletins / max(slots - self.answers, slots * _PART_LEFT_BY_ANSWERS)


class Staff:
    """Lan, who presses a button all the while, starts the bulletin and stops it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.waits: list[float] = []

    async def arrive(self) -> None:
        """Until the bot answers."""
        self._scene.world.start(self._scene.lan, self._scene.bot)
        await until(lambda: self._scene.button(self._scene.lan, _SWITCH) is not None, _STARTS_WITHIN_SECONDS)

    async def resume(self) -> None:
        """Until the first message of the bulletin is there."""
        await self.press(_RESUME)
        await until(lambda: bool(self._scene.told.bulletins), _STARTS_WITHIN_SECONDS)

    async def run(self) -> None:
        """Press, wait for the answer, pause, press again."""
        while True:
            self.waits.append(await self.press(_SWITCH))
            await asyncio.sleep(0.3)

    async def press(self, labels: tuple[str, ...]) -> float:
        """Seconds until it was answered."""
        await until(lambda: self._scene.button(self._scene.lan, labels) is not None, _STARTS_WITHIN_SECONDS)
        found = self._scene.button(self._scene.lan, labels)
        assert found is not None
        pressed = time.monotonic()
        query = self._scene.world.press(self._scene.lan, self._scene.bot, *found)
        await until(lambda: query in self._scene.told.presses, _STARTS_WITHIN_SECONDS)
        return self._scene.told.presses[query] - pressed


async def until(happened: Callable[[], bool], seconds: float) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 (the simulator tells nobody)
            await asyncio.sleep(_LOOKED_EVERY_SECONDS)


async def watch(channels: int, strangers: int, seconds: float) -> Seen:
    """One run of ``loa run``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with TelegramSimulator() as simulator:
            scene = Scene(simulator, channels, strangers)
            await _prepare(folder, scene, channels)
            async with loa_running(_installation(folder, simulator, scene), "loa", only=None) as process:
                return await _play(scene, seconds, process.pid)


async def _play(scene: Scene, seconds: float, pid: int) -> Seen:
    staff, told = Staff(scene), scene.told
    await staff.arrive()
    async with asyncio.TaskGroup() as strangers:
        doing = [strangers.create_task(one.run()) for one in scene.strangers]
        await asyncio.sleep(_RUN_IN_SECONDS)
        await staff.resume()
        await asyncio.sleep(_RUN_IN_SECONDS)
        before = Counter[str]() + sum((one.did for one in scene.strangers), Counter[str]())
        began, used = time.monotonic(), _cpu_seconds(pid)
        async with running(staff.run):
            await asyncio.sleep(seconds)
        ended, used = time.monotonic(), _cpu_seconds(pid) - used
        acts = sum((one.did for one in scene.strangers), Counter[str]()) - before
        pressed = time.monotonic()
        stop_seconds = await staff.press(_STOP)
        await asyncio.sleep(_PRESS_SECONDS_AT_MOST)
        for one in doing:
            one.cancel()
    return Seen(
        seconds=ended - began,
        cpu_seconds=used,
        bulletins=sum(began <= at < ended for at in told.bulletins),
        answers=sum(began <= at < ended for at in told.answers),
        acts=acts,
        press_seconds=staff.waits,
        stop_seconds=stop_seconds,
        after_stop_seconds=max(0.0, told.bulletins[-1] - pressed),
    )


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (proc_pid_stat(5)); 0 where the system does not tell."""
    file = Path(f"/proc/{pid}/stat")
    if not file.exists():
        return 0.0
    user, system = file.read_text("utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _prepare(folder: Path, scene: Scene, channels: int) -> None:
    """The bulletin is there, planned and paused: Lan has it go on."""
    engine = await open_network(in_sqlite(folder), channels)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE channels SET external_id = CAST(id - 1 + :first AS TEXT)"),
            {"first": scene.first_reader},
        )
        bulletin_id, _ = await start_bulletin(connection, emergency(_CODE))
        await connection.execute(
            update(bulletins)
            .where(bulletins.c.id == bulletin_id)
            .values(
                state=BroadcastState.PAUSED.value,
                author=f"telegram:{scene.lan.id}",
                author_chat=str(scene.lan.id),
            )
        )
    await engine.dispose()


def _installation(folder: Path, simulator: TelegramSimulator, scene: Scene) -> Installation:
    bot = {
        "name": BOT,
        "token_env": f"TOKEN_{BOT.upper()}",
        "base_url": simulator.base_url,
        "moderators_chat": str(scene.moderators.id),
    }
    lan = {"person": f"telegram:{scene.lan.id}", "name": "Lan", "roles": ["moderator", "approver"]}
    more = {"telegram": [bot], "staff": [lan]}
    return Installation(folder, in_sqlite(folder), simulator.base_url, (BOT,), more)


async def compare(channels: int, strangers: int, seconds: float) -> Finding:
    """Without them, then with them."""
    quiet = await watch(channels, 0, seconds / 2)
    return judge(quiet, await watch(channels, strangers, seconds), strangers)


def judge(quiet: Seen, busy: Seen, strangers: int) -> Finding:
    """What the strangers took."""
    worst = percentile(busy.press_seconds, 99)
    is_in_time = max(worst, busy.stop_seconds, busy.after_stop_seconds) <= _PRESS_SECONDS_AT_MOST
    return Finding(
        id="R1",
        figure=round(busy.part * 100, 1),
        unit=f"% of the slots left to an emergency, while {strangers} strangers do all they can",
        target=f"≥ {_PART_AT_LEAST:.0%}; a press of the staff answered ≤ {_PRESS_SECONDS_AT_MOST:g} s (p99)",
        met=busy.part >= _PART_AT_LEAST and is_in_time,
        peers={"without them": round(quiet.part * 100, 1)},
        ratio={"without them": round(busy.part / quiet.part, 3)},
        more={
            "seconds": round(busy.seconds, 1),
            "updates_caused_a_second": round(sum(busy.acts.values()) / busy.seconds, 1),
            "acts_a_second": {
                name: round(many / busy.seconds, 1) for name, many in sorted(busy.acts.items())
            },
            "bulletin_a_second": round(busy.bulletins / busy.seconds, 2),
            "answers_a_second": round(busy.answers / busy.seconds, 2),
            "without_them_a_second": round(quiet.bulletins / quiet.seconds, 2),
            "processor_percent": round(100 * busy.cpu_seconds / busy.seconds),
            "processor_percent_without_them": round(100 * quiet.cpu_seconds / quiet.seconds),
            "staff_presses": len(busy.press_seconds),
            "press_p99_ms": round(worst * 1000),
            "press_p99_ms_without_them": round(percentile(quiet.press_seconds, 99) * 1000),
            "stop_answered_ms": round(busy.stop_seconds * 1000),
            "last_message_after_stop_ms": round(busy.after_stop_seconds * 1000),
        },
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1_000)
    parser.add_argument("--strangers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    tell(uvloop.run(compare(chosen.channels, chosen.strangers, chosen.seconds)))


if __name__ == "__main__":
    main()
