"""Cases in a real database: one case a content, pseudonyms a case, sealed addresses, forgetting, and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from members.channel import PersonId
from reports import receipts
from reports.cases import CaseId, CaseState, Need, Purpose, Reason, Receipt, VerdictKind
from reports.content import Content
from reports.drafts import DraftToken, ReplyAddress
from reports.ports import (
    ClaimOutcome,
    Filed,
    FiledAs,
    Filing,
    GivingOutcome,
    NewVerdict,
    Retention,
    Told,
)
from storage.cards import CardRecord
from storage.case_keys import case_keys
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.forgetting import EvidenceBook, OwnReports
from storage.sealing import CaseKey, SealBroken, Sealer
from storage.tables import cases, consents, metadata, reports
from storage.tellings import TellingRecord
from tests.keys import one_after_another

NOON = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
SAU, BA = PersonId("telegram:1001"), PersonId("telegram:1002")
LAN, MINH = PersonId("telegram:2001"), PersonId("telegram:2002")
RUMOUR = Content("Uống nước chanh nóng chữa khỏi ung thư", (), False, False, False)


def one_is_enough(_: Collection[Reason]) -> tuple[Need, ...]:
    """What this file is about takes no second person; see ``test_proposals.py``."""
    return ()


def address_of(person: PersonId) -> ReplyAddress:
    return ReplyAddress("loa", person.partition(":")[2], "7", "vi")


@dataclass(slots=True)
class Books:
    """The books over one database, and what people do with them."""

    engine: AsyncEngine
    committer: Committer
    cases: CaseBook
    casework: CaseworkBook
    tellings: TellingRecord
    own: OwnReports
    evidence: EvidenceBook
    sealer: Sealer
    numbers: count[int]

    async def file(self, person: PersonId, content: Content = RUMOUR, at: datetime = NOON) -> Filed:
        return await self.cases.file(filing(person, content, f"draft-{next(self.numbers)}", at), self.receipt)

    def receipt(self) -> Receipt:
        return receipts.make(str(next(self.numbers)))

    async def answer(self, case: CaseId, at: datetime = NOON, kind: VerdictKind = VerdictKind.FALSE) -> None:
        assert await self.casework.claim(case, LAN, at) is ClaimOutcome.DONE
        given = await self.casework.give(
            NewVerdict(
                case=case,
                moderator=LAN,
                kind=kind,
                explanation="Không có nghiên cứu nào như vậy.",
                sources=("https://moh.gov.vn/tin",),
                origin_key=f"reply-{next(self.numbers)}",
                at=at,
            ),
            one_is_enough,
        )
        assert given in (GivingOutcome.GIVEN, GivingOutcome.REVISED)

    async def rows(self, table: Table) -> list[Row[tuple[object, ...]]]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(select(table).order_by(*table.primary_key)))

    async def key(self) -> bytes | None:
        """The only case's key, wrapped."""
        async with self.engine.connect() as connection:
            wrapped: bytes | None = await connection.scalar(select(case_keys.c.wrapped))
            return wrapped

    async def content(self) -> str:
        """What the only case's card would show."""
        card = await CardRecord(self.engine, self.committer, self.sealer).take(CaseId(1), NOON)
        assert card is not None
        return card.case.content

    async def case(self) -> Row[tuple[object, ...]]:
        (case,) = await self.rows(cases)
        return case


