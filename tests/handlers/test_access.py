"""Who may: declared by every handler, looked up at each message and press, and never guessed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from unittest.mock import MagicMock

import pytest
from aiogram import F, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.types import Message, User

import handlers
from handlers.access import may, person_of
from handlers.buttons import Pressed
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Role, Who
from tests.handlers.house import House
from tests.staff_rows import set_staff

NOT_GUARDED = {"update", "error"}


def modules_with_routers() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(handlers.__path__, "handlers.")]
    return [name for name in names if hasattr(importlib.import_module(name), "router")]


def built(module: str) -> Router:
    """The module's router, made with stand-ins for whatever it works with."""
    make = importlib.import_module(module).router
    needed = [
        parameter
        for parameter in inspect.signature(make).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    positional = [MagicMock() for parameter in needed if parameter.kind is not parameter.KEYWORD_ONLY]
    named = {parameter.name: MagicMock() for parameter in needed if parameter.kind is parameter.KEYWORD_ONLY}
    router = make(*positional, **named)
    assert isinstance(router, Router)
    return router


def handlers_of(router: Router) -> Iterator[HandlerObject]:
    for below in router.chain_tail:
        for name, observer in below.observers.items():
            if name not in NOT_GUARDED:
                yield from observer.handlers


def undeclared(router: Router) -> list[str]:
    return [
        handler.callback.__qualname__
        for handler in handlers_of(router)
        if not isinstance(handler.flags.get("who"), Who)
    ]


@pytest.mark.parametrize("module", modules_with_routers())
def test_every_handler_declares_who_may_use_it(module: str) -> None:
    assert undeclared(built(module)) == []


def test_a_handler_that_declares_nothing_is_found() -> None:
    router, below = Router(), Router()
    router.include_router(below)

    async def careless(message: Message) -> None: ...

    below.message.register(careless)

    assert len(undeclared(router)) == 1


async def answers(message: Message) -> None:
    await message.answer("Vâng.")


async def pressed_well(query: object, payload: Payload) -> None:
    await query.answer(payload["words"])  # type: ignore[attr-defined]


@pytest.fixture
def guarded(house: House) -> House:
    """A house with one command for each kind of person, and a button for moderators."""
    router = Router()
    for who in Who:
        router.message.register(answers, Command(who.value), flags=may(who))
    router.message.register(answers, Command("undeclared"))
    router.callback_query.register(pressed_well, Pressed("stop"), flags=may(Who.MODERATOR))
    house.include(router)
    return house


async def appoint(house: House, **people: set[Role]) -> None:
    await set_staff(
        house.committer,
        [(PersonId(f"telegram:{name.removeprefix('p')}"), "Tên", roles) for name, roles in people.items()],
    )


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        (set(), {Who.ANYONE, Who.PERSON}),
        ({Role.MODERATOR}, {Who.ANYONE, Who.PERSON, Who.MODERATOR, Who.STAFF}),
        ({Role.APPROVER}, {Who.ANYONE, Who.PERSON, Who.APPROVER, Who.STAFF}),
        (set(Role), set(Who)),
    ],
)
async def test_each_role_opens_its_own_doors(guarded: House, roles: set[Role], allowed: set[Who]) -> None:
    lan = guarded.world.add_user("Lan")
    await appoint(guarded, **{f"p{lan.id}": roles})

    for who in Who:
        await guarded.say(lan, f"/{who.value}")
        heard = guarded.last(lan).text
        assert (heard == "Vâng.") == (who in allowed), who
        assert heard == "Vâng." or heard.startswith("Việc này chỉ người của mạng lưới làm được")


async def test_roles_are_looked_up_at_each_message(guarded: House) -> None:
    lan = guarded.world.add_user("Lan")
    await appoint(guarded, **{f"p{lan.id}": {Role.MODERATOR}})
    await guarded.say(lan, "/moderator")
    assert guarded.last(lan).text == "Vâng."

    await appoint(guarded)
    await guarded.say(lan, "/moderator")

    assert guarded.last(lan).text != "Vâng."


async def test_a_handler_without_a_declaration_lets_nobody_in(guarded: House) -> None:
    lan = guarded.world.add_user("Lan")
    await appoint(guarded, **{f"p{lan.id}": set(Role)})

    await guarded.say(lan, "/undeclared")

    assert guarded.last(lan).text == "Lúc này chưa làm được việc đó."


@pytest.mark.parametrize("who", [Who.PERSON, Who.MODERATOR, Who.APPROVER, Who.STAFF])
async def test_an_anonymous_admin_is_asked_to_write_in_private(guarded: House, who: Who) -> None:
    lan = guarded.world.add_user("Lan")
    group = guarded.world.add_chat("supergroup", "Điều phối", lan)
    guarded.world.add_member(group, guarded.account, by=lan)
    for posing_as in (lan.id, 1087968824):
        await appoint(guarded, **{f"p{posing_as}": set(Role)})

        await guarded.say(lan, f"/{who.value}", group, anonymous=True)

        assert "Xin bạn nhắn riêng cho Loa" in guarded.last(group).text


async def test_writing_in_a_channels_name_is_no_authority_either(guarded: House) -> None:
    lan = guarded.world.add_user("Lan")
    group = guarded.world.add_chat("supergroup", "Điều phối", lan)
    own_channel = guarded.world.add_chat("channel", "Kênh của Lan", lan)
    guarded.world.add_member(group, guarded.account, by=lan)
    await appoint(guarded, **{f"p{lan.id}": set(Role), "p136817688": set(Role)})

    await guarded.say(lan, "/moderator", group, as_chat=own_channel)

    assert "Xin bạn nhắn riêng cho Loa" in guarded.last(group).text


async def test_a_button_for_all_moderators_is_not_used_up_by_somebody_who_is_none(guarded: House) -> None:
    lan, sau = guarded.world.add_user("Lan"), guarded.world.add_user("Bác Sáu")
    group = guarded.world.add_chat("supergroup", "Điều phối", lan, members=[sau])
    guarded.world.add_member(group, guarded.account, by=lan)
    await appoint(guarded, **{f"p{lan.id}": {Role.MODERATOR}})
    rows = [[("Dừng", "stop", {"words": "Đã dừng"})]]
    markup = await guarded.buttons.keyboard(rows, chat=group.id, person=None)
    await guarded.bot.send_message(group.id, "Đang gửi…", reply_markup=markup)

    assert "chỉ người của mạng lưới" in await guarded.press(sau, "Dừng", group)
    assert await guarded.press(lan, "Dừng", group) == "Đã dừng"
    assert "đã được trả lời rồi" in await guarded.press(lan, "Dừng", group)


def test_a_person_is_named_by_platform_and_account() -> None:
    telegram = User(id=1001, is_bot=False, first_name="Hoa")
    zalo = User(id=int("1" + "06edea1b2c3d4e5f6", 16), is_bot=False, first_name="Hoa")

    assert person_of(telegram) == "telegram:1001"
    assert person_of(zalo) == "zalo_bot:06edea1b2c3d4e5f6"


def test_the_magic_of_filters_is_not_mistaken_for_a_handler() -> None:
    router = Router()
    router.message.filter(F.text)

    assert list(handlers_of(router)) == []
