"""A person's rights over their own data: to have it all, and to be forgotten at once.

Each room that keeps something about people hands in one keeper, so nothing is left out when a room is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from members.channel import Channel, PersonId
from members.ports import ChannelRoster


class Keeper(Protocol):
    """Something that keeps data about people."""

    async def export(self, person: PersonId) -> dict[str, Any]:
        """Everything it keeps about this person, as JSON."""

    async def forget(self, person: PersonId) -> None:
        """Erase this person, now. Repeating it changes nothing."""


class ForgettingOwed(Protocol):
    """Remembers who is to be forgotten later."""

    async def owe(self, person: PersonId, due_at: datetime) -> None:
        """Forget this person at ``due_at``. Who is owed it already waits no longer for that."""

    async def due(self, now: datetime) -> Sequence[PersonId]:
        """Whose time has come, a few at a time."""

    async def done(self, person: PersonId) -> None:
        """They were forgotten."""


class OwnRights:
    """The use case. ``keepers`` are named after what they keep."""

    def __init__(self, channels: ChannelRoster, keepers: Mapping[str, Keeper]) -> None:
        self._channels = channels
        self._keepers = keepers

    async def export(self, person: PersonId) -> dict[str, Any]:
        """Everything that is kept about this person, by keeper."""
        return {name: await keeper.export(person) for name, keeper in self._keepers.items()}

    async def forget(self, person: PersonId) -> tuple[Channel, ...]:
        """Erase this person, now; the channels that were theirs, which have left the network."""
        channels = await self._channels.channels_of(person)
        for keeper in self._keepers.values():
            await keeper.forget(person)
        return channels