def filing(person: PersonId, content: Content, draft: str, at: datetime) -> Filing:
    return Filing(
        draft=DraftToken(draft),
        person=person,
        address=address_of(person),
        content=content,
        content_sha256=content.sha256,
        findings=(("link", "chua-benh.vip"),),
        reason=Reason.OTHER_FACTUAL,
        is_severe=False,
        consents=((Purpose.FILE, "aa"), (Purpose.TELL, "aa")),
        at=at,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every backend keeps the same promises."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("prepared_postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite3"


@asynccontextmanager
async def open_books(url: str) -> AsyncIterator[Books]:
    """Books over this database, which is closed at the end."""
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    running = asyncio.create_task(committer.run())
    sealer = Sealer(bytes(range(32)), random_bytes=Random(5).randbytes)
    yield Books(
        engine,
        committer,
        CaseBook(engine, committer, sealer, draw=one_after_another()),
        CaseworkBook(engine, committer, sealer),
        TellingRecord(engine, committer, sealer),
        OwnReports(engine, committer, sealer, now=lambda: NOON, random_bytes=Random(6).randbytes),
        EvidenceBook(committer),
        sealer,
        count(1),
    )
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await engine.dispose()


@pytest.fixture
async def books(url: str) -> AsyncIterator[Books]:
    async with open_books(url) as books:
        yield books


async def test_many_reports_of_one_content_are_one_case(books: Books) -> None:
    first = await books.file(SAU)
    second = await books.file(BA, replace(RUMOUR, text="UONG NUOC CHANH NONG, chữa khỏi ung thư!!"))

    assert (first.outcome, second.outcome) == (FiledAs.NEW_CASE, FiledAs.JOINED)
    assert first.receipt != second.receipt
    assert len(await books.rows(cases)) == 1


async def test_filings_at_the_same_moment_open_one_case(books: Books) -> None:
    people = [PersonId(f"telegram:{number}") for number in range(50)]

    filed = await asyncio.gather(*(books.file(person) for person in people))

    assert sum(one.outcome is FiledAs.NEW_CASE for one in filed) == 1
    assert len(await books.rows(reports)) == 50
    assert len(await books.rows(cases)) == 1


async def test_a_filing_repeated_after_a_crash_changes_nothing(books: Books) -> None:
    first = await books.cases.file(filing(SAU, RUMOUR, "draft-x", NOON), books.receipt)

    again = await books.cases.file(filing(SAU, RUMOUR, "draft-x", NOON), books.receipt)

    assert again.receipt == first.receipt
    assert len(await books.rows(reports)) == 1
    assert len(await books.rows(consents)) == 2


async def test_two_cases_of_one_person_cannot_be_linked(books: Books) -> None:
    await books.file(SAU)
    await books.file(SAU, replace(RUMOUR, text="Chuyện hoàn toàn khác"))

    first, second = await books.rows(reports)

    assert first.reporter != second.reporter
    assert first.origin_key != second.origin_key


async def test_nobody_can_be_read_out_of_the_tables(books: Books) -> None:
    await books.file(SAU)

    kept = repr([await books.rows(table) for table in metadata.sorted_tables])

    assert "1001" not in kept
    assert "draft-" not in kept


async def test_without_the_operators_secret_nothing_opens(books: Books) -> None:
    await books.file(SAU)
    case = await books.case()

    with pytest.raises(SealBroken):
        Sealer(bytes(32)).case_key(await books.key() or b"", str(case.id))


def test_what_is_sealed_opens_in_its_own_context_only() -> None:
    key = CaseKey(bytes(32), Random(1).randbytes)
    sealed = key.seal(b"chat 1001", "PA-1")

    assert key.open(sealed, "PA-1") == b"chat 1001"
    with pytest.raises(SealBroken):
        key.open(sealed, "PA-2")
    with pytest.raises(SealBroken):
        key.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "PA-1")


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")


async def test_of_many_who_claim_at_once_one_gets_the_case(books: Books) -> None:
    await books.file(SAU)
    people = [PersonId(f"telegram:{number}") for number in range(20)]

    outcomes = await asyncio.gather(*(books.casework.claim(CaseId(1), person, NOON) for person in people))

    assert outcomes.count(ClaimOutcome.DONE) == 1
    assert outcomes.count(ClaimOutcome.TAKEN) == 19


async def test_a_verdict_is_given_by_the_claimer_alone(books: Books) -> None:
    await books.file(SAU)
    await books.casework.claim(CaseId(1), LAN, NOON)
    theirs = NewVerdict(
        case=CaseId(1),
        moderator=MINH,
        kind=VerdictKind.TRUE,
        explanation="Không phải việc của tôi.",
        sources=("https://a.vn",),
        origin_key="reply-minh",
        at=NOON,
    )

    assert await books.casework.give(theirs, one_is_enough) is GivingOutcome.NOT_YOURS
    assert (await books.case()).state == CaseState.CLAIMED


async def test_each_telling_is_taken_once(books: Books) -> None:
    await books.file(SAU)
    await books.file(BA)
    await books.answer(CaseId(1))
    later = NOON + timedelta(minutes=1)

    taken = [await books.tellings.take(NOON, later, 1) for _ in range(3)]

    assert [len(tellings) for tellings in taken] == [1, 1, 0]
    assert taken[0][0].address == address_of(SAU)
    assert len(await books.tellings.take(later, later + timedelta(minutes=1), 10)) == 2


