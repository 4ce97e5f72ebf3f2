"""Cases and their reports: one case a content, one report a person, reporters known by pseudonym alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import ChannelState
from reports.cases import CaseState, Purpose, Receipt, Verdict, VerdictKind
from reports.drafts import DraftToken, ReplyAddress
from reports.findings import KnownStory
from reports.ports import Filed, FiledAs, Filing, ReportStatus
from storage.case_contents import content_key, opened_content, sealed_content
from storage.case_keys import case_keys, keep_key
from storage.committer import Committer
from storage.locators import free_locator
from storage.sealing import CaseKey, Sealer, padded
from storage.tables import ONE_MORE_CHANGE, cases, channels, consents, reports, verdicts

_NUMBERS_TRIED_AT_MOST = 8
_NUMBERS = 1_000_000
"""So that a moderator can say a case's number; where they are crowded, longer ones are drawn."""
_IDS = 1 << 53
_AWAITED_AT_MOST = 1_000
_RECEIPTS_TRIED_AT_MOST = 8

with_verdict = cases.outerjoin(verdicts, verdicts.c.id == cases.c.verdict_id)
verdict_columns = (
    verdicts.c.kind.label("verdict_kind"),
    verdicts.c.explanation,
    verdicts.c.sources,
    verdicts.c.given_at,
)


