"""A house to hold conversations in: the simulated Telegram, a bot that polls it, and a real database.

    hoa = house.world.add_user("Hoa")
    await house.start(hoa)
    await house.press(hoa, "🔔 Nhận bản tin tại đây")
    assert "Bản tin sẽ đến" in house.last(hoa).text

Updates are taken one after another, in the order the platform gave them, so every run is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.types import Update
from sqlalchemy import Row, Table, select

from bot.person_language import PersonLanguage, load_texts
from handlers import enrolment, pledging, preferences, rights
from handlers.access import guard_access, person_of
from handlers.buttons import Buttons, guard_buttons
from handlers.crowding import guard_crowding
from handlers.desk import MemberDesk
from handlers.rights import RightsDesk
from handlers.settings_cards import Offer, SettingsCards
from members.channel import PersonId
from members.enrolment import Enrolment
from members.pledge import PledgeText, read_pledge_texts
from members.rights import OwnRights
from members.upkeep import Upkeep
from platforms.telegram_admins import TelegramChats
from platforms.telegram_session import TelegramSession
from reports.quotas import Quota
from simulator.telegram_api import TelegramSimulator
from simulator.world import Chat, ShownMessage, User
from storage.buttons import ButtonBook
from storage.committer import Committer
from storage.conversations import ConversationStorage
from storage.engine import open_engine
from storage.owed_forgetting import OwedForgetting
from storage.own_data import OwnData
from storage.roster import Roster
from storage.sealing import Sealer
from storage.tables import metadata
from storage.updates import Updates
from tests.keys import NAMES, SECRET

BOT_NAME = "loa"
TOKEN = "7000001:AAAA-the-simulators-own-token-000000"
MORNING = datetime(2026, 11, 2, 1, 0, 0, 123_456, tzinfo=UTC)  # 8:00 in Viet Nam
TEXTS = load_texts()


@dataclass(slots=True)
class Clock:
    """Time that passes only when a test says so."""

    moment: datetime = MORNING

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


class Tokens:
    """Secrets that look like secrets and are the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)

    def __call__(self, size: int) -> str:
        return self._random.randbytes(size).hex()[:32]


@dataclass(frozen=True, slots=True)
class NamedChoice:
    key: str
    vi: str
    en: str


OFFER = Offer(
    topics=(NamedChoice("flood", "Bão lũ", "Floods"), NamedChoice("scam", "Lừa đảo", "Scams")),
    areas=tuple(NamedChoice(f"xa-{number}", f"Xã {number}", f"Commune {number}") for number in range(1, 16)),
)


