"""What many runs stand on, one after the other: a disk, and the bulletins that lie ready, composed once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any

from broadcasts.consent import StartRules
from broadcasts.lifecycle import Desk
from bulletins.values import Media
from members.channel import ChannelKind, ChannelState, Platform
from simulator.crash.disk import Disk
from simulator.crash.life import BOT
from simulator.crash.people import STAFF, Ready, write_drafts
from simulator.crash.resting import HOA
from simulator.crash.scenario import STARTS, ChannelPlan, Draft
from simulator.crash.series_desk import write_series
from simulator.crash.virtual_time import VirtualClock, new_loop
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.pictures import PictureShelf
from storage.tables import metadata

_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
_KINDS = {
    "group": ChannelKind.GROUP,
    "supergroup": ChannelKind.SUPERGROUP,
    "channel": ChannelKind.BROADCAST,
}
_CHANGING = (
    "pins_due",
    "deliveries",
    "approvals",
    "recurrences",
    "bulletins",
    "channels",
    "paces",
    "lines",
    "media_handles",
)
_ANYONE = ChannelPlan("group", "vi", False, False, False, False, None)


@dataclass(slots=True)
class Ground:
    """Opened once for many runs; close it at the end."""

    disk: Disk = field(default_factory=Disk)
    ready: dict[Draft, Ready] = field(default_factory=dict)
    series: tuple[Ready, ...] = ()
    _bulletins: list[tuple[Any, ...]] = field(default_factory=list)

    def __enter__(self) -> Ground:
        _run(self._bake())
        self._bulletins = [tuple(row) for row in self.disk.observer.execute("SELECT * FROM bulletins")]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disk.__exit__(kind, error, trace)

    def warm_up(self) -> None:
        """Each process finds all connections open and free: opening one takes steps, and steps decide a run.

        One that a killed process has left broken still lies in the pool: only asking for it finds out.
        """
        _run(self.disk.warm_up())

    def reset(self, channels: Sequence[tuple[ChannelPlan, int, str]]) -> None:
        """As before the first run, with these channels, their chat ids and their bots."""
        observer = self.disk.observer
        observer.execute("BEGIN IMMEDIATE")
        for name in _CHANGING:
            observer.execute(f"DELETE FROM {name}")  # noqa: S608 (names of our own tables)
        marks = ", ".join("?" * len(self._bulletins[0]))
        observer.executemany(f"INSERT INTO bulletins VALUES ({marks})", self._bulletins)  # noqa: S608 (the same)
        for number, (plan, chat, bot) in enumerate(channels):
            self._add_channel(number + 1, plan, chat, bot)
        observer.execute("COMMIT")

    async def _bake(self) -> None:
        """The real desk writes the bulletins, into a database made for it."""
        async with self.disk.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        for person, (name, roles) in STAFF.items():
            row = (person, name, json.dumps([role.value for role in roles]))
            self.disk.observer.execute("INSERT INTO staff (person, name, roles) VALUES (?, ?, ?)", row)
        self._add_channel(1, _ANYONE, -1, BOT)
        committer = Committer(self.disk.engine)
        serving = asyncio.get_running_loop().create_task(committer.run())
        shelf = PictureShelf(self.disk.engine, committer)
        picture = Media(await shelf.keep(_PICTURE, STARTS), "ban-do.png")
        book = BulletinBook(self.disk.engine, committer, StartRules)
        desk = Desk(book, now=lambda: STARTS, draw=Random(7), wake=lambda: None, set_timer=lambda _, at: None)
        self.ready = await write_drafts(desk, picture)
        self.series = await write_series(self.disk.engine, committer)
        serving.cancel()

    def _add_channel(self, key: int, plan: ChannelPlan, chat: int, bot: str) -> None:
        starts, ends = plan.quiet_minutes or (None, None)
        row = {
            "id": key,
            "bot": bot,
            "platform": Platform.TELEGRAM.value,
            "external_id": str(chat),
            "kind": _KINDS[plan.kind].value,
            "title": f"Tổ dân phố {key}",
            "language": plan.language,
            "state": (ChannelState.PAUSED if plan.is_paused else ChannelState.ACTIVE).value,
            "member": HOA,
            "topics": "|",
            "areas": "|",
            "quiet_starts_minute": starts,
            "quiet_ends_minute": ends,
            "pin": plan.pin,
            "silent": plan.silent,
            "drills": False,
            "member_count": 100 + key,
            "canary": plan.is_canary,
        }
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        self.disk.observer.execute(
            f"INSERT INTO channels ({columns}) VALUES ({marks})",  # noqa: S608 (our own names)
            tuple(row.values()),
        )


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On a loop of its own, before the clock of any run."""
    loop = new_loop(VirtualClock(STARTS), Random(0))
    working = loop.create_task(work)
    working.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    working.result()
    loop.die()
