"""The roster on a real database: one effect however often a method is called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import StorageKey
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from members.channel import (
    Channel,
    ChannelKind,
    ChannelState,
    PersonId,
    Platform,
    Preferences,
    QuietHours,
)
from members.member import Invitation
from members.pledge import Pledge
from members.ports import Entry, Place
from members.roles import Role
from storage.committer import Committer
from storage.conversations import ConversationStorage
from storage.engine import open_engine
from storage.roster import Roster
from storage.tables import channels, conversations, metadata, pledges
from storage.updates import Updates
from tests.keys import NAMES

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
HOA, TUNG = PersonId("telegram:1001"), PersonId("telegram:1002")
GROUP = Place("loa", Platform.TELEGRAM, "-4000001", ChannelKind.GROUP, "Tổ 5", 120)


@dataclass(slots=True)
class Store:
    engine: AsyncEngine
    committer: Committer
    roster: Roster

    async def count(self, table: object) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """The roster on each database that Loa runs on."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("prepared_postgres_url")
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    writing = asyncio.create_task(committer.run())
    yield Store(engine, committer, Roster(engine, committer, NAMES))
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    await engine.dispose()


def entry(person: PersonId = HOA, place: Place = GROUP, flaw: str | None = None) -> Entry:
    return Entry(place, person, "vi", NOW, flaw)


def pledge(channel: Channel, person: PersonId = HOA, version: str = "2026-1") -> Pledge:
    return Pledge(channel.id, person, version, "vi", "0" * 64, NOW, f"CK-{version}-{person[-4:]}")


async def active(store: Store) -> Channel:
    channel = await store.roster.enrol(entry())
    channel, _ = await store.roster.confirm(pledge(channel), GROUP)
    return channel


async def test_staff_is_replaced_as_a_whole(store: Store) -> None:
    lan, minh = PersonId("telegram:1"), PersonId("telegram:2")
    await store.roster.replace_staff([(lan, "Lan", set(Role)), (minh, "Minh", [Role.APPROVER])])
    assert await store.roster.roles_of(lan) == {Role.MODERATOR, Role.APPROVER}

    await store.roster.replace_staff([(minh, "Minh", [Role.MODERATOR])])

    assert await store.roster.roles_of(lan) == frozenset()
    assert await store.roster.roles_of(minh) == {Role.MODERATOR}
    await store.roster.replace_staff([])
    assert await store.roster.roles_of(minh) == frozenset()


async def test_a_language_is_remembered_and_can_be_changed(store: Store) -> None:
    assert await store.roster.language_of(HOA) is None
    await store.roster.choose_language(HOA, "en", NOW)
    await store.roster.choose_language(HOA, "vi", NOW)

    assert await store.roster.language_of(HOA) == "vi"


async def test_enrolling_twice_is_enrolling_once_and_using_a_link_uses_it_up(store: Store) -> None:
    await store.roster.invite(Invitation("token", HOA, NOW + timedelta(minutes=15)))
    first = await store.roster.enrol(replace(entry(), token="token"))
    await store.roster.mark_told(first.id, NOW)

    again = await store.roster.enrol(replace(entry(), token="token"))

    assert again == first
    assert await store.roster.is_told(first.id)
    used = await store.roster.invitation("token")
    assert used is not None
    assert used.used_at == NOW


async def test_links_whose_time_is_over_are_dropped_when_new_ones_are_made(store: Store) -> None:
    lasts = timedelta(minutes=15)
    await store.roster.invite(Invitation("old", HOA, NOW + lasts))
    await store.roster.invite(Invitation("young", HOA, NOW + lasts + timedelta(minutes=5)))

    await store.roster.invite(Invitation("new", TUNG, NOW + lasts + timedelta(minutes=16)))

    kept = [await store.roster.invitation(token) for token in ("old", "young", "new")]
    assert [invitation.token for invitation in kept if invitation] == ["young", "new"]


async def test_the_same_pledge_twice_keeps_the_first_certificate(store: Store) -> None:
    channel = await active(store)

    again, kept = await store.roster.confirm(replace(pledge(channel), certificate="CK-other"), GROUP)

    assert kept.certificate == pledge(channel).certificate
    assert again.state is ChannelState.ACTIVE
    assert await store.count(pledges) == 1
    assert await store.roster.certified(kept.certificate) == (again, kept)
    assert await store.roster.certified("CK-unknown") is None


async def test_a_new_version_is_kept_beside_the_old_one_and_does_not_wake_a_paused_channel(
    store: Store,
) -> None:
    channel = await active(store)
    await store.roster.change_state(channel.id, ChannelState.PAUSED)

    confirmed, _ = await store.roster.confirm(pledge(channel, version="2027-1"), GROUP)

    assert confirmed.state is ChannelState.PAUSED
    assert await store.count(pledges) == 2


