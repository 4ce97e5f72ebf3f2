"""What the conversations about the staff itself work with, put together once at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from handlers.buttons import Buttons, Rows
from handlers.settings_cards import Choice
from handlers.telling import chat_of
from members.channel import PersonId
from members.staffing import Staffing


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """The use case and keyboards that these handlers share."""

    staffing: Staffing
    buttons: Buttons
    issuers: Sequence[str]
    """The offices' names as they stand in bulletins."""
    areas: Sequence[Choice]
    zone: ZoneInfo
    ring: Callable[[], None]
    """The staff has changed: the owners are to be told."""

    async def keyboard(
        self, rows: Rows, person: PersonId, *, repeatable: bool = False
    ) -> InlineKeyboardMarkup:
        """Buttons for this person alone, in their private chat."""
        kept = [row for row in rows if row]
        chat = chat_of(person)
        return await self.buttons.keyboard(kept, chat=chat, person=person, repeatable=repeatable)
