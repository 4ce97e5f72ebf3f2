"""One may correct or withdraw: where it goes, what it says, and what it stops."""

import asyncio
from datetime import timedelta

from sqlalchemy import update

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Amends, once, reworded
from bulletins.bulletin import VIETNAMESE, Code, MsgType
from members.channel import PersonId
from members.roles import Role
from storage.aftermath import SqlAftermath
from storage.tables import bulletins, deliveries
from tests.broadcasts.office import BAC_SAU, LAN, MINH, PHUC, Office, happened


async def test_lan_alone_corrects_what_went_out(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.CORRECTS, LAN)
    edit = reworded(VIETNAMESE, "Phun từ 8 giờ, không phải 7 giờ.")
    draft = happened(await office.desk.edit(draft.id, LAN, edit))

    sent = await office.desk.approve(draft.id, LAN, draft.approval_hash)

    assert isinstance(sent, Consented)
    assert sent.broadcast.state is BroadcastState.SENDING
    assert sent.broadcast.bulletin.references == (original.bulletin.code,)
    assert sent.broadcast.bulletin.texts[VIETNAMESE].headline == "Thông tin đúng về: Phun thuốc muỗi phường 5"
    assert await office.planned(draft) == 2


async def test_a_correction_is_confirmed_once(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.WITHDRAWS, LAN)
    for _ in range(2):
        assert isinstance(await office.desk.approve(draft.id, LAN, draft.approval_hash), Consented)
    assert await office.planned(draft) == 2


async def test_a_correction_is_confirmed_by_its_author_and_for_what_the_preview_showed(
    office: Office,
) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.CORRECTS, LAN)
    assert await office.desk.approve(draft.id, MINH, draft.approval_hash) is Refusal.NOT_AUTHOR
    assert await office.desk.approve(draft.id, LAN, original.approval_hash) is Refusal.CHANGED


async def test_somebody_who_left_the_staff_corrects_nothing(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.CORRECTS, PHUC)
    await office.give_roles(PHUC)
    assert await office.desk.approve(draft.id, PHUC, draft.approval_hash) is Refusal.NOT_ALLOWED


async def test_a_moderator_who_is_no_approver_may_correct(office: Office) -> None:
    original = await _arrived(office)
    await office.give_roles(MINH, Role.MODERATOR)
    draft = await _correction(office, original, Amends.WITHDRAWS, MINH)
    assert isinstance(await office.desk.approve(draft.id, MINH, draft.approval_hash), Consented)


async def test_withdrawing_while_it_is_being_sent_stops_the_sending(office: Office) -> None:
    original = await office.sending()
    draft = await _correction(office, original, Amends.WITHDRAWS, PHUC)
    await office.desk.approve(draft.id, PHUC, draft.approval_hash)
    assert await office.state(original) is BroadcastState.STOPPED


async def test_the_correction_of_a_correction_goes_where_the_first_copies_are(office: Office) -> None:
    original = await _arrived(office)
    first = await _correction(office, original, Amends.CORRECTS, LAN)
    await office.desk.approve(first.id, LAN, first.approval_hash)

    second = await _correction(office, first, Amends.CORRECTS, MINH)

    assert second.corrects == original.id
    assert second.bulletin.references == (original.bulletin.code, first.bulletin.code)


async def test_only_what_went_out_can_be_corrected(office: Office) -> None:
    waiting = await office.in_review()
    origin = office.origin(MINH)
    assert (
        await office.desk.compose_correction(Amends.CORRECTS, waiting.bulletin.code, origin)
        is Refusal.NOT_PUBLISHED
    )
    assert (
        await office.desk.compose_correction(Amends.CORRECTS, Code("LOA-ZZZZ-0"), origin) is Refusal.UNKNOWN
    )


async def test_what_was_withdrawn_is_not_corrected_again(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.WITHDRAWS, LAN)
    await office.desk.approve(draft.id, LAN, draft.approval_hash)
    again = await office.desk.compose_correction(Amends.CORRECTS, original.bulletin.code, office.origin(LAN))
    assert again is Refusal.ALREADY_WITHDRAWN


async def test_a_correction_that_lay_ready_does_not_take_back_a_withdrawal(office: Office) -> None:
    original = await _arrived(office)
    ready = await _correction(office, original, Amends.CORRECTS, MINH)
    withdrawal = await _correction(office, original, Amends.WITHDRAWS, LAN)
    await office.desk.approve(withdrawal.id, LAN, withdrawal.approval_hash)
    assert await office.desk.approve(ready.id, MINH, ready.approval_hash) is Refusal.ALREADY_WITHDRAWN


async def test_a_correction_that_lay_ready_does_not_take_the_place_of_a_newer_one(office: Office) -> None:
    original = await _arrived(office)
    ready = await _correction(office, original, Amends.CORRECTS, MINH)
    newer = await corrected(office, original, Amends.CORRECTS)
    for _ in range(2):
        assert await office.desk.approve(ready.id, MINH, ready.approval_hash) is Refusal.SUPERSEDED
    assert await office.state(ready) is BroadcastState.DRAFT
    assert await office.state(newer) is BroadcastState.SENDING

    anew = await _correction(office, original, Amends.CORRECTS, MINH)
    assert isinstance(await office.desk.approve(anew.id, MINH, anew.approval_hash), Consented)


