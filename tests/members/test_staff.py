"""The rules of coming to the staff and leaving it, walked without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from members.channel import PersonId
from members.roles import Limits, Role, Who, allows
from members.staff import (
    INVITATION_TRANSITIONS,
    Colleague,
    Grant,
    InvitationState,
    Removal,
    StaffInvitation,
    StaffRefusal,
    judge_acceptance,
    judge_decision,
    judge_removal,
    key_of,
    plain_name,
)

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
LAN, MINH, HANH = PersonId("telegram:1"), PersonId("telegram:2"), PersonId("telegram:3")
OWNER = Colleague(LAN, "Lan", frozenset({Role.OWNER}))
OPEN = StaffInvitation(
    key=key_of("code"),
    invited_by=LAN,
    grant=Grant(frozenset({Role.APPROVER})),
    expires_at=NOW + timedelta(hours=24),
)
ACCEPTED = replace(OPEN, state=InvitationState.ACCEPTED, candidate=MINH, candidate_name="Minh")


def test_every_state_of_an_invitation_is_reached_and_two_are_final() -> None:
    reached = {InvitationState.OPEN}.union(*INVITATION_TRANSITIONS.values())
    final = {state for state, after in INVITATION_TRANSITIONS.items() if not after}

    assert reached == set(InvitationState) == set(INVITATION_TRANSITIONS)
    assert final == {InvitationState.GRANTED, InvitationState.WITHDRAWN}


def test_an_owner_is_staff_but_writes_and_approves_nothing_by_that() -> None:
    owner = frozenset({Role.OWNER})

    assert [who for who in Who if allows(who, owner)] == [Who.ANYONE, Who.PERSON, Who.OWNER, Who.STAFF]
    assert not allows(Who.OWNER, frozenset({Role.MODERATOR, Role.APPROVER}))


@pytest.mark.parametrize(
    ("limits", "issuer", "areas", "within"),
    [
        (Limits(), "Công an", (), True),
        (Limits(issuers=frozenset({"Sở Y tế"})), "Sở Y tế", ("city",), True),
        (Limits(issuers=frozenset({"Sở Y tế"})), "Công an", (), False),
        (Limits(issuers=frozenset({"Sở Y tế"})), "sở y tế", (), False),
        (Limits(areas=frozenset({"city", "hills"})), "Công an", ("city",), True),
        (Limits(areas=frozenset({"city"})), "Công an", ("city", "hills"), False),
        (Limits(areas=frozenset({"city"})), "Công an", (), False),
        (Limits(frozenset({"Sở Y tế"}), frozenset({"city"})), "Sở Y tế", ("hills",), False),
    ],
)
def test_a_limit_covers_only_what_lies_wholly_within_it(
    limits: Limits, issuer: str, areas: tuple[str, ...], within: bool
) -> None:
    assert limits.cover(issuer, areas) is within


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Lan", "Lan"),
        ("  Lan \n Nguyễn ", "Lan Nguyễn"),
        ("\u202egnol naL\u202c", "gnol naL"),
        ("L\u200ban", "Lan"),
        ("\u2066\u200b", "1"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_shows_all_that_it_consists_of(typed: str, shown: str) -> None:
    assert plain_name(typed, LAN) == shown


@pytest.mark.parametrize(
    ("invitation", "has_owner", "later", "refused"),
    [
        (None, True, 0, StaffRefusal.BAD_CODE),
        (OPEN, True, 0, None),
        (OPEN, True, 24, StaffRefusal.BAD_CODE),
        (ACCEPTED, True, 0, None),
        (replace(ACCEPTED, candidate=HANH), True, 0, StaffRefusal.BAD_CODE),
        (replace(OPEN, state=InvitationState.WITHDRAWN), True, 0, StaffRefusal.BAD_CODE),
        (replace(ACCEPTED, state=InvitationState.GRANTED), True, 99, None),
        (replace(ACCEPTED, state=InvitationState.GRANTED, candidate=HANH), True, 0, StaffRefusal.BAD_CODE),
        (replace(OPEN, invited_by=None), False, 0, None),
        (replace(OPEN, invited_by=None), True, 0, StaffRefusal.HAS_OWNER),
        (replace(OPEN, invited_by=None, is_recovery=True), True, 0, None),
    ],
)
def test_who_may_take_an_invitation_up(
    invitation: StaffInvitation | None, has_owner: bool, later: int, refused: StaffRefusal | None
) -> None:
    at = NOW + timedelta(hours=later)
    assert judge_acceptance(invitation, MINH, has_owner=has_owner, at=at) is refused


@pytest.mark.parametrize(
    ("invitation", "owner", "is_yes", "later", "refused"),
    [
        (ACCEPTED, OWNER, True, 0, None),
        (ACCEPTED, OWNER, True, 24, StaffRefusal.BAD_CODE),
        (ACCEPTED, OWNER, False, 99, None),
        (OPEN, OWNER, False, 0, None),
        (OPEN, OWNER, True, 0, StaffRefusal.BAD_CODE),
        (ACCEPTED, None, True, 0, StaffRefusal.NOT_OWNER),
        (ACCEPTED, replace(OWNER, roles=frozenset({Role.MODERATOR})), True, 0, StaffRefusal.NOT_OWNER),
        (ACCEPTED, replace(OWNER, person=HANH), True, 0, StaffRefusal.BAD_CODE),
        (replace(ACCEPTED, state=InvitationState.GRANTED), OWNER, False, 0, StaffRefusal.BAD_CODE),
        (replace(ACCEPTED, state=InvitationState.WITHDRAWN), OWNER, True, 0, StaffRefusal.BAD_CODE),
        (replace(ACCEPTED, state=InvitationState.GRANTED), OWNER, True, 99, None),
    ],
)
def test_only_the_owner_who_invited_decides_and_only_once_somebody_came(
    invitation: StaffInvitation,
    owner: Colleague | None,
    is_yes: bool,
    later: int,
    refused: StaffRefusal | None,
) -> None:
    assert judge_decision(invitation, owner, NOW + timedelta(hours=later), is_yes=is_yes) is refused


@pytest.mark.parametrize(
    ("person", "by", "roles", "other_owners", "refused"),
    [
        (Colleague(MINH, "Minh", frozenset({Role.APPROVER})), OWNER, {Role.APPROVER}, 1, None),
        (None, OWNER, {Role.APPROVER}, 1, StaffRefusal.NO_COLLEAGUE),
        (OWNER, OWNER, {Role.OWNER}, 1, None),
        (OWNER, OWNER, {Role.OWNER}, 0, StaffRefusal.LAST_OWNER),
        (OWNER, OWNER, {Role.MODERATOR}, 0, None),
        (OWNER, Colleague(MINH, "Minh", frozenset({Role.MODERATOR})), set(Role), 1, StaffRefusal.NOT_OWNER),
        (OWNER, None, set(Role), 1, StaffRefusal.NOT_OWNER),
    ],
)
def test_who_may_take_a_role_away(
    person: Colleague | None,
    by: Colleague | None,
    roles: set[Role],
    other_owners: int,
    refused: StaffRefusal | None,
) -> None:
    removal = Removal(person.person if person else MINH, frozenset(roles), by.person if by else MINH, NOW)
    assert judge_removal(person, by, removal, other_owners=other_owners) is refused
