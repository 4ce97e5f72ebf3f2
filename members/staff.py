"""The operator's staff: who belongs to it, how one comes and goes. Values and pure rules.

    open ──taken up by somebody──> accepted ──the owner who invited says: that is the one──> granted
      │                               └──────────the owner says no──> withdrawn
      ├──the owner takes it back──> withdrawn
      └──a code of the server, where no owner can be asked──> granted

A link may be stolen or passed on. So what it leads to is decided by whoever made it, once they see who took it up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from members.channel import PersonId
from members.roles import Limits, Role

STAFF_INVITATION_LASTS = timedelta(hours=24)
LONGEST_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody is to be."""

    roles: frozenset[Role]
    limits: Limits = field(default_factory=Limits)


class InvitationState(StrEnum):
    """Where an invitation to the staff stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


_S = InvitationState
INVITATION_TRANSITIONS: dict[InvitationState, frozenset[InvitationState]] = {
    _S.OPEN: frozenset({_S.ACCEPTED, _S.GRANTED, _S.WITHDRAWN}),
    _S.ACCEPTED: frozenset({_S.GRANTED, _S.WITHDRAWN}),
    _S.GRANTED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffInvitation:
    """One invitation. Its code is not kept: ``key`` is all that tells whether a code is the right one."""

    key: str
    invited_by: PersonId | None
    """The owner, or None: a code that was made on the server itself."""
    grant: Grant
    expires_at: datetime
    state: InvitationState = InvitationState.OPEN
    candidate: PersonId | None = None
    candidate_name: str = ""
    is_recovery: bool = False
    """Of the server's codes: whether it counts although there is an owner, whom nobody can reach."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """An account of the operator's staff, by the name colleagues know."""

    person: PersonId
    name: str
    roles: frozenset[Role]
    limits: Limits = field(default_factory=Limits)
    since: datetime | None = None
    others: frozenset[PersonId] = frozenset()
    """Further accounts of the same human being, as an owner declared: together they are one voice."""


def roles_of(colleague: Colleague | None) -> frozenset[Role]:
    """What they are; whoever is not on the staff is nothing."""
    return frozenset() if colleague is None else colleague.roles


class StaffAct(StrEnum):
    """What was done to the staff, as the record names it."""

    INVITED = "invited"
    GRANTED = "granted"
    RECOVERED = "recovered"
    """Somebody became owner by a code from the server."""
    MOVED_OVER = "moved_over"
    """They stood in the settings of an earlier version."""
    REDUCED = "reduced"
    RESIGNED = "resigned"
    LINKED = "linked"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChange:
    """One line of the record, with the names for telling it."""

    id: int
    at: datetime
    act: StaffAct
    person: PersonId
    name: str
    by: PersonId | None
    by_name: str
    roles: frozenset[Role]
    """What they are afterwards."""
    limits: Limits
    other_name: str
    """Of a link: how the second account is called."""
    voided: int
    """How many approvals that were not used yet are void by it."""


class StaffRefusal(StrEnum):
    """Why the staff was left as it is. Expected, and told in one sentence."""

    BAD_CODE = "bad_code"
    """Unknown, too old, used, or withdrawn: which of these is nobody's business."""
    TOO_MANY_TRIES = "too_many_tries"
    HAS_OWNER = "has_owner"
    NOT_OWNER = "not_owner"
    LAST_OWNER = "last_owner"
    NO_COLLEAGUE = "no_colleague"
    TOO_MANY_OPEN = "too_many_open"


@dataclass(frozen=True, slots=True)
class Removal:
    """Somebody is to lose roles, by an owner's decision or their own."""

    person: PersonId
    roles: frozenset[Role]
    by: PersonId
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """An owner declares that two accounts are one human being's."""

    first: PersonId
    second: PersonId
    by: PersonId
    at: datetime


def key_of(code: str) -> str:
    """What is kept of a code. It has more than 128 random bits, so a plain SHA-256 cannot be searched backwards."""
    return hashlib.sha256(code.encode()).hexdigest()


def plain_name(typed: str, person: PersonId) -> str:
    """An account's name without what does not show; the account's number when nothing is left."""
    words = " ".join("".join(sign for sign in typed if sign.isprintable()).split())
    return words[:LONGEST_NAME_CHARACTERS] or person.partition(":")[2]


def judge_acceptance(
    invitation: StaffInvitation | None, candidate: PersonId, *, has_owner: bool, at: datetime
) -> StaffRefusal | None:
    """Whether this person may take it up now. Whoever took it up before may ask again, nobody else."""
    if invitation is None or invitation.candidate not in (None, candidate):
        return StaffRefusal.BAD_CODE
    if invitation.state is InvitationState.GRANTED:  # the same press, told of twice
        return None if invitation.candidate == candidate else StaffRefusal.BAD_CODE
    if invitation.state is InvitationState.WITHDRAWN or at >= invitation.expires_at:
        return StaffRefusal.BAD_CODE
    is_for_nobodys_network = invitation.invited_by is None and not invitation.is_recovery
    return StaffRefusal.HAS_OWNER if is_for_nobodys_network and has_owner else None


def judge_decision(
    invitation: StaffInvitation | None, owner: Colleague | None, at: datetime, *, is_yes: bool
) -> StaffRefusal | None:
    """Whether this owner may say so now: only the one who invited, as long as they are an owner."""
    if owner is None or Role.OWNER not in owner.roles:
        return StaffRefusal.NOT_OWNER
    if invitation is None or invitation.invited_by != owner.person:
        return StaffRefusal.BAD_CODE
    after = InvitationState.GRANTED if is_yes else InvitationState.WITHDRAWN
    if invitation.state is after:
        return None
    if after not in INVITATION_TRANSITIONS[invitation.state]:
        return StaffRefusal.BAD_CODE
    is_ripe = invitation.state is InvitationState.ACCEPTED and at < invitation.expires_at
    return StaffRefusal.BAD_CODE if is_yes and not is_ripe else None


def judge_removal(
    colleague: Colleague | None, by: Colleague | None, removal: Removal, *, other_owners: int
) -> StaffRefusal | None:
    """Everybody may go; only an owner sends others away; somebody must remain who can invite."""
    if colleague is None:
        return StaffRefusal.NO_COLLEAGUE
    if by is None or (by.person != colleague.person and Role.OWNER not in by.roles):
        return StaffRefusal.NOT_OWNER
    loses_ownership = Role.OWNER in removal.roles & colleague.roles
    return StaffRefusal.LAST_OWNER if loses_ownership and not other_owners else None
