"""The desk: a bulletin composed, reviewed, approved, started, stopped and put right.

What changes is decided and written by the book in one transaction; the desk checks before what it can, and
rings the engine and the timer after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from broadcasts.book import (
    AudienceSize,
    Book,
    Change,
    Consent,
    Consented,
    NewDraft,
    Refusal,
    Revision,
    Skip,
    Start,
)
from broadcasts.broadcast import BROADCAST_TRANSITIONS, Broadcast, BroadcastState
from broadcasts.consent import EDITABLE, faults
from broadcasts.drafting import Edit, Origin, amendment_expires, correction_of
from broadcasts.recurrence import NextMoment, Recur, never, next_few
from broadcasts.schedule import USUAL_VALIDITY_HOURS, expiry_after
from bulletins.bulletin import Bulletin, BulletinId, Code, Recurrence
from bulletins.cap import CapDraft
from bulletins.code import body_symbols, make
from bulletins.fixed_words import Notice, announces_correction, ends_everything, in_fixed_words
from bulletins.problems import Problem
from members.channel import PersonId
from members.staff import Colleague

_CODES_TRIED_AT_MOST = 32
_EDITS_TRIED_AT_MOST = 5
_CODE_BITS = 40
_TO_COME = frozenset({BroadcastState.SCHEDULED, BroadcastState.RECURRING, BroadcastState.HELD})
_STOPPABLE = frozenset(
    state for state, nexts in BROADCAST_TRANSITIONS.items() if BroadcastState.STOPPED in nexts
)


@dataclass(frozen=True, slots=True)
class ToAmend:
    """What a correction finds when it is begun."""

    first: Broadcast
    standing: Broadcast
    """What went out last in new words: the first one, or its last correction."""
    references: tuple[str, ...]


class Desk:
    """What the operator's staff can do with bulletins. Times are aware UTC."""

    def __init__(
        self,
        book: Book,
        *,
        now: Callable[[], datetime],
        draw: Random,
        wake: Callable[[], None],
        set_timer: Callable[[BulletinId, datetime], None],
        next_moment: NextMoment = never,
    ) -> None:
        """``wake`` tells the engine of a change; ``set_timer`` asks for `start_due` at a moment.

        ``next_moment`` is the calendar of recurring bulletins.
        """
        self._book = book
        self._now = now
        self._draw = draw
        self._wake = wake
        self._set_timer = set_timer
        self._next_moment = next_moment

    async def compose(
        self, bulletin: Bulletin, origin: Origin, corrects: BulletinId | None = None
    ) -> Broadcast:
        """A new draft under a fresh code; the same ``origin.key`` gives the same draft again."""
        symbols = body_symbols(await self._book.codes_in_use())
        for _ in range(_CODES_TRIED_AT_MOST):
            code = self._fresh_code(symbols)
            draft = NewDraft(
                bulletin=replace(bulletin, code=code),
                author=origin.author,
                author_chat=origin.author_chat,
                origin_key=origin.key,
                corrects=corrects,
                at=self._now(),
            )
            broadcast = await self._book.add(draft)
            if broadcast is not None:
                return broadcast
        raise RuntimeError("no free code was found")

    async def compose_from_cap(
        self, draft: CapDraft, origin: Origin, *, expires: datetime | None = None, source_url: str = ""
    ) -> Broadcast:
        """A draft from a CAP alert, with its provenance; the usual validity when its own time is over."""
        usual = expiry_after(USUAL_VALIDITY_HOURS, None, self._now())
        valid_until = expires or draft.expires or usual
        bulletin = draft.as_bulletin(code=Code(""), expires=valid_until, source_url=source_url)
        return await self.compose(bulletin, origin)

    async def compose_correction(self, code: Code, origin: Origin) -> Broadcast | Refusal:
        """An Update of a bulletin that went out, for what is right: new words, which others approve."""
        found = await self.to_amend(code)
        if isinstance(found, Refusal):
            return found
        draft = correction_of(found.standing.bulletin, found.references, self._now())
        return await self.compose(draft, origin, found.first.id)

    async def compose_notice(self, notice: Notice, code: Code, origin: Origin) -> Broadcast | Refusal:
        """The same in fixed words, which its author alone sends with ``approve``."""
        found = await self.to_amend(code)
        if isinstance(found, Refusal):
            return found
        expires = amendment_expires(found.first.bulletin, self._now())
        draft = in_fixed_words(notice, found.first.bulletin, found.references, expires)
        return await self.compose(draft, origin, found.first.id)

    async def to_amend(self, code: Code) -> ToAmend | Refusal:
        """What a correction of the bulletin with this code would put right.

        It goes back to the first of a row of corrections: that one's copies stand in the channels.
        """
        named = await self._book.find(code)
        if named is None:
            return Refusal.UNKNOWN
        first = named if named.corrects is None else await self._book.find(named.corrects)
        if first is None or first.bulletin.sent is None:
            return Refusal.NOT_PUBLISHED
        since = await self._book.corrections_of(first.id)
        if any(ends_everything(one.bulletin) for one in since):
            return Refusal.ALREADY_WITHDRAWN
        standing = next((one for one in since if not announces_correction(one.bulletin)), first)
        codes = (first, standing, *since[:1])
        return ToAmend(first, standing, tuple(dict.fromkeys(one.bulletin.code for one in codes)))

    async def edit(self, bulletin_id: BulletinId, person: PersonId, edit: Edit) -> Broadcast | Refusal:
        """Apply one edit to the draft as it is now. Two at once both count, one after the other."""
        for _ in range(_EDITS_TRIED_AT_MOST):
            broadcast = await self._book.find(bulletin_id)
            if broadcast is None:
                return Refusal.UNKNOWN
            edited = edit(broadcast.bulletin)
            if edited == broadcast.bulletin and broadcast.state is BroadcastState.DRAFT:
                return broadcast
            edited = replace(edited, version=broadcast.bulletin.version + 1)
            result = await self._book.revise(Revision(bulletin_id, person, broadcast.approval_hash, edited))
            if result is not Refusal.CHANGED:
                return result
        return Refusal.CHANGED

    async def discard(self, bulletin_id: BulletinId, person: PersonId) -> Broadcast | Refusal:
        """Its author throws a draft away."""
        change = Change(bulletin_id, person, EDITABLE, BroadcastState.STOPPED, self._now(), author_only=True)
        return await self._change(change)

    async def submit(self, bulletin_id: BulletinId, person: PersonId, seen_hash: str) -> Broadcast | Refusal:
        """The author asks for approval of what the preview showed."""
        broadcast = await self._book.find(bulletin_id)
        if broadcast is None:
            return Refusal.UNKNOWN
        if self.problems(broadcast):
            return Refusal.NOT_READY
        missing = await self._book.what_is_missing(broadcast)
        if missing is not None:
            return missing
        return await self._change(
            Change(
                bulletin_id,
                person,
                frozenset({BroadcastState.DRAFT}),
                BroadcastState.IN_REVIEW,
                self._now(),
                seen_hash=seen_hash,
                author_only=True,
            )
        )

    async def approve(
        self,
        bulletin_id: BulletinId,
        person: PersonId,
        seen_hash: str,
        asked_by: PersonId | None = None,
    ) -> Consented | Refusal:
        """Somebody else's consent, or the author's own to fixed words; the last one needed starts it.

        With ``asked_by`` it is a consent to sending at once what waits for its time; see ``send_now``.
        """
        result = await self._book.consent(Consent(bulletin_id, person, seen_hash, self._now(), asked_by))
        if isinstance(result, Consented):
            self._ring(result.broadcast)
        return result

    async def refuse(
        self, bulletin_id: BulletinId, person: PersonId, seen_hash: str, reason: str
    ) -> Broadcast | Refusal:
        """An approver sends it back to its author; earlier consents are void."""
        broadcast = await self._book.find(bulletin_id)
        if broadcast is not None and broadcast.author == person:
            return Refusal.OWN_BULLETIN
        return await self._change(
            Change(
                bulletin_id,
                person,
                frozenset({BroadcastState.IN_REVIEW}),
                BroadcastState.DRAFT,
                self._now(),
                because=reason,
                seen_hash=seen_hash,
            )
        )

    def wake_engine(self) -> None:
        """Something was queued again, beside the states of bulletins."""
        self._wake()

    async def start_due(self, bulletin_id: BulletinId) -> Broadcast | Refusal:
        """What the timer calls: starts it, or holds it for a moderator. Called twice, it has one effect.

        Of a series it is the next occurrence that is started or held; the series is what is returned.
        """
        broadcast = await self._book.find(bulletin_id)
        if broadcast is not None and broadcast.bulletin.recurrence is not None:
            return await self._recur(bulletin_id)
        return await self._start(Start(bulletin_id, self._now()))

    async def skip(self, series: BulletinId, person: PersonId, moment: datetime) -> Broadcast | Refusal:
        """Leave out the occurrence at ``moment``, as long as it is the next. One person is enough."""
        return await self._book.skip(Skip(series, person, moment, is_skipped=True))

    async def unskip(self, series: BulletinId, person: PersonId, moment: datetime) -> Broadcast | Refusal:
        """Take that back, until then."""
        return await self._book.skip(Skip(series, person, moment, is_skipped=False))

    async def send_now(self, bulletin_id: BulletinId, person: PersonId) -> Broadcast | Refusal:
        """Somebody of the staff sends an approved bulletin that was held, in its time.

        Before that, or long after, it was approved for another moment: others ``approve`` what ``at_once`` makes
        of it.
        """
        return await self._start(Start(bulletin_id, self._now(), person))

    async def stop(self, bulletin_id: BulletinId, person: PersonId) -> Broadcast | Refusal:
        """No further copy leaves. One person is enough."""
        return await self._change(
            Change(bulletin_id, person, _STOPPABLE, BroadcastState.STOPPED, self._now(), because="stopped")
        )

    async def pause(self, bulletin_id: BulletinId, person: PersonId) -> Broadcast | Refusal:
        """Wait, keeping every delivery that is still open."""
        sending = frozenset({BroadcastState.SENDING})
        return await self._change(
            Change(bulletin_id, person, sending, BroadcastState.PAUSED, self._now(), because="paused")
        )

    async def resume(self, bulletin_id: BulletinId, person: PersonId) -> Broadcast | Refusal:
        """Go on after a pause, whoever or whatever paused it."""
        paused = frozenset({BroadcastState.PAUSED})
        return await self._change(Change(bulletin_id, person, paused, BroadcastState.SENDING, self._now()))

    async def schedule_to_rebuild(self) -> Sequence[tuple[BulletinId, datetime]]:
        """Every start and occurrence that timers must know of, also those already missed."""
        return await self._book.scheduled()

    async def find(self, key: BulletinId | Code) -> Broadcast | None:
        """The bulletin with this id or code, in whatever state."""
        return await self._book.find(key)

    async def drafts_of(self, author: PersonId) -> Sequence[Broadcast]:
        """What this person has begun and not sent for review."""
        return await self._book.listed({BroadcastState.DRAFT}, author)

    async def awaiting_review(self) -> Sequence[Broadcast]:
        """What waits for an approver."""
        return await self._book.listed({BroadcastState.IN_REVIEW})

    async def to_come(self) -> Sequence[Broadcast]:
        """What is scheduled, repeats or is held for somebody to decide, the newest first."""
        return await self._book.listed(_TO_COME)

    def next_few(self, recurrence: Recurrence, after: datetime | None = None) -> Sequence[datetime]:
        """The next three moments of a rule, from now on or after another moment."""
        return next_few(recurrence, after or self._now(), self._next_moment)

    async def audience(self, broadcast: Broadcast) -> AudienceSize:
        """Whom it would reach if it were sent now."""
        return await self._book.audience_size(broadcast.bulletin, broadcast.corrects)

    async def staff(self) -> Sequence[Colleague]:
        """The operator's staff as it is now."""
        return await self._book.staff()

    def problems(self, broadcast: Broadcast) -> tuple[Problem, ...]:
        """What keeps it from being sent, at this moment."""
        return self.problems_of(broadcast.bulletin)

    def problems_of(self, bulletin: Bulletin) -> tuple[Problem, ...]:
        """The same of a bulletin that nobody has written down yet."""
        return faults(bulletin, self._now(), self._next_moment)

    async def _recur(self, series: BulletinId) -> Broadcast | Refusal:
        symbols = body_symbols(await self._book.codes_in_use())
        for _ in range(_CODES_TRIED_AT_MOST):
            result = await self._book.recur(Recur(series, self._now(), self._fresh_code(symbols)))
            if isinstance(result, Refusal):
                return result
            if result is not None:
                self._ring(result.series)
                self._wake()
                return result.series
        raise RuntimeError("no free code was found")

    def _fresh_code(self, symbols: int) -> Code:
        return make(self._draw.getrandbits(_CODE_BITS), symbols)

    async def _start(self, start: Start) -> Broadcast | Refusal:
        result = await self._book.start(start)
        if isinstance(result, Broadcast):
            self._ring(result)
        return result

    async def _change(self, change: Change) -> Broadcast | Refusal:
        """A change that has already happened is not refused: it may be the same press, told of twice."""
        result = await self._book.change(change)
        if result is Refusal.TOO_LATE:
            broadcast = await self._book.find(change.bulletin_id)
            if broadcast is not None and broadcast.state is change.to:
                return broadcast
        if isinstance(result, Broadcast):
            self._wake()
        return result

    def _ring(self, broadcast: Broadcast) -> None:
        if broadcast.state is BroadcastState.SCHEDULED and broadcast.bulletin.not_before:
            self._set_timer(broadcast.id, broadcast.bulletin.not_before)
        elif broadcast.state is BroadcastState.RECURRING and broadcast.upcoming:
            self._set_timer(broadcast.id, broadcast.upcoming.at)
        elif broadcast.state is BroadcastState.SENDING:
            self._wake()
