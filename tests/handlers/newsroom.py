"""The staff's side of the house: Lan and Minh moderate, Phúc approves, Hoa's groups listen."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random

from sqlalchemy import Executable, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.bell import Bell
from bot.hindrances import KnownHindrances
from broadcasts.broadcast import Broadcast
from broadcasts.consent import StartRules
from broadcasts.lifecycle import Desk
from bulletins.bulletin import VIETNAMESE, BulletinId, Language
from bulletins.rendering import Imprint
from handlers import aftermath, approving, composing, correcting, progressing, scheduling, verifying
from handlers.approving import Reviews
from handlers.bulletin_desk import BulletinDesk
from handlers.edit_times import EditTimes
from handlers.progress_board import ProgressBoard, Sources
from handlers.progress_words import Figures
from members.channel import PersonId
from members.roles import Role
from reports.checks.genuine import GenuineCheck
from simulator.world import Chat, User
from storage.aftermath import SqlAftermath
from storage.bulletins import BulletinBook
from storage.pictures import PictureShelf
from storage.progress_messages import ProgressMessages
from storage.published import PublishedBulletins
from storage.tables import bulletins, channels, deliveries
from storage.waiting import waiting_deliveries
from tests.broadcasts.office import CALENDAR, ZONE, group_row
from tests.handlers.examiner import FailingExaminer
from tests.handlers.house import BOT_NAME, OFFER, TEXTS, House, NamedChoice
from tests.staff_rows import set_staff

ISSUERS = (NamedChoice("cdc", "Trung tâm Y tế thành phố", "City Health Centre"),)
SOURCE = "https://soyte.example.vn/tin/1"
TYPED = (
    "Phun thuốc muỗi phường 5\nTừ 7 giờ ngày 3/12, các hộ đóng kín cửa.\n"
    "Cần làm: Gọi 0912 345 678 nếu cần hỏi."
)


class Counted:
    """Counts deliveries where they stand."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def figures(self, bulletin_id: BulletinId, *, is_final: bool = False) -> Figures:
        wanted = select(deliveries.c.state).where(deliveries.c.bulletin_id == bulletin_id)
        async with self._house.engine.connect() as connection:
            counted = Counter(await connection.scalars(wanted))
        return Figures(
            planned=counted.total(),
            sent=counted["sent"],
            failed=counted["failed"],
            unsure=counted["unsure"],
            dropped=counted["dropped"],
            reach=0,
        )


