"""A sending station: the whole engine over a real database, with a sender that answers as a test says."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.consent import StartRules
from broadcasts.courier import PumpParts, PumpRules
from broadcasts.delivery import DeliveryState, NotSent, Outcome, Sent
from broadcasts.letters import Letters, Means
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import Closing, Content, Sender
from broadcasts.pump import Pump
from broadcasts.retry import RetryRules
from bulletins.bulletin import (
    VIETNAMESE,
    Bulletin,
    BulletinId,
    Category,
    Certainty,
    Code,
    MsgType,
    Severity,
    Status,
    Text,
    Urgency,
)
from bulletins.rendering import Imprint
from members.channel import ChannelId, ChannelState
from storage.aftermath import SqlAftermath
from storage.bulletin_rows import bulletin_columns
from storage.bulletin_writes import stop_superseded
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.ledger import SqlLedger
from storage.paces import SqlPaces
from storage.pins import SqlPins
from storage.planning import plan_deliveries
from storage.tables import bulletins, channels, deliveries, metadata
from tests.keys import NAMES as NAMES

BOT = "loa"
VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
NOON = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
"""Twelve o'clock in Viet Nam."""

_LONGEST_TEST_SECONDS = 20.0
_SOON_MILLISECONDS = 2_000

NO_PACE = PaceRules(rate_per_second=float("inf"))
QUICK = PumpRules(
    idle_seconds=0.02,
    patience_seconds=0.2,
    landing_seconds=1.0,
    retry=RetryRules(first_wait_seconds=0.01, longest_wait_seconds=0.02),
)


@dataclass(frozen=True, slots=True)
class Posted:
    """One request that reached the platform."""

    method: str
    chat: str
    words: str
    message_id: str
    reply_to: str | None = None
    silent: bool = False


@dataclass
class ScriptedSender:
    """Takes everything, except where a test wrote down another answer for a chat, used up one by one."""

    posted: list[Posted] = field(default_factory=list)
    answers: dict[str, deque[Outcome]] = field(default_factory=lambda: defaultdict(deque))
    edits: dict[str, deque[Outcome]] = field(default_factory=lambda: defaultdict(deque))
    pins: dict[str, Outcome] = field(default_factory=dict)
    before_answer: Callable[[str], Awaitable[None]] | None = None
    answers_greetings: bool = True
    greeted: int = 0

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        message_id = str(len(self.posted) + 1)
        words = content.rendered.plain
        self.posted.append(Posted("post", chat, words, message_id, reply_to, content.silent))
        if self.before_answer is not None:
            await self.before_answer(chat)
        return self.answers[chat].popleft() if self.answers[chat] else Sent(message_id)

    async def edit(self, chat: str, message_id: str, content: Content) -> Outcome:
        self.posted.append(Posted("edit", chat, content.rendered.plain, message_id))
        return self.edits[chat].popleft() if self.edits[chat] else Sent(message_id)

    @asynccontextmanager
    async def prepared(self, content: Content) -> AsyncIterator[None]:
        yield

    async def pin(self, chat: str, message_id: str) -> Outcome:
        self.posted.append(Posted("pin", chat, "", message_id))
        return self.pins.get(chat, Sent(message_id))

    async def greet(self) -> Outcome:
        self.greeted += 1
        return Sent("") if self.answers_greetings else NotSent("ClientConnectorError")

    def chats(self, words: str = "") -> list[str]:
        """Where messages with these words were posted, in order."""
        return [one.chat for one in self.posted if one.method == "post" and words in one.words]


@dataclass
class Told:
    """What people would have been told."""

    halted: list[BulletinId] = field(default_factory=list)
    troubles: int = 0
    storage: list[str | None] = field(default_factory=list)
    line: list[tuple[str, str | None]] = field(default_factory=list)

    def bulletin_halted(self, bulletin_id: BulletinId) -> None:
        self.halted.append(bulletin_id)

    def channel_in_trouble(self) -> None:
        self.troubles += 1

    def storage_failed(self, what: str) -> None:
        self.storage.append(what)

    def storage_recovered(self) -> None:
        self.storage.append(None)

    def line_failed(self, bot: str, because: str) -> None:
        self.line.append((bot, because))

    def line_recovered(self, bot: str) -> None:
        self.line.append((bot, None))


