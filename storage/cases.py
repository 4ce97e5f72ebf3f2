"""Cases and their reports: one case a content, one report a person, reporters known by pseudonym alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import ChannelState
from reports.cases import CaseState, Purpose, Receipt, Verdict, VerdictKind
from reports.drafts import DraftToken, ReplyAddress
from reports.findings import KnownStory
from reports.ports import Filed, FiledAs, Filing, ReportStatus
from reports.proposals import MOST_TOLD_ALONE
from storage.alone import count_alone, is_one_persons, propose_anew
from storage.committer import Committer
from storage.sealing import CaseKey, Sealer
from storage.tables import cases, channels, consents, reports, verdicts

_RECEIPTS_TRIED_AT_MOST = 8

told_id = func.coalesce(cases.c.proposed_id, cases.c.verdict_id)
"""The verdict that a case speaks of: the proposed one, else the one that stands, which is not told meanwhile."""

with_verdict = cases.outerjoin(verdicts, verdicts.c.id == told_id)
verdict_columns = (
    verdicts.c.kind.label("verdict_kind"),
    verdicts.c.explanation,
    verdicts.c.sources,
    verdicts.c.given_at,
    cases.c.proposed_id.is_not(None).label("awaits_second"),
    verdicts.c.agreed_by,
)


class CaseBook:
    """Keeps cases and reports, for those who file and ask."""

    def __init__(self, engine: AsyncEngine, committer: Committer, sealer: Sealer) -> None:
        self._engine = engine
        self._committer = committer
        self._sealer = sealer

    async def known(self, content_sha256: str) -> KnownStory | None:
        """What one person who meets exactly this content may be told about it; see ``storage/alone.py``."""
        wanted = (
            select(cases.c.id, cases.c.state, told_id.label("told_id"), cases.c.told_alone, *verdict_columns)
            .select_from(with_verdict)
            .where(cases.c.content_sha256 == content_sha256)
        )
        row = await self._one(wanted)
        if row is None:
            return None
        is_told = not is_one_persons(row) or await self._count(row) or not row.awaits_second
        return KnownStory(CaseState(row.state), verdict_of(row) if is_told else None)

    async def _count(self, row: Row[Any]) -> bool:
        if row.told_alone >= MOST_TOLD_ALONE:
            return False
        return await self._committer.write(lambda connection: count_alone(connection, row.id, row.told_id))

    async def is_ours(self, channel: str) -> bool:
        """Whether ``channel`` (the platform's id) is an active channel of the network."""
        wanted = select(channels.c.id).where(
            channels.c.external_id == channel, channels.c.state == ChannelState.ACTIVE
        )
        return await self._one(wanted.limit(1)) is not None

    async def file(self, filing: Filing, receipts: Callable[[], Receipt]) -> Filed:
        """Put a report to its case, opening one when the content is new. Repeating it changes nothing."""

        async def work(connection: AsyncConnection) -> Filed:
            repeated = await self._filed(connection, filing.draft)
            if repeated is not None:
                return repeated
            case, outcome = await self._case_for(connection, filing)
            key = await self._key_of(connection, case)
            reporter = key.pseudonym(case.id, filing.person)
            report = await _report_of(connection, case.id, reporter)
            if report is not None:
                await self._ask_again(connection, report, filing, key)
                return await _filed_as(connection, case.id, report.receipt, FiledAs.AGAIN)
            receipt = await _free_receipt(connection, receipts)
            report_id = await self._insert(connection, (case.id, receipt, reporter), filing, key)
            await _consent(connection, report_id, filing.consents, filing.at)
            if filing.is_severe:
                await propose_anew(connection, case, {"changed_at": filing.at, **_reopened(case, filing)})
            return await _filed_as(connection, case.id, receipt, outcome)

        return await self._committer.write(work)

    async def filed_before(self, draft: DraftToken) -> Filed | None:
        """The report that a draft has become."""
        async with self._engine.connect() as connection:
            return await self._filed(connection, draft)

    async def agree(self, draft: DraftToken, purpose: Purpose, text_sha256: str, at: datetime) -> bool:
        """Record one more consent to what a draft has become; False when there is no such report."""

        async def work(connection: AsyncConnection) -> bool:
            report = await self._report_from(connection, draft)
            if report is None:
                return False
            await _consent(connection, report.id, [(purpose, text_sha256)], at)
            return True

        return await self._committer.write(work)

    async def status(self, receipt: Receipt) -> ReportStatus | None:
        """How things stand with a report; None when there is no such receipt."""
        wanted = (
            select(cases.c.state, reports.c.filed_at, *verdict_columns)
            .select_from(with_verdict.join(reports, reports.c.case_id == cases.c.id))
            .where(reports.c.receipt == receipt)
        )
        row = await self._one(wanted)
        if row is None:
            return None
        # A receipt can be passed on to anybody, so it never shows what only ten people may hear.
        verdict = None if row.awaits_second else verdict_of(row)
        return ReportStatus(CaseState(row.state), row.filed_at, verdict)

    async def _one(self, wanted: Select[Any]) -> Row[Any] | None:
        async with self._engine.connect() as connection:
            row: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
            return row

    def _origin_key(self, draft: DraftToken) -> str:
        return self._sealer.pseudonym("filing", draft)

    async def _report_from(self, connection: AsyncConnection, draft: DraftToken) -> Row[Any] | None:
        wanted: Select[Any] = (
            select(reports.c.id, reports.c.receipt, reports.c.case_id)
            .select_from(reports.join(cases))
            .where(reports.c.origin_key == self._origin_key(draft))
        )
        row: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
        return row

    async def _filed(self, connection: AsyncConnection, draft: DraftToken) -> Filed | None:
        report = await self._report_from(connection, draft)
        if report is None:
            return None
        return await _filed_as(connection, report.case_id, report.receipt, FiledAs.AGAIN)

    async def _case_for(self, connection: AsyncConnection, filing: Filing) -> tuple[Row[Any], FiledAs]:
        """The case about this content, opened (again) or joined."""
        content_sha256 = filing.content.sha256
        known = (
            await connection.execute(
                select(cases).where(cases.c.content_sha256 == content_sha256).with_for_update()
            )
        ).one_or_none()
        if known is None:
            open_now = _opened(filing)
            fresh = {
                "content_sha256": content_sha256,
                "wrapped_key": self._sealer.new_case_key(content_sha256),
            }
            opened = await connection.execute(insert(cases).values(**open_now, **fresh).returning(cases))
            return opened.one(), FiledAs.NEW_CASE
        if known.state == CaseState.CLOSED:
            if known.verdict_id is not None:
                return known, FiledAs.JOINED
            open_now = _opened(filing) | _reopened(known, filing)
            reopening = update(cases).where(cases.c.id == known.id).values(**open_now).returning(cases)
            return (await connection.execute(reopening)).one(), FiledAs.NEW_CASE
        await connection.execute(update(cases).where(cases.c.id == known.id).values(changed_at=filing.at))
        return known, FiledAs.JOINED

    async def _key_of(self, connection: AsyncConnection, case: Row[Any]) -> CaseKey:
        """The case's key; a new one when the old one was erased or cannot be opened."""
        key = self._sealer.case_key_if_any(case.wrapped_key, case.content_sha256)
        if key is not None:
            return key
        wrapped = self._sealer.new_case_key(case.content_sha256)
        await connection.execute(update(cases).where(cases.c.id == case.id).values(wrapped_key=wrapped))
        return self._sealer.case_key(wrapped, case.content_sha256)

    async def _insert(
        self, connection: AsyncConnection, who: tuple[int, str, str], filing: Filing, key: CaseKey
    ) -> int:
        case_id, receipt, reporter = who
        inserted = await connection.execute(
            insert(reports)
            .values(
                case_id=case_id,
                receipt=receipt,
                reporter=reporter,
                origin_key=self._origin_key(filing.draft),
                reason=filing.reason,
                filed_at=filing.at,
                wants_answer=filing.address is not None,
                sealed_address=sealed_address(filing.address, receipt, key),
            )
            .returning(reports.c.id)
        )
        report_id: int = inserted.scalar_one()
        return report_id

    async def _ask_again(
        self, connection: AsyncConnection, report: Row[Any], filing: Filing, key: CaseKey
    ) -> None:
        """The same person reports the same content again: if they want to hear, they hear (again)."""
        if filing.address is not None:
            sealed = sealed_address(filing.address, report.receipt, key)
            await connection.execute(
                update(reports)
                .where(reports.c.id == report.id)
                .values(wants_answer=True, sealed_address=sealed, told_verdict_id=0)
            )
        await _consent(connection, report.id, filing.consents, filing.at)


def verdict_of(row: Row[Any]) -> Verdict | None:
    """The verdict in a row that has ``verdict_columns``."""
    if row.verdict_kind is None:
        return None
    kind, sources = VerdictKind(row.verdict_kind), tuple(row.sources)
    return Verdict(kind, row.explanation, sources, row.given_at, row.awaits_second)


def sealed_address(address: ReplyAddress | None, receipt: str, key: CaseKey) -> bytes | None:
    """An address that opens only with the key of its case, and for its receipt."""
    return None if address is None else key.seal(json.dumps(asdict(address)).encode(), receipt)


def opened_address(sealed: bytes, receipt: str, key: CaseKey) -> ReplyAddress:
    """What ``sealed_address`` sealed. Raises SealBroken."""
    return ReplyAddress(**json.loads(key.open(sealed, receipt)))


def _opened(filing: Filing) -> dict[str, Any]:
    """A case as it begins."""
    return {
        "state": CaseState.OPEN,
        "content": filing.content.text,
        "findings": [list(finding) for finding in filing.findings],
        "opened_at": filing.at,
        "changed_at": filing.at,
    }


def _reopened(case: Row[Any], filing: Filing) -> dict[str, Any]:
    """What begins anew in a closed case that is taken up again: its content, and its card; nothing in others."""
    if case.state != CaseState.CLOSED:
        return {}
    card = {"card_message_id": None, "card_topic_id": None, "card_shown_at": None}
    return {**_opened(filing), **card}


async def _filed_as(connection: AsyncConnection, case_id: int, receipt: str, outcome: FiledAs) -> Filed:
    wanted = select(cases.c.verdict_id, cases.c.proposed_id).where(cases.c.id == case_id)
    case = (await connection.execute(wanted)).one()
    awaits_second = case.proposed_id is not None
    is_answered = case.verdict_id is not None and not awaits_second
    return Filed(Receipt(receipt), outcome, is_answered, awaits_second)


async def _report_of(connection: AsyncConnection, case_id: int, reporter: str) -> Row[Any] | None:
    wanted: Select[Any] = select(reports.c.id, reports.c.receipt).where(
        reports.c.case_id == case_id, reports.c.reporter == reporter
    )
    row: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
    return row


async def _free_receipt(connection: AsyncConnection, receipts: Callable[[], Receipt]) -> Receipt:
    for _ in range(_RECEIPTS_TRIED_AT_MOST):
        receipt = receipts()
        taken = await connection.execute(select(reports.c.id).where(reports.c.receipt == receipt))
        if taken.one_or_none() is None:
            return receipt
    raise RuntimeError("no free receipt was drawn: is the randomness broken?")


async def _consent(
    connection: AsyncConnection, report_id: int, given: Iterable[tuple[Purpose, str]], at: datetime
) -> None:
    """Append consents; one given before, to the same words, stays as it is."""
    known = await connection.execute(
        select(consents.c.purpose, consents.c.text_sha256).where(consents.c.report_id == report_id)
    )
    before = {(row.purpose, row.text_sha256) for row in known}
    for purpose, text_sha256 in given:
        if (purpose, text_sha256) not in before:
            await connection.execute(
                insert(consents).values(
                    report_id=report_id, purpose=purpose, text_sha256=text_sha256, given_at=at
                )
            )
