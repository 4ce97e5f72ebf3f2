"""What became of deliveries that did not simply arrive, in words; and their table by reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiogram import html
from aiogram.utils.i18n import gettext as _

from broadcasts.delivery import DeliveryState
from broadcasts.progress import ReasonCount, Straggler
from bulletins.wording import shortened

_REASONS_SHOWN = 10
_DETAIL_UNITS = 60


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
    """In words where the kind is known; the platform's own words stand behind it."""
    kind, _colon, detail = one.reason.partition(":")
    words = {
        "gone": _("the bot is no longer there"),
        "no_rights": _("the bot lacks a right"),
        "rejected": _("the platform refused it"),
        "gave_up": _("tried too often"),
        "unsure": _("no answer came"),
        "not_sent": _("the platform could not be reached"),
        "flood_wait": _("the platform asked to wait"),
        "expired": _("its time was over"),
        "stopped": _("stopped"),
        "channel_not_active": _("the channel is paused or has left"),
        "moved": _("the group has moved"),
    }.get(kind, "")
    said = " · ".join(part for part in (words, shortened(detail, _DETAIL_UNITS)) if part)
    return f" ({said})" if said else ""