@pytest.mark.parametrize("before", list(ChannelState))
@pytest.mark.parametrize("after", list(ChannelState))
async def test_only_changes_of_the_table_are_made(
    store: Store, before: ChannelState, after: ChannelState
) -> None:
    channel = await store.roster.enrol(entry())
    ways = {
        ChannelState.PLEDGING: [],
        ChannelState.ACTIVE: [ChannelState.ACTIVE],
        ChannelState.PAUSED: [ChannelState.ACTIVE, ChannelState.PAUSED],
        ChannelState.LEFT: [ChannelState.LEFT],
        ChannelState.LOST: [ChannelState.LOST],
    }
    for step in ways[before]:
        await store.roster.change_state(channel.id, step)

    changed = await store.roster.change_state(channel.id, after)

    allowed = changed is not None
    now = await store.roster.channel(channel.id)
    assert now is not None
    assert now.state is (after if allowed else before)


async def test_what_was_chosen_comes_back_as_it_was_chosen(store: Store) -> None:
    channel = await active(store)
    chosen = Preferences(("flood",), ("xa-1", "xa-2"), QuietHours(time(22, 30), time(5)), True, True, True)

    await store.roster.prefer(channel.id, chosen)

    found = await store.roster.channel(channel.id)
    assert found is not None
    assert found.preferences == chosen
    await store.roster.prefer(channel.id, Preferences())
    found = await store.roster.channel(channel.id)
    assert found is not None
    assert found.preferences == Preferences()


async def test_a_flaw_is_news_once_and_makes_the_member_untold(store: Store) -> None:
    channel = await active(store)
    await store.roster.mark_told(channel.id, NOW)

    assert await store.roster.set_flaw(channel.id, "can_send_messages")
    assert not await store.roster.is_told(channel.id)
    await store.roster.mark_told(channel.id, NOW)
    assert not await store.roster.set_flaw(channel.id, "can_send_messages")

    assert await store.roster.is_told(channel.id)


async def test_an_upgrade_is_followed_once_even_when_the_new_place_has_begun_to_enrol(store: Store) -> None:
    channel = await active(store)
    await store.roster.enrol(entry(place=replace(GROUP, external_id="-1001")))

    assert await store.roster.move(Platform.TELEGRAM, "-4000001", "-1001")
    assert not await store.roster.move(Platform.TELEGRAM, "-4000001", "-1001")

    moved = await store.roster.channel_at(Platform.TELEGRAM, "-1001")
    assert moved is not None
    assert (moved.id, moved.state, moved.kind) == (channel.id, ChannelState.ACTIVE, ChannelKind.SUPERGROUP)
    assert await store.count(channels) == 1


async def test_what_was_left_is_no_longer_listed(store: Store) -> None:
    channel = await active(store)
    assert await store.roster.channels_of(HOA) == (channel,)
    assert await store.roster.channels_of(TUNG) == ()

    await store.roster.change_state(channel.id, ChannelState.LEFT)

    assert await store.roster.channels_of(HOA) == ()


# --- conversations and updates --------------------------------------------------------------------------


class Steps(StatesGroup):
    first = State()


KEY = StorageKey(bot_id=7, chat_id=1001, user_id=1001)


async def test_a_conversation_survives_a_restart_and_leaves_nothing_when_it_ends(store: Store) -> None:
    before = ConversationStorage(store.engine, store.committer, NAMES, now=lambda: NOW)
    await before.set_state(KEY, Steps.first)
    await before.set_data(KEY, {"words": "Chào"})
    await before.update_data(KEY, {"more": 1})

    after = ConversationStorage(store.engine, store.committer, NAMES, now=lambda: NOW)
    assert await after.get_state(KEY) == "Steps:first"
    assert await after.get_data(KEY) == {"words": "Chào", "more": 1}
    assert await after.get_value(KEY, "words") == "Chào"
    await after.set_state(KEY, None)
    await after.set_data(KEY, {})

    assert await store.count(conversations) == 0
    await after.close()


async def test_conversations_in_different_chats_topics_and_bots_do_not_mix(store: Store) -> None:
    talks = ConversationStorage(store.engine, store.committer, NAMES, now=lambda: NOW)
    others = [
        replace(KEY, bot_id=8),
        replace(KEY, chat_id=-5),
        replace(KEY, user_id=1002),
        replace(KEY, thread_id=3),
        replace(KEY, destiny="other"),
    ]
    await talks.set_state(KEY, Steps.first)

    assert [await talks.get_state(key) for key in others] == [None] * len(others)


async def test_ending_a_conversation_that_never_began_writes_nothing(store: Store) -> None:
    talks = ConversationStorage(store.engine, store.committer, NAMES, now=lambda: NOW)
    await talks.set_state(KEY, None)
    await talks.set_data(KEY, {})

    assert await store.count(conversations) == 0


async def test_conversations_left_lying_are_forgotten(store: Store) -> None:
    talks = ConversationStorage(store.engine, store.committer, NAMES, now=lambda: NOW)
    await talks.set_data(KEY, {"words": "Chào"})

    assert await talks.forget_idle(NOW) == 0
    assert await talks.forget_idle(NOW + timedelta(days=30)) == 1


async def test_an_update_is_known_by_its_bot_and_number(store: Store) -> None:
    updates = Updates(store.engine, store.committer, now=lambda: NOW)
    assert not await updates.has_seen("loa", 5)
    await asyncio.gather(*(updates.mark_seen("loa", 5) for _ in range(100)))

    assert await updates.has_seen("loa", 5)
    assert not await updates.has_seen("other", 5)
    assert await updates.forget(NOW + timedelta(days=2)) == 1
    assert not await updates.has_seen("loa", 5)
