"""Who has the whole database, without a key, learns neither who reported what nor that two cases have one reporter."""

from __future__ import annotations

from random import Random

import pytest

from simulator.world import User
from storage.forgetting import OwnReports
from storage.own_data import OwnData
from storage.shuffling import Shuffling
from storage.traces import Traces
from tests.attacks.joining import Loot, linking, naming, pairing, steal
from tests.handlers.house import House
from tests.handlers.reporting_house import NO, QUIETLY, RULES, TELL_ME, YES, Corner, furnish, receipt_in
from tests.keys import NAMES

PEOPLE = 6
STORIES = 12
PUBLISH = "Đồng ý cho công bố câu trả lời"
EXPLAINED = "Ngân hàng không bao giờ gửi liên kết như vậy. https://vcb.com.vn/canh-bao"


class Evening:
    """Six people who report things as people do, and what is true of it."""

    def __init__(self, house: House, corner: Corner, chance: Random) -> None:
        self.house, self.corner, self.chance = house, corner, chance
        house.world._next_user_id = 5_083_920_461
        self.people = [house.world.add_user(f"Người {number}") for number in range(PEOPLE)]
        self.whose: dict[str, int] = {}
        """By receipt: whose report it is."""

    async def passes(self) -> None:
        for user in self.chance.sample(self.people, PEOPLE):
            await self.chooses_a_language(user)
        members = self.people[: PEOPLE // 2]
        for user in self.chance.sample(members, len(members)):
            self.house.clock.pass_by(seconds=self.chance.uniform(20, 600))
            await self.house.press(user, "🔔 Nhận bản tin tại đây")
        sittings = [user for user in self.people for _ in range(2)]
        self.chance.shuffle(sittings)
        for number, user in enumerate(sittings):
            await self.reports_twice(user)
            if number % 5 == 2:
                await self.corner.decide(self.corner.lan, EXPLAINED)

    async def chooses_a_language(self, user: User) -> None:
        self.house.clock.pass_by(seconds=self.chance.uniform(20, 600))
        await self.house.start(user)
        await self.house.press(user, "English")
        await self.house.start(user)
        await self.house.press(user, "Tiếng Việt")
        await self.house.start(user)

    async def reports_twice(self, user: User) -> None:
        """In one sitting, after a look at /start; some ask first and are content."""
        await self.house.start(user)
        for _ in range(2):
            self.house.clock.pass_by(seconds=self.chance.uniform(40, 900))
            if self.chance.random() < 0.3:
                await self.corner.ask(user, self.story())
                await self.house.press(user, YES)
            await self.report(user)
        if self.chance.random() < 0.5:
            await self.house.say(user, f"/status {self.chance.choice(list(self.whose))}")

    async def report(self, user: User) -> None:
        await self.corner.ask(user, self.story())
        await self.house.press(user, NO)
        await self.house.press(user, self.chance.choice((TELL_ME, QUIETLY)))
        reasons = [label for label in self.house.labels(user) if "không gửi" not in label]
        await self.house.press(user, self.chance.choice(reasons))
        self.whose[receipt_in(self.house.last(user).text)] = user.id
        if self.chance.random() < 0.4:
            await self.house.press(user, PUBLISH)
        await self.corner.cards.show_stale()

    def story(self) -> str:
        return (
            f"Chuyện thứ {self.chance.randrange(STORIES)}: chuyển tiền ngay tại https://tin-{STORIES}.top nhé"
        )

    async def night_comes(self) -> None:
        """The nightly round, as ``bot/reception.py`` has it."""
        now = self.house.clock.now()
        await self.corner.evidence.sweep(RULES, now)
        await Shuffling(self.house.engine, self.house.committer, Random(3)).shuffle()
        await Traces(self.house.engine).wipe()


@pytest.fixture
async def evening(house: House) -> Evening:
    chance = Random(20_261_201)
    corner = await furnish(house, reports_a_day=100, draw=chance.randrange)
    evening = Evening(house, corner, chance)
    await evening.passes()
    return evening


def reports_of(loot: Loot, whose: dict[str, int]) -> tuple[list[dict[str, object]], list[int]]:
    """Every report, joined to its case and to what was agreed; and whose it is."""
    cases = {row["id"]: row for row in loot.tables["cases"]}
    rows = []
    for report in loot.tables["reports"]:
        case = {f"case.{column}": value for column, value in cases[report["case_id"]].items()}
        agreed = [row for row in loot.tables["consents"] if row["report_id"] == report["id"]]
        consents = {f"consent.{column}": agreed[0].get(column) for column in loot.tables["consents"][0]}
        rows.append({**report, **case, **consents})
    return rows, [whose[row["receipt"]] for row in rows]


async def test_whoever_only_reports_is_named_nowhere_not_even_while_it_happens(evening: Evening) -> None:
    loot = await steal(evening.house.engine)

    only_report = evening.people[PEOPLE // 2 :]

    assert [naming(loot, user.id) for user in only_report] == [[] for _ in only_report]
    assert all(naming(loot, user.id) for user in evening.people[: PEOPLE // 2])  # the search does find people

    for table, columns in {"drafts": ("token", "asker"), "buttons": ("key",)}.items():
        rows = loot.tables[table]
        assert all(len({row[column] for row in rows}) == len(rows) > 0 for column in columns)


async def test_nothing_tells_who_reported_what_nor_that_two_reports_are_one_persons(evening: Evening) -> None:
    await evening.night_comes()
    loot = await steal(evening.house.engine)
    rows, whose = reports_of(loot, evening.whose)

    assert linking(rows, whose, Random(1)) == []
    told = {}
    for table in loot.tables:
        named = [(row, user.id) for row in loot.tables[table] for user in evening.people if _names(row, user)]
        if named:
            told[table] = pairing(
                [row for row, _ in named], [person for _, person in named], rows, whose, Random(2)
            )

    assert {table: ways for table, ways in told.items() if ways} == {}
    assert "channels" in told


async def test_a_canary_that_was_forgotten_is_nowhere(evening: Evening) -> None:
    canary, house = evening.people[0], evening.house
    await evening.corner.ask(canary, "Một tin nữa còn dang dở, chưa gửi đi đâu cả")
    person = house.person(canary)
    own = OwnReports(house.engine, house.committer, evening.corner.sealer, now=house.clock.now)
    member = OwnData(house.engine, house.committer, NAMES, tokens=house.tokens, now=house.clock.now)
    assert (await own.export(person))["reports"]

    await member.forget(person)
    await own.forget(person)
    await evening.night_comes()

    loot = await steal(house.engine)
    if house.engine.dialect.name == "postgresql":
        # It never overwrites: what a subscriber's row held stays in its page until other rows need the room there.
        loot = Loot(loot.tables, {})
    assert naming(loot, canary.id) == []
    assert await own.export(person) == {"reports": [], "not_decided_about": []}


def _names(row: object, user: User) -> bool:
    return isinstance(row, dict) and any(str(user.id) in str(value) for value in row.values())
