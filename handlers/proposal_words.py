"""What moderators read of a verdict before it goes out: the preview, why it takes two, where its links lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from aiogram import html
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bulletins.links import check_links, defanged
from bulletins.wording import shortened, utf16_length
from handlers.buttons import Cell, Rows
from handlers.report_words import link_fact_words, verdict_text, verdict_words
from members.channel import PersonId
from reports.cases import Case, Need, Proposal, Verdict
from reports.ports import GivingOutcome
from reports.proposals import MOST_TOLD_ALONE
from reports.seconding import Seconding
from reports.verdicts import Ready

_NAMES_SHOWN = 6
_LINKS_SHOWN = 5
_FACTS_SHOWN = 2
_ADDRESS_UNITS = 60
_LONG_UNITS = 1_500
"""Beside a verdict that is longer than this, only the domains of its links are shown."""


def need_words(need: Need) -> str:
    """Why a verdict takes a second person."""
    return {
        Need.SCAM: _("it calls something a scam"),
        Need.SEVERE: _("it calls something false that was reported as dangerous"),
        Need.LINKS: _("it leads beyond our bulletins and the protected addresses"),
    }[need]


def preview_text(name: str, number: int, ready: Ready, now: datetime, zone: tzinfo) -> str:
    """For its author: what citizens would read, where it leads, to how many it goes, and whether it takes two."""
    verdict = Verdict(ready.kind, ready.explained.explanation, ready.explained.sources, now)
    read = verdict_text(verdict, zone)
    is_long = utf16_length(read) > _LONG_UNITS
    goes_to = ngettext(
        "It goes to {count} person who asked to hear.",
        "It goes to {count} people who asked to hear.",
        ready.listeners,
    ).format(count=ready.listeners)
    lines = [
        _("👁 {name}, citizens would read exactly this about case {number}:").format(name=name, number=number),
        html.blockquote(read),
        *opening_lines(verdict, 0 if is_long else _FACTS_SHOWN),
        goes_to,
    ]
    if ready.needs:
        lines += ["", needs_words(ready.needs, () if is_long else ready.beyond)]
    return "\n".join(lines)


def preview_rows(number: int, ready: Ready) -> Rows:
    """Send it, or change it."""
    label = _("📨 Send it to a second person") if ready.needs else _("📨 Send the answer")
    sent = {"case": number, "kind": ready.kind, "text": ready.text}
    return [
        [(label, "verdict.send", sent)],
        [(_("✏️ Change it"), "verdict.change", {"case": number, "kind": ready.kind})],
    ]


def needs_words(needs: Sequence[Need], beyond: Sequence[str] = ()) -> str:
    """That a second person must agree, why, and what it is about."""
    why = "; ".join(map(need_words, needs))
    said = _("👥 A second person must agree, because {why}. Until then at most {most} people hear it.")
    lines = [said.format(why=why, most=MOST_TOLD_ALONE)]
    lines += [f"• {_address(defanged(written))}" for written in beyond]
    return "\n".join(lines)


def opening_lines(verdict: Verdict, facts_shown: int = _FACTS_SHOWN) -> list[str]:
    """Where the links in a verdict really lead; nothing where it has none."""
    links = check_links("\n".join([verdict.explanation, *verdict.sources]))[:_LINKS_SHOWN]
    if not links:
        return []
    lines = ["🔗 " + _("Its links open:")]
    for link in links:
        facts = "; ".join(map(link_fact_words, link.facts[:facts_shown]))
        lines.append(f"• {_address(link.domain)}" + (f": {facts}" if facts else ""))
    return lines


def proposal_lines(case: Case, proposal: Proposal, zone: tzinfo) -> list[str]:
    """On a card: the verdict in full, and what the second person has to know."""
    if case.verdict is None:
        return []
    said = ngettext(
        "When somebody agrees, {count} person who asked is told.",
        "When somebody agrees, {count} people who asked are told.",
        case.listeners,
    ).format(count=case.listeners)
    verdict = replace(case.verdict, awaits_second=False)
    read = verdict_text(verdict, zone)
    return [
        read,
        *opening_lines(verdict, 0 if utf16_length(read) > _LONG_UNITS else _FACTS_SHOWN),
        "",
        needs_words(proposal.needs),
        said,
    ]


def proposal_rows(case: Case, proposal: Proposal, reader: PersonId | None = None) -> Rows:
    """Agree, send back, take back: all three where several people press, else what ``reader`` may do."""
    payload = {"case": case.id, "hash": proposal.sha256}
    seconds: list[Cell] = [
        (_("✅ I agree"), "verdict.agree", payload),
        (_("↩️ Send back"), "verdict.refuse", payload),
    ]
    own: list[Cell] = [(_("✏️ Take it back and change it"), "verdict.take_back", payload)]
    if reader is None:
        return [seconds, own]
    return [own if reader == proposal.author else seconds]


def giving_words(outcome: GivingOutcome, others: Sequence[str]) -> str:
    """What came of sending a verdict; ``others`` are those who can be the second person."""
    return {
        GivingOutcome.GIVEN: _("Thank you. Whoever asked to hear is being told."),
        GivingOutcome.REVISED: _("Thank you. Everybody who was told is told again, marked as revised."),
        GivingOutcome.REPEATED: _("Thank you. This was sent already."),
        GivingOutcome.NOT_YOURS: _("This case has moved on meanwhile: please look at its card."),
        GivingOutcome.PROPOSED: _invited(others),
    }[outcome]


def seconding_words(outcome: Seconding) -> str:
    """What came of a press on a proposal, to whoever pressed."""
    return {
        Seconding.DONE: _("Thank you for reading carefully."),
        Seconding.REPEATED: _("Somebody agreed already. Nothing more is needed."),
        Seconding.OWN: _("These are your own words: somebody else must read them. You can take them back."),
        Seconding.NOT_THEIRS: _("Only who wrote it takes it back. You can send it back to them."),
        Seconding.NOT_STAFF: _(
            "Only the network's staff can do that. You can write /start to me in private."
        ),
        Seconding.CHANGED: _("It was changed meanwhile: please read the card as it is now."),
        Seconding.OVER: _("This case has moved on meanwhile: please look at its card."),
    }[outcome]


def agreed_words(name: str, case: Case) -> str:
    """For the group: a second person agreed."""
    kind = "" if case.verdict is None else verdict_words(case.verdict.kind)
    said = _("✅ {name} agrees on case {number}, “{verdict}”. Whoever asked to hear is being told.")
    return said.format(name=name, number=case.id, verdict=kind)


def sent_back_words(name: str, case: Case, word: str) -> str:
    """For the group, and above all for the author: why it came back, and what to do."""
    said = _("↩️ {name} sends case {number} back: {word}")
    lines = [said.format(name=html.bold(name), number=case.id, word=html.quote(word))]
    if case.claimed_by is not None:
        author = html.bold(html.quote(case.claimed_by_name or _("a colleague")))
        asked = _(
            "{name}, the case is yours again. Please reply to this message with new words and a source."
        )
        lines.append(asked.format(name=author))
    return "\n".join(lines)


def _invited(others: Sequence[str]) -> str:
    if not others:
        return _(
            "Thank you. A second person must agree, and nobody else is on the staff yet: please ask whoever "
            "runs the network to add somebody. Until then at most {most} people hear it; the others hear "
            "that it is being looked at."
        ).format(most=MOST_TOLD_ALONE)
    names = ", ".join(html.quote(name) for name in others[:_NAMES_SHOWN])
    more = ", …" if len(others) > _NAMES_SHOWN else ""
    said = _(
        "Thank you. Now a second person must agree: {names}. The buttons are on the card, and /ketluan shows "
        "them in private. Until then at most {most} people hear it."
    )
    return said.format(names=names + more, most=MOST_TOLD_ALONE)


def _address(written: str) -> str:
    return html.code(html.quote(shortened(written, _ADDRESS_UNITS)))
