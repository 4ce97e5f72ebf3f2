"""Somebody is invited to the staff: by an owner, by a link, by a yes of both."""

from __future__ import annotations

import pytest
from aiogram.exceptions import TelegramNetworkError

from members.channel import PersonId
from members.roles import Limits, Role
from members.staff import Colleague
from storage.tables import staff_invitations, staff_news
from tests.handlers.house import House
from tests.handlers.personnel import Personnel


@pytest.fixture
async def personnel(house: House) -> Personnel:
    personnel = Personnel(house)
    await personnel.open()
    return personnel


async def test_hanh_is_invited_accepts_and_is_known_to_be_hanh(personnel: Personnel) -> None:
    house, lan, hanh = personnel.house, personnel.newsroom.lan, personnel.hanh
    code = await personnel.link_for(lan, "Người phê duyệt")
    assert code.startswith("moi-")

    await house.start(hanh, code)
    assert "Lan mời bạn vào ban điều phối" in house.last(hanh).text
    assert "✅ Người phê duyệt" in house.last(hanh).text
    await house.press(hanh, "✅ Tôi nhận lời")

    assert await personnel.roles(hanh) == frozenset()
    assert "Hạnh" in house.last(lan).text
    assert str(hanh.id) in house.last(lan).text
    await house.press(lan, "✅ Đúng người, trao vai trò")

    assert await personnel.roles(hanh) == {Role.APPROVER}
    assert "Chào mừng" in house.last(hanh).text
    assert personnel.rung == 1
    assert await personnel.acts() == ["invited", "granted"]


async def test_the_code_stands_in_no_row(personnel: Personnel) -> None:
    code = (await personnel.link_for(personnel.newsroom.lan, "Người phê duyệt")).removeprefix("moi-")

    (row,) = await personnel.house.rows(staff_invitations)
    assert code not in str(row)
    assert len(bytes.fromhex(code)) * 8 >= 128


async def test_limits_are_chosen_shown_and_kept(personnel: Personnel) -> None:
    house, lan, hanh = personnel.house, personnel.newsroom.lan, personnel.hanh
    await house.say(lan, "/moi")
    await house.press(lan, "▫️ Điều phối viên")
    await house.press(lan, "🏛 Chỉ một số cơ quan")
    await house.press(lan, "▫️ Công an tỉnh")
    await house.press(lan, "⬅️ Quay lại")
    await house.press(lan, "📍 Chỉ một số khu vực")
    await house.press(lan, "➡️")
    await house.press(lan, "▫️ Xã 13")
    await house.press(lan, "⬅️ Quay lại")
    assert "Chỉ với bản tin của: Công an tỉnh" in house.last(lan).text
    await house.press(lan, "✉️ Tạo lời mời")

    await personnel.come(hanh, house.last(lan).text.rpartition("?start=")[2].strip())
    await house.press(lan, "✅ Đúng người, trao vai trò")

    colleague = await house.staffing.colleague(house.person(hanh))
    assert colleague is not None
    assert colleague.limits == Limits(frozenset({"Công an tỉnh"}), frozenset({"xa-13"}))
    await house.say(hanh, "/nhansu")
    assert "Chỉ với bản tin dành cho: Xã 13" in house.last(hanh).text


async def test_an_invitation_without_a_role_cannot_be_made(personnel: Personnel) -> None:
    await personnel.house.say(personnel.newsroom.lan, "/moi")
    assert "✉️ Tạo lời mời" not in personnel.house.labels(personnel.newsroom.lan)


async def test_only_an_owner_invites(personnel: Personnel) -> None:
    for user in (personnel.newsroom.minh, personnel.hanh):
        await personnel.house.say(user, "/moi")
        assert "chỉ người của mạng lưới" in personnel.house.last(user).text


