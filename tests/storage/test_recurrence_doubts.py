"""When something was wrong with an earlier occurrence, the next one is held instead of repeating it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from broadcasts.broadcast import Broadcast, BroadcastState
from bulletins.fixed_words import Notice
from storage.overdue import Overdue
from storage.tables import bulletins
from tests.broadcasts.office import MINH, PHUC, Office, happened, open_office


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with open_office(tmp_path, url=database_url) as office:
        yield office


async def first_morning(office: Office) -> tuple[Broadcast, Broadcast]:
    """A series, and its first occurrence, which has arrived."""
    series = await office.recurring()
    first = await office.tick(series)
    assert first is not None
    await office.all_arrived(first)
    return series, first


async def put_right(office: Office, wrong: Broadcast, notice: Notice | None = None) -> None:
    if notice is None:
        await office.corrected(wrong, PHUC)
    else:
        await office.withdrawn(wrong, PHUC, notice)


async def halt(office: Office, broadcast: Broadcast) -> None:
    """As the breaker does."""
    halted = {"state": BroadcastState.PAUSED.value, "halted_because": "too many refusals"}
    await office.write(update(bulletins).where(bulletins.c.id == broadcast.id).values(halted))


async def let_run_out(office: Office) -> None:
    """Some minutes pass, and what has expired is ended."""
    office.advance(minutes=10)
    await Overdue(office.engine, office.committer).end(office.time)


@pytest.mark.parametrize("notice", [None, *Notice])
async def test_after_a_correction_the_next_is_held(office: Office, notice: Notice | None) -> None:
    series, first = await first_morning(office)
    await put_right(office, first, notice)
    held = await office.tick(series)

    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "earlier_corrected")
    assert await office.planned(held) == 0


async def test_an_older_one_corrected_later_holds_the_next_too(office: Office) -> None:
    series, first = await first_morning(office)
    assert await office.tick(series) is not None
    office.advance(hours=1)
    await put_right(office, first)
    held = await office.tick(series)
    assert held is not None
    assert held.halted_because == "earlier_corrected"


async def test_a_correction_that_nobody_approved_holds_nothing(office: Office) -> None:
    series, first = await first_morning(office)
    await office.correction(first, PHUC)
    after = await office.tick(series)
    assert after is not None
    assert after.state is BroadcastState.SENDING


async def test_after_one_was_stopped_while_it_went_out_the_next_is_held(office: Office) -> None:
    series = await office.recurring()
    first = await office.tick(series)
    assert first is not None
    happened(await office.desk.stop(first.id, PHUC))
    held = await office.tick(series)
    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "earlier_stopped")


async def test_after_the_breaker_halted_one_the_next_is_held(office: Office) -> None:
    series = await office.recurring()
    first = await office.tick(series)
    assert first is not None
    await halt(office, first)
    held = await office.tick(series)
    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "earlier_halted")


async def test_that_a_halted_one_ran_out_meanwhile_settles_nothing(office: Office) -> None:
    series = await office.recurring()
    first = await office.tick(series)
    assert first is not None
    await halt(office, first)
    for _ in range(3):
        held = await office.tick(series)
        assert held is not None
        assert (held.state, held.halted_because) == (BroadcastState.HELD, "earlier_halted")
        await let_run_out(office)
    assert await office.state(first) is BroadcastState.DONE

    happened(await office.desk.send_now(held.id, MINH))
    after = await office.tick(series)
    assert after is not None
    assert after.state is BroadcastState.SENDING


async def test_a_halted_one_that_somebody_resumed_before_it_ran_out_leaves_no_doubt(office: Office) -> None:
    series = await office.recurring()
    first = await office.tick(series)
    assert first is not None
    await halt(office, first)
    happened(await office.desk.resume(first.id, MINH))
    assert await office.tick(series) is not None
    await let_run_out(office)
    assert await office.state(first) is BroadcastState.DONE
    after = await office.tick(series)
    assert after is not None
    assert after.state is BroadcastState.SENDING


async def test_the_doubt_lasts_until_somebody_sends_one(office: Office) -> None:
    series, first = await first_morning(office)
    await put_right(office, first)
    second = await office.tick(series)
    assert second is not None
    happened(await office.desk.stop(second.id, MINH))
    third = await office.tick(series)
    assert third is not None
    assert third.halted_because == "earlier_corrected"
    happened(await office.desk.send_now(third.id, MINH))
    fourth = await office.tick(series)
    assert fourth is not None
    assert fourth.state is BroadcastState.SENDING


async def test_a_late_one_that_was_stopped_before_it_went_out_leaves_no_doubt(office: Office) -> None:
    series, _ = await first_morning(office)
    late = await office.tick(series, hours=1)
    assert late is not None
    happened(await office.desk.stop(late.id, MINH))
    after = await office.tick(series)
    assert after is not None
    assert after.state is BroadcastState.SENDING
