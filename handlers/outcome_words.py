"""What became of deliveries that did not simply arrive, in words; and their table by reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiogram import html
from aiogram.utils.i18n import gettext as _

from broadcasts.delivery import DeliveryState
from broadcasts.progress import ReasonCount, Straggler
from handlers.reason_words import reason_words

_REASONS_SHOWN = 10


def reason_table(counts: Sequence[ReasonCount]) -> Iterator[str]:
    """A heading and a line for each reason, as HTML; nothing when all of them simply arrived."""
    if counts:
        yield _("What did not simply arrive:")
    for one in counts[:_REASONS_SHOWN]:
        yield f"• {one.count}: {why_words(one)}"


def why_words(one: Straggler | ReasonCount) -> str:
    """What became of it, and why, as HTML."""
    return f"{state_words(one.state)}{html.quote(because_words(one))}"


def state_words(state: DeliveryState) -> str:
    """What became of it."""
    return {
        DeliveryState.QUEUED: _("still to be tried"),
        DeliveryState.SENDING: _("on its way"),
        DeliveryState.SENT: _("the copy could not be changed"),
        DeliveryState.FAILED: _("not delivered"),
        DeliveryState.UNSURE: _("nobody knows"),
        DeliveryState.DROPPED: _("left out"),
    }[state]


def because_words(one: Straggler | ReasonCount) -> str:
    """Why, in brackets; nothing where there is no more to say."""
    said = reason_words(one.reason)
    return f" ({said})" if said else ""