async def test_two_corrections_in_the_knowledge_of_the_same_one_do_not_both_go_out(office: Office) -> None:
    """Nothing is known by the clock: all this happens within one of its ticks."""
    original = await _arrived(office)
    await corrected(office, original, Amends.CORRECTS)
    drafts = [await _correction(office, original, Amends.CORRECTS, author) for author in (LAN, MINH)]
    approving = (office.desk.approve(one.id, one.author, one.approval_hash) for one in drafts)
    results = await asyncio.gather(*approving)
    assert [result is Refusal.SUPERSEDED for result in results].count(True) == 1


async def test_a_scheduled_correction_does_not_start_after_a_newer_one(office: Office) -> None:
    original = await _arrived(office)
    later = await _correction(office, original, Amends.CORRECTS, MINH)
    in_an_hour = office.time + timedelta(hours=1)
    later = happened(await office.desk.edit(later.id, MINH, once(in_an_hour, office.time)))
    assert isinstance(await office.desk.approve(later.id, MINH, later.approval_hash), Consented)
    await corrected(office, original, Amends.CORRECTS)
    assert await office.state(later) is BroadcastState.STOPPED
    await office.write(update(bulletins).where(bulletins.c.id == later.id).values(state="scheduled"))

    office.advance(hours=1)
    held = happened(await office.desk.start_due(later.id))

    assert (held.state, held.halted_because) == (BroadcastState.HELD, "superseded")
    assert await office.desk.send_now(later.id, LAN) is Refusal.SUPERSEDED


async def test_the_next_correction_stops_the_one_before_it(office: Office) -> None:
    original = await _arrived(office)
    first = await _correction(office, original, Amends.CORRECTS, LAN)
    await office.desk.approve(first.id, LAN, first.approval_hash)
    second = await _correction(office, first, Amends.CORRECTS, MINH)
    await office.desk.approve(second.id, MINH, second.approval_hash)
    assert await office.state(first) is BroadcastState.STOPPED
    assert await office.desk.resume(first.id, LAN) is Refusal.TOO_LATE


async def test_a_correction_that_would_reach_no_copy_is_refused(office: Office) -> None:
    original = await _arrived(office)
    await office.write(update(deliveries).values(state="failed"))
    await office.write(update(bulletins).values(state="done"))
    draft = await _correction(office, original, Amends.WITHDRAWS, LAN)
    assert await office.desk.approve(draft.id, LAN, draft.approval_hash) is Refusal.NO_AUDIENCE
    assert await office.state(draft) is BroadcastState.DRAFT


async def test_a_withdrawal_is_worded_ready(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.WITHDRAWS, LAN)
    assert draft.bulletin.msg_type is MsgType.CANCEL
    assert office.desk.problems(draft) == ()
    assert "Phun thuốc muỗi phường 5" in draft.bulletin.texts[VIETNAMESE].headline


async def test_a_citizens_consent_corrects_nothing(office: Office) -> None:
    original = await _arrived(office)
    draft = await _correction(office, original, Amends.WITHDRAWS, BAC_SAU)
    assert await office.desk.approve(draft.id, BAC_SAU, draft.approval_hash) is Refusal.NOT_ALLOWED


async def _arrived(office: Office) -> Broadcast:
    original = await office.sending()
    await office.all_arrived(original)
    return original


async def _correction(office: Office, original: Broadcast, amends: Amends, author: PersonId) -> Broadcast:
    origin = office.origin(author)
    return happened(await office.desk.compose_correction(amends, original.bulletin.code, origin))


async def test_a_newer_correction_stops_the_one_before_so_that_it_has_the_last_word(office: Office) -> None:
    original = await office.sending()
    await office.all_arrived(original)
    first = await corrected(office, original, Amends.CORRECTS)
    drafted = happened(
        await office.desk.compose_correction(Amends.CORRECTS, original.bulletin.code, office.origin(MINH))
    )
    office.advance(seconds=5)
    second = await corrected(office, original, Amends.WITHDRAWS)
    assert await office.state(first) is BroadcastState.STOPPED
    assert await office.state(second) is BroadcastState.SENDING
    assert await office.state(drafted) is BroadcastState.DRAFT


async def test_what_of_an_earlier_correction_failed_is_not_sent_after_a_newer_one(office: Office) -> None:
    original = await office.sending()
    await office.all_arrived(original)
    first = await corrected(office, original, Amends.CORRECTS)
    await office.write(update(deliveries).where(deliveries.c.bulletin_id == first.id).values(state="failed"))
    await office.write(update(bulletins).where(bulletins.c.id == first.id).values(state="done"))
    office.advance(seconds=5)
    aftermath = SqlAftermath(office.engine, office.committer)
    await corrected(office, original, Amends.CORRECTS)
    assert await aftermath.retry_failed(first.id, office.time) is Refusal.SUPERSEDED


async def corrected(office: Office, original: Broadcast, amends: Amends) -> Broadcast:
    """Lan's correction of it is being sent."""
    draft = happened(await office.desk.compose_correction(amends, original.bulletin.code, office.origin(LAN)))
    given = await office.desk.approve(draft.id, LAN, draft.approval_hash)
    assert isinstance(given, Consented)
    return given.broadcast


async def test_a_correction_that_was_thrown_away_bars_no_second_try_of_the_original(office: Office) -> None:
    original = await office.sending()
    await office.write(update(deliveries).values(state="failed"))
    draft = await _correction(office, original, Amends.CORRECTS, LAN)
    happened(await office.desk.discard(draft.id, LAN))
    aftermath = SqlAftermath(office.engine, office.committer)
    assert await aftermath.retry_failed(original.id, office.time) == 2