@dataclass
class Station:
    """What a test drives and looks into."""

    engine: AsyncEngine
    committer: Committer
    sender: ScriptedSender = field(default_factory=ScriptedSender)
    told: Told = field(default_factory=Told)
    started: datetime = NOON
    rules: PumpRules = QUICK
    pace: PaceRules = NO_PACE
    means: Means = field(default_factory=Means)
    bulletins_written: int = 0

    def __post_init__(self) -> None:
        self.ledger = SqlLedger(self.engine, self.committer)
        self.aftermath = SqlAftermath(self.engine, self.committer)
        self.pacer = Pacer(self.pace)
        self._loop_started = asyncio.get_running_loop().time()

    @property
    def time(self) -> datetime:
        """The time of day, going on from noon."""
        return self.started + timedelta(seconds=asyncio.get_running_loop().time() - self._loop_started)

    def advance(self, **how_long: float) -> None:
        """Let time jump."""
        self.started += timedelta(**how_long)

    def pump(self, bot: str = BOT, sender: Sender | None = None, closing: Closing | None = None) -> Pump:
        """A pump as it is after a start of the process."""
        book = BulletinBook(self.engine, self.committer, StartRules)
        parts = PumpParts(
            ledger=self.ledger,
            closing=closing or self.ledger,
            pins=SqlPins(self.engine, self.committer),
            paces=SqlPaces(self.engine, self.committer),
            sender=sender or self.sender,
            pacer=self.pacer,
            letters=Letters(book, Imprint("loa_bot", VIET_NAM), self.means),
            notices=self.told,
            now=lambda: self.time,
            random=Random(7),
            zone=VIET_NAM,
        )
        return Pump(bot, parts, self.rules)

    @asynccontextmanager
    async def pumping(self, bot: str = BOT) -> AsyncIterator[Pump]:
        """A pump at work while the block lasts."""
        pump = self.pump(bot)
        async with running(pump.run):
            yield pump

    async def pump_until_idle(self, bulletin_id: BulletinId) -> None:
        """Pump until nothing of the bulletin is queued for now, or being sent."""
        async with self.pumping():
            await self.until(lambda: self.is_idle(bulletin_id))

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something to come true; a test that waits in vain fails."""
        async with asyncio.timeout(_LONGEST_TEST_SECONDS):
            while not await holds():  # noqa: ASYNC110 the database rings no bell
                await asyncio.sleep(0.005)

    async def is_idle(self, bulletin_id: BulletinId) -> bool:
        waiting = select(deliveries.c.id).where(
            deliveries.c.bulletin_id == bulletin_id,
            (deliveries.c.state == "sending")
            | (
                (deliveries.c.state == "queued")
                & (deliveries.c.due_at <= round(self.time.timestamp() * 1000) + _SOON_MILLISECONDS)
            ),
        )
        state = await self.value(select(bulletins.c.state).where(bulletins.c.id == bulletin_id))
        return state != BroadcastState.SENDING or await self.value(waiting.limit(1)) is None

    async def is_done(self, bulletin_id: BulletinId) -> bool:
        return await self.state_of(bulletin_id) is BroadcastState.DONE

    # --- channels ----------------------------------------------------------------------------------------

    async def channel(self, chat: str, **chosen: Any) -> ChannelId:
        """An active channel; keywords are columns."""
        return (await self.channels([chat], **chosen))[0]

    async def channels(self, chats: Iterable[str], **chosen: Any) -> list[ChannelId]:
        """Active channels."""
        columns: dict[str, Any] = {
            "bot": BOT,
            "platform": "telegram",
            "kind": "supergroup",
            "language": "vi",
            "state": ChannelState.ACTIVE.value,
            "member": "telegram:2001",
            "topics": (),
            "areas": (),
            "pin": False,
            "silent": False,
            "drills": False,
            "member_count": 100,
            "canary": False,
        }
        rows = [{**columns, "external_id": chat, "title": f"Nhóm {chat}", **chosen} for chat in chats]
        async with self.engine.begin() as connection:
            await connection.execute(insert(channels), rows)
            found = await connection.execute(select(channels.c.external_id, channels.c.id))
        ids = {chat: ChannelId(key) for chat, key in found}
        return [ids[str(row["external_id"])] for row in rows]

    async def change_channel(self, channel: ChannelId, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(channels).where(channels.c.id == channel).values(values))

    async def channel_row(self, channel: ChannelId) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(channels).where(channels.c.id == channel))).one()

    # --- bulletins ---------------------------------------------------------------------------------------

    def bulletin(self, headline: str = "Lịch phun thuốc muỗi", **changes: Any) -> Bulletin:
        """A routine notice."""
        self.bulletins_written += 1
        bulletin = Bulletin(
            code=Code(f"LOA-{self.bulletins_written:04}-0"),
            status=Status.ACTUAL,
            category=Category.HEALTH,
            urgency=Urgency.EXPECTED,
            severity=Severity.MINOR,
            certainty=Certainty.LIKELY,
            issuer="Trung tâm Y tế",
            texts={VIETNAMESE: Text(headline, "Từ 7 giờ, các hộ đóng kín cửa.")},
            source_url="https://example.org/tin",
            expires=self.time + timedelta(hours=6),
        )
        return replace(bulletin, **changes)

    def emergency(self, headline: str = "Vỡ đập, sơ tán ngay") -> Bulletin:
        """Lives depend on it."""
        return self.bulletin(headline, urgency=Urgency.IMMEDIATE, severity=Severity.EXTREME)

    def correction_of(self, original: Bulletin, headline: str = "Đúng là 8 giờ") -> Bulletin:
        return self.bulletin(headline, msg_type=MsgType.UPDATE, references=(original.code,))

    async def start(self, bulletin: Bulletin, corrects: BulletinId | None = None) -> BulletinId:
        """Approved and planned."""
        async with self.engine.begin() as connection:
            added = await connection.execute(
                insert(bulletins)
                .values(
                    state=BroadcastState.SENDING.value,
                    corrects=corrects,
                    author="telegram:1001",
                    author_chat="1001",
                    origin_key=bulletin.code,
                    created_at=self.time,
                    started_at=self.time,
                    **bulletin_columns(bulletin),
                )
                .returning(bulletins.c.id)
            )
            bulletin_id = BulletinId(added.scalar_one())
            if corrects is not None:
                await stop_superseded(connection, bulletin_id, corrects, self.time)
            await plan_deliveries(connection, bulletin_id, self.time, VIET_NAM)
        return bulletin_id

    async def set_state(self, bulletin_id: BulletinId, state: BroadcastState) -> None:
        """As the desk does it when somebody stops, pauses or resumes."""

        async def work(connection: Any) -> None:
            await connection.execute(
                update(bulletins).where(bulletins.c.id == bulletin_id).values(state=state.value)
            )

        await self.committer.write(work)

    async def state_of(self, bulletin_id: BulletinId) -> BroadcastState:
        return BroadcastState(
            await self.value(select(bulletins.c.state).where(bulletins.c.id == bulletin_id))
        )

    async def bulletin_row(self, bulletin_id: BulletinId) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(bulletins).where(bulletins.c.id == bulletin_id))).one()

    # --- deliveries --------------------------------------------------------------------------------------

    async def deliveries(self, bulletin_id: BulletinId) -> dict[str, Any]:
        """Every row of a bulletin, by its chat as it is called now."""
        query = (
            select(deliveries, channels.c.external_id)
            .join(channels, channels.c.id == deliveries.c.channel_id)
            .where(deliveries.c.bulletin_id == bulletin_id)
            .order_by(deliveries.c.id)
        )
        async with self.engine.connect() as connection:
            return {row.external_id: row for row in await connection.execute(query)}

    async def states(self, bulletin_id: BulletinId) -> dict[str, DeliveryState]:
        return {chat: DeliveryState(row.state) for chat, row in (await self.deliveries(bulletin_id)).items()}

    async def change_deliveries(self, bulletin_id: BulletinId, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                update(deliveries).where(deliveries.c.bulletin_id == bulletin_id).values(values)
            )

    async def value(self, query: Any) -> Any:
        async with self.engine.connect() as connection:
            return await connection.scalar(query)


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """``run`` as a task while the block lasts, cancelled and awaited at its end; its crash fails the test."""

    async def ended() -> None:
        await run()

    task = asyncio.create_task(ended())
    try:
        yield
    finally:
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if result is not None and not isinstance(result, asyncio.CancelledError):
            raise result


@asynccontextmanager
async def open_station(url: str, **chosen: Any) -> AsyncIterator[Station]:
    """A station whose committer runs."""
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    async with running(committer.run):
        yield Station(engine, committer, **chosen)
    await engine.dispose()
