"""Who may start, stop, correct and edit: pure rules over what the transaction has just read.

One may stop or correct, two must start. An approver is never the author, and a consent counts only for
exactly the bytes it was given to, by somebody who is an approver at this moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from broadcasts.book import Change, Consent, Refusal, Revision, Skip
from broadcasts.broadcast import BROADCAST_TRANSITIONS, Broadcast, BroadcastState
from broadcasts.recurrence import NextMoment, never, series_problems
from broadcasts.schedule import Due, due
from bulletins.bulletin import (
    DEFAULT_APPROVALS,
    Bulletin,
    MsgType,
    Severity,
    approvals_needed,
    is_correction,
)
from bulletins.problems import Problem, problems
from members.channel import PersonId
from members.roles import Limits, Role
from members.staff import Colleague

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

    A correction of nothing would go to everybody on one person's word: nobody's yes counts for it.
    """
    if is_correction(broadcast.bulletin) and broadcast.corrects is None:
        return Refusal.NOT_READY
    if is_correction(broadcast.bulletin):
        return _judge_correction(broadcast, consent, roles)
    if Role.APPROVER not in roles:
        return Refusal.NOT_ALLOWED
    if broadcast.author == consent.person:
        return Refusal.OWN_BULLETIN
    if broadcast.approval_hash != consent.approval_hash:
        return Refusal.CHANGED
    if broadcast.state is not BroadcastState.IN_REVIEW:
        return Refusal.TOO_LATE
    return Refusal.NOT_READY if faults(broadcast.bulletin, consent.at, rules.next_moment) else None


def is_within(limits: Limits, bulletin: Bulletin) -> bool:
    """Whether roles with these limits count for it. To withdraw something, as to stop it, is open to all."""
    return bulletin.msg_type is MsgType.CANCEL or limits.cover(bulletin.issuer, bulletin.audience.areas)


def is_for(colleague: Colleague | None, bulletin: Bulletin) -> bool:
    """Whether they may start it, as far as their limits go."""
    return colleague is not None and is_within(colleague.limits, bulletin)


def judge_colleague(broadcast: Broadcast, colleague: Colleague | None) -> Refusal | None:
    """Whether this account may have a say in it at all: within its limits, and only once for a human being."""
    if colleague is None:
        return Refusal.NOT_ALLOWED
    if not is_within(colleague.limits, broadcast.bulletin):
        return Refusal.OUTSIDE_LIMITS
    if broadcast.author in colleague.others:
        return Refusal.OWN_BULLETIN
    return Refusal.SAME_PERSON if colleague.others.intersection(broadcast.approved_by) else None


def faults(bulletin: Bulletin, now: datetime, next_moment: NextMoment) -> tuple[Problem, ...]:
    """Everything that keeps a bulletin, or a series, from being started at this moment."""
    return (*problems(bulletin, now), *series_problems(bulletin, now, next_moment))


def _judge_correction(broadcast: Broadcast, consent: Consent, roles: frozenset[Role]) -> Refusal | None:
    """Whoever wrote a correction confirms it: waiting for a second person would leave the error standing."""
    if not roles:
        return Refusal.NOT_ALLOWED
    if broadcast.author != consent.person:
        return Refusal.NOT_AUTHOR
    if broadcast.approval_hash != consent.approval_hash:
        return Refusal.CHANGED
    if broadcast.state not in EDITABLE:
        return Refusal.TOO_LATE
    return Refusal.NOT_READY if problems(broadcast.bulletin, consent.at) else None


def still_needed(broadcast: Broadcast, approvers: frozenset[PersonId], rules: StartRules) -> int:
    """How many more consents it takes, counting ``approvers`` who consented to these bytes and still may."""
    if is_correction(broadcast.bulletin):
        return 0 if broadcast.author in approvers else 1
    return max(0, approvals_needed(broadcast.bulletin, rules.approvals) - len(approvers - {broadcast.author}))


def path_of_approval(broadcast: Broadcast, now: datetime) -> tuple[BroadcastState, ...]:
    """The states that the last consent leads through, in one transaction: to its time, or out at once."""
    not_before = broadcast.bulletin.not_before
    last = BroadcastState.SCHEDULED if not_before and not_before > now else BroadcastState.SENDING
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
