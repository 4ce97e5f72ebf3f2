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


def is_good(invitation: Invitation | None, person: PersonId | None, now: datetime) -> bool:
    """Whether ``invitation`` still counts for ``person``; None is somebody who writes anonymously.

    The token is known only to whom it was made for, so an anonymous admin who shows it is taken for that
    person, and the live check of who administers the group decides.
    """
    if invitation is None or invitation.used_at is not None or now >= invitation.expires_at:
        return False
    return person in (None, invitation.person)
