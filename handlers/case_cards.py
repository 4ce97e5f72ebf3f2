"""The moderators' group: a card for each case, in a topic of its own where the group has topics.

A card shows the content with personal numbers masked and links dead, what the checks found, how many ask, and
the buttons that fit the state. Nobody who reported is on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, tzinfo

import structlog
from aiogram import Bot, html
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from aiogram.utils.i18n import I18n, ngettext
from aiogram.utils.i18n import gettext as _

from bulletins.links import LinkFact, defanged
from bulletins.wording import shortened, utf16_length
from handlers.buttons import Buttons, Cell, Rows
from handlers.proposal_words import proposal_lines, proposal_rows
from handlers.report_words import VERDICT_MARKS, link_fact_words, reason_words, verdict_text, verdict_words
from reports.cards import NOT_EXAMINED
from reports.cases import Case, CaseState, VerdictKind
from reports.content import Looking
from reports.findings import Likeness, NotExamined
from reports.ports import Card, CardPlace

log = structlog.get_logger(__name__)

_CONTENT_UNITS = 1_500
_CONTENT_BESIDE_VERDICT_UNITS = 400
_CARD_UNITS = 4_000
_FINDINGS_SHOWN = 8
_BUTTONS_LAST = timedelta(days=90)
_NOT_CHANGED = "message is not modified"


@dataclass(frozen=True, slots=True)
class CardWords:
    """In which language and on whose clock cards speak, and who masks what is reported."""

    looking: Looking
    language: str
    zone: tzinfo


class CaseCards:
    """Posts and renews cards in one group."""

    def __init__(self, bot: Bot, chat: str, *, buttons: Buttons, texts: I18n, words: CardWords) -> None:
        """``chat`` is the platform's id of the group."""
        self._bot = bot
        self._chat = chat
        self._buttons = buttons
        self._texts = texts
        self._words = words

    async def show(self, card: Card) -> CardPlace | None:
        """Post the card, or bring it up to date; None when that is not possible now."""
        case = card.case
        masked = await self._words.looking.mask(case.content)
        if masked is NotExamined.BUSY:
            return None
        with self._texts.context(), self._texts.use_locale(self._words.language):
            text = card_text(case, masked, self._words.zone)
            rows, title = card_rows(case), _title(case)
        try:
            place = str((await self._bot.get_chat(self._chat)).id)  # what presses will tell
            keyboard = await self._buttons.keyboard(
                rows, chat=place, person=None, repeatable=True, lasts=_BUTTONS_LAST
            )
            renewed = await self._renewed(card, text, keyboard)
            if renewed is None and card.case.is_erased:
                return card.place  # it was taken away: then nothing of the case is left there
            return renewed or await self._posted(text, keyboard, title)
        except TelegramAPIError as error:
            log.warning("a card could not be shown", case=card.case.id, error=str(error))
            return None

    async def say(self, place: CardPlace, text: str) -> str | None:
        """Write below a card; the id of the message, or None when that is not possible now."""
        try:
            said = await self._bot.send_message(
                place.chat,
                text,
                message_thread_id=None if place.topic_id is None else int(place.topic_id),
                reply_parameters=ReplyParameters(
                    message_id=int(place.message_id), allow_sending_without_reply=True
                ),
            )
        except TelegramAPIError as error:
            log.warning("the moderators could not be told", error=str(error))
            return None
        return str(said.message_id)

    async def _renewed(self, card: Card, text: str, keyboard: InlineKeyboardMarkup) -> CardPlace | None:
        """The card's place, when it stood there and was edited; None when it is to be posted (again)."""
        if card.place is None or card.place.chat != self._chat:
            return None
        try:
            await self._bot.edit_message_text(
                text,
                chat_id=self._chat,
                message_id=int(card.place.message_id),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=keyboard,
            )
        except TelegramBadRequest as error:
            return card.place if _NOT_CHANGED in error.message else None
        return card.place

    async def _posted(self, text: str, keyboard: InlineKeyboardMarkup, title: str) -> CardPlace:
        topic = await self._new_topic(title)
        posted = await self._bot.send_message(
            self._chat,
            text,
            message_thread_id=topic,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=keyboard,
        )
        return CardPlace(self._chat, str(posted.message_id), None if topic is None else str(topic))

    async def _new_topic(self, title: str) -> int | None:
        """A topic of the case's own; None where the group has none, or the bot may not open any."""
        if not (await self._bot.get_chat(self._chat)).is_forum:
            return None
        try:
            return (await self._bot.create_forum_topic(self._chat, title)).message_thread_id
        except TelegramBadRequest as error:
            log.warning("no topic for the case", error=error.message)
            return None


