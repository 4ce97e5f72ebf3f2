"""The operator's own chats are where staff work; nobody is asked to pledge for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.tables import channels
from tests.handlers.house import House


@pytest.mark.parametrize("is_named", [False, True])
async def test_the_bot_in_the_operators_own_chat_asks_for_no_pledge(house: House, is_named: bool) -> None:
    lan = house.world.add_user("Lan")
    group = house.world.add_chat("supergroup", "Điều phối viên", lan, username="dieu_phoi_vien")
    own = "@dieu_phoi_vien" if is_named else str(group.id)
    house.move_into(replace(house.desk, own_chats=frozenset({own})))
    await house.start(lan)
    before = len(house.shown(lan))

    house.world.add_member(group, house.account, by=lan)
    await house.settle()
    await house.say(lan, "/start@LoaTestBot some-link", group)

    assert len(house.shown(lan)) == before
    assert house.said(group) == ""
    assert await house.rows(channels) == []


async def test_any_other_group_is_asked_as_ever(house: House) -> None:
    lan = house.world.add_user("Lan")
    house.move_into(replace(house.desk, own_chats=frozenset({"-1001"})))
    await house.start(lan)
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", lan)

    house.world.add_member(group, house.account, by=lan)
    await house.settle()

    assert "Lời cam kết" in house.last(lan).text
