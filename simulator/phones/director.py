"""What the page needs from whoever tells the story: the cast, the channels, the steps and the controls.

The page shows the world as it is; the director only says who holds the four phones, which chats are tiles,
what the world cannot know (copies still on their way), and where the story stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ChannelMark(StrEnum):
    """What the sender knows about a channel and the world does not show.

    A mark lasts as long as the director gives it; a tile without one shows what stands in its chat.
    """

    QUEUED = "queued"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Words:
    """One text for visitors in both languages of the page."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story. `actors` are the ids of the users whose phones the visitor should watch."""

    key: str
    title: Words
    caption: Words
    """One or two plain sentences, about 120 characters in all: what is happening, and why."""
    actors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who holds the phones: ids of users of the world, and of the bot they talk to."""

    bot: int
    admin: int
    moderators: tuple[int, ...]
    citizen: int

    @property
    def phones(self) -> tuple[tuple[int, str], ...]:
        """(user id, role), in the order of the wall: those who publish, then those who receive."""
        publishing = tuple((user, "moderator") for user in self.moderators)
        return (*publishing, (self.admin, "admin"), (self.citizen, "citizen"))


class Director(Protocol):
    """Tells the story. Properties are read several times a second and must be cheap."""

    @property
    def cast(self) -> Cast: ...

    @property
    def channels(self) -> Sequence[int]:
        """Ids of the chats that form the grid, in the order of the tiles."""
        ...

    @property
    def marks(self) -> Mapping[int, ChannelMark]:
        """By chat id; empty when nothing is on its way."""
        ...

    @property
    def steps(self) -> Sequence[Step]: ...

    @property
    def position(self) -> int:
        """Index of the step that is being told or was told last; -1 before the first."""
        ...

    @property
    def playing(self) -> bool:
        """Whether a step is being told now; true from the first moment of `play` and `step`."""
        ...

    async def play(self) -> None:
        """Tell the story from here on; returns at its end or when paused."""

    def pause(self) -> None:
        """Stop after the act being played, so that the visitor can act by hand."""

    async def step(self) -> None:
        """Tell the next step wholly, then stop."""

    def fast_forward(self) -> None:
        """Leave out the waiting for readers: while playing, and in the next `play` or `step`."""
