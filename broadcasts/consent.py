"""Who may start, stop, correct and edit: pure rules over what the transaction has just read.

One may stop and withdraw in fixed words; new words take two. An approver is never the author, and a consent counts
only for exactly the bytes it was given to, by somebody who is an approver at this moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from broadcasts.book import Change, Consent, Refusal, Revision, Skip
from broadcasts.broadcast import BROADCAST_TRANSITIONS, Broadcast, BroadcastState
from broadcasts.recurrence import NextMoment, never, series_problems
from broadcasts.schedule import Due, due
from bulletins.bulletin import DEFAULT_APPROVALS, Bulletin, Severity, approvals_needed, is_correction
from bulletins.canonical import approval_hash
from bulletins.fixed_words import announces_correction, ends_everything, speaks_in_fixed_words
from bulletins.problems import Problem, problems
from members.channel import PersonId
from members.roles import Limits, Role
from members.staff import Colleague, roles_of

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
EDITABLE = frozenset({BroadcastState.DRAFT, BroadcastState.IN_REVIEW})
STARTABLE = frozenset({BroadcastState.SCHEDULED, BroadcastState.HELD})
UNFINISHED = frozenset(
    {BroadcastState.SCHEDULED, BroadcastState.HELD, BroadcastState.SENDING, BroadcastState.PAUSED}
)


@dataclass(frozen=True, slots=True)
class StartRules:
    """What an installation demands before anything goes out."""

    approvals: Mapping[Severity, int] = field(default_factory=lambda: DEFAULT_APPROVALS)
    grace: timedelta = timedelta(minutes=15)
    next_moment: NextMoment = never
    """The calendar of recurring bulletins."""
    zone: tzinfo = VIET_NAM
    """By whose clock quiet hours are kept: that of the network, as when the pump asks again."""


def judge_revision(broadcast: Broadcast, revision: Revision) -> Refusal | None:
    """Only its author edits, only before it is approved, and only what they saw."""
    if broadcast.author != revision.person:
        return Refusal.NOT_AUTHOR
    if broadcast.state not in EDITABLE:
        return Refusal.TOO_LATE
    return Refusal.CHANGED if broadcast.approval_hash != revision.seen_hash else None


def judge_consent(
    broadcast: Broadcast, consent: Consent, roles: frozenset[Role], rules: StartRules
) -> Refusal | None:
    """Whether this person's yes counts, as their roles are now.

    A correction of nothing would go to everybody: nobody's yes counts for it. Who says something in fixed words
    confirms it: waiting for a second person would leave the error standing.
    """
    if is_correction(broadcast.bulletin) and broadcast.corrects is None:
        return Refusal.NOT_READY
    if broadcast.author == consent.person and may_go_alone(broadcast):
        return _judge_own(broadcast, consent, roles)
    refused = _judge_approver(broadcast, consent, roles)
    if refused or broadcast.state is not BroadcastState.IN_REVIEW:
        return refused or Refusal.TOO_LATE
    return Refusal.NOT_READY if faults(broadcast.bulletin, consent.at, rules.next_moment) else None


def may_go_alone(broadcast: Broadcast) -> bool:
    """Whether it is, word for word, one of the fixed notices about what it refers to."""
    earlier = broadcast.earlier
    return earlier is not None and speaks_in_fixed_words(broadcast.bulletin, earlier.first)


def at_once(broadcast: Broadcast) -> Broadcast:
    """What an approved bulletin becomes when it goes out now, and not when it was approved for: nobody's yes yet."""
    bulletin = replace(broadcast.bulletin, not_before=None)
    return replace(broadcast, bulletin=bulletin, approval_hash=approval_hash(bulletin).hex(), approved_by=())


def judge_hurry(hurried: Broadcast, consent: Consent, colleague: Colleague | None) -> Refusal | None:
    """Whether this person's yes counts to what somebody asked: to send ``at_once`` what waits for its time.

    ``hurried`` is what ``at_once`` makes of it, with those who agreed to that already.
    """
    refused = judge_colleague(hurried, colleague) or _judge_approver(hurried, consent, roles_of(colleague))
    if refused is None and consent.asked_by in _accounts(colleague):
        return Refusal.OWN_REQUEST
    return refused or (None if hurried.state in STARTABLE else Refusal.TOO_LATE)


def _accounts(colleague: Colleague | None) -> frozenset[PersonId]:
    return frozenset() if colleague is None else colleague.others | {colleague.person}


def _judge_approver(broadcast: Broadcast, consent: Consent, roles: frozenset[Role]) -> Refusal | None:
    if Role.APPROVER not in roles:
        return Refusal.NOT_ALLOWED
    if broadcast.author == consent.person:
        return Refusal.OWN_BULLETIN
    return Refusal.CHANGED if broadcast.approval_hash != consent.approval_hash else None


def is_within(limits: Limits, broadcast: Broadcast) -> bool:
    """Whether roles with these limits count for it. What one may say alone, as to stop, is open to all.

    A correction goes to the copies of the first bulletin: limits that do not cover that one do not cover it.
    """
    return may_go_alone(broadcast) or all(
        limits.cover(one.issuer, one.audience.areas) for one in _concerned(broadcast)
    )


def is_for(colleague: Colleague | None, broadcast: Broadcast) -> bool:
    """Whether they may start it, as far as their limits go."""
    return colleague is not None and is_within(colleague.limits, broadcast)


