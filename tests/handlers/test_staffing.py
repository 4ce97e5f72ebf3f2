"""The staff is seen and changed: /nhansu, roles taken away, accounts linked, leaving."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from members.roles import Limits, Role
from members.staff import Grant
from storage.own_data import OwnData
from storage.tables import staff, staff_changes
from tests.handlers.house import House
from tests.handlers.personnel import Personnel
from tests.keys import NAMES


@pytest.fixture
async def personnel(house: House) -> Personnel:
    personnel = Personnel(house)
    await personnel.open()
    return personnel


async def test_an_owner_takes_a_role_away_after_a_second_thought(personnel: Personnel) -> None:
    house, lan, minh = personnel.house, personnel.newsroom.lan, personnel.newsroom.minh
    await house.say(lan, "/nhansu")
    await house.press(lan, "Minh · điều phối viên, người phê duyệt")
    await house.press(lan, "➖ Thôi làm người phê duyệt")
    assert await personnel.roles(minh) == {Role.MODERATOR, Role.APPROVER}
    await house.press(lan, "Đúng, thu lại")

    assert await personnel.roles(minh) == {Role.MODERATOR}
    await personnel.news.tell()
    assert "Lan đã thu lại một vai trò của Minh" in house.said(lan)
    assert "Lan đã thu lại một vai trò của Minh" in house.said(minh)


async def test_whoever_is_no_owner_sees_and_leaves_only_their_own_place(personnel: Personnel) -> None:
    house, phuc = personnel.house, personnel.newsroom.phuc
    await house.say(phuc, "/nhansu")
    assert "Phúc" in house.last(phuc).text
    assert not any("Minh" in label for label in house.labels(phuc))

    await house.press(phuc, "➖ Thôi làm người phê duyệt")
    await house.press(phuc, "Đúng, thu lại")

    assert await personnel.roles(phuc) == frozenset()
    await house.say(phuc, "/nhansu")
    assert "chỉ người của mạng lưới" in house.last(phuc).text


async def test_the_last_owner_is_asked_to_name_another_one_first(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.newsroom.lan
    await house.say(lan, "/nhansu")
    await house.press(lan, "Lan · người phụ trách, điều phối viên, người phê duyệt")
    await house.press(lan, "🚪 Ra khỏi ban điều phối")
    await house.press(lan, "Đúng, thu lại")

    assert "mời thêm một người phụ trách" in house.last(lan).text
    assert await personnel.roles(lan) == set(Role)


async def test_forgetting_somebody_of_the_staff_takes_them_off_it(personnel: Personnel) -> None:
    house, phuc = personnel.house, personnel.newsroom.phuc
    await house.say(phuc, "/quen")

    assert "Loa đã quên bạn" in house.last(phuc).text
    assert [row.person for row in await house.rows(staff) if row.person == house.person(phuc)] == []
    assert await personnel.acts() == ["resigned"]


async def test_the_last_owner_is_not_forgotten_before_there_is_another_one(personnel: Personnel) -> None:
    house, lan, minh = personnel.house, personnel.newsroom.lan, personnel.newsroom.minh
    await house.say(lan, "/quen")
    assert "mời thêm một người phụ trách" in house.last(lan).text
    assert await personnel.roles(lan) == set(Role)

    await personnel.come(minh, await personnel.link_for(lan, "Người phụ trách"))
    await house.press(lan, "✅ Đúng người, trao vai trò")
    await house.say(lan, "/quen")

    assert await personnel.roles(lan) == frozenset()


async def test_the_own_data_of_the_staff_are_handed_out(personnel: Personnel) -> None:
    house, phuc = personnel.house, personnel.newsroom.phuc
    await house.staffing.link(
        house.person(phuc), house.person(personnel.newsroom.minh), house.person(personnel.newsroom.lan)
    )
    exported = await OwnData(
        house.engine, house.committer, NAMES, tokens=house.tokens, now=house.clock.now
    ).export(house.person(phuc))

    assert [row["roles"] for row in exported["staff"]] == [["approver"]]
    assert [row["act"] for row in exported["staff_changes"]] == ["linked"]
    assert len(exported["linked_accounts"]) == 1


async def test_two_accounts_are_linked_and_taken_apart_again(personnel: Personnel) -> None:
    house, lan = personnel.house, personnel.newsroom.lan
    minh, phuc = house.person(personnel.newsroom.minh), house.person(personnel.newsroom.phuc)
    await house.say(lan, "/lienket")
    await house.press(lan, "Minh · điều phối viên, người phê duyệt")
    await house.press(lan, "🔗 Có tài khoản thứ hai")
    await house.press(lan, "Phúc")
    await house.press(lan, "Đúng, là một người")

    linked = await house.staffing.colleague(minh)
    assert linked is not None
    assert linked.others == {phuc}
    await personnel.news.tell()
    assert "Minh và Phúc là một người" in house.said(lan)

    await house.say(lan, "/nhansu")
    await house.press(lan, "Phúc · người phê duyệt")
    assert "Cùng một người với tài khoản: Minh" in house.last(lan).text
    await house.press(lan, "✂️ Thật ra là một người riêng")

    apart = await house.staffing.colleague(minh)
    assert apart is not None
    assert apart.others == frozenset()
    assert [row.act for row in await house.rows(staff_changes)] == ["linked", "unlinked"]


async def limit(personnel: Personnel, limits: Limits, *roles: Role) -> None:
    """Minh is invited anew, within these limits."""
    house, lan = personnel.house, personnel.newsroom.lan
    made = await house.staffing.invite(house.person(lan), Grant(frozenset(roles), limits))
    assert isinstance(made, tuple)
    await house.staffing.accept(made[1], house.person(personnel.newsroom.minh), "Minh")
    await house.staffing.decide(made[1], house.person(lan), is_yes=True)


async def test_a_limited_moderator_is_offered_only_what_they_may_choose(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    await limit(personnel, Limits(areas=frozenset({"xa-2", "xa-3"})), Role.MODERATOR)
    await newsroom.compose(newsroom.minh)
    assert (await newsroom.newest()).bulletin.audience.areas == ("xa-2", "xa-3")

    await house.press(newsroom.minh, "Khu vực")

    assert {"✅ Xã 2", "✅ Xã 3"} <= set(house.labels(newsroom.minh))
    assert not {"Xã 1", "Xã 4"} & set(house.labels(newsroom.minh))


async def test_a_limited_moderator_sends_nothing_beyond_the_limit_for_approval(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    await newsroom.compose(newsroom.minh)
    await house.press(newsroom.minh, "👁 Xem trước và gửi")
    await limit(personnel, Limits(issuers=frozenset({"Công an tỉnh"})), Role.MODERATOR)
    await house.press(newsroom.minh, "📨 Gửi duyệt")

    assert "dành cho cơ quan hoặc khu vực khác" in house.last(newsroom.minh).text
    assert (await newsroom.newest()).state is BroadcastState.DRAFT


async def test_a_limited_approver_is_not_asked_beyond_the_limit_but_may_stop(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    await limit(personnel, Limits(issuers=frozenset({"Công an tỉnh"})), Role.APPROVER)
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    assert "Đã hỏi: Phúc." in house.last(newsroom.lan).text
    await house.say(newsroom.minh, "/duyet")
    assert "Không có bản tin nào chờ bạn duyệt" in house.last(newsroom.minh).text

    code = (await newsroom.newest()).bulletin.code
    await house.press(newsroom.phuc, "✅ Phê duyệt")
    await house.say(newsroom.minh, f"/dung {code}")

    assert (await newsroom.newest()).state is BroadcastState.STOPPED
