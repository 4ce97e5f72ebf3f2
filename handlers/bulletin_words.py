"""Sentences about bulletins for the operator's staff: refusals, states, choices, moments, a draft's card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram import html
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.numbers import format_decimal

from broadcasts.book import AudienceSize, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Weight, weight_of
from bulletins.bulletin import ENGLISH, Bulletin, Language, MsgType, Status
from bulletins.labels import category_words
from bulletins.links import JudgedAddress
from bulletins.problems import Problem, addresses_to_look_at
from bulletins.rendering import text_in
from handlers.bulletin_desk import BulletinDesk
from handlers.repetition_words import recurrence_words, validity_words
from handlers.report_words import link_fact_words
from handlers.settings_cards import Choice, name_of
from handlers.telling import spoken

_SHOWN_CHARACTERS = 300
_HEADLINE_CHARACTERS = 150
_ADDRESS_CHARACTERS = 100
_ADDRESSES_SHOWN = 5


def why_not(refusal: Refusal) -> str:
    """What happened, and what to do next."""
    return {
        Refusal.UNKNOWN: _("I do not find that bulletin. Please check its code: it looks like LOA-XXXX-X."),
        Refusal.NOT_ALLOWED: _(
            "Your role does not allow that at the moment. Please ask a colleague of the staff."
        ),
        Refusal.NOT_AUTHOR: _("Only the person who wrote this bulletin can do that. Please ask them."),
        Refusal.OWN_BULLETIN: _("You wrote this bulletin yourself, so somebody else must approve it."),
        Refusal.OWN_REQUEST: _("You asked for this yourself, so somebody else must agree to it."),
        Refusal.CHANGED: _("The bulletin was changed since you saw it. Please look at it as it is now."),
        Refusal.TOO_LATE: _("That is no longer possible: the bulletin has moved on."),
        Refusal.NOT_READY: _("The bulletin is not ready: something in it must be put right first."),
        Refusal.NO_AUDIENCE: _(
            "No channel would get this bulletin. Please choose other topics or areas; a correction goes only where"
            " the first bulletin is."
        ),
        Refusal.PICTURE_GONE: _(
            "Its picture is no longer kept here. Please edit the bulletin and send it again."
        ),
        Refusal.NOT_PUBLISHED: _(
            "That bulletin has not gone out. Edit it, or stop it, instead of correcting it."
        ),
        Refusal.ALREADY_WITHDRAWN: _(
            "That bulletin was withdrawn already. Please write a new one if there is news."
        ),
        Refusal.SUPERSEDED: _(
            "A newer correction or withdrawal has gone out since, so nothing of this one is sent any more. Please look"
            " at the newest one; if it must be put right too, write a new correction (/dinhchinh with its code)."
        ),
        Refusal.LACKS_APPROVALS: _(
            "An approval it rests on no longer counts. Please write it anew and have it approved."
        ),
        Refusal.OUTSIDE_LIMITS: _(
            "Your role is for other offices or areas than this bulletin's. Please change those, or ask a colleague "
            "whose role covers them."
        ),
        Refusal.SAME_PERSON: _(
            "You approved it already from your other account. One person counts once: somebody else must approve it,"
            " too."
        ),
        Refusal.NOT_ITS_TIME: _(
            "It was approved for another time. I ask the others now whether it may go out at once; until then it stays"
            " as it is."
        ),
    }[refusal]


def state_words(state: BroadcastState) -> str:
    """Where a bulletin stands."""
    return {
        BroadcastState.DRAFT: _("draft"),
        BroadcastState.IN_REVIEW: _("waiting for approval"),
        BroadcastState.APPROVED: _("approved"),
        BroadcastState.SCHEDULED: _("scheduled"),
        BroadcastState.HELD: _("held: somebody must decide"),
        BroadcastState.SENDING: _("being sent"),
        BroadcastState.PAUSED: _("paused"),
        BroadcastState.DONE: _("sent"),
        BroadcastState.STOPPED: _("stopped"),
        BroadcastState.RECURRING: _("recurring"),
        BroadcastState.FINISHED: _("finished: it does not repeat any more"),
    }[state]


def kind_words(bulletin: Bulletin) -> str:
    """A drill or a test says so in another colour wherever the staff meets it."""
    if bulletin.status is Status.EXERCISE:
        return _("🟦 DRILL, not real")
    if bulletin.status is Status.TEST:
        return _("⬜ TEST, only to the test channel")
    if bulletin.msg_type is MsgType.UPDATE:
        return _("✏️ CORRECTION, real")
    if bulletin.msg_type is MsgType.CANCEL:
        return _("⛔ WITHDRAWAL, real")
    return _("🟥 REAL bulletin")


def weight_words(weight: Weight) -> str:
    """How grave it is, as moderators choose it."""
    return {
        Weight.ORDINARY: _("🟢 Ordinary"),
        Weight.NOTABLE: _("🟡 Please note"),
        Weight.URGENT: _("🟠 Urgent"),
        Weight.LIFE_THREATENING: _("🔴 Danger to life"),
    }[weight]


def moment_words(moment: datetime, desk: BulletinDesk) -> str:
    """On the network's clock."""
    return moment.astimezone(desk.zone).strftime("%H:%M %d/%m/%Y")


