"""One person would count twice, or for what their role is not for; or still counts when their role is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Weight, once, weighted
from members.roles import Role
from members.staff import Grant
from storage.tables import approvals, staff
from tests.handlers.house import House
from tests.handlers.personnel import Personnel

APPROVER = Grant(frozenset({Role.APPROVER}))


@pytest.fixture
async def personnel(house: House) -> Personnel:
    personnel = Personnel(house)
    await personnel.open()
    return personnel


async def severe_in_review(personnel: Personnel) -> Broadcast:
    """Lan's bulletin that takes two approvals."""
    newsroom = personnel.newsroom
    await newsroom.compose(newsroom.lan)
    draft = await newsroom.newest()
    lan = newsroom.person(newsroom.lan)
    await newsroom.desk.edit(draft.id, lan, weighted(Weight.LIFE_THREATENING))
    draft = await newsroom.newest()
    waiting = await newsroom.desk.submit(draft.id, lan, draft.approval_hash)
    assert isinstance(waiting, Broadcast), waiting
    return waiting


async def test_who_is_demoted_in_the_moment_of_approving_has_not_approved(personnel: Personnel) -> None:
    """Whichever came first: afterwards the yes is void, also if the role is given back."""
    house, newsroom = personnel.house, personnel.newsroom
    waiting = await severe_in_review(personnel)
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))

    await asyncio.gather(
        newsroom.desk.approve(waiting.id, minh, waiting.approval_hash),
        house.staffing.remove(minh, frozenset({Role.APPROVER}), lan),
    )
    given_back = await house.staffing.invite(lan, APPROVER)
    assert isinstance(given_back, tuple)
    await house.staffing.accept(given_back[1], minh, "Minh")
    await house.staffing.decide(given_back[1], lan, is_yes=True)

    result = await newsroom.desk.approve(waiting.id, phuc, waiting.approval_hash)
    assert isinstance(result, Consented)
    assert result.still_needed == 1
    assert result.broadcast.approved_by == (phuc,)


async def test_what_was_approved_by_one_who_lost_the_role_is_not_sent_at_its_time(
    personnel: Personnel,
) -> None:
    newsroom, lan = personnel.newsroom, personnel.person("lan")
    waiting = await severe_in_review(personnel)
    for name in ("minh", "phuc"):
        person = personnel.person(name)
        last = await newsroom.desk.approve(waiting.id, person, waiting.approval_hash)
        if name == "minh":
            await personnel.house.staffing.remove(person, frozenset(Role), lan)

    assert isinstance(last, Consented)
    assert last.still_needed == 1
    assert await newsroom.planned(waiting) == 0


