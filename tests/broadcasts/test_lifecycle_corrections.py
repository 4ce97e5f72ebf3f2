"""One may stop and withdraw in fixed words, new words take two: where they go, what they say, and what they stop."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import may_go_alone
from broadcasts.drafting import Weight, once, reworded, worded
from bulletins.bulletin import ENGLISH, VIETNAMESE, Code, Media, MsgType, Severity, Status, Text
from bulletins.fixed_words import Notice
from bulletins.problems import ProblemKind
from members.roles import Role
from storage.aftermath import SqlAftermath
from storage.bulletin_rows import bulletin_columns
from storage.tables import approvals, bulletins, channels, deliveries
from tests.broadcasts.office import BAC_SAU, LAN, MINH, PHUC, Office, happened

A_CORRECTION_FOLLOWS = [notice for notice in Notice if notice is not Notice.WITHDRAWN]


# --- fixed words ---


@pytest.mark.parametrize("notice", Notice)
async def test_one_person_sends_fixed_words_to_everybody_who_has_it(office: Office, notice: Notice) -> None:
    original = await office.arrived()
    sent = await office.withdrawn(original, MINH, notice)
    assert sent.state is BroadcastState.SENDING
    assert sent.bulletin.references == (original.bulletin.code,)
    assert sent.is_by_one
    assert await office.planned(sent) == 2


@pytest.mark.parametrize("role", Role)
async def test_any_role_of_the_staff_may(office: Office, role: Role) -> None:
    original = await office.arrived()
    await office.give_roles(PHUC, role)
    assert (await office.withdrawn(original, PHUC)).state is BroadcastState.SENDING


async def test_fixed_words_are_confirmed_once(office: Office) -> None:
    draft = await office.notice_of(await office.arrived())
    for _ in range(2):
        assert isinstance(await office.approve(draft, LAN), Consented)
    assert await office.planned(draft) == 2


async def test_fixed_words_are_confirmed_by_whoever_chose_them_and_for_what_the_preview_showed(
    office: Office,
) -> None:
    original = await office.arrived()
    draft = await office.notice_of(original)
    assert await office.approve(draft, MINH) is Refusal.TOO_LATE
    assert await office.desk.approve(draft.id, LAN, original.approval_hash) is Refusal.CHANGED


async def test_fixed_words_with_a_word_of_ones_own_are_new_words(office: Office) -> None:
    """Whatever it is that was changed: no draft that was made as fixed words goes out as something else."""
    original = await office.arrived()
    for edit in (
        reworded(VIETNAMESE, "Chuyển tiền vào số này."),
        lambda bulletin: replace(bulletin, issuer="Ngân hàng của bạn"),
        lambda bulletin: replace(bulletin, source_url="https://evil.example/1"),
        lambda bulletin: replace(bulletin, media=Media("a" * 64, "mã QR.png")),
        lambda bulletin: replace(bulletin, severity=Severity.EXTREME),
        lambda bulletin: replace(bulletin, references=(*bulletin.references, "gọi 0900 000 000")),
        lambda bulletin: replace(bulletin, msg_type=MsgType.UPDATE),
    ):
        draft = await office.notice_of(original)
        edited = happened(await office.desk.edit(draft.id, LAN, edit))
        assert not may_go_alone(edited)
        assert await office.approve(edited, LAN) in (Refusal.OWN_BULLETIN, Refusal.NOT_ALLOWED)
        assert await office.planned(edited) == 0


async def test_who_left_the_staff_or_never_was_of_it_says_nothing(office: Office) -> None:
    original = await office.arrived()
    draft = await office.notice_of(original, PHUC)
    await office.give_roles(PHUC)
    assert await office.approve(draft, PHUC) is Refusal.NOT_ALLOWED
    foreign = await office.notice_of(original, BAC_SAU)
    assert await office.approve(foreign, BAC_SAU) is Refusal.NOT_ALLOWED


async def test_the_record_says_whether_it_was_one_person_or_two(office: Office) -> None:
    original = await office.arrived()
    alone = await office.withdrawn(original, notice=Notice.WRONG_TIME)
    two = await office.corrected(original)
    async with office.engine.connect() as connection:
        rows = (await connection.execute(approvals.select().order_by(approvals.c.approved_at))).all()
    own = {row.bulletin_id: (row.person, row.in_fixed_words) for row in rows}
    assert own[alone.id] == (LAN, True)
    assert own[two.id] == (MINH, False)
    assert not two.is_by_one


async def test_withdrawing_while_it_is_being_sent_stops_the_sending(office: Office) -> None:
    original = await office.sending()
    await office.withdrawn(original, PHUC)
    assert await office.state(original) is BroadcastState.STOPPED


async def test_what_expired_years_ago_is_withdrawn_too(office: Office) -> None:
    original = await office.arrived()
    office.advance(days=900)
    assert (await office.withdrawn(original)).state is BroadcastState.SENDING


async def test_a_drill_is_ended_without_frightening_anybody(office: Office) -> None:
    drill = await office.notice_of(await _drilled(office))
    assert drill.bulletin.texts[VIETNAMESE].headline == "Buổi diễn tập đã kết thúc"
    assert office.desk.problems(drill) == ()


async def test_fixed_words_are_refused_where_no_copy_is(office: Office) -> None:
    original = await office.arrived()
    await office.write(update(deliveries).values(state="failed"))
    await office.write(update(bulletins).values(state="done"))
    draft = await office.notice_of(original)
    assert await office.approve(draft, LAN) is Refusal.NO_AUDIENCE
    assert await office.state(draft) is BroadcastState.DRAFT


async def test_after_a_withdrawal_for_good_nothing_follows(office: Office) -> None:
    original = await office.arrived()
    ready = await office.correction(original, MINH)
    await office.withdrawn(original)
    again = office.desk.compose_correction(original.bulletin.code, office.origin())
    assert await again is Refusal.ALREADY_WITHDRAWN
    assert await office.approve(ready, PHUC) is Refusal.ALREADY_WITHDRAWN


# --- new words ---


async def test_nobody_corrects_alone(office: Office) -> None:
    original = await office.arrived()
    correction = await office.correction(original, LAN)
    assert await office.approve(correction, LAN) is Refusal.OWN_BULLETIN
    assert await office.planned(correction) == 0

    sent = office.begun(await office.approve(correction, PHUC))
    assert sent.state is BroadcastState.SENDING
    assert sent.bulletin.references == (original.bulletin.code,)
    assert sent.bulletin.texts[VIETNAMESE].headline == "Thông tin đúng về: Phun thuốc muỗi phường 5"
    assert await office.planned(correction) == 2


async def test_a_moderator_who_is_no_approver_approves_no_correction(office: Office) -> None:
    original = await office.arrived()
    await office.give_roles(MINH, Role.MODERATOR)
    assert await office.approve(await office.correction(original), MINH) is Refusal.NOT_ALLOWED


async def test_a_correction_takes_two_others_where_the_original_did(office: Office) -> None:
    waiting = await office.in_review(weight=Weight.LIFE_THREATENING)
    await office.approve(waiting, MINH)
    original = office.begun(await office.approve(waiting, PHUC))
    await office.all_arrived(original)
    draft = await office.correction(original)
    lighter = happened(
        await office.desk.edit(draft.id, LAN, lambda bulletin: replace(bulletin, severity=Severity.MINOR))
    )
    lighter = happened(await office.desk.submit(lighter.id, LAN, lighter.approval_hash))
    first = await office.approve(lighter, MINH)
    assert isinstance(first, Consented)
    assert first.still_needed == 1
    assert await office.planned(lighter) == 0
    office.begun(await office.approve(lighter, PHUC))


async def test_how_many_it_takes_is_asked_of_the_rules_in_force(office: Office) -> None:
    original = await office.arrived()
    correction = await office.correction(original)
    office.rules = replace(office.rules, approvals={Severity.MINOR: 2})
    first = await office.approve(correction, MINH)
    assert isinstance(first, Consented)
    assert first.still_needed == 1


async def test_an_edit_voids_the_approvals_of_a_correction(office: Office) -> None:
    office.rules = replace(office.rules, approvals={Severity.MINOR: 2})
    waiting = await office.in_review()
    await office.approve(waiting, MINH)
    original = office.begun(await office.approve(waiting, PHUC))
    correction = await office.correction(original)
    await office.approve(correction, MINH)
    edit = reworded(VIETNAMESE, "Chuyển tiền vào số này.")
    edited = happened(await office.desk.edit(correction.id, LAN, edit))
    assert (edited.state, edited.approved_by) == (BroadcastState.DRAFT, ())


async def test_a_correction_that_says_nothing_is_not_ready(office: Office) -> None:
    original = await office.arrived()
    draft = happened(await office.desk.compose_correction(original.bulletin.code, office.origin()))
    assert [one.kind for one in office.desk.problems(draft)] == [ProblemKind.EMPTY_CORRECTION]
    assert await office.desk.submit(draft.id, LAN, draft.approval_hash) is Refusal.NOT_READY


async def test_every_language_of_a_correction_says_what_is_right(office: Office) -> None:
    bulletin = worded(ENGLISH, Text("Mosquito spraying", "From 7 on 3 December."))(office.notice())
    original = await office.sending(bulletin)
    await office.all_arrived(original)
    draft = happened(await office.desk.compose_correction(original.bulletin.code, office.origin()))
    draft = happened(await office.desk.edit(draft.id, LAN, reworded(VIETNAMESE, "Đúng là 8 giờ.")))
    assert [one.detail for one in office.desk.problems(draft)] == ["en"]


async def test_a_correction_keeps_the_picture_unless_somebody_takes_it_out(office: Office) -> None:
    original = await office.arrived()
    media = Media("a" * 64, "bản đồ.png")
    pictured = replace(original.bulletin, media=media)
    await office.write(
        update(bulletins).where(bulletins.c.id == original.id).values(bulletin_columns(pictured))
    )
    draft = happened(await office.desk.compose_correction(original.bulletin.code, office.origin()))
    assert draft.bulletin.media == media
    assert (await office.notice_of(original)).bulletin.media is None


async def test_the_second_correction_within_the_hour_takes_two_again(office: Office) -> None:
    original = await office.arrived()
    first = await office.corrected(original, LAN, MINH)
    office.advance(minutes=10)
    second = await office.correction(first, MINH)
    assert second.corrects == original.id
    assert second.bulletin.references == (original.bulletin.code, first.bulletin.code)
    assert await office.approve(second, MINH) is Refusal.OWN_BULLETIN
    office.begun(await office.approve(second, LAN))
    assert await office.state(first) is BroadcastState.STOPPED
    assert await office.desk.resume(first.id, LAN) is Refusal.TOO_LATE


# --- a correction follows ---


@pytest.mark.parametrize("notice", A_CORRECTION_FOLLOWS)
async def test_what_was_begun_before_the_notice_goes_out_after_it(office: Office, notice: Notice) -> None:
    original = await office.arrived()
    correction = await office.correction(original)
    told = await office.withdrawn(original, MINH, notice)
    sent = office.begun(await office.approve(correction, PHUC))
    assert sent.state is BroadcastState.SENDING
    assert await office.state(told) is BroadcastState.STOPPED


@pytest.mark.parametrize("notice", A_CORRECTION_FOLLOWS)
async def test_a_correction_after_the_notice_starts_from_the_words_that_stood(
    office: Office, notice: Notice
) -> None:
    original = await office.arrived()
    await office.withdrawn(original, MINH, notice)
    correction = await office.correction(original)
    assert correction.bulletin.texts[VIETNAMESE].headline == "Thông tin đúng về: Phun thuốc muỗi phường 5"
    assert correction.earlier is not None
    assert correction.earlier.standing == correction.earlier.first
    office.begun(await office.approve(correction, PHUC))


async def test_two_who_see_the_same_error_tell_everybody_once(office: Office) -> None:
    original = await office.arrived()
    drafts = [await office.notice_of(original, who, Notice.WRONG_TIME) for who in (LAN, MINH)]
    results = await asyncio.gather(*(office.approve(one, one.author) for one in drafts))
    assert [result is Refusal.SUPERSEDED for result in results].count(True) == 1


async def test_a_notice_that_lay_ready_does_not_take_the_place_of_a_correction(office: Office) -> None:
    original = await office.arrived()
    ready = await office.notice_of(original, MINH, Notice.WRONG_TIME)
    await office.corrected(original)
    assert await office.approve(ready, MINH) is Refusal.SUPERSEDED


# --- several ---


async def test_only_what_went_out_can_be_corrected(office: Office) -> None:
    waiting = await office.in_review()
    for compose in (
        office.desk.compose_correction(waiting.bulletin.code, office.origin(MINH)),
        office.desk.compose_notice(Notice.WITHDRAWN, waiting.bulletin.code, office.origin(MINH)),
    ):
        assert await compose is Refusal.NOT_PUBLISHED
    unknown = office.desk.compose_correction(Code("LOA-ZZZZ-0"), office.origin(MINH))
    assert await unknown is Refusal.UNKNOWN


async def test_a_correction_that_lay_ready_does_not_take_the_place_of_a_newer_one(office: Office) -> None:
    original = await office.arrived()
    ready = await office.correction(original, MINH)
    newer = await office.corrected(original)
    for _ in range(2):
        assert await office.approve(ready, PHUC) is Refusal.SUPERSEDED
    assert await office.state(ready) is BroadcastState.IN_REVIEW
    assert await office.state(newer) is BroadcastState.SENDING
    await office.corrected(original, MINH, PHUC)


async def test_two_corrections_in_the_knowledge_of_the_same_one_do_not_both_go_out(office: Office) -> None:
    """Nothing is known by the clock: all this happens within one of its ticks."""
    original = await office.arrived()
    await office.corrected(original)
    drafts = [await office.correction(original, author) for author in (LAN, MINH)]
    results = await asyncio.gather(*(office.approve(one, PHUC) for one in drafts))
    assert [result is Refusal.SUPERSEDED for result in results].count(True) == 1


async def test_a_scheduled_correction_does_not_start_after_a_newer_one(office: Office) -> None:
    original = await office.arrived()
    later = await office.correction(original, MINH)
    in_an_hour = office.time + timedelta(hours=1)
    later = happened(await office.desk.edit(later.id, MINH, once(in_an_hour, office.time)))
    later = happened(await office.desk.submit(later.id, MINH, later.approval_hash))
    assert isinstance(await office.approve(later, PHUC), Consented)
    await office.corrected(original)
    assert await office.state(later) is BroadcastState.STOPPED
    await office.write(update(bulletins).where(bulletins.c.id == later.id).values(state="scheduled"))

    office.advance(hours=1)
    held = happened(await office.desk.start_due(later.id))

    assert (held.state, held.halted_because) == (BroadcastState.HELD, "superseded")
    assert await office.desk.send_now(later.id, LAN) is Refusal.SUPERSEDED


async def test_a_newer_one_stops_the_one_before_so_that_it_has_the_last_word(office: Office) -> None:
    original = await office.arrived()
    first = await office.corrected(original)
    drafted = await office.correction(original, MINH)
    office.advance(seconds=5)
    second = await office.withdrawn(original)
    assert await office.state(first) is BroadcastState.STOPPED
    assert await office.state(second) is BroadcastState.SENDING
    assert await office.state(drafted) is BroadcastState.IN_REVIEW


async def test_what_of_an_earlier_correction_failed_is_not_sent_after_a_newer_one(office: Office) -> None:
    original = await office.arrived()
    first = await office.corrected(original)
    await office.write(update(deliveries).where(deliveries.c.bulletin_id == first.id).values(state="failed"))
    await office.write(update(bulletins).where(bulletins.c.id == first.id).values(state="done"))
    office.advance(seconds=5)
    aftermath = SqlAftermath(office.engine, office.committer)
    await office.corrected(original)
    assert await aftermath.retry_failed(first.id, office.time) is Refusal.SUPERSEDED


async def test_a_correction_that_was_thrown_away_bars_no_second_try_of_the_original(office: Office) -> None:
    original = await office.sending()
    await office.write(update(deliveries).values(state="failed"))
    draft = await office.correction(original)
    happened(await office.desk.discard(draft.id, LAN))
    aftermath = SqlAftermath(office.engine, office.committer)
    assert await aftermath.retry_failed(original.id, office.time) == 2


async def _drilled(office: Office) -> Broadcast:
    await office.write(update(channels).values(drills=True))
    waiting = await office.in_review(office.notice(Status.EXERCISE))
    return office.begun(await office.approve(waiting, MINH))
