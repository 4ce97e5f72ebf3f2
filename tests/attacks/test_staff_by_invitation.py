"""Somebody wants a role, or a second voice, that nobody meant to give them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from bot.ownership import move_staff_over
from bot.settings import Person, Settings
from bot.settings import Role as ListedRole
from members.channel import PersonId
from members.roles import Role
from members.staff import Grant, StaffInvitation, StaffRefusal
from storage.tables import staff_changes
from tests.handlers.house import BOT_NAME, House
from tests.handlers.personnel import Personnel

APPROVER = Grant(frozenset({Role.APPROVER}))


@pytest.fixture
async def personnel(house: House) -> Personnel:
    personnel = Personnel(house)
    await personnel.open()
    return personnel


async def test_a_stolen_link_makes_no_stranger_staff(personnel: Personnel) -> None:
    """The link was passed on in a group, and a stranger was quicker than Hạnh."""
    house, lan, stranger = personnel.house, personnel.newsroom.lan, personnel.newsroom.sau
    code = await personnel.link_for(lan, "Người phụ trách")
    await personnel.come(stranger, code)

    assert await personnel.roles(stranger) == frozenset()
    await house.start(personnel.hanh, code)
    assert "không còn hiệu lực" in house.last(personnel.hanh).text
    assert "Bác Sáu" in house.last(lan).text
    await house.press(lan, "⛔ Không phải người này")

    assert await personnel.roles(stranger) == frozenset()
    await house.start(stranger, code)
    await house.press(stranger, "✅ Tôi nhận lời")
    assert await personnel.roles(stranger) == frozenset()
    assert await personnel.acts() == ["invited"]


async def test_a_code_counts_once_and_a_replayed_yes_changes_nothing(personnel: Personnel) -> None:
    house, lan, hanh = personnel.house, personnel.newsroom.lan, personnel.hanh
    house.times = 2  # every update is handled twice, as after a crash
    code = await personnel.link_for(lan, "Người phê duyệt")
    await personnel.come(hanh, code)
    await house.press(lan, "✅ Đúng người, trao vai trò")
    assert await personnel.roles(hanh) == {Role.APPROVER}
    assert (await personnel.acts()).count("granted") == 1

    await house.staffing.remove(house.person(hanh), frozenset(Role), house.person(lan))
    await house.start(hanh, code)
    await house.press(hanh, "✅ Tôi nhận lời")
    (press,) = [update for update in house.taken if update.callback_query and is_yes_of(update, lan.id)]
    await house.dispatcher.feed_update(house.bot, press, bot_name=BOT_NAME)

    assert await personnel.roles(hanh) == frozenset()


def is_yes_of(update: object, person: int) -> bool:
    """Whether this update was the owner's last press."""
    query = update.callback_query  # type: ignore[attr-defined]
    return query.from_user.id == person and "Số tài khoản" in (query.message.text or "")


async def test_an_expired_code_leads_nowhere(personnel: Personnel) -> None:
    house, hanh = personnel.house, personnel.hanh
    code = await personnel.link_for(personnel.newsroom.lan, "Người phê duyệt")
    house.clock.pass_by(hours=24)

    await house.start(hanh, code)

    assert "không còn hiệu lực" in house.last(hanh).text
    assert "✅ Tôi nhận lời" not in house.labels(hanh)


