"""What the conversations with members work with, put together once at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiogram.types import Chat

from handlers.buttons import Buttons
from handlers.settings_cards import SettingsCards
from members.channel import PersonId
from members.enrolment import Enrolment
from members.ports import Tellings
from members.upkeep import Upkeep


class Languages(Protocol):
    """Where it is kept which language a person wants to be spoken to in."""

    async def choose_language(self, person: PersonId, language: str, at: datetime) -> None:
        """Keep the choice."""


@dataclass(frozen=True, slots=True)
class MemberDesk:
    """The use cases and keyboards that the member-facing handlers share."""

    enrolment: Enrolment
    upkeep: Upkeep
    tellings: Tellings
    languages: Languages
    buttons: Buttons
    settings: SettingsCards
    now: Callable[[], datetime]
    own_chats: frozenset[str] = frozenset()
    """Ids or @names of the operator's own chats, where staff work or bulletins are tried: nobody enrols them."""

    def is_own(self, chat: Chat) -> bool:
        """Whether ``chat`` is one of the operator's own."""
        return not self.own_chats.isdisjoint((str(chat.id), f"@{chat.username}"))
