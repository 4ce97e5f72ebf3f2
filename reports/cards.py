"""The moderators' cards: what the checks found in few words, and keeping the group's cards up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from reports.cases import CaseId
from reports.findings import Findings
from reports.ports import Card, CardBook, ModeratorsGroup

NOT_EXAMINED = "not_examined"
_SHOWN_AT_A_TIME = 10


def summary(findings: Findings) -> tuple[tuple[str, str], ...]:
    """(what was found, about what), for keeping: ``("altered", "LOA-7K2M-9")``, ``("shortener", "bit.ly")``.

    A domain about which nothing is known stands there too, as ``("link", domain)``; and that the machine could not
    look at all of it, as ``("not_examined", "")``.
    """
    genuine = [(findings.genuine.likeness.value, findings.genuine.code)] if findings.genuine else []
    links = [
        (kind, link.domain)
        for link in findings.links
        for kind in (tuple(fact.value for fact in link.facts) or ("link",))
    ]
    missing = [(NOT_EXAMINED, "")] if findings.not_examined else []
    return (*missing, *genuine, *links)


class Cards:
    """Keeps the cards in the moderators' group true to the cases."""

    def __init__(self, book: CardBook, group: ModeratorsGroup, *, now: Callable[[], datetime]) -> None:
        self._book = book
        self._group = group
        self._now = now
        self._one_at_a_time = asyncio.Lock()

    async def show_stale(self) -> int:
        """Post missing cards and renew old ones, until the group takes no more; how many were shown."""
        async with self._one_at_a_time:
            shown = 0
            for card in await self._book.take_stale(self._now(), _SHOWN_AT_A_TIME):
                if not await self._show(card):
                    break
                shown += 1
            return shown

    async def show(self, case: CaseId) -> Card | None:
        """Bring the card of one case up to date now, for somebody has just pressed a button; the card."""
        card = await self._book.take(case, self._now())
        if card is not None:
            await self._show(card)
        return card

    async def say(self, card: Card, text: str) -> str | None:
        """Write below a card that stands in the group; the id of the message, if it could be written."""
        return None if card.place is None else await self._group.say(card.place, text)

    async def _show(self, card: Card) -> bool:
        place = await self._group.show(card)
        if place is not None:
            await self._book.placed(card, place)
        return place is not None