async def test_an_invitation_that_was_taken_back_leads_nowhere(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.newsroom.lan
    code = await personnel.link_for(lan, "Điều phối viên")
    await house.press(lan, "✖️ Rút lời mời")

    await house.start(personnel.hanh, code)
    await house.press(personnel.hanh, "✅ Tôi nhận lời")

    assert "không còn hiệu lực" in house.last(personnel.hanh).text
    assert await personnel.roles(personnel.hanh) == frozenset()


async def test_who_waits_for_a_word_is_shown_again_by_nhansu(personnel: Personnel) -> None:
    """The question got lost: Lan's phone was off for good, and now she writes from another one."""
    house, lan = personnel.house, personnel.newsroom.lan
    await personnel.come(personnel.hanh, await personnel.link_for(lan, "Điều phối viên"))

    await house.say(lan, "/nhansu")
    await house.press(lan, "✅ Đúng người, trao vai trò")

    assert await personnel.roles(personnel.hanh) == {Role.MODERATOR}


async def test_whoever_declines_gets_nothing_and_nobody_is_bothered(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.newsroom.lan
    code = await personnel.link_for(lan, "Điều phối viên")
    before = len(house.shown(lan))
    await house.start(personnel.hanh, code)
    await house.press(personnel.hanh, "Lúc này thì chưa, cảm ơn")

    assert len(house.shown(lan)) == before
    assert await personnel.acts() == ["invited"]


async def test_every_owner_and_whom_it_concerns_hear_of_it_once(personnel: Personnel) -> None:
    house, lan, minh, hanh = personnel.house, personnel.newsroom.lan, personnel.newsroom.minh, personnel.hanh
    await personnel.come(minh, await personnel.link_for(lan, "Người phụ trách"))
    await house.press(lan, "✅ Đúng người, trao vai trò")
    await personnel.come(hanh, await personnel.link_for(minh, "Người phê duyệt"))
    await house.press(minh, "✅ Đúng người, trao vai trò")

    await personnel.news.tell()
    await personnel.news.tell()

    told = "👥 Minh đã trao vai trò cho Hạnh. Vai trò hiện nay: người phê duyệt."
    assert [house.said(owner).count(told) for owner in (lan, minh)] == [1, 1]
    assert await house.rows(staff_news) == []
    own = [one["command"] for one in house.account.commands[f"chat:{hanh.id}", ""]]
    assert own[:2] == ["duyet", "nhansu"]


async def test_a_list_that_was_taken_over_is_told_to_its_owner_in_one_sentence(personnel: Personnel) -> None:
    house, lan, minh = personnel.house, personnel.newsroom.lan, personnel.newsroom.minh
    people = [Colleague(house.person(one), "Tên", frozenset({Role.APPROVER})) for one in (lan, minh)]
    await house.staff.move_over(people, house.clock.now())

    await personnel.news.tell()

    assert house.said(lan).count("nay là người phụ trách mạng lưới") == 1
    assert "👥" not in house.said(minh)
    assert [one["command"] for one in house.account.commands[f"chat:{minh.id}", ""]][:1] == ["duyet"]


async def test_an_owner_who_is_on_another_platform_holds_up_no_news(personnel: Personnel) -> None:
    house, lan, phuc = personnel.house, personnel.newsroom.lan, personnel.newsroom.phuc
    await personnel.make_owner(PersonId("zalo_bot:5f1ab2"))
    await house.staffing.resign(house.person(phuc))

    await personnel.news.tell()

    assert "Phúc đã thôi làm trong ban điều phối" in house.said(lan)
    assert await house.rows(staff_news) == []


async def test_news_that_could_not_be_told_are_told_later(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.newsroom.lan
    await house.staffing.resign(house.person(personnel.newsroom.phuc))
    house.simulator.faults.script("reset", "sendMessage")
    with pytest.raises(TelegramNetworkError):
        await personnel.news.tell()

    await personnel.news.tell()

    assert house.said(lan).count("Phúc đã thôi làm trong ban điều phối") == 1


async def test_help_and_menu_know_the_owner(personnel: Personnel) -> None:
    house = personnel.house
    for user, knows in ((personnel.newsroom.lan, True), (personnel.newsroom.phuc, False)):
        await house.say(user, "/trogiup")
        assert ("/moi" in house.last(user).text) is knows
        assert "/nhansu" in house.last(user).text
