"""The second before any person: what a citizen sends is taken together for a moment, checked, and answered.

Messages are kept before they are confirmed to the platform, and answered from what was kept: none is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from members.channel import PersonId
from reports.content import Content, Look, Looking, sha256_unseen, taken_together
from reports.drafts import Arrival, Draft, DraftToken, ReplyAddress
from reports.findings import Findings, NotExamined
from reports.ports import Arrivals, Cases, Genuineness, Told, Voice
from reports.quotas import Quota

log = structlog.get_logger(__name__)

TOGETHER_WITHIN = timedelta(milliseconds=500)
_ANSWERED_AGAIN_AFTER = timedelta(seconds=30)
_GIVEN_UP_AFTER = timedelta(minutes=10)
_ANSWERED_AT_A_TIME = 32
_LOOKED_AGAIN_SECONDS = 5.0
_TOKEN_BYTES = 16


class Taken(StrEnum):
    """What became of a message that came in."""

    KEPT = "kept"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Taking:
    """The answer to somebody who sent something: it will be answered, or they must wait ``wait``."""

    taken: Taken
    wait: timedelta = timedelta(0)


class Checks:
    """All that can be found out about a content at once."""

    def __init__(self, genuineness: Genuineness, looking: Looking, cases: Cases) -> None:
        self._genuineness = genuineness
        self._looking = looking
        self._cases = cases

    async def is_ours(self, channel: str) -> bool:
        """Whether the chat with this id is a channel of the network. It proves nothing about the words."""
        return await self._cases.is_ours(channel)

    async def check(self, content: Content) -> Findings:
        """All there is to tell the one person who sent ``content``. Nothing is fetched from anywhere."""
        findings, sha256 = await self.examine(content)
        return replace(findings, known=await self._cases.known(sha256))

    async def examine(self, content: Content) -> tuple[Findings, str]:
        """The same without what is known from an earlier case, for keeping; and the hash that finds it again."""
        genuine = await self._genuineness.check(content.text, content.hidden_links)
        look = await self._looking.look_at(content)
        missing = next((one for one in (genuine, look) if isinstance(one, NotExamined)), None)
        sha256 = look.sha256 if isinstance(look, Look) else sha256_unseen(content)
        findings = Findings(
            genuine=None if isinstance(genuine, NotExamined) else genuine,
            links=look.links if isinstance(look, Look) else (),
            known=None,
            from_our_channel=content.from_our_channel,
            was_cut=content.was_cut,
            not_examined=missing,
        )
        return findings, sha256


class Intake:
    """Takes what citizens send. ``run`` is the task the supervisor owns."""

    def __init__(
        self,
        arrivals: Arrivals,
        checks: Checks,
        voice: Voice,
        *,
        now: Callable[[], datetime],
        tokens: Callable[[int], str],
        messages_an_hour: int = 60,
    ) -> None:
        """``messages_an_hour`` is for one person."""
        self._arrivals = arrivals
        self._checks = checks
        self._voice = voice
        self._now = now
        self._tokens = tokens
        self._quota = Quota(messages_an_hour, timedelta(hours=1))
        self._woken = asyncio.Event()

    async def take(self, arrival: Arrival, origin: str | None = None) -> Taking:
        """Keep a message; it is answered together with those that follow within half a second.

        ``origin`` is the chat it says it was forwarded from. It is looked at here, and kept nowhere.
        """
        now = self._now()
        wait = self._quota.use(arrival.person, now)
        if wait is not None:
            return Taking(Taken.TOO_MANY, wait)
        if origin is not None and await self._checks.is_ours(origin):
            arrival = replace(arrival, piece=replace(arrival.piece, from_our_channel=True))
        await self._arrivals.gather(arrival, self._fresh(), now, now + TOGETHER_WITHIN)
        self._woken.set()
        return Taking(Taken.KEPT)

    async def park(self, arrival: Arrival) -> DraftToken | Taking:
        """Keep what somebody pointed at in a group; the token opens it again in their private chat."""
        now = self._now()
        wait = self._quota.use(arrival.person, now)
        if wait is not None:
            return Taking(Taken.TOO_MANY, wait)
        return await self._arrivals.park(arrival, self._fresh(), now)

    async def resume(self, token: str, person: PersonId, address: ReplyAddress) -> bool:
        """Answer what was pointed at in a group, here; False when it is somebody else's, or gone."""
        found = await self._arrivals.resume(DraftToken(token), person, address, self._now())
        self._woken.set()
        return found

    async def run(self) -> None:
        """Answer what comes in, until cancelled."""
        while True:
            self._woken.clear()
            await self.answer_due()
            try:
                async with asyncio.timeout(await self._seconds_until_next()):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def answer_due(self) -> int:
        """Answer everything whose moment is over; how many were answered."""
        answered = 0
        while True:
            now = self._now()
            drafts = await self._arrivals.due(now, now + _ANSWERED_AGAIN_AFTER, _ANSWERED_AT_A_TIME)
            if not drafts:
                return answered
            async with asyncio.TaskGroup() as group:
                for draft in drafts:
                    group.create_task(self._answer(draft))
            answered += len(drafts)

    async def _answer(self, draft: Draft) -> None:
        is_old = self._now() - draft.begun_at > _GIVEN_UP_AFTER
        try:
            findings = await self._checks.check(taken_together(draft.pieces))
            if findings.not_examined is NotExamined.BUSY and not is_old:
                return  # it is due again in a moment, when less waits
            told = await self._voice.answer(draft, findings)
        except (
            Exception
        ):  # the update boundary of what was kept: one poisonous message must not stop the others
            log.exception("a message could not be answered", draft=draft.token)
            told = Told.NOT_SENT
        if told in (Told.ARRIVED, Told.GONE) or is_old:
            await self._arrivals.asked(draft.token)

    async def _seconds_until_next(self) -> float:
        """Until the next draft is due; a few when there is none, for other processes write drafts too."""
        next_due = await self._arrivals.next_due()
        if next_due is None:
            return _LOOKED_AGAIN_SECONDS
        seconds = (next_due - self._now()).total_seconds()
        return min(max(seconds, 0.01), _LOOKED_AGAIN_SECONDS)

    def _fresh(self) -> DraftToken:
        return DraftToken(self._tokens(_TOKEN_BYTES))
