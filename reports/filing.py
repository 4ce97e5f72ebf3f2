"""From "this did not answer me" to a receipt: consent, a reason from the closed list, a report in a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from members.channel import PersonId
from reports import receipts
from reports.cards import summary
from reports.cases import Purpose, Reason, Receipt
from reports.content import taken_together
from reports.drafts import Draft, DraftToken
from reports.intake import Checks
from reports.ports import Cases, Drafts, Filed, Filing, ReportStatus
from reports.proposals import SecondRules
from reports.quotas import Quota

_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class Choice:
    """What a citizen chose to do with their draft."""

    draft: DraftToken
    person: PersonId
    reason: Reason
    wants_answer: bool
    text_sha256: str
    """Of the consent text they saw."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """Not filed: this person, or everybody together, reported a great deal. ``wait`` until there is room."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class FilingRules:
    """How much may be filed by one person, and by everybody together; and what is severe."""

    by_person: Quota
    in_all: Quota
    second: SecondRules


class Desk:
    """Where reports are filed and asked about."""

    def __init__(
        self,
        drafts: Drafts,
        cases: Cases,
        checks: Checks,
        *,
        now: Callable[[], datetime],
        tokens: Callable[[int], str],
        rules: FilingRules,
    ) -> None:
        self._drafts = drafts
        self._cases = cases
        self._checks = checks
        self._now = now
        self._tokens = tokens
        self._rules = rules

    async def draft(self, token: str, person: PersonId) -> Draft | None:
        """What this person sent, as long as it is kept."""
        return await self._drafts.find(DraftToken(token), person)

    async def drop(self, token: str, person: PersonId) -> None:
        """This person wants nothing more with it: delete what they sent."""
        await self._drafts.drop(DraftToken(token), person)

    async def file(self, choice: Choice) -> Filed | TooMany | None:
        """File the report and delete the draft. None when the draft is gone. Repeating it changes nothing."""
        filed = await self._cases.filed_before(choice.draft)
        if filed is not None:
            return filed
        draft = await self._drafts.find(choice.draft, choice.person)
        if draft is None:
            return None
        wait = self._wait_of(choice.person)
        if wait is not None:
            await self._drafts.hold(choice.draft, choice.person, self._now())
            return TooMany(wait)
        filed = await self._cases.file(await self._filing(draft, choice), self._receipt)
        await self._drafts.drop(choice.draft, choice.person)
        return filed

    async def allow_publishing(self, draft: str, text_sha256: str) -> bool:
        """The reporter agrees that the answer is published; False when there is no such report any more."""
        return await self._cases.agree(DraftToken(draft), Purpose.PUBLISH, text_sha256, self._now())

    async def status(self, typed: str) -> ReportStatus | None:
        """How things stand with the report of a typed receipt; None when there is none such."""
        receipt = receipts.parse(typed)
        return None if receipt is None else await self._cases.status(receipt)

    async def _filing(self, draft: Draft, choice: Choice) -> Filing:
        content = taken_together(draft.pieces)
        findings, content_sha256 = await self._checks.examine(content)
        purposes = (Purpose.FILE, Purpose.TELL) if choice.wants_answer else (Purpose.FILE,)
        return Filing(
            draft=choice.draft,
            person=choice.person,
            address=draft.address if choice.wants_answer else None,
            content=content,
            content_sha256=content_sha256,
            findings=summary(findings),
            reason=choice.reason,
            is_severe=self._rules.second.is_severe(choice.reason),
            consents=tuple((purpose, choice.text_sha256) for purpose in purposes),
            at=self._now(),
        )

    def _wait_of(self, person: PersonId) -> timedelta | None:
        now = self._now()
        return self._rules.by_person.use(person, now) or self._rules.in_all.use("", now)

    def _receipt(self) -> Receipt:
        return receipts.make(self._tokens(_SECRET_BYTES))
