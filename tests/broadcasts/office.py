"""The operator's office: a real SQLite book, a clock that is set by hand, and the people who work there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.calendar import calendar_of
from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import StartRules, at_once
from broadcasts.drafting import Origin, Weight, blank, repeating, reworded, weighted, worded
from broadcasts.lifecycle import Desk
from bulletins.bulletin import VIETNAMESE, Bulletin, BulletinId, Recurrence, Status, Text
from bulletins.fixed_words import Notice
from members.channel import PersonId
from members.roles import Role
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.tables import channels, deliveries, metadata, staff

LAN = PersonId("telegram:1001")
MINH = PersonId("telegram:1002")
PHUC = PersonId("telegram:1003")
HOA = PersonId("telegram:2001")
BAC_SAU = PersonId("telegram:3001")

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = calendar_of(ZONE)

STAFF = {
    LAN: ("Lan", {Role.MODERATOR, Role.APPROVER}),
    MINH: ("Minh", {Role.MODERATOR, Role.APPROVER}),
    PHUC: ("Phúc", {Role.APPROVER}),
}


@dataclass
class Office:
    """What a test drives and looks into."""

    engine: AsyncEngine
    committer: Committer
    time: datetime = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
    wakes: int = 0
    timers: dict[BulletinId, datetime] = field(default_factory=dict)
    composed: int = 0
    rules: StartRules = field(default_factory=lambda: StartRules(next_moment=CALENDAR))

    def __post_init__(self) -> None:
        self.book = BulletinBook(self.engine, self.committer, lambda: self.rules)
        self.desk = Desk(
            self.book,
            now=lambda: self.time,
            draw=Random(7),
            wake=self._wake,
            set_timer=self._set_timer,
            next_moment=CALENDAR,
        )

    def _wake(self) -> None:
        self.wakes += 1

    def _set_timer(self, bulletin_id: BulletinId, at: datetime) -> None:
        self.timers[bulletin_id] = at

    def origin(self, author: PersonId = LAN, key: str | None = None) -> Origin:
        """A new update from ``author``'s private chat."""
        self.composed += 1
        return Origin(author, author.partition(":")[2], key or f"update:{self.composed}")

    def advance(self, **how_long: float) -> None:
        """Let time pass."""
        self.time += timedelta(**how_long)

    def notice(self, status: Status = Status.ACTUAL) -> Bulletin:
        """A routine notice with everything it needs."""
        words = Text(
            "Phun thuốc muỗi phường 5", "Từ 7 giờ ngày 3/12, các hộ đóng kín cửa.", "Gọi 0912 345 678."
        )
        bulletin = worded(VIETNAMESE, words)(blank(status, "Trung tâm Y tế thành phố", self.time))
        return replace(bulletin, source_url="https://ytế.example.vn/tin/1".replace("ế", "e"))

    async def draft(
        self, bulletin: Bulletin | None = None, author: PersonId = LAN, weight: Weight = Weight.ORDINARY
    ) -> Broadcast:
        """A draft by Lan, unless somebody else is named."""
        return await self.desk.compose(weighted(weight)(bulletin or self.notice()), self.origin(author))

    async def in_review(
        self, bulletin: Bulletin | None = None, weight: Weight = Weight.ORDINARY
    ) -> Broadcast:
        """A bulletin by Lan that waits for an approver."""
        draft = await self.draft(bulletin, weight=weight)
        return happened(await self.desk.submit(draft.id, LAN, draft.approval_hash))

    async def sending(self, bulletin: Bulletin | None = None) -> Broadcast:
        """A routine bulletin by Lan that Minh approved for now."""
        waiting = await self.in_review(bulletin)
        result = await self.desk.approve(waiting.id, MINH, waiting.approval_hash)
        assert isinstance(result, Consented)
        return result.broadcast

    def daily(self, *, days: int = 30, cron: str = "0 7 * * *", valid_hours: int = 24) -> Bulletin:
        """The notice, every morning at seven in Viet Nam unless another rule is given, for so many days."""
        rule = Recurrence(cron, self.time + timedelta(days=days), valid_hours)
        return repeating(rule)(self.notice())

    async def recurring(self, bulletin: Bulletin | None = None) -> Broadcast:
        """A series by Lan that Minh approved."""
        waiting = await self.in_review(bulletin or self.daily())
        result = await self.desk.approve(waiting.id, MINH, waiting.approval_hash)
        assert isinstance(result, Consented)
        return result.broadcast

    async def upcoming(self, series: Broadcast) -> datetime:
        """When its next occurrence is due."""
        found = await self.desk.find(series.id)
        assert found is not None
        assert found.upcoming is not None
        return found.upcoming.at

    async def tick(self, series: Broadcast, **late: float) -> Broadcast | None:
        """The next occurrence's moment comes, or a little later; what came of it."""
        before = {one.id for one in await self.occurrences(series)}
        self.time = await self.upcoming(series) + timedelta(**late)
        happened(await self.desk.start_due(series.id))
        new = [one for one in await self.occurrences(series) if one.id not in before]
        return new[0] if new else None

    async def occurrences(self, series: Broadcast) -> list[Broadcast]:
        """Everything that came of it, the newest first."""
        found = await self.book.listed(frozenset(BroadcastState))
        return [one for one in found if one.series == series.bulletin.code]

    async def until_recurred(self, series: Broadcast) -> None:
        """Somebody else ticks: wait until something has come of it."""
        while not await self.occurrences(series):  # noqa: ASYNC110 the database rings no bell
            await asyncio.sleep(0.01)

    async def state(self, broadcast: Broadcast) -> BroadcastState:
        """Where it stands now."""
        found = await self.desk.find(broadcast.id)
        assert found is not None
        return found.state

    async def planned(self, broadcast: Broadcast) -> int:
        """How many deliveries it has."""
        wanted = select(func.count()).where(deliveries.c.bulletin_id == broadcast.id)
        async with self.engine.connect() as connection:
            return await connection.scalar(wanted) or 0

    async def arrived(self) -> Broadcast:
        """A routine bulletin by Lan that every group has."""
        original = await self.sending()
        await self.all_arrived(original)
        return original

    async def correction(
        self, original: Broadcast, author: PersonId = LAN, words: str = "Đúng là 8 giờ."
    ) -> Broadcast:
        """New words about it that wait for an approver."""
        origin = self.origin(author)
        draft = happened(await self.desk.compose_correction(original.bulletin.code, origin))
        draft = happened(await self.desk.edit(draft.id, author, reworded(VIETNAMESE, words)))
        return happened(await self.desk.submit(draft.id, author, draft.approval_hash))

    async def corrected(
        self, original: Broadcast, author: PersonId = LAN, approver: PersonId = MINH
    ) -> Broadcast:
        """New words about it by one person that another one approved: they are being sent."""
        return self.begun(await self.approve(await self.correction(original, author), approver))

    async def notice_of(
        self, original: Broadcast, author: PersonId = LAN, notice: Notice = Notice.WITHDRAWN
    ) -> Broadcast:
        """A draft in fixed words about it."""
        origin = self.origin(author)
        return happened(await self.desk.compose_notice(notice, original.bulletin.code, origin))

    async def withdrawn(
        self, original: Broadcast, author: PersonId = LAN, notice: Notice = Notice.WITHDRAWN
    ) -> Broadcast:
        """Fixed words about it that their author sent alone."""
        return self.begun(await self.approve(await self.notice_of(original, author, notice), author))

    async def approve(self, broadcast: Broadcast, person: PersonId) -> Consented | Refusal:
        """Somebody's yes to what it is now."""
        return await self.desk.approve(broadcast.id, person, broadcast.approval_hash)

    async def sent_at_once(self, waiting: Broadcast, asking: PersonId, agreeing: PersonId) -> Broadcast:
        """What waits for its time, or missed it, goes out because one person asked and another one agreed."""
        assert await self.desk.send_now(waiting.id, asking) is Refusal.NOT_ITS_TIME
        hurried = at_once(waiting).approval_hash
        return self.begun(await self.desk.approve(waiting.id, agreeing, hurried, asked_by=asking))

    def begun(self, result: Consented | Refusal) -> Broadcast:
        """The broadcast that this was the last consent to."""
        assert isinstance(result, Consented), result
        assert result.still_needed == 0
        return result.broadcast

    async def all_arrived(self, broadcast: Broadcast) -> None:
        """Every delivery of it became ``sent``, as the engine would have written."""
        await self.write(
            update(deliveries)
            .where(deliveries.c.bulletin_id == broadcast.id)
            .values(state="sent", message_id="1")
        )

    async def give_roles(self, person: PersonId, *roles: Role) -> None:
        """The staff list changes; without roles the person leaves it."""
        await self.write(delete(staff).where(staff.c.person == person))
        if roles:
            row = {"person": person, "name": STAFF[person][0], "roles": [role.value for role in roles]}
            await self.write(insert(staff).values(row))

    async def write(self, statement: object) -> None:
        """One statement, committed."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)  # type: ignore[call-overload]

        await self.committer.write(work)


def happened(result: Broadcast | Refusal) -> Broadcast:
    """The broadcast; a refusal fails the test by its name."""
    assert isinstance(result, Broadcast), result
    return result


@asynccontextmanager
async def open_office(
    folder: Path, members_of_groups: tuple[int, ...] = (250, 120), url: str | None = None
) -> AsyncIterator[Office]:
    """An office with its staff, and groups that have so many members."""
    engine = open_engine(url or f"sqlite+aiosqlite:///{folder}/loa.sqlite3")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    serving = asyncio.create_task(committer.run())
    office = Office(engine, committer)
    for person, (_, roles) in STAFF.items():
        await office.give_roles(person, *roles)
    for number, members in enumerate(members_of_groups):
        await office.write(insert(channels).values(group_row(number, members)))
    yield office
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await engine.dispose()


def group_row(number: int, members: int, **other: object) -> dict[str, object]:
    """A row for an active group of Hoa's."""
    return {
        "bot": "loa",
        "platform": "telegram",
        "external_id": f"-100{number}",
        "kind": "supergroup",
        "title": f"Tổ dân phố {number}",
        "language": "vi",
        "state": "active",
        "member": HOA,
        "topics": (),
        "areas": (),
        "pin": False,
        "silent": False,
        "drills": False,
        "member_count": members,
    } | other
