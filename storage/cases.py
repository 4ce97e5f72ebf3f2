"""Cases and their reports: one case a content, one report a person, reporters known by pseudonym alone."""

from __future__ import annotations

import json
import secrets
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
        """What one person who meets exactly this content may be told about it; see ``storage/alone.py``."""
        wanted = (
            select(cases.c.id, cases.c.state, told_id.label("told_id"), cases.c.told_alone, *verdict_columns)
            .select_from(with_verdict)
            .where(cases.c.content_key == content_key(self._sealer, content_sha256))
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
            filed = await self._put_to(connection, case, outcome, filing, key[1], receipts)
            return await _filed_as(connection, case.id, *filed)

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

    async def _put_to(
        self,
        connection: AsyncConnection,
        case: Row[Any],
        outcome: FiledAs,
        filing: Filing,
        key: CaseKey,
        receipts: Callable[[], Receipt],
    ) -> tuple[str, FiledAs]:
        """The report, filed with its case; one that this person filed before is only brought up to date."""
        reporter = key.pseudonym(case.id, filing.person)
        report = await _report_of(connection, case.id, reporter)
        if report is not None:
            await self._ask_again(connection, report, filing, key)
            return report.receipt, FiledAs.AGAIN
        receipt = await _free_receipt(connection, receipts)
        report_id = await self._insert(connection, (case.id, receipt, reporter), filing, key)
        await _consent(connection, report_id, filing.consents, filing.at)
        if filing.is_severe:
            await propose_anew(connection, case, {"changed_at": filing.at, **_reopened(case, filing, key)})
        return receipt, outcome

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
        wanted = select(cases).where(cases.c.id == number).with_for_update()
        known = (await connection.execute(wanted)).one_or_none()
        if known is None:
            fresh = {"id": number, "content_key": content_key(self._sealer, filing.content_sha256)}
            opened = insert(cases).values(**_opened(filing, key, number), **fresh).returning(cases)
            return (await connection.execute(opened)).one(), FiledAs.NEW_CASE
        if known.state == CaseState.CLOSED:
            if known.verdict_id is not None:
                return known, FiledAs.JOINED
            reopening = update(cases).where(cases.c.id == known.id)
            anew = _reopened(known, filing, key) | ONE_MORE_CHANGE
            reopened = reopening.values(**anew).returning(cases)
            return (await connection.execute(reopened)).one(), FiledAs.NEW_CASE
        # What its key was lost for is known again: this report is about the same.
        is_lost = opened_content(key, number, known.sealed) is None
        lost = {"sealed": _sealed(filing, key, number)} if is_lost else {}
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
    kind, sources = VerdictKind(row.verdict_kind), tuple(row.sources)
    return Verdict(kind, row.explanation, sources, row.given_at, row.awaits_second)


def sealed_address(address: ReplyAddress | None, receipt: str, key: CaseKey) -> bytes | None:
    """An address that opens only with the key of its case, and for its receipt."""
    return None if address is None else key.seal(padded(json.dumps(asdict(address)).encode()), receipt)


def opened_address(sealed: bytes, receipt: str, key: CaseKey) -> ReplyAddress:
    """What ``sealed_address`` sealed. Raises SealBroken."""
    return ReplyAddress(**json.loads(key.open(sealed, receipt)))


def _sealed(filing: Filing, key: CaseKey, case: int) -> bytes:
    return sealed_content(key, case, filing.content.text, filing.findings)


def _opened(filing: Filing, key: CaseKey, case: int) -> dict[str, Any]:
    """A case as it begins."""
    return {
        "state": CaseState.OPEN,
        "sealed": _sealed(filing, key, case),
        "opened_at": filing.at,
        "changed_at": filing.at,
    }


def _reopened(case: Row[Any], filing: Filing, key: CaseKey) -> dict[str, Any]:
    """What begins anew in a closed case that is taken up again: its content, and its card; nothing in others."""
    if case.state != CaseState.CLOSED:
        return {}
    return {**_opened(filing, key, case.id), "sealed_card": None}


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
