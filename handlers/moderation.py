"""Moderators decide cases in their group: claim, choose a verdict, reply with explanation and source, look, send.

claim ──> kind ──> reply ──> preview ──send──> told, or proposed to a second person (``handlers/seconding.py``)
                     ↑          └─change─┐
                     └───────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from aiogram import Bot, F, Router, html
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.filters import StateFilter
from aiogram.types import CallbackQuery, ForceReply, LinkPreviewOptions, Message, User
from aiogram.utils.i18n import gettext as _

from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Buttons, Pressed, Rows
from handlers.incoming import WITHOUT_WORDS, words_of
from handlers.proposal_words import giving_words, preview_rows, preview_text
from handlers.report_words import verdict_text, verdict_words
from handlers.telling import show_instead
from members.buttons import Payload
from members.roles import Who
from reports.answers import Errands
from reports.cards import Cards
from reports.cases import CaseId, Verdict, VerdictKind
from reports.ports import ClaimOutcome, GivingOutcome
from reports.seconding import SecondOpinions
from reports.verdicts import MOST_CHARACTERS, Lack, Ready, Sending, Verdicts, Written

_in_group = F.chat.type.in_({ChatType.GROUP, ChatType.SUPERGROUP})


@dataclass(frozen=True, slots=True)
class ModerationDesk:
    """What these handlers work with, put together once at start."""

    verdicts: Verdicts
    seconds: SecondOpinions
    cards: Cards
    errands: Errands
    buttons: Buttons
    zone: tzinfo
    now: Callable[[], datetime]


def router(desk: ModerationDesk, chat: str) -> Router:
    """The handlers, for the moderators' group ``chat``."""
    talk = ModerationTalk(desk)
    routes = Router(name="moderation")
    moderator = may(Who.MODERATOR)
    for action, handler in (
        ("case.claim", talk.claim),
        ("case.release", talk.release),
        ("case.kind", talk.choose),
        ("case.opinion", talk.close_as_opinion),
        ("verdict.send", talk.send),
        ("verdict.change", talk.change),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=moderator)
    in_their_group = F.chat.func(lambda place: chat in (str(place.id), f"@{place.username}"))
    routes.message.register(
        talk.explain,
        _in_group,
        in_their_group,
        F.text | F.caption | WITHOUT_WORDS,
        F.reply_to_message.from_user.is_bot,
        StateFilter(None, "Refusing:word"),
        flags=moderator,
    )
    return routes