def judge_colleague(broadcast: Broadcast, colleague: Colleague | None) -> Refusal | None:
    """Whether this account may have a say in it at all: within its limits, and only once for a human being."""
    if colleague is None:
        return Refusal.NOT_ALLOWED
    if not is_within(colleague.limits, broadcast):
        return Refusal.OUTSIDE_LIMITS
    if broadcast.author in colleague.others:
        return Refusal.OWN_BULLETIN
    return Refusal.SAME_PERSON if colleague.others.intersection(broadcast.approved_by) else None


def faults(bulletin: Bulletin, now: datetime, next_moment: NextMoment) -> tuple[Problem, ...]:
    """Everything that keeps a bulletin, or a series, from being started at this moment."""
    return (*problems(bulletin, now), *series_problems(bulletin, now, next_moment))


def _judge_own(broadcast: Broadcast, consent: Consent, roles: frozenset[Role]) -> Refusal | None:
    """Of the staff, whichever role: who sees the error says so."""
    if not roles:
        return Refusal.NOT_ALLOWED
    if broadcast.approval_hash != consent.approval_hash:
        return Refusal.CHANGED
    if broadcast.state not in EDITABLE:
        return Refusal.TOO_LATE
    return Refusal.NOT_READY if problems(broadcast.bulletin, consent.at) else None


def still_needed(broadcast: Broadcast, approvers: frozenset[PersonId], rules: StartRules) -> int:
    """How many more consents it takes, counting ``approvers`` who consented to these bytes and still may.

    A correction takes as many as any of what it puts right.
    """
    if broadcast.author in approvers and may_go_alone(broadcast):
        return 0
    needed = max(approvals_needed(one, rules.approvals) for one in _concerned(broadcast))
    return max(0, needed - len(approvers - {broadcast.author}))


def _concerned(broadcast: Broadcast) -> tuple[Bulletin, ...]:
    """It, and what it puts right."""
    earlier = broadcast.earlier
    return (broadcast.bulletin, *((earlier.first, earlier.standing) if earlier else ()))


def why_overtaken(broadcast: Broadcast, others: Sequence[Bulletin]) -> Refusal | None:
    """Why a correction may not begin after ``others`` of the same, the newest first: it would bring back what
    they put right.

    Nothing follows a withdrawal for good, and nothing the newest correction that it was not written in the
    knowledge of. That a correction follows is no reason for new words to wait; a second notice adds nothing to it.
    """
    if any(map(ends_everything, others)):
        return Refusal.ALREADY_WITHDRAWN
    is_notice = may_go_alone(broadcast)
    newest = next((one for one in others if is_notice or not announces_correction(one)), None)
    return None if newest is None or newest.code in broadcast.bulletin.references else Refusal.SUPERSEDED


def path_of_approval(broadcast: Broadcast, now: datetime, grace: timedelta) -> tuple[BroadcastState, ...]:
    """The states that the last consent leads through, in one transaction: to its time, or out at once.

    A consent that came too late for the approved time leads to the schedule too, where it is held as missed.
    """
    is_now = due(broadcast.bulletin.not_before, now, grace) is Due.NOW
    last = BroadcastState.SENDING if is_now else BroadcastState.SCHEDULED
    if broadcast.bulletin.recurrence is not None:
        last = BroadcastState.RECURRING
    before = () if broadcast.state is BroadcastState.IN_REVIEW else (BroadcastState.IN_REVIEW,)
    return (*before, BroadcastState.APPROVED, last)


def check_path(state: BroadcastState, path: Sequence[BroadcastState]) -> None:
    """ValueError for a step that the transition table does not allow: a mistake in our own code."""
    for after in path:
        if after not in BROADCAST_TRANSITIONS[state]:
            raise ValueError(f"a bulletin cannot go from {state} to {after}")
        state = after


def judge_change(broadcast: Broadcast, change: Change, roles: frozenset[Role]) -> Refusal | None:
    """One person of the staff is enough to stop, pause, resume or send back."""
    if not roles:
        return Refusal.NOT_ALLOWED
    if change.author_only and broadcast.author != change.person:
        return Refusal.NOT_AUTHOR
    if change.seen_hash not in (None, broadcast.approval_hash):
        return Refusal.CHANGED
    if broadcast.state not in change.allowed_from or change.to not in BROADCAST_TRANSITIONS[broadcast.state]:
        return Refusal.TOO_LATE
    return None


def judge_skip(broadcast: Broadcast, skip: Skip, roles: frozenset[Role]) -> Refusal | None:
    """The occurrence is named by its moment: a press that comes late or twice never hits the next one."""
    if not roles:
        return Refusal.NOT_ALLOWED
    upcoming = broadcast.upcoming
    if broadcast.state is not BroadcastState.RECURRING or upcoming is None or upcoming.at != skip.moment:
        return Refusal.TOO_LATE
    return None


def why_held(broadcast: Broadcast, missing: int, now: datetime, rules: StartRules) -> Refusal | None:
    """Why a scheduled bulletin must wait for a moderator instead of starting by itself."""
    if missing:
        return Refusal.LACKS_APPROVALS
    if problems(broadcast.bulletin, now):
        return Refusal.NOT_READY
    return Refusal.TOO_LATE if due(broadcast.bulletin.not_before, now, rules.grace) is Due.MISSED else None


def not_its_time(broadcast: Broadcast, now: datetime, rules: StartRules) -> Refusal | None:
    """The approved time is part of what was approved: before it, or long after it, nobody sends it alone."""
    is_now = due(broadcast.bulletin.not_before, now, rules.grace) is Due.NOW
    return None if is_now else Refusal.NOT_ITS_TIME