async def test_a_yes_that_an_owner_gives_days_later_does_not_count(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.person("lan")
    made = await house.staffing.invite(lan, APPROVER)
    assert isinstance(made, tuple)
    await house.staffing.accept(made[1], house.person(personnel.hanh), "Hạnh")
    house.clock.pass_by(hours=24)

    assert await house.staffing.decide(made[1], lan, is_yes=True) is StaffRefusal.BAD_CODE
    assert await personnel.roles(personnel.hanh) == frozenset()


async def test_two_use_one_code_at_once_and_one_of_them_waits_for_the_owner(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.person("lan")
    made = await house.staffing.invite(lan, APPROVER)
    assert isinstance(made, tuple)
    guests = [PersonId(f"telegram:{9000 + number}") for number in range(8)]

    results = await asyncio.gather(*(house.staffing.accept(made[1], one, "Khách") for one in guests))

    assert len([one for one in results if isinstance(one, StaffInvitation)]) == 1
    assert results.count(StaffRefusal.BAD_CODE) == 7


async def test_guessing_codes_ends_after_a_few_tries(personnel: Personnel) -> None:
    house, stranger = personnel.house, personnel.newsroom.sau
    right = await personnel.link_for(personnel.newsroom.lan, "Người phê duyệt")
    for number in range(5):
        await house.start(stranger, f"moi-{number:032x}")
        assert "không còn hiệu lực" in house.last(stranger).text

    await house.start(stranger, right)
    assert "sai mã quá nhiều lần" in house.last(stranger).text
    await house.start(personnel.hanh, right)
    assert "✅ Tôi nhận lời" in house.labels(personnel.hanh)
    house.clock.pass_by(hours=1)
    await house.start(stranger, "moi-x")
    assert "không còn hiệu lực" in house.last(stranger).text


async def test_an_owner_who_is_one_no_more_gives_no_roles_by_what_they_had_prepared(
    personnel: Personnel,
) -> None:
    house, lan, minh = personnel.house, personnel.person("lan"), personnel.person("minh")
    await personnel.make_owner(minh)
    made = await house.staffing.invite(lan, Grant(frozenset({Role.OWNER})))
    assert isinstance(made, tuple)
    await house.staffing.accept(made[1], house.person(personnel.hanh), "Hạnh")
    assert await house.staffing.remove(lan, frozenset({Role.OWNER}), minh) is None

    assert await house.staffing.decide(made[1], lan, is_yes=True) is StaffRefusal.NOT_OWNER
    await personnel.make_owner(lan, by=minh)
    assert await house.staffing.decide(made[1], lan, is_yes=True) is StaffRefusal.BAD_CODE
    assert await house.staffing.invite(house.person(personnel.hanh), APPROVER) is StaffRefusal.NOT_OWNER


async def test_of_two_owners_who_send_each_other_away_at_once_one_stays(personnel: Personnel) -> None:
    house, lan, minh = personnel.house, personnel.person("lan"), personnel.person("minh")
    await personnel.make_owner(minh)

    results = await asyncio.gather(
        house.staffing.remove(lan, frozenset(Role), minh), house.staffing.remove(minh, frozenset(Role), lan)
    )

    assert sorted(str(result) for result in results) == ["None", "not_owner"]
    owners = [one for one in await house.staffing.staff() if Role.OWNER in one.roles]
    assert len(owners) == 1
    assert await house.staffing.resign(owners[0].person) is StaffRefusal.LAST_OWNER


def listed(*people: tuple[str, str]) -> Settings:
    """An old file with these in its staff list."""
    both = frozenset(ListedRole)
    return Settings(staff=tuple(Person(person=person, name=name, roles=both) for person, name in people))


async def test_an_old_file_brings_back_nobody_who_was_sent_away(house: House) -> None:
    """Also on a second machine: it is the database that remembers."""
    old = listed(("telegram:1", "Lan"), ("telegram:2", "Minh"))
    lan, minh = PersonId("telegram:1"), PersonId("telegram:2")
    await move_staff_over(old, house.staff, house.clock.now())
    assert await house.roster.roles_of(lan) == set(Role)
    assert await house.roster.roles_of(minh) == {Role.MODERATOR, Role.APPROVER}
    await house.staffing.remove(minh, frozenset(Role), lan)

    await move_staff_over(old, house.staff, house.clock.now())
    await move_staff_over(listed(("telegram:3", "Kẻ lạ")), house.staff, house.clock.now())

    assert [one.person for one in await house.staffing.staff()] == [lan]


async def test_an_old_file_counts_for_nothing_where_people_came_by_invitation(house: House) -> None:
    code = await house.staffing.invite_first_owner(is_recovery=False)
    assert isinstance(code, str)
    found = await house.staffing.look(code, PersonId("telegram:5"))
    assert isinstance(found, StaffInvitation)
    await house.staffing.accept(found.key, PersonId("telegram:5"), "Hạnh")

    await move_staff_over(listed(("telegram:1", "Lan")), house.staff, house.clock.now())

    assert [one.person for one in await house.staffing.staff()] == ["telegram:5"]


async def test_the_servers_code_counts_only_while_there_is_no_owner(house: House) -> None:
    first = await house.staffing.invite_first_owner(is_recovery=False)
    second = await house.staffing.invite_first_owner(is_recovery=False)
    assert isinstance(first, str)
    assert isinstance(second, str)
    hanh, stranger = PersonId("telegram:5"), PersonId("telegram:6")
    newest = await house.staffing.look(second, hanh)
    assert isinstance(newest, StaffInvitation)
    older = await house.staffing.look(first, stranger)
    assert isinstance(older, StaffInvitation)
    assert await house.staffing.accept(older.key, stranger, "Kẻ lạ") is StaffRefusal.BAD_CODE

    assert isinstance(await house.staffing.accept(newest.key, hanh, "Hạnh"), StaffInvitation)

    assert await house.staffing.invite_first_owner(is_recovery=False) is StaffRefusal.HAS_OWNER
    assert await house.staffing.accept(newest.key, stranger, "Kẻ lạ") is StaffRefusal.BAD_CODE
    assert [one.person for one in await house.staffing.staff()] == [hanh]


async def test_who_comes_by_a_recovery_is_told_to_every_owner_and_to_the_moderators(
    personnel: Personnel,
) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    group = await newsroom.open_moderators_chat()
    personnel.settings.telegram[0].moderators_chat = str(group.id)
    code = await house.staffing.invite_first_owner(is_recovery=True)
    assert isinstance(code, str)
    await personnel.come(newsroom.sau, f"moi-{code}")
    await personnel.news.tell()

    said = "Bác Sáu đã trở thành người phụ trách bằng mã tạo ngay trên máy chủ"
    for where in (newsroom.lan, group):
        assert said in house.said(where)
    assert await personnel.acts() == ["invited", "recovered"]


async def test_an_anonymous_admin_or_a_channel_is_no_owner_and_takes_up_nothing(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    group = await newsroom.open_moderators_chat()
    before = await house.rows(staff_changes)
    for command in ("/moi", "/nhansu", "/lienket"):
        house.world.say(newsroom.lan, group, command, anonymous=True)
        await house.settle()
    assert await house.rows(staff_changes) == before
    assert not any("Minh ·" in label for label in house.labels(group))


async def test_a_button_of_the_owners_pressed_by_somebody_else_does_nothing(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    await personnel.come(newsroom.sau, await personnel.link_for(newsroom.lan, "Người phụ trách"))
    token = house.last(newsroom.lan).buttons[0][0].data
    own = house.taken[-1].callback_query
    assert own is not None
    assert own.from_user.id == newsroom.sau.id
    forged = own.model_copy(update={"data": token, "id": "forged"})

    update_of = house.taken[-1].model_copy(update={"callback_query": forged})
    await house.dispatcher.feed_update(house.bot, update_of, bot_name=BOT_NAME)

    assert await personnel.roles(newsroom.sau) == frozenset()
    assert await personnel.acts() == ["invited"]


async def test_whoever_is_no_owner_says_nothing_about_who_is_whom(personnel: Personnel) -> None:
    """Phúc would like to count as one with Lan, so that Lan's bulletins want for an approver; or apart from Minh."""
    staffing = personnel.house.staffing
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    await staffing.link(minh, phuc, lan)

    assert await staffing.link(lan, phuc, phuc) is StaffRefusal.NOT_OWNER
    assert await staffing.unlink(phuc, phuc) is StaffRefusal.NOT_OWNER

    assert await personnel.acts() == ["linked"]


async def test_the_record_keeps_no_names_and_says_who_did_what_to_whom(personnel: Personnel) -> None:
    house = personnel.house
    lan, phuc = personnel.person("lan"), personnel.person("phuc")
    await house.staffing.remove(phuc, frozenset(Role), lan)
    async with house.engine.connect() as connection:
        (row,) = (await connection.execute(select(staff_changes))).all()
    assert (row.person, row.done_by, row.act, row.roles) == (phuc, lan, "reduced", [])
    assert "Phúc" not in str(row)
