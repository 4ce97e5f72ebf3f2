"""The apps offer Loa's commands, in Vietnamese and in English."""

from __future__ import annotations

from structlog.testing import capture_logs

from handlers.menu import set_menu
from tests.handlers.house import TEXTS, House


async def test_each_kind_of_chat_is_offered_its_commands(house: House) -> None:
    lan = house.world.add_user("Lan")
    group = house.world.add_chat("supergroup", "Điều phối viên", lan)
    house.world.add_member(group, house.account)

    await set_menu(house.bot, TEXTS, str(group.id))
    await set_menu(house.bot, TEXTS, str(group.id))

    menus = house.account.commands
    scopes = ("all_private_chats", "all_group_chats", f"chat:{group.id}")
    assert set(menus) == {(scope, language) for scope in scopes for language in ("", "en")}
    assert [one["command"] for one in menus["all_group_chats", ""]] == ["verify", "report"]
    assert {"command": "trogiup", "description": "Loa giúp được gì"} in menus["all_private_chats", ""]
    assert {"command": "trogiup", "description": "What I can do"} in menus["all_private_chats", "en"]


async def test_a_moderators_chat_that_is_not_found_takes_no_menu_from_anybody_else(house: House) -> None:
    with capture_logs() as logs:
        await set_menu(house.bot, TEXTS, "-100999")

    assert {scope for scope, _ in house.account.commands} == {"all_private_chats", "all_group_chats"}
    assert {entry["log_level"] for entry in logs} == {"warning"}


async def test_without_a_moderators_chat_there_are_two_menus(house: House) -> None:
    await set_menu(house.bot, TEXTS, None)

    assert {scope for scope, _ in house.account.commands} == {"all_private_chats", "all_group_chats"}
