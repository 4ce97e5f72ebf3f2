"""What is said while a group or channel is enrolled, and when something happens to it."""

from __future__ import annotations

from collections.abc import Iterable

from aiogram import html
from aiogram.utils.i18n import gettext as _

from handlers.telling import title_of
from members.channel import Channel, ChannelState
from members.enrolment import Progress, Step
from members.upkeep import Change


def greeting() -> str:
    """The first words to anybody."""
    return _(
        "Hello, I am Loa, the neighbourhood's loudspeaker in your chat: I bring verified official bulletins "
        "to the groups where people already are. "
        "I can also tell you whether a notice that reached you is genuine."
    )


def about_progress(progress: Progress, title: str) -> str:
    """One step of an enrolment that is not (yet) the pledge itself."""
    name = html.bold(html.quote(title))
    match progress.step:
        case Step.LACKS_RIGHTS:
            return _(
                "{title} is nearly there: I still need the right to {rights}. Please open the chat's "
                "settings, Administrators, choose me and allow it. I notice by myself, and then we go on."
            ).format(title=name, rights=rights_in_words(progress.missing))
        case Step.TAKEN:
            return _(
                "{title} already gets bulletins: another of its admins enrolled it. You need do nothing more."
            ).format(title=name)
        case Step.ENROLLED:
            return _("{title} is already enrolled. /kenh shows it, with all its settings.").format(title=name)
        case Step.NOT_ADMIN:
            return _(
                "You do not administer {title}, so I will post nothing there. "
                "You can ask one of its admins to write /start to me."
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
