"""The ledger's contract, on each database that Loa runs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.ports import Due, Intent, OpenBulletin, PaceRecord, Pick, Settlement
from bulletins.bulletin import Audience, BulletinId, Lane, Status
from storage.paces import SqlPaces
from storage.planning import plan_deliveries
from tests.broadcasts.station import BOT, VIET_NAM, Station, open_station

SENT, QUEUED, UNSURE = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.UNSURE
FIVE = ["-1", "-2", "-3", "-4", "-5"]


@pytest.fixture(params=["sqlite", "postgresql"])
async def station(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Station]:
    url = f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
    async with open_station(url) as station:
        yield station


# --- planning --------------------------------------------------------------------------------------------


async def test_a_bulletin_is_planned_for_everybody_it_is_meant_for(station: Station) -> None:
    await station.channel("-1")
    await station.channel("-2", topics=("lũ", "y tế"))
    await station.channel("-3", topics=("lừa đảo",))
    await station.channel("-4", areas=("xã B",), topics=("lũ",))
    await station.channel("-5", state="paused")
    await station.channel("-6", kind="broadcast")
    audience = Audience(topics=("lũ",), areas=("xã A",), kinds=("supergroup",))
    bulletin = await station.start(station.bulletin(audience=audience))
    assert set(await station.states(bulletin)) == {"-1", "-2"}


async def test_a_topic_is_not_found_inside_another_one(station: Station) -> None:
    await station.channel("-1", topics=("lũ quét",))
    await station.channel("-2", topics=("100%", "a_b"))
    for topic in ("lũ", "10", "100_", "a%b", "aXb", "|"):
        bulletin = await station.start(station.bulletin(audience=Audience(topics=(topic,))))
        assert await station.states(bulletin) == {}
    bulletin = await station.start(station.bulletin(audience=Audience(topics=("a_b",))))
    assert set(await station.states(bulletin)) == {"-2"}


async def test_a_drill_goes_to_those_who_want_drills_and_a_test_to_the_canary_only(station: Station) -> None:
    await station.channel("-1", drills=True)
    await station.channel("-2")
    await station.channel("-9", canary=True)
    drill = await station.start(station.bulletin(status=Status.EXERCISE))
    assert set(await station.states(drill)) == {"-1", "-9"}
    test = await station.start(station.bulletin(status=Status.TEST))
    assert set(await station.states(test)) == {"-9"}


async def test_the_canary_has_the_first_row_whatever_it_chose(station: Station) -> None:
    await station.channels(FIVE)
    await station.channel("-9", canary=True, topics=("khác",), quiet_starts_minute=0, quiet_ends_minute=1439)
    bulletin = await station.start(station.bulletin(audience=Audience(topics=("lũ",))))
    rows = await station.deliveries(bulletin)
    assert next(iter(rows)) == "-9"
    assert len(rows) == 6


async def test_planning_twice_adds_nothing(station: Station) -> None:
    await station.channels(FIVE)
    bulletin = await station.start(station.bulletin())
    async with station.engine.begin() as connection:
        assert await plan_deliveries(connection, bulletin, station.time, VIET_NAM) == 0
    assert len(await station.deliveries(bulletin)) == 5


async def test_a_delivery_in_quiet_hours_is_due_when_they_end(station: Station) -> None:
    await station.channel("-1", quiet_starts_minute=22 * 60, quiet_ends_minute=6 * 60)
    station.started = station.time.replace(hour=16, minute=30)  # half past eleven at night there
    bulletin = await station.start(station.bulletin(expires=station.time + timedelta(days=1)))
    (row,) = (await station.deliveries(bulletin)).values()
    morning = station.time.replace(hour=23, minute=0, second=0, microsecond=0)
    assert row.due_at == morning.timestamp() * 1000


async def test_reach_is_remembered_as_it_was_at_planning(station: Station) -> None:
    group = await station.channel("-1", member_count=500)
    bulletin = await station.start(station.bulletin())
    await station.change_channel(group, member_count=3)
    assert (await station.deliveries(bulletin))["-1"].reach == 500


# --- picking and intending -------------------------------------------------------------------------------


async def test_open_bulletins_come_most_urgent_first(station: Station) -> None:
    await station.channels(FIVE)
    routine = await station.start(station.bulletin())
    emergency = await station.start(station.emergency())
    paused = await station.start(station.bulletin())
    await station.set_state(paused, BroadcastState.PAUSED)
    found = await opened(station)
    assert [(one.id, one.lane) for one in found] == [(emergency, Lane.CORRECTIONS), (routine, Lane.ROUTINE)]
    assert [one.life_safety for one in found] == [True, False]
    assert [one.at_any_hour for one in found] == [True, False]


async def test_a_pick_reads_on_where_the_last_one_ended(station: Station) -> None:
    await station.channels(FIVE)
    await station.start(station.bulletin())
    first = await picked(station, limit=2)
    second = await picked(station, limit=2, after=(first[-1].due_at, first[-1].id))
    third = await picked(station, limit=2, after=(second[-1].due_at, second[-1].id))
    assert [row.chat for row in (*first, *second, *third)] == FIVE


async def test_a_pick_says_what_it_takes_to_send(station: Station) -> None:
    await station.channel("-1", pin=True, silent=True, language="en", flaw="can_pin_messages")
    await station.channel("-2", quiet_starts_minute=60, quiet_ends_minute=120, state="active")
    await station.start(station.bulletin())
    first, second = await picked(station)
    assert (first.pin, first.silent, first.language, first.flaw) == (True, True, "en", "can_pin_messages")
    assert (second.pin, second.silent, second.quiet_minutes) == (False, False, (60, 120))
    assert (first.attempt, first.resent, first.is_postable, first.original) == (0, False, True, None)


async def test_only_what_is_due_is_picked(station: Station) -> None:
    await station.channels(FIVE)
    await station.start(station.bulletin())
    rows = await picked(station)
    await station.ledger.postpone([rows[0].id, rows[1].id], station.time + timedelta(minutes=5))
    assert [row.chat for row in await picked(station)] == ["-3", "-4", "-5"]


async def test_while_the_canary_is_asked_only_it_is_picked(station: Station) -> None:
    await station.channels(FIVE)
    await station.channel("-9", canary=True)
    await station.start(station.bulletin())
    assert [row.chat for row in await picked(station)] == ["-9"]
    station.advance(seconds=11)
    assert len(await picked(station)) == 6


async def test_a_canary_whose_own_line_is_down_holds_up_the_others_no_longer_than_a_silent_one(
    station: Station,
) -> None:
    """Each attempt makes it due anew: patience is counted from the start."""
    await station.channels(FIVE)
    await station.channel("-9", canary=True, bot="another")
    await station.start(station.bulletin())
    for _ in range(4):
        assert await picked(station) == []
        (bulletin,) = await opened(station)
        (canary,) = await station.ledger.pick(Pick("another", bulletin, station.time, 100, None))
        await intended(station, [canary.id])
        again = station.time + timedelta(seconds=1)
        refused = settlement(
            canary, QUEUED, at=station.time, due_at=again, counted=0, reason="not_sent:http_401"
        )
        await station.ledger.record(refused)
        station.advance(seconds=2.6)
    assert [row.chat for row in await picked(station)] == FIVE


async def test_an_intent_is_granted_once(station: Station) -> None:
    await station.channels(FIVE)
    await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    assert await intended(station, ids[:3]) == frozenset(ids[:3])
    assert await intended(station, ids) == frozenset(ids[3:])


async def test_many_intents_in_one_commit_get_each_their_own(station: Station) -> None:
    await station.channels(FIVE)
    await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    granted = await asyncio.gather(*(intended(station, [one]) for one in ids))
    assert granted == [frozenset({one}) for one in ids]


@pytest.mark.parametrize("state", [BroadcastState.STOPPED, BroadcastState.PAUSED, BroadcastState.DONE])
async def test_no_intent_is_granted_for_a_bulletin_that_is_not_being_sent(
    station: Station, state: BroadcastState
) -> None:
    await station.channels(FIVE)
    bulletin = await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    await station.set_state(bulletin, state)
    assert await intended(station, ids) == frozenset()


async def test_no_intent_is_granted_after_the_expiry(station: Station) -> None:
    await station.channels(FIVE)
    await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    station.advance(hours=6)
    assert await intended(station, ids) == frozenset()


async def test_no_intent_is_granted_for_a_channel_that_left(station: Station) -> None:
    groups = await station.channels(FIVE)
    await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    await station.change_channel(groups[0], state="left")
    assert await intended(station, ids) == frozenset(ids[1:])


async def test_what_is_being_sent_is_wanted_while_its_bulletin_goes_on_and_its_channel_takes_part(
    station: Station,
) -> None:
    groups = await station.channels(FIVE)
    bulletin = await station.start(station.bulletin())
    ids = [row.id for row in await picked(station)]
    assert not await station.ledger.is_wanted(ids[0])
    await intended(station, ids)
    await station.change_channel(groups[0], state="paused")
    assert [await station.ledger.is_wanted(one) for one in ids] == [False, True, True, True, True]
    await station.set_state(bulletin, BroadcastState.STOPPED)
    assert not await station.ledger.is_wanted(ids[1])


# --- outcomes --------------------------------------------------------------------------------------------


async def test_an_outcome_is_written_with_everything_it_says(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    due = await under_way(station)
    at = station.time.replace(microsecond=0)
    due_at = at + timedelta(minutes=3)
    settled = settlement(due, QUEUED, at=at, counted=0, reason="flood_wait:180", due_at=due_at, resent=True)
    await station.ledger.record(settled)
    (row,) = (await station.deliveries(bulletin)).values()
    assert (row.state, row.attempt, row.reason, row.resent) == ("queued", 0, "flood_wait:180", True)
    assert (row.due_at, row.lease_until) == (due_at.timestamp() * 1000, None)


async def test_what_is_known_to_have_arrived_beats_what_is_unsure(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    due = await under_way(station)
    assert await station.ledger.recover(BOT, station.time) == 1
    assert await station.states(bulletin) == {"-1": UNSURE}
    await station.ledger.record(settlement(due, SENT, at=station.time, message_id="77"))
    (row,) = (await station.deliveries(bulletin)).values()
    assert (row.state, row.message_id) == ("sent", "77")


@pytest.mark.parametrize("late", [DeliveryState.FAILED, QUEUED, UNSURE])
async def test_an_outcome_of_an_earlier_attempt_changes_nothing(
    station: Station, late: DeliveryState
) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    due = await under_way(station)
    await station.change_deliveries(bulletin, attempt=2)
    await station.ledger.record(settlement(due, late, at=station.time, due_at=station.time))
    assert await station.states(bulletin) == {"-1": DeliveryState.SENDING}


async def test_recovery_repeats_life_safety_once_and_calls_the_rest_unsure(station: Station) -> None:
    await station.channel("-1")
    routine = await station.start(station.bulletin())
    emergency = await station.start(station.emergency())
    for bulletin in (routine, emergency):
        await station.change_deliveries(bulletin, state="sending", attempt=1)
    assert await station.ledger.recover("another bot", station.time) == 0
    assert await station.ledger.recover(BOT, station.time) == 2
    assert await station.states(routine) == {"-1": UNSURE}
    (row,) = (await station.deliveries(emergency)).values()
    assert (row.state, row.resent) == ("queued", True)
    await station.change_deliveries(emergency, state="sending", attempt=2)
    await station.ledger.recover(BOT, station.time)
    assert await station.states(emergency) == {"-1": UNSURE}


async def test_what_was_lost_sight_of_is_reclaimed_after_its_lease(station: Station) -> None:
    await station.channels(["-1", "-2"])
    bulletin = await station.start(station.bulletin())
    first, second = (row.id for row in await picked(station))
    await intended(station, [first, second])
    assert await station.ledger.reclaim(BOT, station.time, []) == 0
    station.advance(minutes=2)
    assert await station.ledger.reclaim(BOT, station.time, [second]) == 1
    assert await station.states(bulletin) == {"-1": UNSURE, "-2": DeliveryState.SENDING}


async def test_leftovers_of_stopped_and_expired_bulletins_are_dropped(station: Station) -> None:
    await station.channels(FIVE)
    stopped = await station.start(station.bulletin())
    expired = await station.start(station.bulletin(expires=station.time + timedelta(minutes=1)))
    open_ = await station.start(station.bulletin())
    await station.set_state(stopped, BroadcastState.STOPPED)
    station.advance(minutes=2)
    while await station.ledger.drop_leftovers(BOT, station.time):
        pass
    reasons = [
        {row.reason for row in (await station.deliveries(one)).values()} for one in (stopped, expired, open_)
    ]
    assert reasons == [{"stopped"}, {"expired"}, {None}]


async def test_a_bulletin_is_finished_only_when_nothing_of_it_is_open(station: Station) -> None:
    await station.channel("-1")
    bulletin = await station.start(station.bulletin())
    assert not await station.ledger.finish(bulletin, station.time)
    due = await under_way(station)
    assert not await station.ledger.finish(bulletin, station.time)
    await station.ledger.record(settlement(due, UNSURE, at=station.time))
    assert await station.ledger.finish(bulletin, station.time)
    assert await station.state_of(bulletin) is BroadcastState.DONE


async def test_halting_pauses_only_what_is_being_sent(station: Station) -> None:
    bulletin = await station.start(station.bulletin())
    assert await station.ledger.halt(bulletin, "x" * 500)
    assert not await station.ledger.halt(bulletin, "again")
    assert (await station.bulletin_row(bulletin)).halted_because == "x" * 200


async def test_a_hold_of_the_token_survives(station: Station) -> None:
    paces = SqlPaces(station.engine, station.committer)
    assert await paces.load_pace(BOT) is None
    at = station.time.replace(microsecond=0)
    await paces.save_pace(BOT, PaceRecord(at, 25.0))
    await paces.save_pace(BOT, PaceRecord(at + timedelta(hours=3), 17.5))
    assert await paces.load_pace(BOT) == PaceRecord(at + timedelta(hours=3), 17.5)


# --- steps -----------------------------------------------------------------------------------------------


async def opened(station: Station) -> list[OpenBulletin]:
    return list(await station.ledger.open_bulletins(BOT, station.time))


async def picked(
    station: Station, limit: int = 100, after: tuple[Any, DeliveryId] | None = None
) -> list[Due]:
    """A pick of the first open bulletin."""
    bulletin = (await opened(station))[0]
    return list(await station.ledger.pick(Pick(BOT, bulletin, station.time, limit, after)))


async def intended(station: Station, ids: list[DeliveryId]) -> frozenset[DeliveryId]:
    return await station.ledger.intend(Intent(ids, station.time, station.time + timedelta(minutes=1)))


async def under_way(station: Station) -> Due:
    """The first due delivery, intended."""
    due = (await picked(station))[0]
    assert await intended(station, [due.id]) == {due.id}
    return due


def settlement(due: Due, state: DeliveryState, **said: Any) -> Settlement:
    """What came of the first attempt."""
    return Settlement(
        delivery_id=due.id,
        channel_id=due.channel_id,
        bulletin_id=BulletinId(due.bulletin_id),
        attempt=1,
        state=state,
        **{"counted": 1, **said},
    )
