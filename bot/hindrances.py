"""What is in the way of a bulletin, put together from what this process can know.

How tokens and queues stand is read from the database: whichever process sends, the one that edits the board says it.
That nothing can be written only a process that sends notices; where another one edits the board, it is not said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.bell import Bell
from broadcasts.hindrance import Hindrance, Waiting, Why, hindrances
from bulletins.bulletin import BulletinId


@dataclass(frozen=True, slots=True)
class KnownHindrances:
    """The port ``Hindrances``."""

    waiting: Callable[[BulletinId, Collection[str]], Awaitable[Sequence[Waiting]]]
    bell: Bell
    bots: Collection[str]
    """Those of the settings."""
    now: Callable[[], datetime]
    zone: tzinfo

    async def of(self, bulletin_id: BulletinId) -> Sequence[Hindrance]:
        """What keeps it from going on. While nothing can be written, nothing else counts."""
        if self.bell.storage_trouble is not None:
            return [Hindrance(Why.STORAGE)]
        return hindrances(await self.waiting(bulletin_id, self.bots), self.bots, self.now(), self.zone)
