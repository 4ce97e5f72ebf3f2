"""The answer to "is it genuine?": the finding first, then what was changed, then the record."""

from __future__ import annotations

from collections.abc import Iterator

from aiogram import html
from aiogram.utils.i18n import gettext as _

from bulletins.bulletin import Bulletin, Language, MsgType, Status
from bulletins.code import find_codes
from bulletins.rendering import text_in
from bulletins.wording import shortened
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import moment_words
from handlers.telling import spoken
from reports.checks.comparison import Published
from reports.checks.genuine import Examination
from reports.findings import Change, ChangedFact, GenuineFinding, Likeness

_CHANGES_SHOWN = 6
_RECORD_UNITS = 700
"""Of each long part; the code leads to the whole, and the answer must fit into one message."""


def about_text(examination: Examination, desk: BulletinDesk) -> str:
    """What came of comparing a text with the record."""
    finding, published = examination.finding, examination.published
    if finding is None or published is None:
        raise ValueError("nothing was found to speak about")
    if examination.is_part:
        opening = [_("◐ This is a part of a genuine bulletin. Please read the whole:")]
    else:
        opening = [_opening(finding), *_changes(finding)]
    return "\n".join([*opening, "", *_record(published, desk), *_newer(published), *_practice(published)])


def about_record(published: Published, desk: BulletinDesk) -> str:
    """What stands under a code. Nothing was compared, and the answer says how to."""
    opening = _("🔎 A bulletin has this code. Compare what you have with it:")
    if published.newer is not None:
        opening = _withdrawn_or_corrected(published.newer)
    elif published.bulletin.expires <= desk.now():
        opening = _("⌛ A bulletin has this code, but its time is over:")
    closing = _("To compare a copy word for word, forward it to me in private.")
    lines = [opening, "", *_record(published, desk), *_newer(published), *_practice(published)]
    return "\n".join([*lines, "", closing])


def not_ours(text: str) -> str:
    """Nothing was found: which says nothing about whether it is true."""
    codes = find_codes(text)
    if codes:
        return _(
            "❓ Loa finds no bulletin with the code {code}. It was not published by this network."
        ).format(code=html.code(codes[0]))
    return _(
        "❓ Loa does not find this bulletin. That does not mean it is false: it was not published by this "
        "network. If a code stands on it, please check that it is written as LOA-XXXX-X."
    )


def _opening(finding: GenuineFinding) -> str:
    match finding.likeness:
        case Likeness.GENUINE:
            return _("✅ Genuine: word for word the bulletin that was published.")
        case Likeness.EXPIRED:
            return _("⌛ Genuine, but its time is over.")
        case Likeness.SUPERSEDED:
            return _("✏️ It was published, but corrected since. Please do not share it further.")
        case Likeness.CANCELLED:
            return _("⛔ It was published, but withdrawn since. Please do not share it further.")
        case _:
            return _("⚠️ ALTERED: this is not what was published. Please do not share it.")


def _changes(finding: GenuineFinding) -> Iterator[str]:
    """The dangerous ones come first; the finding has them in that order."""
    for change in finding.changes[:_CHANGES_SHOWN]:
        yield f"• {_fact_words(change.fact)}: {_change_words(change)}"


def _change_words(change: Change) -> str:
    published, forwarded = html.quote(change.published), html.quote(change.forwarded)
    if not published:
        return _("“{forwarded}” was added").format(forwarded=forwarded)
    if not forwarded:
        return _("“{published}” was left out").format(published=published)
    return _("“{forwarded}”, but the bulletin says “{published}”").format(
        forwarded=forwarded, published=published
    )


def _fact_words(fact: ChangedFact) -> str:
    return {
        ChangedFact.LINK: _("link or address"),
        ChangedFact.PHONE: _("phone number"),
        ChangedFact.ACCOUNT: _("account number"),
        ChangedFact.DATE: _("day or time"),
        ChangedFact.AMOUNT: _("number or amount"),
        ChangedFact.WORDS: _("wording"),
    }[fact]


def _record(published: Published, desk: BulletinDesk) -> Iterator[str]:
    """The bulletin as it was published."""
    bulletin = published.bulletin
    text = text_in(bulletin, Language(spoken()))
    yield f"{html.code(bulletin.code)} · {html.bold(html.quote(text.headline))}"
    for part in (text.body, f"👉 {text.instruction}" if text.instruction else ""):
        if part:
            yield html.quote(shortened(part, _RECORD_UNITS))
    yield _("Issued by: {issuer}").format(issuer=html.quote(bulletin.issuer))
    if bulletin.sent is not None:
        yield _("Published: {moment}").format(moment=moment_words(bulletin.sent, desk))
    if bulletin.source_url:
        yield _("Source: {url}").format(url=html.quote(bulletin.source_url))


def _newer(published: Published) -> Iterator[str]:
    newer = published.newer
    if newer is None:
        return
    text = text_in(newer, Language(spoken()))
    yield ""
    yield f"➡️ {html.code(newer.code)} · {html.bold(html.quote(text.headline))}"
    if text.body:
        yield html.quote(shortened(text.body, _RECORD_UNITS))


def _withdrawn_or_corrected(newer: Bulletin) -> str:
    if newer.msg_type is MsgType.CANCEL:
        return _("⛔ The bulletin with this code was withdrawn:")
    return _("✏️ The bulletin with this code was corrected:")


def _practice(published: Published) -> Iterator[str]:
    """Genuine and yet not real: it must not frighten anybody."""
    if published.bulletin.status is Status.EXERCISE:
        yield ""
        yield _("🟦 It is a drill: what it says is not really happening.")
    elif published.bulletin.status is Status.TEST:
        yield ""
        yield _("⬜ It is a test: what it says is not really happening.")