def card_text(case: Case, masked: str | NotExamined, zone: tzinfo) -> str:
    """What moderators see of a case. What could not be masked is not shown.

    A long verdict leaves less room for the rest, never the other way round.
    """
    units = _CONTENT_UNITS if case.verdict is None else _CONTENT_BESIDE_VERDICT_UNITS
    full = _card_text(case, masked, zone, units)
    return full if utf16_length(full) <= _CARD_UNITS else _card_text(case, masked, zone, 0)


def _card_text(case: Case, masked: str | NotExamined, zone: tzinfo, content_units: int) -> str:
    asked = ngettext("{count} person asks", "{count} people ask", case.reporters).format(count=case.reporters)
    since = _("since {day}").format(day=f"{case.opened_at:%d/%m/%Y}")
    lines = [html.bold(_title(case)), f"👥 {asked} · {since}", ""]
    if content_units:
        lines += [*_content_lines(case, masked, content_units), ""]
    lines.append(_state_words(case))
    if case.proposal is not None:
        lines += ["", *proposal_lines(case, case.proposal, zone)]
    elif case.verdict is not None:
        lines += ["", verdict_text(case.verdict, zone)]
    return "\n".join(lines)


def _quoted(masked: str, units: int) -> str:
    return html.blockquote(html.quote(shortened(masked, units)) or "…")


def _unmasked_words() -> str:
    return "⏱ " + _(
        "The machine could not mask the numbers in this text in time, so it is not shown. "
        "To try again, take the case or give it back."
    )


def card_rows(case: Case) -> Rows:
    """The buttons that fit the state."""
    payload = {"case": case.id}
    if case.proposal is not None:
        return proposal_rows(case, case.proposal)
    if case.claimed_by is not None:
        kinds: list[Cell] = [
            (f"{VERDICT_MARKS[kind]} {verdict_words(kind)}", "case.kind", {**payload, "kind": kind})
            for kind in VerdictKind
        ]
        pairs = [kinds[place : place + 2] for place in range(0, len(kinds), 2)]
        return [*pairs, [(_("↩️ Give it back"), "case.release", payload)]]
    if case.state is CaseState.OPEN:
        return [[(_("✋ I take this one"), "case.claim", payload)]]
    if case.state is CaseState.CLOSED:
        return []
    return [[(_("✏️ Revise the verdict"), "case.claim", payload)]]


def _title(case: Case) -> str:
    reasons = ", ".join(reason_words(reason) for reason in case.reasons[:2])
    return _("Case {number}").format(number=case.id) + (f" · {reasons}" if reasons else "")


def _state_words(case: Case) -> str:
    if case.proposal is not None:
        author = html.bold(html.quote(case.proposal.author_name or _("a colleague")))
        return "🟠 " + _("{name} wrote this verdict, and a second person must agree.").format(name=author)
    if case.claimed_by is not None:
        name = case.claimed_by_name or _("a colleague")
        return "🔵 " + _("{name} is working on it.").format(name=html.bold(html.quote(name)))
    said = {
        CaseState.OPEN: "🟡 " + _("Waiting for somebody to take it."),
        CaseState.ANSWERED: "🟢 " + _("This case is answered."),
        CaseState.REVISED: "🟢 " + _("This case is answered, and was revised."),
    }.get(case.state, "⚪️ " + _("This case is closed."))
    if not case.agreed_by_name:
        return said
    return f"{said} " + _("{name} agreed.").format(name=html.bold(html.quote(case.agreed_by_name)))


def _content_lines(case: Case, masked: str | NotExamined, units: int) -> list[str]:
    if case.is_erased:
        return ["🗑 " + _("What this case was about is no longer kept.")]
    return [
        _unmasked_words() if isinstance(masked, NotExamined) else _quoted(masked, units),
        "",
        *_finding_lines(case),
    ]


def _finding_lines(case: Case) -> list[str]:
    if not case.findings:
        return ["🔎 " + _("The checks found nothing.")]
    return [f"🔎 {_finding_words(kind, about)}" for kind, about in case.findings[:_FINDINGS_SHOWN]]


def _finding_words(kind: str, about: str) -> str:
    if kind == NOT_EXAMINED:
        return _("the machine could not look at all of it in time")
    subject = html.code(html.quote(defanged(about)))
    if kind in set(LinkFact):
        return f"{subject}: {link_fact_words(LinkFact(kind))}"
    if kind in set(Likeness):
        return f"{subject}: {_likeness_words(Likeness(kind))}"
    return subject + ": " + _("nothing known")


def _likeness_words(likeness: Likeness) -> str:
    return {
        Likeness.GENUINE: _("our bulletin, word for word"),
        Likeness.EXPIRED: _("our bulletin, no longer in force"),
        Likeness.SUPERSEDED: _("our bulletin, corrected since"),
        Likeness.CANCELLED: _("our bulletin, withdrawn since"),
        Likeness.ALTERED: _("our bulletin, altered"),
        Likeness.NOT_OURS: _("a code that we never published"),
    }[likeness]
