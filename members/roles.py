"""Roles of the operator's staff, and the rule of who may do what. Roles are read anew at each act."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person of the operator's staff may do."""

    MODERATOR = "moderator"
    APPROVER = "approver"


class Who(StrEnum):
    """Who may use a handler. Each handler declares one."""

    ANYONE = "anyone"
    """Also somebody who writes as an anonymous admin or in a channel's name."""
    PERSON = "person"
    """Anyone who writes under their own account."""
    MODERATOR = "moderator"
    APPROVER = "approver"
    STAFF = "staff"
    """A moderator or an approver: for acts that stop or look, never for those that start."""


_ROLES_WANTED: dict[Who, frozenset[Role]] = {
    Who.MODERATOR: frozenset({Role.MODERATOR}),
    Who.APPROVER: frozenset({Role.APPROVER}),
    Who.STAFF: frozenset(Role),
}


def needs_role(who: Who) -> bool:
    """Whether ``who`` are people of the operator's staff."""
    return who in _ROLES_WANTED


def allows(who: Who, roles: frozenset[Role]) -> bool:
    """Whether a person with these ``roles``, writing under their own account, belongs to ``who``."""
    return not needs_role(who) or not _ROLES_WANTED[who].isdisjoint(roles)
