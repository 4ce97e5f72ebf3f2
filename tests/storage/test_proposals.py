"""Proposed verdicts in a real database: ten places in all, and a second person who is one, on both backends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from members.channel import PersonId
from members.roles import Role
from reports.cases import CaseState, Reason, VerdictKind
from reports.ports import CardPlace, ClaimOutcome, FiledAs, GivingOutcome, Retention, Told
from reports.seconding import Second, Seconding
from storage.tables import cases, linked_accounts, staff
from tests.storage.proposing import (
    CASE,
    HANH,
    LAN,
    LATER,
    MINH,
    NOON,
    SOON,
    Books,
    process,
    reporter,
    takes_two,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every backend keeps the same promises."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("prepared_postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite3"


@pytest.fixture
async def processes(url: str) -> AsyncIterator[tuple[Books, Books]]:
    """Two of them over the same database, with Lan, Minh and Hạnh on the staff."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(process(url, 1))
        second = await stack.enter_async_context(process(url, 100_000))
        people = [(LAN, "Lan", Role.MODERATOR), (MINH, "Minh", Role.MODERATOR), (HANH, "Hạnh", Role.APPROVER)]
        rows = [{"person": person, "name": name, "roles": [role]} for person, name, role in people]
        await first.committer.write(lambda connection: connection.execute(insert(staff), rows))
        yield first, second


@pytest.fixture
def books(processes: tuple[Books, Books]) -> Books:
    return processes[0]


# --- ten places


async def test_of_many_who_meet_it_at_once_in_two_processes_ten_are_told(
    processes: tuple[Books, Books],
) -> None:
    first, second = processes
    await first.file(1)
    await first.propose()

    told = await asyncio.gather(*(books.meets() for books in processes for _ in range(30)))

    assert sum(told) == 10
    assert not await second.meets()


async def test_reporters_and_readers_share_the_ten_places(processes: tuple[Books, Books]) -> None:
    first, second = processes
    for number in range(8):
        await first.file(number)
    await first.propose()
    readers = [await second.meets() for _ in range(6)]

    taken = await first.tellings.take(NOON, SOON, 50)

    assert (sum(readers), len(taken)) == (6, 4)
    assert await second.tellings.take(NOON, SOON, 50) == []
    await first.agree()
    assert len(await second.tellings.take(NOON, SOON, 50)) == 4


async def test_a_place_is_free_again_when_it_certainly_did_not_arrive(books: Books) -> None:
    await books.file(1)
    await books.propose()
    (telling,) = await books.tellings.take(NOON, SOON, 50)
    assert await books.told_alone() == 1

    await books.tellings.settle(telling, Told.NOT_SENT, NOON)

    assert await books.told_alone() == 0
    (again,) = await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50)
    assert (again.may_be_repeat, await books.told_alone()) == (False, 1)


async def test_a_place_stays_taken_when_it_may_have_arrived_and_the_repeat_takes_no_other(
    books: Books,
) -> None:
    await books.file(1)
    await books.propose()
    (telling,) = await books.tellings.take(NOON, SOON, 50)
    await books.tellings.settle(telling, Told.UNKNOWN, NOON)

    for _ in range(9):
        assert await books.meets()
    assert not await books.meets()

    (again,) = await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50)
    assert (again.may_be_repeat, again.was_counted) == (True, False)
    await books.tellings.settle(again, Told.NOT_SENT, LATER)

    assert await books.told_alone() == 10


async def test_who_was_told_early_is_not_told_again_when_it_is_agreed_to(books: Books) -> None:
    await books.file(1)
    await books.propose()
    (telling,) = await books.tellings.take(NOON, SOON, 50)
    assert telling.verdict.awaits_second
    await books.tellings.settle(telling, Told.ARRIVED, NOON)

    await books.agree()

    assert await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50) == []


async def test_agreement_gives_the_next_words_places_of_their_own(books: Books) -> None:
    await books.file(1)
    await books.propose()
    for _ in range(10):
        assert await books.meets()
    await books.agree()
    await books.propose("Sau khi hỏi lại thì khác.")

    assert [await books.meets() for _ in range(11)] == [True] * 10 + [False]


# --- the second person


async def test_the_author_agrees_to_nothing_of_their_own(books: Books) -> None:
    await books.file(1)
    await books.propose()

    assert await books.agree(LAN) is Seconding.OWN
    assert await books.proposals.send_back(Second(CASE, LAN, await books.sha256(), NOON)) is Seconding.OWN
    assert (await books.case()).state is CaseState.PROPOSED


