"""Roles of the operator's staff, and the rule of who may do what. Roles are read anew at each act."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person of the operator's staff may do."""

    OWNER = "owner"
    """Decides who belongs to the staff. By itself this role writes and approves nothing."""
    MODERATOR = "moderator"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Limits:
    """For what somebody's roles count: bulletins of these offices, for these areas. Empty means all."""

    issuers: frozenset[str] = frozenset()
    """By name, as it stands in bulletins."""
    areas: frozenset[str] = frozenset()
    """By key, as in the settings."""

    def cover(self, issuer: str, areas: Collection[str]) -> bool:
        """Whether a bulletin of this office for these areas lies within; one for everywhere is for more than some."""
        is_issuer = not self.issuers or issuer in self.issuers
        return is_issuer and (not self.areas or (bool(areas) and self.areas.issuperset(areas)))


class Who(StrEnum):
    """Who may use a handler. Each handler declares one."""

    ANYONE = "anyone"
    """Also somebody who writes as an anonymous admin or in a channel's name."""
    PERSON = "person"
    """Anyone who writes under their own account."""
    MODERATOR = "moderator"
    APPROVER = "approver"
    OWNER = "owner"
    STAFF = "staff"
    """Anybody with a role: for acts that stop or look, never for those that start."""


_ROLES_WANTED: dict[Who, frozenset[Role]] = {
    Who.MODERATOR: frozenset({Role.MODERATOR}),
    Who.APPROVER: frozenset({Role.APPROVER}),
    Who.OWNER: frozenset({Role.OWNER}),
    Who.STAFF: frozenset(Role),
}


def needs_role(who: Who) -> bool:
    """Whether ``who`` are people of the operator's staff."""
    return who in _ROLES_WANTED


def allows(who: Who, roles: frozenset[Role]) -> bool:
    """Whether a person with these ``roles``, writing under their own account, belongs to ``who``."""
    return not needs_role(who) or not _ROLES_WANTED[who].isdisjoint(roles)
