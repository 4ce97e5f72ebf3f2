"""Members: people who enrolled one or more channels, or chose something that Loa must remember for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from members.channel import PersonId


@dataclass(frozen=True, slots=True)
class Member:
    """A person as Loa knows them: a pseudonym and a language, no name."""

    person: PersonId
    language: str
    met_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link that brings the bot into a group carries: who opened it; once, for a short time."""

    token: str
    person: PersonId
    expires_at: datetime
    used_at: datetime | None = None


def is_good(invitation: Invitation | None, person: PersonId, now: datetime) -> bool:
    """Whether ``invitation`` still counts for ``person``: it was made for them alone."""
    if invitation is None or invitation.used_at is not None or now >= invitation.expires_at:
        return False
    return invitation.person == person