async def test_another_account_of_the_author_is_the_author(books: Books) -> None:
    linked = [{"person": person, "human": "one"} for person in (LAN, MINH)]
    await books.committer.write(lambda connection: connection.execute(insert(linked_accounts), linked))
    await books.file(1)
    await books.propose()

    assert await books.agree(MINH) is Seconding.OWN
    assert await books.proposals.others(LAN) == ["Hạnh"]
    assert (await books.case()).state is CaseState.PROPOSED


async def test_roles_are_read_in_the_transaction(books: Books) -> None:
    await books.file(1)
    await books.propose()
    await books.dismiss(MINH)

    assert await books.agree(MINH) is Seconding.NOT_STAFF
    assert await books.agree(PersonId("telegram:9")) is Seconding.NOT_STAFF
    assert await books.agree(HANH) is Seconding.DONE


async def test_an_agreement_is_to_exactly_the_words_that_were_shown(books: Books) -> None:
    await books.file(1)
    await books.propose()
    shown = await books.sha256()
    assert await books.proposals.take_back(Second(CASE, LAN, shown, NOON)) is Seconding.DONE
    await books.give(VerdictKind.SCAM, takes_two, "Lời khác hẳn, không ai đã đọc.")

    assert await books.agree(MINH, shown) is Seconding.CHANGED
    assert (await books.case()).state is CaseState.PROPOSED


async def test_of_many_who_agree_at_once_one_is_the_second_person(processes: tuple[Books, Books]) -> None:
    first, second = processes
    await first.file(1)
    await first.propose()
    sha256 = await first.sha256()

    outcomes = await asyncio.gather(
        *(books.agree(who, sha256) for books in processes for who in (MINH, HANH))
    )

    assert sorted(outcomes) == [Seconding.DONE, *[Seconding.REPEATED] * 3]
    assert (await second.case()).state is CaseState.ANSWERED


async def test_a_proposed_case_is_nobodys_to_claim_or_give_back(books: Books) -> None:
    await books.file(1)
    await books.propose()

    assert await books.casework.claim(CASE, MINH, NOON) is ClaimOutcome.OVER
    assert await books.casework.release(CASE, NOON) is ClaimOutcome.OVER
    assert await books.casework.choose(CASE, LAN, VerdictKind.TRUE) is ClaimOutcome.OVER
    assert await books.give() is GivingOutcome.NOT_YOURS


async def test_sent_back_to_an_author_who_has_gone_it_is_anybodys(books: Books) -> None:
    await books.file(1)
    await books.propose()
    await books.dismiss(LAN)

    sent_back = await books.proposals.send_back(Second(CASE, MINH, await books.sha256(), NOON))

    assert sent_back is Seconding.DONE
    assert (await books.case()).state is CaseState.OPEN
    assert await books.casework.claim(CASE, MINH, NOON) is ClaimOutcome.DONE


async def test_who_can_be_the_second_person_is_told_by_name(books: Books) -> None:
    assert await books.proposals.others(LAN) == ["Hạnh", "Minh"]
    await books.dismiss(HANH)
    assert await books.proposals.others(MINH) == ["Lan"]


async def test_who_heard_a_revision_that_was_sent_back_is_told_what_stands(books: Books) -> None:
    await books.file(1)
    await books.casework.claim(CASE, LAN, NOON)
    assert await books.give() is GivingOutcome.GIVEN
    await books.propose("Sau khi hỏi lại thì khác.")
    (early,) = await books.tellings.take(NOON, SOON, 50)
    await books.tellings.settle(early, Told.ARRIVED, NOON)

    await books.proposals.send_back(Second(CASE, MINH, await books.sha256(), NOON))

    (telling,) = await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50)
    assert (telling.verdict.kind, telling.is_revision) == (VerdictKind.FALSE, True)


# --- what changes later


async def test_a_severe_report_and_the_verdict_at_the_same_moment_never_pass_each_other(
    processes: tuple[Books, Books],
) -> None:
    first, second = processes
    await first.file(1)
    await first.casework.claim(CASE, LAN, NOON)

    await asyncio.gather(first.give(), second.file(2, Reason.HARMFUL_RUMOUR))

    assert (await first.case()).state is CaseState.PROPOSED


async def test_whoever_was_being_told_what_became_severe_waits_for_the_second_person(books: Books) -> None:
    await books.file(1)
    await books.casework.claim(CASE, LAN, NOON)
    assert await books.give() is GivingOutcome.GIVEN
    for _ in range(12):
        assert await books.meets()
    (telling,) = await books.tellings.take(NOON, SOON, 50)
    await books.tellings.settle(telling, Told.UNKNOWN, NOON)

    await books.file(2, Reason.HARMFUL_RUMOUR)

    assert await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50) == []
    await books.agree()
    assert len(await books.tellings.take(LATER, LATER + timedelta(minutes=1), 50)) == 2


