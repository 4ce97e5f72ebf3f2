"""What the conversations with the operator's staff work with, put together once at start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from aiogram import html
from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast
from broadcasts.consent import StartRules, still_needed
from broadcasts.lifecycle import Desk
from broadcasts.progress import Aftermath
from bulletins.bulletin import ENGLISH, VIETNAMESE, Language
from bulletins.cap import CapDraft, CapRefusal
from bulletins.rendering import Imprint
from handlers.buttons import Buttons
from handlers.settings_cards import Choice, Offer
from members.channel import PersonId
from members.roles import Limits
from reports.checks.genuine import GenuineCheck
from reports.findings import NotExamined


class PictureShelf(Protocol):
    """Where the pictures of bulletins are kept."""

    async def keep(self, content: bytes, at: datetime) -> str:
        """The SHA-256 of ``content``, now kept."""

    async def content(self, sha256: str) -> bytes | None:
        """The picture, or None when it is gone."""

    async def handle(self, bot: str, sha256: str) -> str | None:
        """The platform's own id of a picture that this bot has seen."""

    async def remember_handle(self, bot: str, sha256: str, handle: str) -> None:
        """Keep that id for all posts to come."""


class AlertReading(Protocol):
    """Reads CAP alerts, where it holds nobody up."""

    async def read_cap(self, content: bytes, now: datetime) -> CapDraft | CapRefusal | NotExamined:
        """The same as `bulletins.cap.read_cap`, or that it could not be done."""


@dataclass(frozen=True, slots=True)
class BulletinDesk:
    """The use cases and keyboards that the handlers of the staff share."""

    desk: Desk
    genuine: GenuineCheck
    alerts: AlertReading
    buttons: Buttons
    pictures: PictureShelf
    offer: Offer
    issuers: Sequence[Choice]
    imprint: Imprint
    zone: ZoneInfo
    now: Callable[[], datetime]
    rules: StartRules
    aftermath: Aftermath
    moderators_chats: Mapping[str, str] = field(default_factory=dict)
    """By the bot's name in the settings: the chat its moderators work in."""
    language: Language = VIETNAMESE
    """The network's own, in which every bulletin is written first."""

    def needed(self, broadcast: Broadcast) -> int:
        """How many approvals are missing."""
        return still_needed(broadcast, frozenset(broadcast.approved_by), self.rules)

    async def name_of(self, person: PersonId) -> str:
        """By what name colleagues know somebody of the staff, as HTML."""
        names = {colleague.person: colleague.name for colleague in await self.desk.staff()}
        return html.quote(names.get(person, _("somebody who left")))

    async def limits_of(self, person: PersonId) -> Limits:
        """For which offices and areas somebody may write."""
        found = (one.limits for one in await self.desk.staff() if one.person == person)
        return next(found, Limits())

    def issuers_within(self, limits: Limits) -> Sequence[str]:
        """In whose names they may write; the first unless another is chosen."""
        names = [self.issuer_name(issuer) for issuer in self.issuers]
        return [name for name in names if not limits.issuers or name in limits.issuers]

    def issuer_name(self, issuer: Choice) -> str:
        """An office's name as it stands in bulletins."""
        return issuer.en if self.language == ENGLISH else issuer.vi

    @property
    def second_language(self) -> Language:
        """The one in which a bulletin may be written as well."""
        return VIETNAMESE if self.language == ENGLISH else ENGLISH