class CaseBook:
    """Keeps cases and reports, for those who file and ask."""

    def __init__(
        self,
        engine: AsyncEngine,
        committer: Committer,
        sealer: Sealer,
        *,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """``draw(n)`` is a random number below n: numbers in a row would tell in which order people came."""
        self._engine = engine
        self._committer = committer
        self._sealer = sealer
        self._draw = draw
        self._awaited: dict[str, int] = {}
        """By content: the number of the case for which a key was just made."""

    async def known(self, content_sha256: str) -> KnownStory | None:
        """What is known about exactly this content."""
        wanted = (
            select(cases.c.state, *verdict_columns)
            .select_from(with_verdict)
            .where(cases.c.content_key == content_key(self._sealer, content_sha256))
        )
        row = await self._one(wanted)
        return None if row is None else KnownStory(CaseState(row.state), verdict_of(row))

    async def is_ours(self, channel: str) -> bool:
        """Whether ``channel`` (the platform's id) is an active channel of the network."""
        wanted = select(channels.c.id).where(
            channels.c.external_id == channel, channels.c.state == ChannelState.ACTIVE
        )
        return await self._one(wanted.limit(1)) is not None

    async def file(self, filing: Filing, receipts: Callable[[], Receipt]) -> Filed:
        """Put a report to its case, opening one when the content is new. Repeating it changes nothing.

        A case that has no key is given one first, in a commit of its own.
        """

        async def work(connection: AsyncConnection) -> Filed | None:
            repeated = await self._filed(connection, filing.draft)
            if repeated is not None:
                return repeated
            key = await self._key_for(connection, filing)
            if key is None:
                return None
            case, outcome = await self._case_for(connection, filing, *key)
            return await self._put_to(connection, case, outcome, filing, key[1], receipts)

        while (filed := await self._committer.write(work)) is None:
            await self._committer.write(lambda connection: self._give_key(connection, filing))
        return filed

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
        return None if row is None else ReportStatus(CaseState(row.state), row.filed_at, verdict_of(row))

    async def _one(self, wanted: Select[Any]) -> Row[Any] | None:
        async with self._engine.connect() as connection:
            row: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
            return row

    def _origin_key(self, draft: DraftToken) -> str:
        return self._sealer.pseudonym("filing", draft)

    async def _report_from(self, connection: AsyncConnection, draft: DraftToken) -> Row[Any] | None:
        wanted: Select[Any] = (
            select(reports.c.id, reports.c.receipt, cases.c.verdict_id)
            .select_from(reports.join(cases))
            .where(reports.c.origin_key == self._origin_key(draft))
        )
        row: Row[Any] | None = (await connection.execute(wanted)).one_or_none()
        return row

    async def _filed(self, connection: AsyncConnection, draft: DraftToken) -> Filed | None:
        report = await self._report_from(connection, draft)
        if report is None:
            return None
        return Filed(report.receipt, FiledAs.AGAIN, report.verdict_id is not None)

    async def _put_to(
        self,
        connection: AsyncConnection,
        case: Row[Any],
        outcome: FiledAs,
        filing: Filing,
        key: CaseKey,
        receipts: Callable[[], Receipt],
    ) -> Filed:
        """The report, filed with its case; one that this person filed before is only brought up to date."""
        reporter = key.pseudonym(case.id, filing.person)
        report = await _report_of(connection, case.id, reporter)
        if report is not None:
            await self._ask_again(connection, report, filing, key)
            return Filed(report.receipt, FiledAs.AGAIN, case.verdict_id is not None)
        receipt = await _free_receipt(connection, receipts)
        report_id = await self._insert(connection, (case.id, receipt, reporter), filing, key)
        await _consent(connection, report_id, filing.consents, filing.at)
        return Filed(receipt, outcome, case.verdict_id is not None)

    async def _key_for(self, connection: AsyncConnection, filing: Filing) -> tuple[int, CaseKey] | None:
        """The number and the key of the case about this content, which may not be there yet; None without a key."""
        named = content_key(self._sealer, filing.content_sha256)
        case = await connection.scalar(select(cases.c.id).where(cases.c.content_key == named))
        if case is None:
            case = self._awaited.get(named)
        if case is None:
            return None
        wrapped = await connection.scalar(select(case_keys.c.wrapped).where(case_keys.c.case_id == case))
        key = self._sealer.case_key_if_any(wrapped, str(case))
        return None if key is None else (case, key)

    async def _give_key(self, connection: AsyncConnection, filing: Filing) -> None:
        """A key for the case about this content, whether it is there or about to be."""
        named = content_key(self._sealer, filing.content_sha256)
        case = await connection.scalar(select(cases.c.id).where(cases.c.content_key == named))
        if case is None:
            case = self._awaited[named] = await self._free_number(connection)
            while len(self._awaited) > _AWAITED_AT_MOST:
                del self._awaited[next(iter(self._awaited))]
        await keep_key(connection, case, self._sealer.new_case_key(str(case)), filing.at)

    async def _free_number(self, connection: AsyncConnection) -> int:
        for tried in range(2 * _NUMBERS_TRIED_AT_MOST):
            number = 1 + self._draw(_NUMBERS if tried < _NUMBERS_TRIED_AT_MOST else _IDS)
            in_use = select(cases.c.id).where(cases.c.id == number)
            promised = select(case_keys.c.case_id).where(case_keys.c.case_id == number)
            if (await connection.execute(in_use.union(promised))).first() is None:
                return number
        raise RuntimeError("no free number was drawn: is the randomness broken?")

    async def _case_for(
        self, connection: AsyncConnection, filing: Filing, number: int, key: CaseKey
    ) -> tuple[Row[Any], FiledAs]:
        """The case about this content, opened (again) or joined."""
        known = (await connection.execute(select(cases).where(cases.c.id == number))).one_or_none()
        content = {"sealed": sealed_content(key, number, filing.content.text, filing.findings)}
        open_now: dict[str, Any] = {
            "state": CaseState.OPEN,
            "opened_at": filing.at,
            "changed_at": filing.at,
            **content,
        }
        if known is None:
            fresh = {"id": number, "content_key": content_key(self._sealer, filing.content_sha256)}
            opened = await connection.execute(insert(cases).values(**open_now, **fresh).returning(cases))
            return opened.one(), FiledAs.NEW_CASE
        if known.state == CaseState.CLOSED:
            if known.verdict_id is not None:
                return known, FiledAs.JOINED
            reopening = update(cases).where(cases.c.id == known.id)
            reopened = reopening.values(**open_now, sealed_card=None, **ONE_MORE_CHANGE).returning(cases)
            return (await connection.execute(reopened)).one(), FiledAs.NEW_CASE
        # What its key was lost for is known again: this report is about the same.
        lost = content if opened_content(key, number, known.sealed) is None else {}
        joined = {"changed_at": filing.at, **lost, **ONE_MORE_CHANGE}
        await connection.execute(update(cases).where(cases.c.id == known.id).values(**joined))
        return known, FiledAs.JOINED

    async def _insert(
        self, connection: AsyncConnection, who: tuple[int, str, str], filing: Filing, key: CaseKey
    ) -> int:
        case_id, receipt, reporter = who
        report_id = 1 + self._draw(_IDS)
        await connection.execute(
            insert(reports).values(
                id=report_id,
                case_id=case_id,
                receipt=receipt,
                reporter=reporter,
                locator=await free_locator(connection, self._sealer, filing.person, filing.at),
                origin_key=self._origin_key(filing.draft),
                reason=filing.reason,
                filed_at=filing.at,
                wants_answer=filing.address is not None,
                sealed_address=sealed_address(filing.address, receipt, key),
            )
        )
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
    return Verdict(VerdictKind(row.verdict_kind), row.explanation, tuple(row.sources), row.given_at)


def sealed_address(address: ReplyAddress | None, receipt: str, key: CaseKey) -> bytes | None:
    """An address that opens only with the key of its case, and for its receipt."""
    return None if address is None else key.seal(padded(json.dumps(asdict(address)).encode()), receipt)


def opened_address(sealed: bytes, receipt: str, key: CaseKey) -> ReplyAddress:
    """What ``sealed_address`` sealed. Raises SealBroken."""
    return ReplyAddress(**json.loads(key.open(sealed, receipt)))


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
