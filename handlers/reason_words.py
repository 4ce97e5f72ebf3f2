"""Why a delivery, or a whole bulletin, did not go as it should: what the ledger keeps, in people's words.

A reason is a kind and, behind colons, what is known more closely: ``gone:kicked``, ``gave_up:not_sent:http_502``.
What has no words here is a platform's own and stands as it came.
"""

from __future__ import annotations

from functools import cache

from aiogram.utils.i18n import gettext as _

from bulletins.wording import shortened
from handlers.telling import spoken

_DETAIL_UNITS = 60


def reason_words(reason: str) -> str:
    """A reason in words, not yet HTML; nothing, where there is none or the kind says all."""
    kind, _colon, detail = reason.partition(":")
    words = _kinds(spoken()).get(kind)
    if words is None:
        return _details(spoken()).get(reason) or shortened(reason, _DETAIL_UNITS)
    return " · ".join(part for part in (words, reason_words(detail)) if part)


@cache  # a list names thousands of channels
def _kinds(_locale: str) -> dict[str, str]:
    """Those of ``broadcasts/retry.py``, of corrections and of the breaker."""
    return {
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
        "moderator": _("a moderator settled it"),
        "not_as_approved": _("it is no longer, letter for letter, what was approved"),
        "not_edited": "",  # its state says so
    }


@cache
def _details(_locale: str) -> dict[str, str]:
    """The names of ``platforms/telegram_outcomes.py`` and of corrections."""
    return {
        "kicked": _("it was removed"),
        "not_member": _("it is not a member"),
        "deleted": _("the group was deleted"),
        "deactivated": _("the account no longer exists"),
        "blocked": _("it was blocked"),
        "never_started": _("nobody has opened a chat with it"),
        "is_bot": _("a bot cannot be written to"),
        "chat_not_found": _("there is no such chat"),
        "can_send_messages": _("to send messages"),
        "can_post_messages": _("to post messages"),
        "can_send_photos": _("to send pictures"),
        "can_pin_messages": _("to pin messages"),
        "administrator": _("to be an administrator"),
        "open_topic": _("the topic in the group is closed"),
        "too_long": _("the text is too long"),
        "caption_too_long": _("the text under the picture is too long"),
        "bad_markup": _("it cannot read the formatting"),
        "empty": _("there is no text"),
        "bad_text": _("it cannot read the text"),
        "bad_picture": _("it cannot use the picture"),
        "picture_too_big": _("the picture is too big"),
        "stale_file_handle": _("it has forgotten the picture"),
        "copy_gone": _("the copy is no longer there"),
        "copy_not_editable": _("it does not let the copy be changed"),
        "copy_has_no_text": _("it does not let the copy be changed"),
        "copy_unknown": _("it is not known which message it is"),
        "moved_away": _("it stayed in the group's old place"),
        "left_behind": _("it stayed in the group's old place"),
        "cannot_edit": _("the platform lets no message be changed"),
        "leave": _("left as it was"),
        "interrupted": _("Loa was interrupted"),
        "no_answer_in_time": _("it took too long"),
        "picture_unavailable": _("the picture could not be read"),
    }
