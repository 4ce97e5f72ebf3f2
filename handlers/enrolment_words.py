"""What is said while a group or channel is enrolled, and when something happens to it."""

from __future__ import annotations

from collections.abc import Iterable

from aiogram import html
from aiogram.utils.i18n import gettext as _

from handlers.telling import title_of
from members.channel import Channel, ChannelState
from members.enrolment import Progress, Step
from members.upkeep import Change

_WRITING = "can_send_messages"
_PINNING = "can_pin_messages"


def greeting() -> str:
    """The first words to anybody."""
    return _(
        "Hello, I am Loa, the neighbourhood's loudspeaker in your chat: I bring verified official bulletins "
        "to the groups where people already are. "
        "I can also tell you whether a notice that reached you is genuine."
    )


def about_progress(progress: Progress, title: str) -> str:
    """One step of an enrolment that is not (yet) the pledge itself."""
    name = html.bold(html.quote(title)) if title else _("that group")
    match progress.step:
        case Step.LACKS_RIGHTS:
            return _about_missing(name, progress.missing)
        case Step.TAKEN:
            return _(
                "{title} already gets bulletins: another of its admins enrolled it. You need do nothing more."
            ).format(title=name)
        case Step.ENROLLED:
            return _("{title} is already enrolled. /kenh shows it, with all its settings.").format(title=name)
        case Step.NOT_ADMIN:
            return _(
                "You do not administer {title}, so I will post nothing there. "
                "You can ask one of its admins to write /start to me; "
                "if you administer it anonymously, please switch that off for a moment and try again."
            ).format(title=name)
        case Step.MAY_NOT_ADD:
            return _(
                "You administer {title} but may not add members to it, so I begin nothing there. Please ask its "
                "owner to allow you that, or to write /start to me."
            ).format(title=name)
        case Step.BAD_LINK:
            return _(
                "This link works only for 15 minutes, once, and for whoever asked for it. "
                "Nothing is lost: write /start to me and press the new button."
            )
        case Step.NOT_WAITING:
            return _(
                "This channel is not waiting for your pledge: it was left, or another admin took over. "
                "/start begins anew."
            )
        case _:
            return _(
                "I cannot see {title} at the moment. Am I still in it? Add me again with /start, "
                "or try again in a minute."
            ).format(title=name)


def _about_missing(name: str, missing: tuple[str, ...]) -> str:
    if missing == (_WRITING,):
        return _(
            "{title} is nearly there: only admins may write in it. Please let its members send messages, "
            "or make me an admin; I need no other right. I notice by myself, and then we go on."
        ).format(title=name)
    return _(
        "{title} is nearly there: I still need the right to {rights}. Please open the chat's "
        "settings, Administrators, choose me and allow it. I notice by myself, and then we go on."
    ).format(title=name, rights=rights_in_words(missing))


def about_refusal(change: Change) -> str:
    """Why an act on a channel was not done: short and without markup, so that it fits above the button."""
    match change:
        case Change.NO_LONGER_ADMIN:
            return _(
                "You no longer administer that group or channel, so it is not yours to change now. "
                "Another of its admins can take it over with /start."
            )
        case Change.UNREACHABLE:
            return _(
                "I cannot ask Telegram just now whether you administer it, so nothing was changed. "
                "Please try again in a moment."
            )
        case _:
            return _("This channel is no longer yours to change. /kenh shows those that are.")


def taken_over(channel: Channel) -> str:
    """For the member who had it before."""
    return _(
        "You no longer administer {title}, so another of its admins looks after it in the network now. "
        "Thank you for the time with us."
    ).format(title=title_of(channel))


def about_change(change: Change, channel: Channel) -> str:
    """What happened to a channel, for its member."""
    name = title_of(channel)
    match change:
        case Change.LEFT:
            return _(
                "{title} has left the network, and I post nothing there any more. Thank you for the time "
                "with us; whenever you want to come back, write /start."
            ).format(title=name)
        case Change.LOST:
            return _(
                "I was taken out of {title}, so bulletins no longer arrive there. If that was not intended, "
                "write /start and add me again; otherwise you need do nothing."
            ).format(title=name)
        case Change.FLAWED if channel.flaw == _PINNING:
            return _(
                "In {title} I may no longer pin messages, so bulletins arrive there without being pinned. "
                "/kenh shows how to give me that right, or ends pinning."
            ).format(title=name)
        case Change.FLAWED if channel.flaw == _WRITING:
            return _(
                "In {title} I may no longer send messages, so bulletins do not arrive there. Please let its "
                "members write, lift the limit on me, or make me an admin; I notice by myself."
            ).format(title=name)
        case Change.FLAWED:
            return _(
                "In {title} I may no longer {rights}, so bulletins do not arrive there. Please open the "
                "chat's settings, Administrators, choose me and allow it; I notice by myself."
            ).format(title=name, rights=rights_in_words([channel.flaw or ""]))
        case _ if channel.state is ChannelState.PAUSED:
            return _("Thank you: I have all the rights I need in {title}. It is paused.").format(title=name)
        case _:
            return _("Thank you: bulletins arrive in {title} again.").format(title=name)


def rights_in_words(rights: Iterable[str]) -> str:
    """Telegram's names of rights, in people's words."""
    return ", ".join(map(_right_in_words, rights))


def _right_in_words(right: str) -> str:
    match right:
        case "can_post_messages":
            return _("post messages")
        case "can_edit_messages":
            return _("edit messages, for corrections")
        case "can_pin_messages":
            return _("pin messages")
        case _:
            return _("send messages")
