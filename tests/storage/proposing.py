"""The books over one database, and what people do with a proposed verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from sqlalchemy import delete, select

from members.channel import PersonId
from reports import receipts
from reports.cases import Case, CaseId, Need, Purpose, Reason, VerdictKind
from reports.content import Content
from reports.drafts import DraftToken, ReplyAddress
from reports.ports import ClaimOutcome, FiledAs, Filing, GivingOutcome, NewVerdict
from reports.seconding import Second, Seconding
from storage.cards import CardRecord
from storage.case_keys import case_keys
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.forgetting import EvidenceBook, OwnReports
from storage.proposals import ProposalBook
from storage.sealing import Sealer
from storage.tables import cases, metadata, staff
from storage.tellings import TellingRecord
from tests.keys import one_after_another

NOON = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
SOON, LATER = NOON + timedelta(minutes=1), NOON + timedelta(minutes=10)
LAN, MINH, HANH = PersonId("telegram:2001"), PersonId("telegram:2002"), PersonId("telegram:2003")
RUMOUR = Content("Uống nước chanh nóng chữa khỏi ung thư", (), False, False, False)
CASE = CaseId(1)


def takes_two(_: Collection[Reason]) -> tuple[Need, ...]:
    return (Need.SCAM,)


def severe_takes_two(reasons: Collection[Reason]) -> tuple[Need, ...]:
    return (Need.SEVERE,) if Reason.HARMFUL_RUMOUR in reasons else ()


def reporter(number: int) -> PersonId:
    return PersonId(f"telegram:{1000 + number}")


@dataclass(slots=True)
class Books:
    """One process over the database."""

    committer: Committer
    cases: CaseBook
    casework: CaseworkBook
    cards: CardRecord
    tellings: TellingRecord
    proposals: ProposalBook
    evidence: EvidenceBook
    own: OwnReports
    numbers: count[int]

    async def file(self, number: int, reason: Reason = Reason.OTHER_FACTUAL) -> FiledAs:
        person = reporter(number)
        filing = Filing(
            draft=DraftToken(f"draft-{next(self.numbers)}"),
            person=person,
            address=ReplyAddress("loa", str(number), "7", "vi"),
            content=RUMOUR,
            content_sha256=RUMOUR.sha256,
            findings=(),
            reason=reason,
            is_severe=reason is Reason.HARMFUL_RUMOUR,
            consents=((Purpose.FILE, "aa"),),
            at=NOON,
        )
        return (await self.cases.file(filing, lambda: receipts.make(str(next(self.numbers))))).outcome

    async def propose(self, words: str = "Không có nghiên cứu nào như vậy.") -> None:
        assert await self.casework.claim(CASE, LAN, NOON) is ClaimOutcome.DONE
        assert await self.give(VerdictKind.SCAM, takes_two, words) is GivingOutcome.PROPOSED

    async def give(
        self,
        kind: VerdictKind = VerdictKind.FALSE,
        judge: Callable[[Collection[Reason]], tuple[Need, ...]] = severe_takes_two,
        words: str = "Không có nghiên cứu nào như vậy.",
    ) -> GivingOutcome:
        key = f"press:{next(self.numbers)}"
        verdict = NewVerdict(
            case=CASE, moderator=LAN, kind=kind, explanation=words, sources=(), origin_key=key, at=NOON
        )
        return await self.casework.give(verdict, judge)

    async def agree(self, person: PersonId = MINH, sha256: str | None = None) -> Seconding:
        return await self.proposals.agree(Second(CASE, person, sha256 or await self.sha256(), NOON))

    async def sha256(self) -> str:
        (case,) = await self.proposals.waiting(5)
        assert case.proposal is not None
        return case.proposal.sha256

    async def case(self) -> Case:
        card = await self.cards.take(CASE, NOON)
        assert card is not None
        return card.case

    async def lose_key(self) -> None:
        """As after a backup was restored, which has none."""
        await self.committer.write(lambda c: c.execute(delete(case_keys)))

    async def told_alone(self) -> int:
        return int(await self.committer.write(lambda c: c.scalar(select(cases.c.told_alone))) or 0)

    async def meets(self) -> bool:
        """Whether somebody who meets the story is told the verdict."""
        known = await self.cases.known(RUMOUR.sha256)
        return known is not None and known.verdict is not None

    async def dismiss(self, person: PersonId) -> None:
        await self.committer.write(lambda c: c.execute(delete(staff).where(staff.c.person == person)))


@asynccontextmanager
async def process(url: str, first_number: int) -> AsyncIterator[Books]:
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer, sealer = Committer(engine), Sealer(bytes(range(32)), random_bytes=Random(5).randbytes)
    running = asyncio.create_task(committer.run())
    yield Books(
        committer,
        CaseBook(engine, committer, sealer, draw=one_after_another(first_number - 1)),
        CaseworkBook(engine, committer, sealer),
        CardRecord(engine, committer, sealer),
        TellingRecord(engine, committer, sealer),
        ProposalBook(engine, committer, sealer),
        EvidenceBook(committer),
        OwnReports(engine, committer, sealer, now=lambda: NOON),
        count(first_number),
    )
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await engine.dispose()
