"""Coming to the staff and leaving it: by invitation, by an owner's decision, by one's own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from members.channel import PersonId
from members.roles import Role
from members.staff import (
    STAFF_INVITATION_LASTS,
    Colleague,
    Grant,
    Link,
    Removal,
    StaffInvitation,
    StaffRefusal,
    key_of,
)

CODE_PREFIX = "moi-"
"""By which a link's payload is known for an invitation to the staff."""
_CODE_BYTES = 24
_WRONG_CODES_AT_MOST = 5
_WRONG_CODES_WITHIN = timedelta(hours=1)
_GUESSERS_REMEMBERED = 10_000


class StaffWriting(Protocol):
    """What changes the staff; each method is one transaction, and each change is recorded in it."""

    async def invite(self, invitation: StaffInvitation, at: datetime) -> StaffRefusal | None:
        """Keep a new invitation, if whoever makes it is an owner now. One of the server's replaces the last."""

    async def accept(
        self, key: str, candidate: PersonId, name: str, at: datetime
    ) -> StaffInvitation | StaffRefusal:
        """Somebody takes it up; by a code of the server they become owner at once."""

    async def decide(
        self, key: str, owner: PersonId, at: datetime, *, is_yes: bool
    ) -> StaffInvitation | StaffRefusal:
        """The owner who invited gives the role to whoever took it up, or to nobody."""

    async def remove(self, removal: Removal) -> StaffRefusal | None:
        """Take roles away; approvals of theirs that were not used yet are void."""

    async def link(self, link: Link) -> StaffRefusal | None:
        """From now on both accounts are one voice."""

    async def unlink(self, person: PersonId, by: PersonId, at: datetime) -> StaffRefusal | None:
        """This account is somebody else's after all."""


class StaffReading(Protocol):
    """What looks at the staff."""

    async def invitation(self, key: str) -> StaffInvitation | None:
        """The invitation with this key."""

    async def accepted(self, owner: PersonId, at: datetime) -> Sequence[StaffInvitation]:
        """Those of this owner that somebody took up and that wait for a decision."""

    async def staff(self) -> Sequence[Colleague]:
        """Everybody, by name; at most 500."""


class StaffBook(StaffWriting, StaffReading, Protocol):
    """The whole of it."""


class Staffing:
    """The use case. Times are aware UTC."""

    def __init__(self, book: StaffBook, *, now: Callable[[], datetime], tokens: Callable[[int], str]) -> None:
        self._book = book
        self._now = now
        self._tokens = tokens
        self._guesses = _Guesses()

    async def invite(self, owner: PersonId, grant: Grant) -> tuple[str, str] | StaffRefusal:
        """A new code for one person, and its key; the code is kept nowhere and good for 24 hours."""
        return await self._invite(owner, grant)

    async def invite_first_owner(self, *, is_recovery: bool) -> str | StaffRefusal:
        """A code for whoever is to own the network: only as long as nobody does, unless it is a recovery."""
        made = await self._invite(None, Grant(frozenset({Role.OWNER})), is_recovery=is_recovery)
        return made if isinstance(made, StaffRefusal) else made[0]

    async def look(self, code: str, person: PersonId) -> StaffInvitation | StaffRefusal:
        """The invitation behind a code that ``person`` sent; after a few wrong ones nothing is looked up."""
        if self._guesses.are_too_many(person, self._now()):
            return StaffRefusal.TOO_MANY_TRIES
        found = await self._book.invitation(key_of(code))
        if found is None:
            self._guesses.note(person, self._now())
            return StaffRefusal.BAD_CODE
        is_mine = found.candidate in (None, person)
        return found if is_mine and self._now() < found.expires_at else StaffRefusal.BAD_CODE

    async def accept(self, key: str, person: PersonId, name: str) -> StaffInvitation | StaffRefusal:
        """The invitee says yes."""
        return await self._book.accept(key, person, name, self._now())

    async def decide(self, key: str, owner: PersonId, *, is_yes: bool) -> StaffInvitation | StaffRefusal:
        """The owner says whether that is the person they meant."""
        return await self._book.decide(key, owner, self._now(), is_yes=is_yes)

    async def remove(self, person: PersonId, roles: frozenset[Role], by: PersonId) -> StaffRefusal | None:
        """Take these roles away."""
        return await self._book.remove(Removal(person, roles, by, self._now()))

    async def resign(self, person: PersonId) -> StaffRefusal | None:
        """Leave the staff; nothing happens to whoever does not belong to it."""
        refused = await self.remove(person, frozenset(Role), person)
        return None if refused is StaffRefusal.NO_COLLEAGUE else refused

    async def link(self, first: PersonId, second: PersonId, by: PersonId) -> StaffRefusal | None:
        """Two accounts of one human being."""
        return await self._book.link(Link(first, second, by, self._now()))

    async def unlink(self, person: PersonId, by: PersonId) -> StaffRefusal | None:
        """Take that back."""
        return await self._book.unlink(person, by, self._now())

    async def waiting(self, owner: PersonId) -> Sequence[StaffInvitation]:
        """Who waits for this owner's decision."""
        return await self._book.accepted(owner, self._now())

    async def staff(self) -> Sequence[Colleague]:
        """Everybody, by name."""
        return await self._book.staff()

    async def colleague(self, person: PersonId) -> Colleague | None:
        """One of them."""
        return next((one for one in await self._book.staff() if one.person == person), None)

    async def _invite(
        self, owner: PersonId | None, grant: Grant, *, is_recovery: bool = False
    ) -> tuple[str, str] | StaffRefusal:
        code, now = self._tokens(_CODE_BYTES), self._now()
        invitation = StaffInvitation(
            key=key_of(code),
            invited_by=owner,
            grant=grant,
            expires_at=now + STAFF_INVITATION_LASTS,
            is_recovery=is_recovery,
        )
        return await self._book.invite(invitation, now) or (code, invitation.key)


class _Guesses:
    """Wrong codes by person, within the last hour. The codes cannot be guessed; nobody is let try for ever."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[PersonId, tuple[datetime, int]] = OrderedDict()

    def note(self, person: PersonId, at: datetime) -> None:
        since, count = self._wrong.pop(person, (at, 0))
        if at - since >= _WRONG_CODES_WITHIN:
            since, count = at, 0
        self._wrong[person] = (since, count + 1)
        if len(self._wrong) > _GUESSERS_REMEMBERED:
            self._wrong.popitem(last=False)

    def are_too_many(self, person: PersonId, at: datetime) -> bool:
        since, count = self._wrong.get(person, (at, 0))
        return count >= _WRONG_CODES_AT_MOST and at - since < _WRONG_CODES_WITHIN
