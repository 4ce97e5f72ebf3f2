"""A series goes on, on SQLite and on PostgreSQL: each occurrence once, never stale, and never the same mistake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, text, update

from broadcasts.book import Consented, Recurred, Refusal
from broadcasts.broadcast import BroadcastState
from broadcasts.drafting import Weight, repeating, worded
from broadcasts.lifecycle import Desk
from broadcasts.recurrence import Recur
from bulletins.bulletin import VIETNAMESE, ProblemKind, Text
from bulletins.code import make
from members.roles import Role
from storage.bulletin_records import record_of
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.progress_messages import ProgressMessages
from storage.tables import approvals, bulletins
from tests.broadcasts.office import BAC_SAU, CALENDAR, LAN, MINH, PHUC, ZONE, Office, happened, open_office


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with open_office(tmp_path, url=database_url) as office:
        yield office


async def test_the_last_approval_begins_the_series_and_nothing_is_sent_yet(office: Office) -> None:
    series = await office.recurring()

    assert series.state is BroadcastState.RECURRING
    assert (await office.upcoming(series)).astimezone(ZONE).strftime("%H:%M %d/%m") == "07:00 03/12"
    assert office.timers == {series.id: await office.upcoming(series)}
    assert await office.planned(series) == 0
    assert await office.occurrences(series) == []


async def test_each_morning_is_a_bulletin_of_its_own(office: Office) -> None:
    series = await office.recurring()
    first, second = await office.tick(series), await office.tick(series)

    assert first is not None
    assert second is not None
    assert len({series.bulletin.code, first.bulletin.code, second.bulletin.code}) == 3
    assert [await office.planned(one) for one in (first, second)] == [2, 2]
    assert second.state is BroadcastState.SENDING
    assert second.bulletin.recurrence is None
    assert second.bulletin.texts == series.bulletin.texts
    assert second.bulletin.not_before == first.bulletin.expires
    assert office.timers[series.id] == await office.upcoming(series) > office.time


async def test_who_approved_the_series_stands_beside_each_occurrence(office: Office) -> None:
    series = await office.recurring()
    occurrence = await office.tick(series)

    assert occurrence is not None
    assert occurrence.approved_by == series.approved_by == (MINH,)
    async with office.engine.connect() as connection:
        given = select(approvals.c.approved_at).where(approvals.c.person == MINH)
        assert len(set(await connection.scalars(given))) == 1


async def test_a_tick_before_its_time_changes_nothing(office: Office) -> None:
    series = await office.recurring()
    office.time = await office.upcoming(series) - timedelta(milliseconds=1)
    happened(await office.desk.start_due(series.id))
    assert await office.occurrences(series) == []


async def test_a_tick_repeated_after_a_crash_brings_about_nothing_more(office: Office) -> None:
    series = await office.recurring()
    assert await office.tick(series) is not None
    for _ in range(3):
        happened(await office.desk.start_due(series.id))
    (only,) = await office.occurrences(series)
    assert await office.planned(only) == 2


async def test_an_occurrence_its_deliveries_and_the_step_to_the_next_are_one_transaction(
    office: Office,
) -> None:
    series = await office.recurring()
    office.time = moment = await office.upcoming(series)
    await office.write(text("ALTER TABLE deliveries RENAME TO gone"))
    with pytest.raises(Exception, match="deliveries"):
        await office.desk.start_due(series.id)
    assert await office.occurrences(series) == []
    assert await office.upcoming(series) == moment

    await office.write(text("ALTER TABLE gone RENAME TO deliveries"))
    happened(await office.desk.start_due(series.id))
    (only,) = await office.occurrences(series)
    assert (only.bulletin.not_before, await office.planned(only)) == (moment, 2)


@asynccontextmanager
async def second_desk(office: Office) -> AsyncIterator[Desk]:
    """Another process on the same database."""
    committer = Committer(office.engine)
    serving = asyncio.create_task(committer.run())
    yield Desk(
        BulletinBook(office.engine, committer, lambda: office.rules),
        now=lambda: office.time,
        draw=Random(8),
        wake=lambda: None,
        set_timer=lambda _, at: None,
        next_moment=CALENDAR,
    )
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_two_processes_that_tick_at_once_bring_about_one_occurrence(
    tmp_path: Path, prepared_postgres_url: str
) -> None:
    async with open_office(tmp_path, url=prepared_postgres_url) as office, second_desk(office) as other:
        series = await office.recurring()
        for _ in range(5):
            office.time = await office.upcoming(series)
            await asyncio.gather(
                *(desk.start_due(series.id) for desk in (office.desk, other, office.desk, other))
            )
        found = await office.occurrences(series)
        assert len(found) == len({one.bulletin.not_before for one in found}) == 5


async def test_many_ticks_at_once_in_one_process_bring_about_one_occurrence(office: Office) -> None:
    series = await office.recurring()
    office.time = await office.upcoming(series)
    await asyncio.gather(*(office.desk.start_due(series.id) for _ in range(10)))
    assert len(await office.occurrences(series)) == 1


async def test_a_code_that_is_taken_is_not_used_twice(office: Office) -> None:
    series = await office.recurring()
    office.time = await office.upcoming(series)
    assert await office.book.recur(Recur(series.id, office.time, series.bulletin.code)) is None
    assert isinstance(await office.book.recur(Recur(series.id, office.time, make(77))), Recurred)


# --- late ---


async def test_missed_within_the_grace_it_goes_out(office: Office) -> None:
    occurrence = await office.tick(await office.recurring(), minutes=15)
    assert occurrence is not None
    assert occurrence.state is BroadcastState.SENDING


async def test_missed_by_more_than_the_grace_it_is_held_and_somebody_may_send_it(office: Office) -> None:
    series = await office.recurring()
    held = await office.tick(series, minutes=16)

    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "too_late")
    assert await office.planned(held) == 0
    assert await office.desk.start_due(held.id) is Refusal.TOO_LATE
    assert await office.desk.send_now(held.id, BAC_SAU) is Refusal.NOT_ALLOWED
    assert (await office.sent_at_once(held, PHUC, MINH)).state is BroadcastState.SENDING
    assert await office.planned(held) == 2
    tomorrow = await office.tick(series)
    assert tomorrow is not None
    assert tomorrow.state is BroadcastState.SENDING


async def test_of_three_that_were_missed_only_the_latest_is_held_and_the_others_are_counted(
    office: Office,
) -> None:
    series = await office.recurring()
    held = await office.tick(series, days=2, hours=3)

    assert held is not None
    assert [one.id for one in await office.occurrences(series)] == [held.id]
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "too_late:2")
    assert held.bulletin.not_before is not None
    assert held.bulletin.not_before.astimezone(ZONE).strftime("%d/%m") == "05/12"
    assert (await office.upcoming(series)).astimezone(ZONE).strftime("%d/%m") == "06/12"


async def test_what_nobody_decided_gives_way_to_the_next(office: Office) -> None:
    series = await office.recurring()
    held = await office.tick(series, hours=2)
    after = await office.tick(series)

    assert held is not None
    assert after is not None
    assert after.state is BroadcastState.SENDING
    assert await office.state(held) is BroadcastState.STOPPED
    assert await office.desk.send_now(held.id, MINH) is Refusal.TOO_LATE


async def test_what_no_longer_counts_when_the_process_comes_back_cannot_be_sent(office: Office) -> None:
    series = await office.recurring(office.daily(valid_hours=1))
    held = await office.tick(series, hours=3)
    assert held is not None
    assert held.halted_because == "not_ready"
    assert await office.desk.send_now(held.id, MINH) is Refusal.NOT_READY


async def test_an_approval_that_no_longer_counts_holds_the_next(office: Office) -> None:
    series = await office.recurring()
    await office.give_roles(MINH, Role.MODERATOR)
    held = await office.tick(series)
    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "lacks_approvals")
    assert await office.desk.send_now(held.id, LAN) is Refusal.LACKS_APPROVALS


async def test_of_a_series_changed_behind_the_codes_back_nothing_goes_out(office: Office) -> None:
    series = await office.recurring()
    words = Text("Chuyển tiền ngay", "Vào trang này.", "Gọi 0900 000 000.")
    forged = record_of(worded(VIETNAMESE, words)(series.bulletin))
    await office.write(update(bulletins).where(bulletins.c.id == series.id).values(record=forged))

    held = await office.tick(series)
    assert held is not None
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "lacks_approvals")
    assert held.approved_by == ()
    assert await office.planned(held) == 0
    assert await office.desk.send_now(held.id, MINH) is Refusal.LACKS_APPROVALS


# --- skipping ---


async def test_the_next_one_is_skipped_and_the_one_after_goes_out(office: Office) -> None:
    series = await office.recurring()
    moment = await office.upcoming(series)
    skipped = happened(await office.desk.skip(series.id, PHUC, moment))
    assert skipped.upcoming is not None
    assert skipped.upcoming.is_skipped
    assert await office.tick(series) is None
    after = await office.tick(series)
    assert after is not None
    assert after.bulletin.not_before == moment + timedelta(days=1)


async def test_a_skip_can_be_taken_back_until_then(office: Office) -> None:
    series = await office.recurring()
    moment = await office.upcoming(series)
    happened(await office.desk.skip(series.id, PHUC, moment))
    back = happened(await office.desk.unskip(series.id, MINH, moment))
    assert back.upcoming is not None
    assert not back.upcoming.is_skipped
    assert await office.tick(series) is not None
    assert await office.desk.unskip(series.id, MINH, moment) is Refusal.TOO_LATE


async def test_a_press_that_is_repeated_later_skips_no_second_one(office: Office) -> None:
    series = await office.recurring()
    moment = await office.upcoming(series)
    for _ in range(2):
        happened(await office.desk.skip(series.id, PHUC, moment))
    assert await office.tick(series) is None
    assert await office.desk.skip(series.id, PHUC, moment) is Refusal.TOO_LATE
    assert await office.tick(series) is not None


async def test_only_the_staff_skips(office: Office) -> None:
    series = await office.recurring()
    moment = await office.upcoming(series)
    assert await office.desk.skip(series.id, BAC_SAU, moment) is Refusal.NOT_ALLOWED


async def test_a_skipped_one_among_the_missed_is_neither_held_nor_counted(office: Office) -> None:
    series = await office.recurring()
    happened(await office.desk.skip(series.id, PHUC, await office.upcoming(series)))
    held = await office.tick(series, days=2, hours=3)
    assert held is not None
    assert held.halted_because == "too_late:1"


# --- the end ---


async def test_after_the_last_one_the_series_is_finished_and_no_timer_is_left(office: Office) -> None:
    series = await office.recurring(office.daily(days=2))
    assert await office.tick(series) is not None
    assert await office.tick(series) is not None
    assert await office.state(series) is BroadcastState.FINISHED
    assert await office.desk.schedule_to_rebuild() == []
    office.advance(days=5)
    assert await office.desk.start_due(series.id) is Refusal.TOO_LATE
    assert len(await office.occurrences(series)) == 2


async def test_a_last_one_that_is_skipped_finishes_the_series_too(office: Office) -> None:
    series = await office.recurring(office.daily(days=1))
    happened(await office.desk.skip(series.id, PHUC, await office.upcoming(series)))
    assert await office.tick(series) is None
    assert await office.state(series) is BroadcastState.FINISHED


async def test_one_person_stops_it_and_nothing_comes_any_more(office: Office) -> None:
    series = await office.recurring()
    moment = await office.upcoming(series)
    assert happened(await office.desk.stop(series.id, PHUC)).state is BroadcastState.STOPPED
    office.time = moment
    assert await office.desk.start_due(series.id) is Refusal.TOO_LATE
    assert await office.desk.skip(series.id, PHUC, moment) is Refusal.TOO_LATE
    assert await office.occurrences(series) == []
    assert await office.desk.schedule_to_rebuild() == []


async def test_who_stops_it_stops_what_of_it_is_held(office: Office) -> None:
    series, another = await office.recurring(), await office.recurring()
    held, sent_before = await office.tick(series, hours=1), await office.tick(another)
    assert held is not None
    assert sent_before is not None
    kept = await office.tick(another, hours=1)
    assert kept is not None
    await ProgressMessages(office.engine, office.committer).put(held.id, "77")
    happened(await office.desk.stop(series.id, PHUC))

    assert await office.state(held) is BroadcastState.STOPPED
    assert await office.desk.send_now(held.id, MINH) is Refusal.TOO_LATE
    assert await office.planned(held) == 0
    assert (held.id, "77") in await ProgressMessages(office.engine, office.committer).to_show()
    assert await office.state(kept) is BroadcastState.HELD


async def test_who_stops_one_of_it_stops_nothing_else(office: Office) -> None:
    series = await office.recurring()
    going_out = await office.tick(series)
    held = await office.tick(series, hours=1)
    assert going_out is not None
    assert held is not None
    happened(await office.desk.stop(going_out.id, PHUC))
    assert await office.state(held) is BroadcastState.HELD
    assert await office.state(series) is BroadcastState.RECURRING


# --- before it begins ---


async def test_what_timers_must_know_of_is_in_the_database(office: Office) -> None:
    series = await office.recurring()
    office.timers.clear()
    assert await office.desk.schedule_to_rebuild() == [(series.id, await office.upcoming(series))]
    await office.tick(series)
    assert await office.desk.schedule_to_rebuild() == [(series.id, await office.upcoming(series))]


async def test_an_edit_of_the_rule_voids_the_approvals(office: Office) -> None:
    waiting = await office.in_review(office.daily(), weight=Weight.URGENT)
    first = await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    assert isinstance(first, Consented)
    assert first.still_needed == 1

    other = office.daily(cron="0 8 * * *").recurrence
    assert other is not None
    edited = happened(await office.desk.edit(waiting.id, LAN, repeating(other)))
    assert (edited.state, edited.approved_by) == (BroadcastState.DRAFT, ())
    assert await office.desk.approve(waiting.id, PHUC, waiting.approval_hash) is Refusal.CHANGED


async def test_a_series_that_goes_on_cannot_be_edited(office: Office) -> None:
    series = await office.recurring()
    other = office.daily(cron="0 8 * * *").recurrence
    assert other is not None
    edited = await office.desk.edit(series.id, LAN, repeating(other))
    assert edited is Refusal.TOO_LATE


async def test_a_rule_that_never_comes_about_before_its_end_is_not_submitted(office: Office) -> None:
    draft = await office.draft(office.daily(cron="0 7 31 2 *"))
    assert [problem.kind for problem in office.desk.problems(draft)] == [ProblemKind.RULE_NEVER]
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.NOT_READY


async def test_an_approval_after_the_last_moment_begins_nothing(office: Office) -> None:
    waiting = await office.in_review(office.daily(days=1))
    office.advance(hours=20)
    assert await office.desk.approve(waiting.id, MINH, waiting.approval_hash) is Refusal.NOT_READY


async def test_a_series_itself_is_neither_corrected_nor_sent_at_once(office: Office) -> None:
    series = await office.recurring()
    code = series.bulletin.code
    assert await office.desk.send_now(series.id, MINH) is Refusal.TOO_LATE
    assert await office.desk.compose_correction(code, office.origin()) is Refusal.NOT_PUBLISHED