class ModerationTalk:
    """The handlers of this module."""

    def __init__(self, desk: ModerationDesk) -> None:
        self._desk = desk

    async def claim(self, query: CallbackQuery, payload: Payload) -> None:
        """Take the case; of two who press at once, one gets it."""
        case = CaseId(payload["case"])
        outcome = await self._desk.verdicts.claim(case, person_of(query.from_user))
        await acknowledge(query, _claim_words(outcome), alert=outcome is not ClaimOutcome.DONE)
        await self._desk.cards.show(case)

    async def release(self, query: CallbackQuery, payload: Payload) -> None:
        """Give it back."""
        case = CaseId(payload["case"])
        await self._desk.verdicts.release(case)
        await acknowledge(query, _("The case is free again."))
        await self._desk.cards.show(case)

    async def choose(self, query: CallbackQuery, payload: Payload) -> None:
        """A verdict was chosen: ask for its explanation; an opinion needs none."""
        case, kind = CaseId(payload["case"]), VerdictKind(payload["kind"])
        outcome = await self._desk.verdicts.choose(case, person_of(query.from_user), kind)
        if outcome is not ClaimOutcome.DONE:
            await acknowledge(query, _claim_words(outcome), alert=True)
            await self._desk.cards.show(case)
            return
        await acknowledge(query)
        if kind is VerdictKind.OPINION:
            await self._ask_whether_opinion(query, case)
        else:
            await self._ask_to_explain(query, case, kind)

    async def close_as_opinion(self, query: CallbackQuery, payload: Payload) -> None:
        """Confirmed: an opinion. The case is closed."""
        case, moderator = CaseId(payload["case"]), person_of(query.from_user)
        outcome = await self._desk.verdicts.call_opinion(case, moderator, f"press:{query.id}")
        if outcome is GivingOutcome.NOT_YOURS:
            await acknowledge(query, _claim_words(ClaimOutcome.TAKEN), alert=True)
            return
        await acknowledge(query, _("Closed. Whoever asked to hear is told."))
        await self._finish(case)

    async def explain(self, message: Message, bot: Bot) -> None:
        """A reply in the group: the explanation of a verdict, or somebody else's business."""
        asked = message.reply_to_message
        if asked is None or asked.from_user is None or asked.from_user.id != bot.id:
            raise SkipHandler
        words = words_of(message)
        written = await self._desk.verdicts.write(str(asked.message_id), writer_of(message), words)
        if written is None or (not words and written.outcome is Lack.NOT_ASKED):
            raise SkipHandler
        if isinstance(written.outcome, Ready):
            await self._show_preview(message, written.case, written.outcome)
        else:
            await self._ask_for_the_rest(message, written, written.outcome)

    async def send(self, query: CallbackQuery, payload: Payload) -> None:
        """The author has seen it: it is told, or a second person is asked."""
        case, author = CaseId(payload["case"]), person_of(query.from_user)
        kind = VerdictKind(payload["kind"])
        sending = Sending(case, author, kind, payload["text"], f"press:{query.id}")
        outcome = await self._desk.verdicts.send(sending)
        await acknowledge(query)
        if isinstance(outcome, Lack):
            await show_instead(query, _lack_words(outcome))
            return
        others = await self._desk.seconds.others(author)
        await show_instead(query, giving_words(outcome, others))
        await self._finish(case)

    async def change(self, query: CallbackQuery, payload: Payload) -> None:
        """The author wants other words."""
        await acknowledge(query)
        await self._ask_to_explain(query, CaseId(payload["case"]), VerdictKind(payload["kind"]))

    async def _show_preview(self, message: Message, case: CaseId, ready: Ready) -> None:
        author = message.from_user
        name = "" if author is None else _mention(author)
        keyboard = await self._desk.buttons.keyboard(
            preview_rows(case, ready), chat=message.chat.id, person=writer_of(message)
        )
        preview = await message.reply(
            preview_text(name, case, ready, self._desk.now(), self._desk.zone),
            reply_markup=keyboard,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        await self._desk.verdicts.prompted(case, str(preview.message_id))

    async def _ask_to_explain(self, query: CallbackQuery, case: CaseId, kind: VerdictKind) -> None:
        if not isinstance(query.message, Message):
            return
        text = _(
            "{name}, please <b>reply to this message</b> for case {number}, “{verdict}”: one or two "
            "sentences that explain it, and at least one source, a link (https://…) or the code of a "
            "bulletin (LOA-…)."
        ).format(name=_mention(query.from_user), number=case, verdict=verdict_words(kind))
        prompt = await query.message.reply(text, reply_markup=_reply_field())
        await self._desk.verdicts.prompted(case, str(prompt.message_id))

    async def _ask_whether_opinion(self, query: CallbackQuery, case: CaseId) -> None:
        if not isinstance(query.message, Message):
            return
        text = _(
            "{name}, is case {number} only an opinion? Then it is closed, and nothing more is done about it."
        ).format(name=_mention(query.from_user), number=case)
        read = verdict_text(Verdict(VerdictKind.OPINION, "", (), self._desk.now()), self._desk.zone)
        rows: Rows = [[(_("Yes, close it as an opinion"), "case.opinion", {"case": case})]]
        keyboard = await self._desk.buttons.keyboard(
            rows, chat=query.message.chat.id, person=person_of(query.from_user)
        )
        await query.message.reply(f"{text}\n{html.blockquote(read)}", reply_markup=keyboard)

    async def _ask_for_the_rest(self, message: Message, written: Written, lack: Lack) -> None:
        if lack is Lack.NOT_ASKED:
            await message.reply(_lack_words(lack))
            return
        is_unread = lack is Lack.EXPLANATION and not words_of(message)
        said = _only_words() if is_unread else _lack_words(lack)
        prompt = await message.reply(said, reply_markup=_reply_field())
        await self._desk.verdicts.prompted(written.case, str(prompt.message_id))

    async def _finish(self, case: CaseId) -> None:
        await self._desk.cards.show(case)
        self._desk.errands.wake()


def _mention(account: User) -> str:
    return account.mention_html(account.first_name)  # it quotes the name itself


def _reply_field() -> ForceReply:
    return ForceReply(selective=True, input_field_placeholder=_("Explanation, and a link to the source"))


def _claim_words(outcome: ClaimOutcome) -> str:
    return {
        ClaimOutcome.DONE: _("It is yours. Please choose a verdict when you know."),
        ClaimOutcome.TAKEN: _("A colleague has this case. It is theirs until they give it back."),
        ClaimOutcome.OVER: _("This case has moved on meanwhile: please look at its card."),
    }[outcome]


def _only_words() -> str:
    return _(
        "I can only read words here. Please reply to this message with one or two sentences that explain "
        "the verdict, and a source."
    )


def _lack_words(lack: Lack) -> str:
    return {
        Lack.SOURCE: _(
            "Your explanation is kept. One thing is missing: a source. Please reply to this message with a "
            "link (https://…) or the code of a bulletin (LOA-…)."
        ),
        Lack.EXPLANATION: _(
            "What you wrote is kept. Please reply to this message with one or two sentences that explain "
            "the verdict."
        ),
        Lack.TOO_LONG: _(
            "That is too long for a chat: at most {most} characters. Please reply to this message with a "
            "shorter one, with its source."
        ).format(most=MOST_CHARACTERS),
        Lack.NOT_ASKED: _(
            "This case is not waiting for your words: take it first, and choose a verdict. "
            "Your text is still here to copy."
        ),
    }[lack]