class Newsroom:
    """Everything the staff's conversations need, over a house."""

    def __init__(
        self, house: House, language: Language = VIETNAMESE, edits_apart_seconds: float = 0.0
    ) -> None:
        """``edits_apart_seconds``: no test waits for three seconds to pass."""
        self.house = house
        self.wakes = 0
        self.moderators_chats: dict[str, str] = {}
        rules = StartRules(next_moment=CALENDAR)
        book = BulletinBook(house.engine, house.committer, lambda: rules)
        self.timers: dict[BulletinId, object] = {}
        self.desk = Desk(
            book,
            now=house.clock.now,
            draw=Random(5),
            wake=self._wake,
            set_timer=self.timers.__setitem__,
            next_moment=CALENDAR,
        )
        imprint = Imprint("LoaTestBot", ZONE)
        self.examiner = FailingExaminer()
        self.bulletin_desk = BulletinDesk(
            desk=self.desk,
            genuine=GenuineCheck(PublishedBulletins(house.engine), self.examiner, house.clock.now),
            alerts=self.examiner,
            buttons=house.buttons,
            pictures=PictureShelf(house.engine, house.committer),
            offer=OFFER,
            issuers=ISSUERS,
            imprint=imprint,
            zone=ZONE,
            now=house.clock.now,
            rules=rules,
            aftermath=SqlAftermath(house.engine, house.committer),
            moderators_chats=self.moderators_chats,
            language=language,
        )
        self.bell = Bell()
        self.sources = Sources(
            Counted(house),
            KnownHindrances(
                partial(waiting_deliveries, house.engine), self.bell, {BOT_NAME}, house.clock.now, ZONE
            ),
            ProgressMessages(house.engine, house.committer),
        )
        self.board = ProgressBoard(
            self.bulletin_desk,
            {BOT_NAME: house.bot},
            self.sources,
            TEXTS,
            EditTimes(edits_apart_seconds),
        )
        reviews = Reviews(self.bulletin_desk)
        house.include(
            progressing.router(self.bulletin_desk, reviews, self.board),
            aftermath.router(self.bulletin_desk, self.board),
            scheduling.router(self.bulletin_desk),
            approving.router(self.bulletin_desk, reviews, self.board),
            correcting.router(self.bulletin_desk, self.board),
            composing.router(self.bulletin_desk, reviews),
            verifying.router(self.bulletin_desk),
        )

    async def open(self) -> None:
        """People arrive: the staff has pressed START, two groups are active."""
        world = self.house.world
        self.lan, self.minh, self.phuc = (world.add_user(name) for name in ("Lan", "Minh", "Phúc"))
        self.sau = world.add_user("Bác Sáu")
        both = (Role.MODERATOR, Role.APPROVER)
        await set_staff(
            self.house.committer,
            [
                (self.house.person(self.lan), "Lan", both),
                (self.house.person(self.minh), "Minh", both),
                (self.house.person(self.phuc), "Phúc", (Role.APPROVER,)),
            ],
        )
        for person in (self.lan, self.minh, self.phuc, self.sau):
            await self.house.start(person)
        for number, members in enumerate((250, 120)):
            await self.write(insert(channels).values(group_row(number, members)))

    def _wake(self) -> None:
        self.wakes += 1

    async def compose(self, author: User, *, typed: str = TYPED, kind: str = "🟥 Bản tin thật") -> None:
        """/broadcast, the kind, the text and, for a real one, its source."""
        await self.house.say(author, "/broadcast")
        await self.house.press(author, kind)
        await self.house.say(author, typed)
        if kind == "🟥 Bản tin thật":
            await self.house.say(author, SOURCE)

    async def submit(self, author: User) -> None:
        """Preview, and ask for approval."""
        await self.house.press(author, "👁 Xem trước và gửi")
        await self.house.press(author, "📨 Gửi duyệt")

    async def published(self, **how: str) -> Broadcast:
        """A routine bulletin by Lan that Minh approved and that arrived everywhere."""
        await self.compose(self.lan, **how)
        await self.submit(self.lan)
        await self.house.press(self.minh, "✅ Phê duyệt")
        broadcast = await self.newest()
        await self.write(
            update(deliveries)
            .where(deliveries.c.bulletin_id == broadcast.id)
            .values(state="sent", message_id="1")
        )
        return broadcast

    async def correct(self, author: User, original: Broadcast, words: str, approver: User) -> Broadcast:
        """``author`` writes what is right, and ``approver`` approves it."""
        await self.house.say(author, f"/dinhchinh {original.bulletin.code}")
        await self.house.say(author, words)
        await self.submit(author)
        await self.house.press(approver, "✅ Phê duyệt")
        return await self.newest()

    async def withdraw(self, author: User, original: Broadcast, notice: str = "⛔ Thu hồi hẳn") -> Broadcast:
        """``author`` says it alone, in fixed words."""
        await self.house.say(author, f"/thuhoi {original.bulletin.code}")
        await self.house.press(author, notice)
        await self.house.press(author, "✅ Đúng, gửi ngay tới mọi nơi đã nhận")
        return await self.newest()

    async def open_moderators_chat(self) -> Chat:
        """A group of the staff, with the bot in it."""
        chat = self.house.world.add_chat("supergroup", "Ban điều phối", self.lan)
        for account in (self.minh, self.phuc, self.house.account):
            self.house.world.add_member(chat, account)
        self.moderators_chats[BOT_NAME] = str(chat.id)
        await self.house.settle()
        return chat

    async def hear_drills(self) -> None:
        """The groups opt in to drills."""
        await self.write(update(channels).values(drills=True))

    async def newest(self) -> Broadcast:
        """The bulletin that was written last."""
        async with self.house.engine.connect() as connection:
            newest = await connection.scalar(select(func.max(bulletins.c.id)))
        found = await self.desk.find(BulletinId(newest or 0))
        assert found is not None
        return found

    async def planned(self, broadcast: Broadcast) -> int:
        """How many deliveries it has."""
        return len([row for row in await self.house.rows(deliveries) if row.bulletin_id == broadcast.id])

    def seen(self, where: User | Chat) -> list[str]:
        """The texts of all messages there."""
        return [message.text for message in self.house.shown(where)]

    def person(self, user: User) -> PersonId:
        return self.house.person(user)

    async def write(self, statement: Executable) -> None:
        """One statement, committed."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self.house.committer.write(work)
