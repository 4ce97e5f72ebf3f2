"""What one stranger can have kept because of them: a number that docs/operations.md states, whatever they play."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from bot.admission import BY_PERSON, Admission, Allowance, Hearing, Kind, look_at
from handlers import otherwise
from simulator.world import Chat, User
from storage.tables import metadata
from tests.handlers.house import BOT_NAME, House
from tests.handlers.reporting_house import furnish

PART = 20
"""A twentieth of what is allowed, and so a twentieth of the rows: the rules are the same."""
ALLOWED = {
    kind: Allowance(allowance.a_minute // 5, allowance.a_day // PART) for kind, allowance in BY_PERSON.items()
}
MESSAGES, PRESSES, GROUPS = (ALLOWED[kind].a_day for kind in (Kind.MESSAGE, Kind.PRESS, Kind.MEMBERSHIP))
KEYBOARDS = MESSAGES + PRESSES
MOST_ROWS = {
    "updates_seen": KEYBOARDS + 2 * GROUPS,  # the bot may leave each of them, and hears of that
    "buttons": KEYBOARDS * 10,
    "invitations": KEYBOARDS,
    "conversations": MESSAGES,
    "drafts": MESSAGES,
    "channels": GROUPS + 1,
    "members": 1,
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}")
    await house.open()
    yield house
    await house.close()


class Stranger:
    """Plays everything, at random, and presses the newest button of any kind."""

    def __init__(self, house: House, user: User) -> None:
        self._house, self._user, self._random = house, user, Random(3)
        self._groups: list[Chat] = []

    def act(self) -> None:
        self._random.choice([self._write, self._start, self._press, self._press, self._add, self._command])()

    def _write(self) -> None:
        self._house.world.say(self._user, self._house.account, f"Tin này thật không {self._random.random()}")

    def _start(self) -> None:
        self._house.world.start(self._user, self._house.account)

    def _press(self) -> None:
        shown = [one for one in self._house.shown(self._user) if one.buttons][-5:]
        choices = [
            (one.message_id, button.label)
            for one in shown
            for row in one.buttons
            for button in row
            if button.url is None and "Nhận bản tin" not in button.label
        ]
        if choices:
            self._house.world.press(self._user, self._house.account, *self._random.choice(choices))

    def _add(self) -> None:
        group = self._house.world.add_chat("supergroup", "Nhóm", self._user)
        self._house.world.promote(group, self._house.account, by=self._user)
        self._groups.append(group)

    def _command(self) -> None:
        if self._groups:
            words = self._random.choice(["/report", "/start", "/camket", "/quen", "/pause", "/leave"])
            self._house.world.say(self._user, self._random.choice(self._groups), words)


async def rows(house: House) -> Counter[str]:
    async with house.engine.connect() as connection:
        return Counter(
            {
                table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
                for table in metadata.sorted_tables
            }
        )


async def test_one_stranger_who_plays_everything_for_a_day_leaves_at_most_so_many_rows(house: House) -> None:
    await furnish(house)
    house.include(otherwise.router(house.roster))
    kinds = house.dispatcher.resolve_used_update_types()
    admission = Admission(kinds, house.account.id, None, ALLOWED)
    stranger, before, offset = Stranger(house, house.world.add_user("Lạ")), await rows(house), None
    weighed = Counter[Hearing]()
    assert await house.waiting() == []  # what it took to furnish is done

    for _ in range(600):
        house.clock.pass_by(seconds=86_000 / 600)
        stranger.act()
        for update in await house.bot.get_updates(offset=offset, timeout=0, allowed_updates=kinds):
            offset = update.update_id + 1
            seen = look_at(update.model_dump(mode="json", exclude_unset=True, by_alias=True))
            verdict = admission.weigh(seen, is_staff=False, is_crowded=False, now=house.clock.now())
            weighed[verdict.hearing] += 1
            if verdict.hearing is Hearing.HEARD:
                await house.dispatcher.feed_update(house.bot, update, bot_name=BOT_NAME)
                await house.updates.mark_seen(BOT_NAME, update.update_id)

    left = await rows(house) - before
    assert weighed[Hearing.TOO_MUCH] > 300
    assert left["updates_seen"] == weighed[Hearing.HEARD]
    assert not {name: many for name, many in left.items() if many > MOST_ROWS.get(name, 0)}