def chosen_names(keys: Sequence[str], offered: Sequence[Choice]) -> str:
    """The names of what was chosen; everything when nothing was."""
    names = {choice.key: name_of(choice) for choice in offered}
    return ", ".join(names.get(key, key) for key in keys) or _("everybody")


def reach_words(size: AudienceSize) -> str:
    """To how many it would go. Nobody knows how many read, so the reach is called potential."""
    channels = ngettext("{count} channel", "{count} channels", size.channels).format(count=size.channels)
    return _("{channels}, potential reach {people}").format(
        channels=channels, people=format_decimal(size.members, locale=spoken())
    )


def headline_of(bulletin: Bulletin) -> str:
    """Its headline as HTML, bold; in the reader's language where it has one."""
    return html.bold(html.quote(short_headline(bulletin)))


def short_headline(bulletin: Bulletin, at_most: int = _HEADLINE_CHARACTERS) -> str:
    """The same as plain text. One line of 4,096 characters is a headline too, and must fit on a card."""
    return _cut(text_in(bulletin, Language(spoken())).headline or _("(no text yet)"), at_most)


def problem_lines(problems: Sequence[Problem]) -> str:
    """Each thing to put right, in the language of the moment."""
    return "\n".join(f"❗ {html.quote(problem.sentence(Language(spoken())))}" for problem in problems)


def link_lines(bulletin: Bulletin) -> list[str]:
    """Addresses in it that open otherwise than they read, or of which there is something to know, as HTML."""
    return [_link_line(address) for address in addresses_to_look_at(bulletin)[:_ADDRESSES_SHOWN]]


def _link_line(address: JudgedAddress) -> str:
    written = html.code(html.quote(_cut(address.written, _ADDRESS_CHARACTERS)))
    said = [link_fact_words(fact) for fact in address.facts]
    if not address.opens_as_written:
        host = html.code(html.quote(_cut(address.host, _ADDRESS_CHARACTERS)))
        said.insert(0, _("it opens {host}").format(host=host))
    return f"🔗 {written}: {'; '.join(said)}"


def draft_words(broadcast: Broadcast, desk: BulletinDesk) -> str:
    """The card of a draft: everything that was chosen, on one screen."""
    bulletin = broadcast.bulletin
    lines = [
        f"<b>{kind_words(bulletin)}</b>",
        "",
        headline_of(bulletin),
        *_body_lines(bulletin, desk.language),
        "",
    ]
    lines += [
        f"{label} {html.quote(_cut(value, _SHOWN_CHARACTERS))}" for label, value in _choices(bulletin, desk)
    ]
    lines += link_lines(bulletin)
    if broadcast.state is BroadcastState.IN_REVIEW:
        lines += ["", _("It waits for approval. If you change something, it must be approved anew.")]
    if broadcast.halted_because and broadcast.state is BroadcastState.DRAFT:
        said = html.quote(broadcast.halted_because)
        lines += ["", _("Sent back by an approver: {reason}").format(reason=said)]
    return "\n".join(lines)


def _body_lines(bulletin: Bulletin, language: Language) -> Iterator[str]:
    text = text_in(bulletin, language)
    for part in (text.body, f"👉 {text.instruction}" if text.instruction else ""):
        if part:
            yield html.quote(_cut(part, _SHOWN_CHARACTERS))


def _cut(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"


def _choices(bulletin: Bulletin, desk: BulletinDesk) -> Iterator[tuple[str, str]]:
    missing = _("missing")
    yield _("Weight:"), weight_words(weight_of(bulletin))
    yield _("Field:"), category_words(bulletin.category, Language(spoken()))
    yield _("Topics:"), chosen_names(bulletin.audience.topics, desk.offer.topics)
    yield _("Areas:"), chosen_names(bulletin.audience.areas, desk.offer.areas)
    second = _("English text:") if desk.second_language == ENGLISH else _("Vietnamese text:")
    yield second, _("yes") if desk.second_language in bulletin.texts else _("no")
    yield _("Picture:"), _("yes") if bulletin.media else _("no")
    yield _("Issuer:"), bulletin.issuer or missing
    yield _("Source:"), bulletin.source_url or missing
    if bulletin.recurrence is None:
        yield _("Valid until:"), moment_words(bulletin.expires, desk)
    else:
        yield _("Valid for:"), validity_words(bulletin.recurrence)
    yield _("Goes out:"), start_words(bulletin, desk)
    if bulletin.provenance is not None:
        yield _("Made from:"), f"CAP {bulletin.provenance.identifier}"


def start_words(bulletin: Bulletin, desk: BulletinDesk) -> str:
    """When it goes out, once or again and again."""
    if bulletin.recurrence is not None:
        return recurrence_words(bulletin.recurrence, desk)
    if bulletin.not_before is None:
        return _("as soon as it is approved")
    return moment_words(bulletin.not_before, desk)