async def test_one_person_with_two_accounts_approves_once(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    waiting = await severe_in_review(personnel)
    await newsroom.desk.approve(waiting.id, minh, waiting.approval_hash)
    await house.staffing.link(minh, phuc, lan)

    assert await newsroom.desk.approve(waiting.id, phuc, waiting.approval_hash) is Refusal.SAME_PERSON
    await house.say(newsroom.phuc, "/duyet")
    assert "Không có bản tin nào chờ bạn duyệt" in house.last(newsroom.phuc).text
    assert await newsroom.planned(waiting) == 0


async def test_accounts_linked_after_both_approved_count_once_when_it_is_counted(
    personnel: Personnel,
) -> None:
    """Also behind the code's back: both rows stand there, and one of them counts."""
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    waiting = await severe_in_review(personnel)
    rows = [
        {
            "bulletin_id": waiting.id,
            "person": person,
            "approval_hash": waiting.approval_hash,
            "approved_at": house.clock.now(),
        }
        for person in (minh, phuc)
    ]
    await house.committer.write(lambda connection: connection.execute(insert(approvals), rows))
    before = await newsroom.newest()
    assert set(before.approved_by) == {minh, phuc}

    await house.staffing.link(phuc, minh, lan)

    assert len((await newsroom.newest()).approved_by) == 1


async def test_nobody_approves_their_own_words_from_their_other_account(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh = personnel.person("lan"), personnel.person("minh")
    await house.staffing.link(lan, minh, lan)
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    waiting = await newsroom.newest()
    assert "Đã hỏi: Phúc." in house.last(newsroom.lan).text

    refused = await newsroom.desk.approve(waiting.id, minh, waiting.approval_hash)

    assert refused is Refusal.OWN_BULLETIN
    assert (await newsroom.newest()).state is BroadcastState.IN_REVIEW


async def test_leaving_and_coming_back_makes_nobody_a_second_person(personnel: Personnel) -> None:
    """Lan's first account leaves the staff after writing: the second one still is Lan."""
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    await personnel.make_owner(phuc)
    await house.staffing.link(lan, minh, lan)
    await newsroom.compose(newsroom.lan)
    await newsroom.submit(newsroom.lan)
    waiting = await newsroom.newest()
    await house.say(newsroom.lan, "/quen")
    assert await personnel.roles(newsroom.lan) == frozenset()

    refused = await newsroom.desk.approve(waiting.id, minh, waiting.approval_hash)

    assert refused is Refusal.OWN_BULLETIN


async def test_a_row_out_of_its_limits_counts_for_nothing(personnel: Personnel) -> None:
    """Phúc approved before his role was limited to another office."""
    house, newsroom = personnel.house, personnel.newsroom
    phuc = personnel.person("phuc")
    waiting = await severe_in_review(personnel)
    await newsroom.desk.approve(waiting.id, phuc, waiting.approval_hash)
    assert (await newsroom.newest()).approved_by == (phuc,)

    limited = update(staff).where(staff.c.person == phuc).values(issuers=["Công an tỉnh"])
    await house.committer.write(lambda connection: connection.execute(limited))

    assert (await newsroom.newest()).approved_by == ()
    again = await newsroom.desk.approve(waiting.id, phuc, waiting.approval_hash)
    assert again is Refusal.OUTSIDE_LIMITS


async def only_for_another_office(personnel: Personnel, name: str) -> None:
    """Somebody's role is limited behind their back."""
    limited = update(staff).where(staff.c.person == personnel.person(name))
    await personnel.newsroom.write(limited.values(issuers=["Công an tỉnh"]))


async def test_who_is_limited_to_another_office_starts_nothing_and_stops_everything(
    personnel: Personnel,
) -> None:
    newsroom, lan, minh = personnel.newsroom, personnel.person("lan"), personnel.person("minh")
    await newsroom.compose(newsroom.lan)
    draft, tomorrow = await newsroom.newest(), personnel.house.clock.now() + timedelta(hours=20)
    await newsroom.desk.edit(draft.id, lan, once(tomorrow, personnel.house.clock.now()))
    draft = await newsroom.newest()
    await newsroom.desk.submit(draft.id, lan, draft.approval_hash)
    await newsroom.desk.approve(draft.id, minh, draft.approval_hash)
    assert (await newsroom.newest()).state is BroadcastState.SCHEDULED
    await only_for_another_office(personnel, "phuc")
    phuc = personnel.person("phuc")

    assert await newsroom.desk.send_now(draft.id, phuc) is Refusal.OUTSIDE_LIMITS
    assert await newsroom.planned(draft) == 0
    stopped = await newsroom.desk.stop(draft.id, phuc)

    assert isinstance(stopped, Broadcast)
    assert stopped.state is BroadcastState.STOPPED


async def test_who_is_limited_to_another_office_resumes_nothing(personnel: Personnel) -> None:
    newsroom = personnel.newsroom
    sending = await newsroom.published()
    await newsroom.desk.pause(sending.id, personnel.person("lan"))
    await only_for_another_office(personnel, "phuc")

    assert await newsroom.desk.resume(sending.id, personnel.person("phuc")) is Refusal.OUTSIDE_LIMITS
    assert (await newsroom.newest()).state is BroadcastState.PAUSED


async def test_an_approval_from_the_authors_other_account_counts_no_more_once_that_is_known(
    personnel: Personnel,
) -> None:
    newsroom, lan, minh = personnel.newsroom, personnel.person("lan"), personnel.person("minh")
    waiting = await severe_in_review(personnel)
    await newsroom.desk.approve(waiting.id, minh, waiting.approval_hash)
    assert (await newsroom.newest()).approved_by == (minh,)

    await personnel.house.staffing.link(minh, lan, lan)

    assert (await newsroom.newest()).approved_by == ()