class House:
    """Everything a conversation needs. ``open`` it, ``include`` further routers, then let people speak."""

    bot: Bot
    dispatcher: Dispatcher
    roster: Roster
    buttons: Buttons
    desk: MemberDesk
    updates: Updates
    rights: RightsDesk
    _writing: asyncio.Task[None]

    def __init__(self, database_url: str) -> None:
        self.clock = Clock()
        self.tokens = Tokens()
        self.taken: list[Update] = []
        """Every update that was handled, for tests that deliver one again."""
        self.times = 1
        """How often each update is handled before it is remembered; more than once is after a crash."""
        self._offset: int | None = None
        self.simulator = TelegramSimulator(now=self.clock.now, random=Random(1))
        self.world = self.simulator.world
        self.account = self.world.add_bot(TOKEN, "LoaTestBot", "Loa")
        self.engine = open_engine(database_url, synchronous="NORMAL")
        self.committer = Committer(self.engine)

    async def open(self) -> None:
        """Start the simulator, make the tables, put the rooms together."""
        await self.simulator.start()
        async with self.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        self._writing = asyncio.create_task(self.committer.run())
        server = TelegramAPIServer.from_base(self.simulator.base_url)
        properties = DefaultBotProperties(parse_mode=ParseMode.HTML)
        self.bot = Bot(TOKEN, session=TelegramSession(api=server), default=properties)
        self._furnish()

    async def close(self) -> None:
        await self.bot.session.close()
        self._writing.cancel()
        with suppress(asyncio.CancelledError):
            await self._writing
        await self.engine.dispose()
        await self.simulator.stop()

    def move_into(self, desk: MemberDesk) -> None:
        """Go on with another desk, as after a restart with other settings."""
        self.desk = desk
        self._furnish_with(desk)

    def include(self, *routers: Router) -> None:
        """Add the routers of another room, after those of the members."""
        self.dispatcher.include_routers(*routers)

    # --- what people do ----------------------------------------------------------------------------------

    async def start(self, user: User, payload: str = "") -> None:
        """Press START in the private chat."""
        self.world.start(user, self.account, payload)
        await self.settle()

    async def say(self, user: User, text: str, chat: Chat | None = None, **how: Any) -> None:
        """Write in private, or in ``chat``."""
        self.world.say(user, chat or self.account, text, **how)
        await self.settle()

    async def open_link(self, user: User, label: str, chat: Chat | None = None) -> None:
        """Press the newest link button with this label, and choose ``chat`` in the app's dialog."""
        _, url = self._newest_button(user, label)
        self.world.open_link(user, url or "", chat)
        await self.settle()

    async def open_link_in(self, user: User, chat: Chat, label: str) -> None:
        """Press the newest link button with this label in a group; it leads to the private chat."""
        _, url = self._newest_button(chat, label)
        self.world.open_link(user, url or "")
        await self.settle()

    async def press(self, user: User, label: str, chat: Chat | None = None) -> str:
        """Press the newest button with this label; what the app pops up as the answer."""
        query = self.touch(user, label, chat)
        await self.settle()
        return self.world.callbacks[query].answer

    def touch(self, user: User, label: str, chat: Chat | None = None) -> str:
        """The same, but nobody answers yet; the id of the query."""
        message_id, _ = self._newest_button(chat or user, label)
        return self.world.press(user, chat or self.account, message_id, label)

    # --- what is seen ------------------------------------------------------------------------------------

    def shown(self, where: User | Chat) -> list[ShownMessage]:
        """All messages of a person's private chat, or of a chat."""
        return self.world.shows(where.id)

    def last(self, where: User | Chat) -> ShownMessage:
        """The newest message there."""
        return self.shown(where)[-1]

    def said(self, where: User | Chat) -> str:
        """All that the bot has said there, as one text."""
        own = [message.text for message in self.shown(where) if message.sender_id == self.account.id]
        return "\n".join(own)

    def labels(self, where: User | Chat) -> list[str]:
        """The buttons under the newest message that has any."""
        for message in reversed(self.shown(where)):
            if message.buttons:
                return [button.label for row in message.buttons for button in row]
        return []

    async def rows(self, table: Table) -> list[Row[Any]]:
        """What stands in the database."""
        async with self.engine.connect() as connection:
            return list(await connection.execute(select(table).order_by(*table.primary_key)))

    def person(self, user: User) -> PersonId:
        return PersonId(f"telegram:{user.id}")

    # --- updates -----------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Handle updates, one by one, until the platform has none left."""
        while updates := await self.waiting():
            for update in updates:
                await self.take(update)
                self._offset = update.update_id + 1

    async def take(self, update: Update) -> None:
        """Handle one update, once."""
        if await self.updates.has_seen(BOT_NAME, update.update_id):
            return
        self.taken.append(update)
        for _ in range(self.times):
            await self.dispatcher.feed_update(self.bot, update, bot_name=BOT_NAME)
        await self.updates.mark_seen(BOT_NAME, update.update_id)

    def pass_over(self) -> None:
        """Let the platform lose the updates that wait."""
        self.world.queues[self.account.id].drop_all()

    async def waiting(self) -> list[Update]:
        """The updates that nobody has taken yet."""
        allowed = self.dispatcher.resolve_used_update_types()
        return await self.bot.get_updates(offset=self._offset, timeout=0, allowed_updates=allowed)

    def _newest_button(self, where: User | Chat, label: str) -> tuple[int, str | None]:
        for message in reversed(self.shown(where)):
            for row in message.buttons:
                for button in row:
                    if button.label == label:
                        return message.message_id, button.url
        raise AssertionError(f"there is no button {label!r}; the newest are {self.labels(where)}")

    def _furnish(self) -> None:
        self.updates = Updates(self.engine, self.committer, now=self.clock.now)
        self.roster = Roster(self.engine, self.committer, NAMES)
        self.buttons = Buttons(
            ButtonBook(self.engine, self.committer, NAMES), now=self.clock.now, tokens=self.tokens
        )
        self.move_into(desk_of(self))

    def _furnish_with(self, desk: MemberDesk) -> None:
        storage = ConversationStorage(self.engine, self.committer, NAMES, now=self.clock.now)
        self.dispatcher = Dispatcher(storage=storage)
        languages = PersonLanguage(TEXTS, lambda user: self.roster.language_of(person_of(user)))
        self.dispatcher.update.outer_middleware(languages)
        guard_crowding(self.dispatcher)
        guard_access(self.dispatcher, self.roster)
        guard_buttons(self.dispatcher, self.buttons)
        keepers = {
            "member": OwnData(self.engine, self.committer, NAMES, tokens=self.tokens, now=self.clock.now)
        }
        an_hour = timedelta(hours=1)
        self.rights = RightsDesk(
            OwnRights(self.roster, keepers),
            OwedForgetting(self.engine, self.committer, Sealer(SECRET)),
            self.clock.now,
            exports=Quota(1, an_hour),
            forgettings=Quota(1, an_hour),
        )
        self.include(
            enrolment.router(desk),
            pledging.router(desk),
            preferences.router(desk),
            rights.router(self.rights),
        )


def desk_of(house: House, texts: Mapping[str, PledgeText] | None = None) -> MemberDesk:
    """The members' desk over the house's database and bot; ``texts`` is another version of the pledge."""
    chats = TelegramChats({BOT_NAME: house.bot})
    enrolling = Enrolment(
        house.roster,
        house.roster,
        chats,
        texts=texts or read_pledge_texts("2026-1"),
        now=house.clock.now,
        tokens=house.tokens,
    )
    return MemberDesk(
        enrolment=enrolling,
        upkeep=Upkeep(house.roster, chats),
        tellings=house.roster,
        languages=house.roster,
        buttons=house.buttons,
        settings=SettingsCards(house.buttons, OFFER),
        now=house.clock.now,
    )


def columns(rows: list[Row[Any]], *names: str) -> list[Mapping[str, Any]]:
    """Only these columns of some rows."""
    return [{name: getattr(row, name) for name in names} for row in rows]