async def test_a_revision_during_the_telling_is_told_too(books: Books) -> None:
    await books.file(SAU)
    await books.answer(CaseId(1))
    (first,) = await books.tellings.take(NOON, NOON + timedelta(minutes=1), 10)
    await books.answer(CaseId(1), kind=VerdictKind.SCAM)

    await books.tellings.settle(first, Told.ARRIVED, NOON)
    (second,) = await books.tellings.take(NOON, NOON + timedelta(minutes=1), 10)

    assert (second.verdict.kind, second.is_revision) == (VerdictKind.SCAM, True)


async def test_forgetting_one_person_leaves_the_others_and_the_case(books: Books) -> None:
    await books.file(SAU)
    await books.file(BA)
    before = {report.receipt: report.reporter for report in await books.rows(reports)}

    await books.own.forget(SAU)
    await books.own.forget(SAU)

    sau, ba = sorted(await books.rows(reports), key=lambda report: report.reporter is not None)
    assert (sau.sealed_address, sau.reporter, sau.locator) == (None, None, None)
    assert (ba.reporter, ba.sealed_address is not None) == (before[ba.receipt], True)
    await books.answer(CaseId(1))
    told = await books.tellings.take(NOON, NOON + timedelta(minutes=1), 10)
    assert [telling.address for telling in told] == [address_of(BA)]


async def test_evidence_goes_ninety_days_after_filing_at_the_latest(books: Books) -> None:
    await books.file(SAU)
    await books.casework.claim(CaseId(1), LAN, NOON)

    await books.evidence.sweep(Retention(), NOON + timedelta(days=89))
    assert await books.content() == RUMOUR.text
    await books.evidence.sweep(Retention(), NOON + timedelta(days=90))

    case = await books.case()
    assert (await books.content(), case.sealed, await books.key()) == ("", None, None)
    assert case.state == CaseState.CLOSED
    assert (await books.rows(reports))[0].sealed_address is None


async def test_a_closed_case_keeps_its_verdict_for_whoever_asks_later(books: Books) -> None:
    await books.file(SAU)
    await books.answer(CaseId(1))
    for days in (30, 60):
        await books.evidence.sweep(Retention(), NOON + timedelta(days=days))
    assert await books.key() is None

    known = await books.cases.known(RUMOUR.sha256)
    filed = await books.file(BA, at=NOON + timedelta(days=61))

    assert known is not None
    assert known.verdict is not None
    assert (filed.outcome, filed.is_answered) == (FiledAs.JOINED, True)
    told = await books.tellings.take(NOON + timedelta(days=61), NOON + timedelta(days=62), 10)
    assert [telling.address for telling in told] == [address_of(BA)]


async def test_a_settled_case_is_not_closed_under_the_hands_of_who_revises_it(books: Books) -> None:
    await books.file(SAU)
    await books.answer(CaseId(1))
    await books.casework.claim(CaseId(1), MINH, NOON + timedelta(days=29))

    await books.evidence.sweep(Retention(), NOON + timedelta(days=31))

    assert (await books.case()).state == CaseState.ANSWERED


async def test_a_receipt_that_is_taken_is_drawn_again(books: Books) -> None:
    drawn = iter([Receipt("PA-0000-0001"), Receipt("PA-0000-0001"), Receipt("PA-0000-0002")])
    await books.cases.file(filing(SAU, RUMOUR, "a", NOON), lambda: next(drawn))

    filed = await books.cases.file(filing(BA, RUMOUR, "b", NOON), lambda: next(drawn))

    assert filed.receipt == "PA-0000-0002"


async def test_after_the_secret_was_changed_work_goes_on_without_the_old_addresses(books: Books) -> None:
    await books.file(SAU)
    await books.answer(CaseId(1))
    stranger = Sealer(b"x" * 32)
    tellings = TellingRecord(books.engine, books.committer, stranger)
    anew = CaseBook(books.engine, books.committer, stranger)

    assert await tellings.take(NOON, NOON + timedelta(minutes=1), 10) == []
    filed = await anew.file(filing(BA, RUMOUR, "draft-y", NOON), books.receipt)
    await OwnReports(books.engine, books.committer, stranger, now=lambda: NOON).forget(SAU)

    assert filed.outcome is FiledAs.NEW_CASE  # what the old one was about, nobody can know any more
    earlier, later = sorted(await books.rows(cases), key=lambda case: case.verdict_id is None)
    assert (earlier.verdict_id, later.verdict_id) == (1, None)
    assert len([report for report in await books.rows(reports) if report.sealed_address]) == 1
