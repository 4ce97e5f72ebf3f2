"""From a draft to channels: who may do what, and what makes a consent void."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import BroadcastState
from broadcasts.drafting import Weight, weighted, worded
from bulletins.bulletin import VIETNAMESE, Audience, Media, Status, Text
from members.roles import Role
from storage.pictures import PictureShelf
from tests.broadcasts.office import BAC_SAU, LAN, MINH, PHUC, Office, happened

SECOND_TEXT = worded(VIETNAMESE, Text("Phun thuốc muỗi phường 6", "Từ 8 giờ ngày 3/12."))


async def test_what_minh_approves_is_planned_for_every_group_at_once(office: Office) -> None:
    waiting = await office.in_review()

    approved = await office.desk.approve(waiting.id, MINH, waiting.approval_hash)

    assert isinstance(approved, Consented)
    assert (approved.broadcast.state, approved.still_needed) == (BroadcastState.SENDING, 0)
    assert approved.broadcast.bulletin.sent == office.time
    assert await office.planned(waiting) == 2
    assert office.wakes > 0


async def test_lan_cannot_approve_her_own_bulletin(office: Office) -> None:
    waiting = await office.in_review()
    assert await office.desk.approve(waiting.id, LAN, waiting.approval_hash) is Refusal.OWN_BULLETIN
    assert await office.planned(waiting) == 0


async def test_a_citizen_cannot_approve(office: Office) -> None:
    waiting = await office.in_review()
    assert await office.desk.approve(waiting.id, BAC_SAU, waiting.approval_hash) is Refusal.NOT_ALLOWED


async def test_nothing_is_approved_before_it_is_submitted(office: Office) -> None:
    draft = await office.draft()
    assert await office.desk.approve(draft.id, MINH, draft.approval_hash) is Refusal.TOO_LATE


async def test_pressing_approve_twice_has_one_effect(office: Office) -> None:
    waiting = await office.in_review()
    results = await asyncio.gather(
        *(office.desk.approve(waiting.id, MINH, waiting.approval_hash) for _ in range(5))
    )
    assert all(isinstance(result, Consented) and result.still_needed == 0 for result in results)
    assert await office.planned(waiting) == 2


async def test_a_grave_bulletin_takes_two_others(office: Office) -> None:
    waiting = await office.in_review(weight=Weight.LIFE_THREATENING)

    first = await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    assert isinstance(first, Consented)
    assert (first.still_needed, first.broadcast.state) == (1, BroadcastState.IN_REVIEW)
    assert await office.planned(waiting) == 0

    second = await office.desk.approve(waiting.id, PHUC, waiting.approval_hash)
    assert isinstance(second, Consented)
    assert second.broadcast.state is BroadcastState.SENDING


async def test_a_drill_of_a_grave_bulletin_takes_one_other(office: Office) -> None:
    await office.write(_channels_hear_drills())
    waiting = await office.in_review(office.notice(Status.EXERCISE), Weight.LIFE_THREATENING)
    approved = await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    assert isinstance(approved, Consented)
    assert approved.still_needed == 0


async def test_a_demoted_approvers_consent_no_longer_counts(office: Office) -> None:
    waiting = await office.in_review(weight=Weight.LIFE_THREATENING)
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    await office.give_roles(MINH, Role.MODERATOR)

    last = await office.desk.approve(waiting.id, PHUC, waiting.approval_hash)

    assert isinstance(last, Consented)
    assert last.still_needed == 1
    assert await office.planned(waiting) == 0


async def test_any_edit_voids_the_consents_given_even_when_it_is_taken_back(office: Office) -> None:
    waiting = await office.in_review(weight=Weight.LIFE_THREATENING)
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)

    first_words = waiting.bulletin.texts[VIETNAMESE]
    happened(await office.desk.edit(waiting.id, LAN, SECOND_TEXT))
    back = happened(await office.desk.edit(waiting.id, LAN, worded(VIETNAMESE, first_words)))
    again = happened(await office.desk.submit(back.id, LAN, back.approval_hash))

    assert again.approved_by == ()
    assert await office.desk.approve(again.id, PHUC, waiting.approval_hash) is Refusal.CHANGED
    last = await office.desk.approve(again.id, PHUC, again.approval_hash)
    assert isinstance(last, Consented)
    assert last.still_needed == 1


async def test_changing_only_the_audience_voids_too(office: Office) -> None:
    waiting = await office.in_review()
    narrower = happened(
        await office.desk.edit(
            waiting.id, LAN, lambda one: replace(one, audience=Audience(topics=("health",)))
        )
    )
    assert narrower.state is BroadcastState.DRAFT
    assert await office.desk.approve(waiting.id, MINH, waiting.approval_hash) is Refusal.CHANGED


async def test_a_refused_bulletin_goes_back_to_its_author_with_the_reason(office: Office) -> None:
    waiting = await office.in_review(weight=Weight.URGENT)
    await office.desk.approve(waiting.id, PHUC, waiting.approval_hash)

    back = happened(await office.desk.refuse(waiting.id, MINH, waiting.approval_hash, "Sai giờ phun"))

    assert (back.state, back.halted_because, back.approved_by) == (BroadcastState.DRAFT, "Sai giờ phun", ())
    assert await office.desk.approve(waiting.id, PHUC, waiting.approval_hash) is Refusal.CHANGED


async def test_lan_cannot_refuse_in_the_name_of_others(office: Office) -> None:
    waiting = await office.in_review()
    assert await office.desk.refuse(waiting.id, LAN, waiting.approval_hash, "thôi") is Refusal.OWN_BULLETIN


async def test_only_the_author_edits_submits_or_discards(office: Office) -> None:
    draft = await office.draft()
    assert await office.desk.edit(draft.id, MINH, SECOND_TEXT) is Refusal.NOT_AUTHOR
    assert await office.desk.submit(draft.id, MINH, draft.approval_hash) is Refusal.NOT_AUTHOR
    assert await office.desk.discard(draft.id, MINH) is Refusal.NOT_AUTHOR


async def test_submitting_an_older_preview_is_refused(office: Office) -> None:
    draft = await office.draft()
    await office.desk.edit(draft.id, LAN, SECOND_TEXT)
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.CHANGED


async def test_submitting_twice_has_one_effect(office: Office) -> None:
    waiting = await office.in_review()
    assert happened(await office.desk.submit(waiting.id, LAN, waiting.approval_hash)) == waiting


async def test_two_edits_at_once_both_count(office: Office) -> None:
    draft = await office.draft()
    await asyncio.gather(
        office.desk.edit(draft.id, LAN, SECOND_TEXT),
        office.desk.edit(draft.id, LAN, weighted(Weight.NOTABLE)),
        office.desk.edit(draft.id, LAN, lambda one: replace(one, issuer="Sở Y tế")),
    )
    now = await office.desk.find(draft.id)
    assert now is not None
    assert now.bulletin.texts[VIETNAMESE].headline == "Phun thuốc muỗi phường 6"
    assert (now.bulletin.severity.value, now.bulletin.issuer) == ("Moderate", "Sở Y tế")


async def test_a_bulletin_with_problems_is_not_submitted_and_keeps_what_was_typed(office: Office) -> None:
    draft = await office.draft(replace(office.notice(), source_url=""))
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.NOT_READY
    kept = await office.desk.find(draft.id)
    assert kept is not None
    assert kept.bulletin.texts[VIETNAMESE].headline == "Phun thuốc muỗi phường 5"


async def test_a_bulletin_that_nobody_would_get_is_not_submitted(office: Office) -> None:
    draft = await office.draft(replace(office.notice(), audience=Audience(kinds=("broadcast",))))
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.NO_AUDIENCE


async def test_a_bulletin_whose_picture_is_gone_is_not_submitted(office: Office) -> None:
    lost = Media(sha256="ab" * 32, file_name="bản đồ.png")
    draft = await office.draft(replace(office.notice(), media=lost))
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.PICTURE_GONE
    kept = await PictureShelf(office.engine, office.committer).keep(b"png", office.time)
    draft = happened(
        await office.desk.edit(draft.id, LAN, lambda now: replace(now, media=replace(lost, sha256=kept)))
    )
    assert happened(await office.desk.submit(draft.id, LAN, draft.approval_hash))


async def test_a_bulletin_that_expired_while_waiting_is_not_approved(office: Office) -> None:
    waiting = await office.in_review()
    office.advance(hours=30)
    assert await office.desk.approve(waiting.id, MINH, waiting.approval_hash) is Refusal.NOT_READY


async def test_one_update_makes_one_draft_however_often_it_comes(office: Office) -> None:
    origin = office.origin()
    first = await office.desk.compose(office.notice(), origin)
    again = await office.desk.compose(office.notice(), origin)
    assert again == first


async def test_two_drafts_never_share_a_code(office: Office) -> None:
    drafts = [await office.draft() for _ in range(40)]
    assert len({draft.bulletin.code for draft in drafts}) == 40


async def test_one_person_stops_pauses_and_resumes(office: Office) -> None:
    sending = await office.sending()
    assert happened(await office.desk.pause(sending.id, PHUC)).state is BroadcastState.PAUSED
    assert happened(await office.desk.resume(sending.id, LAN)).state is BroadcastState.SENDING
    assert happened(await office.desk.stop(sending.id, PHUC)).state is BroadcastState.STOPPED
    assert happened(await office.desk.stop(sending.id, PHUC)).state is BroadcastState.STOPPED
    assert await office.desk.resume(sending.id, LAN) is Refusal.TOO_LATE


async def test_a_citizen_stops_nothing(office: Office) -> None:
    sending = await office.sending()
    assert await office.desk.stop(sending.id, BAC_SAU) is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=14)])
async def test_a_scheduled_bulletin_starts_at_its_time_or_a_little_after(
    office: Office, late: timedelta
) -> None:
    at = office.time + timedelta(hours=2)
    waiting = await office.in_review(replace(office.notice(), not_before=at))
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)

    assert await office.state(waiting) is BroadcastState.SCHEDULED
    assert office.timers == {waiting.id: at}
    assert await office.desk.schedule_to_rebuild() == [(waiting.id, at)]
    assert await office.planned(waiting) == 0

    office.time = at + late
    assert happened(await office.desk.start_due(waiting.id)).state is BroadcastState.SENDING
    assert await office.planned(waiting) == 2
    assert await office.desk.start_due(waiting.id) is Refusal.TOO_LATE


async def test_two_timers_at_once_start_it_once(office: Office) -> None:
    at = office.time + timedelta(hours=2)
    waiting = await office.in_review(replace(office.notice(), not_before=at))
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    office.time = at
    await asyncio.gather(office.desk.start_due(waiting.id), office.desk.start_due(waiting.id))
    assert await office.planned(waiting) == 2


async def test_a_missed_start_is_held_until_a_moderator_sends_it(office: Office) -> None:
    waiting = await _scheduled_in_two_hours(office)
    office.advance(hours=3)

    held = happened(await office.desk.start_due(waiting.id))
    assert held.state is BroadcastState.HELD
    assert await office.planned(waiting) == 0
    assert await office.desk.schedule_to_rebuild() == []

    assert await office.desk.send_now(waiting.id, BAC_SAU) is Refusal.NOT_ALLOWED
    assert await office.desk.send_now(waiting.id, LAN) is Refusal.NOT_ITS_TIME
    assert (await office.sent_at_once(held, MINH, PHUC)).state is BroadcastState.SENDING
    assert await office.planned(waiting) == 2


async def test_a_scheduled_bulletin_whose_approver_was_demoted_is_held(office: Office) -> None:
    waiting = await _scheduled_in_two_hours(office)
    await office.give_roles(MINH)
    office.advance(hours=2)
    held = happened(await office.desk.start_due(waiting.id))
    assert (held.state, held.halted_because) == (BroadcastState.HELD, "lacks_approvals")
    assert await office.desk.send_now(waiting.id, LAN) is Refusal.LACKS_APPROVALS


async def test_a_row_changed_behind_the_codes_back_is_held_and_not_sent(office: Office) -> None:
    waiting = await _scheduled_in_two_hours(office)
    await _change_record(office, waiting.id)
    office.advance(hours=2)
    held = happened(await office.desk.start_due(waiting.id))
    assert held.halted_because == "lacks_approvals"
    assert await office.planned(waiting) == 0


async def test_a_timer_that_fires_too_early_changes_nothing(office: Office) -> None:
    waiting = await _scheduled_in_two_hours(office)
    assert happened(await office.desk.start_due(waiting.id)).state is BroadcastState.SCHEDULED
    assert await office.planned(waiting) == 0


async def _scheduled_in_two_hours(office: Office):
    at = office.time + timedelta(hours=2)
    waiting = await office.in_review(replace(office.notice(), not_before=at))
    await office.desk.approve(waiting.id, MINH, waiting.approval_hash)
    return waiting


def _channels_hear_drills():
    from sqlalchemy import update

    from storage.tables import channels

    return update(channels).values(drills=True)


async def _change_record(office: Office, bulletin_id: int) -> None:
    from sqlalchemy import select, update

    from storage.tables import bulletins

    this = bulletins.c.id == bulletin_id
    async with office.engine.connect() as connection:
        record = await connection.scalar(select(bulletins.c.record).where(this))
    await office.write(update(bulletins).where(this).values(record={**record, "issuer": "Ai đó"}))