async def test_what_two_agreed_to_stands_whatever_is_reported_later(books: Books) -> None:
    await books.file(1, Reason.HARMFUL_RUMOUR)
    await books.casework.claim(CASE, LAN, NOON)
    assert await books.give() is GivingOutcome.PROPOSED
    await books.agree()

    await books.file(2, Reason.HARMFUL_RUMOUR)

    assert (await books.case()).state is CaseState.ANSWERED


async def test_a_proposal_nobody_agreed_to_ends_with_its_evidence(books: Books) -> None:
    await books.file(1)
    await books.propose()

    await books.evidence.sweep(Retention(), NOON + timedelta(days=91))

    assert not await books.meets()
    assert await books.proposals.waiting(5) == []
    assert await books.file(2) is FiledAs.NEW_CASE


async def test_a_proposal_outlives_a_reporter_who_is_forgotten_but_not_the_last_one(books: Books) -> None:
    await books.file(1)
    await books.file(2)
    await books.propose()

    await books.own.forget(reporter(1))
    case = await books.case()
    assert (case.state, case.proposal is None, case.listeners) == (CaseState.PROPOSED, False, 1)
    sha256 = await books.sha256()
    await books.own.forget(reporter(2))

    case = await books.case()
    assert (case.state, case.verdict, case.is_erased) == (CaseState.CLOSED, None, True)
    assert await books.agree(sha256=sha256) is Seconding.OVER
    assert not await books.meets()


async def test_a_proposal_about_what_nobody_can_read_any_more_is_given_up(books: Books) -> None:
    await books.file(1)
    await books.propose()
    sha256 = await books.sha256()
    await books.lose_key()

    assert await books.evidence.give_up_unreadable(NOON) == [CASE]

    assert (await books.case()).state is CaseState.CLOSED
    assert await books.proposals.waiting(5) == []
    assert await books.agree(sha256=sha256) is Seconding.OVER
    assert not await books.meets()


async def test_a_revision_nobody_can_read_is_given_up_and_what_stood_stands(books: Books) -> None:
    await books.file(1)
    await books.casework.claim(CASE, LAN, NOON)
    assert await books.give() is GivingOutcome.GIVEN
    await books.propose("Sau khi hỏi lại thì khác.")
    await books.lose_key()

    assert await books.evidence.give_up_unreadable(NOON) == [CASE]

    verdict = (await books.case()).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.awaits_second) == (VerdictKind.FALSE, False)


async def test_what_was_sent_back_is_kept_for_its_author_and_sealed(books: Books) -> None:
    await books.file(1)
    await books.propose("Chưa ai nghiên cứu điều này.")

    await books.proposals.send_back(Second(CASE, MINH, await books.sha256(), NOON))

    deciding = await books.casework.deciding("", LAN)
    assert deciding is not None
    assert (deciding.written, deciding.kind) == ("Chưa ai nghiên cứu điều này.", VerdictKind.SCAM)
    row = (await books.committer.write(lambda c: c.execute(select(cases)))).one()
    assert "nghiên cứu".encode() not in row.sealed_deciding


async def test_a_card_shows_that_a_proposal_was_made_and_agreed_to(books: Books) -> None:
    await books.file(1)
    shown = []
    for act in (books.propose, books.agree):
        await act()
        (card,) = await books.cards.take_stale(NOON + len(shown) * timedelta(hours=1), 5)
        await books.cards.placed(card, CardPlace("-100", "9", None))
        shown.append(card.case.state)

    assert shown == [CaseState.PROPOSED, CaseState.ANSWERED]


async def test_a_severe_report_of_an_answered_case_makes_its_card_stale(books: Books) -> None:
    await books.file(1)
    await books.casework.claim(CASE, LAN, NOON)
    assert await books.give() is GivingOutcome.GIVEN
    await books.evidence.sweep(Retention(), NOON + timedelta(days=31))
    card = await books.cards.take(CASE, NOON)
    assert card is not None
    await books.cards.placed(card, CardPlace("-100", "9", None))

    await books.file(2, Reason.HARMFUL_RUMOUR)

    (card,) = await books.cards.take_stale(NOON + timedelta(days=32), 5)
    assert (card.case.state, card.place) == (CaseState.PROPOSED, None)
