"""What citizens read about what they forwarded: findings, consent, receipt, verdict."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from aiogram import html
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bulletins.links import LinkFact, LinkFinding
from bulletins.wording import one_line, shortened, utf16_length
from reports.cases import CaseState, Reason, Receipt, Verdict, VerdictKind
from reports.findings import (
    Change,
    ChangedFact,
    Findings,
    GenuineFinding,
    KnownStory,
    Likeness,
)
from reports.ports import Filed, FiledAs, ReportStatus, Retention, Telling

_SHOWN_UNITS = 160
_CHANGES_SHOWN = 4
_LINKS_SHOWN = 4
_FINDINGS_UNITS = 3_900
_EXPLANATION_UNITS = 1_500

VERDICT_MARKS = {
    VerdictKind.FALSE: "❌",
    VerdictKind.MISLEADING: "⚠️",
    VerdictKind.TRUE: "✔️",
    VerdictKind.OUTDATED: "🕰",
    VerdictKind.SCAM: "🚫",
    VerdictKind.OPINION: "💬",
    VerdictKind.CANNOT_TELL: "❔",
}


def reason_words(reason: Reason) -> str:
    """A reason, as it stands on its button."""
    return {
        Reason.SCAM: _("Scam, or phishing"),
        Reason.IMPERSONATION: _("Pretends to be an office or a firm"),
        Reason.FAKE_NOTICE: _("Fake official notice"),
        Reason.HARMFUL_RUMOUR: _("Dangerous rumour: health, emergency"),
        Reason.ALTERED_MEDIA: _("Altered or generated picture or video"),
        Reason.MALWARE: _("Malicious app or file"),
        Reason.OTHER_FACTUAL: _("Other doubt about facts"),
    }[reason]


def verdict_words(kind: VerdictKind) -> str:
    """A verdict in a few words."""
    return {
        VerdictKind.FALSE: _("it is false"),
        VerdictKind.MISLEADING: _("it misleads"),
        VerdictKind.TRUE: _("it is true"),
        VerdictKind.OUTDATED: _("it is outdated"),
        VerdictKind.SCAM: _("it is a scam"),
        VerdictKind.OPINION: _("it is an opinion"),
        VerdictKind.CANNOT_TELL: _("it cannot be told"),
    }[kind]


def link_fact_words(fact: LinkFact) -> str:
    """A plain fact about an address."""
    return {
        LinkFact.BARE_IP: _("it is a bare number instead of a name"),
        LinkFact.SHORTENER: _("a shortened link: one cannot see where it leads"),
        LinkFact.MIXED_SCRIPT: _(
            "it mixes letters of different alphabets, so that it looks like another name"
        ),
        LinkFact.LOOK_ALIKE: _(
            "its letters or signs are drawn like others, so that it passes for another name"
        ),
        LinkFact.DISGUISED: _("the words one taps on show another address than the one that opens"),
        LinkFact.USER_INFO: _("what stands before the @ is there to mislead: what opens is this one"),
        LinkFact.ODD_PORT: _("it uses an unusual port"),
    }[fact]


def findings_text(findings: Findings, zone: tzinfo) -> str:
    """Everything found, in one message, and the question whether it is the answer."""
    blocks = [
        *([_genuine_block(findings.genuine, zone)] if findings.genuine else []),
        *([_links_block(findings.links)] if findings.links else []),
        *([_known_block(findings.known, zone)] if findings.known else []),
    ]
    if findings.from_our_channel and findings.genuine is None:
        blocks.append(
            _(
                "It was forwarded from a channel of our network, but it is none of our bulletins: "
                "do not rely on it."
            )
        )
    if findings.not_examined is not None:
        blocks.append(_not_examined())
    elif not findings.settles_it:
        blocks.append(_nothing_known(findings))
    if findings.was_cut:
        blocks.append(_("It is very long: I read only the beginning."))
    return "\n\n".join([*_fitting(blocks), html.bold(_("Did this answer your question?"))])


def verdict_text(verdict: Verdict, zone: tzinfo) -> str:
    """A verdict with its explanation, sources and date."""
    mark, words = VERDICT_MARKS[verdict.kind], verdict_words(verdict.kind)
    heading = _("{mark} Verdict: {verdict}").format(mark=mark, verdict=words)
    lines = [f"{html.bold(heading)} ({day_words(verdict.given_at, zone)})"]
    explanation = shortened(verdict.explanation, _EXPLANATION_UNITS)
    if verdict.kind is VerdictKind.OPINION and not explanation:
        explanation = _(
            "This is what somebody thinks. Opinions are not checked, and nothing more is done about it."
        )
    lines.append(html.quote(explanation))
    if verdict.sources:
        lines.append(_("Its sources:"))
        lines += [f"• {html.quote(source)}" for source in verdict.sources]
    if verdict.awaits_second:
        lines.append(html.italic(_("So far this is what one person found; a second one is looking at it.")))
    return "\n".join(lines)


def telling_text(telling: Telling, zone: tzinfo) -> str:
    """The verdict for one reporter, saying which report it answers."""
    lines = [_("📮 The answer to your report {receipt}").format(receipt=html.code(telling.receipt))]
    if telling.is_revision:
        lines.append(html.bold(_("The verdict was revised. Please go by this one, not by the earlier one.")))
    if telling.may_be_repeat:
        lines.append(_("(You may have received this already.)"))
    return "\n".join(lines) + "\n\n" + verdict_text(telling.verdict, zone)


def consent_text(network: str, rules: Retention) -> str:
    """Before anything is filed: what is kept, why, how long, and who is responsible."""
    return "\n".join(
        [
            html.bold(_("Before I pass this on to the moderators")),
            "",
            _(
                "• Kept: the message you sent, and the reason you choose. Not your name: "
                "nobody sees who reported it."
            ),
            _("• What for: to check this message, and nothing else."),
            _(
                "• How long: until {after} days after the case is closed, {at_most} days from now at most. "
                "Then it is erased, from the moderators' card and for backups, too. The verdict stays."
            ).format(after=rules.evidence_days_after_closing, at_most=rules.evidence_days_at_most),
            _("• If you want the answer: where to send it is sealed, and erased when the case is closed."),
            _("• Responsible: {network}. Telegram itself knows that your account wrote to me.").format(
                network=html.quote(network)
            ),
            "",
            _(
                "/quen at any time: then your report is nobody's, and if nobody else has reported this message, "
                "it is erased at once. What would you like?"
            ),
        ]
    )


def publish_text() -> str:
    """The separate question whether the answer may be published."""
    return _(
        "One more thing, if you like: may the answer be published, so that others find it too? "
        "Nothing about you is in it. The answer comes to you whatever you choose."
    )


def receipt_text(filed: Filed, *, wants_answer: bool) -> str:
    """A report was filed: its receipt, and what happens next."""
    opening = {
        FiledAs.NEW_CASE: _("✅ Sent to the moderators. Thank you for not simply passing it on."),
        FiledAs.JOINED: _(
            "✅ Sent. Others have asked about this message too; your report was added to theirs."
        ),
        FiledAs.AGAIN: _("You have reported this message before: your report is with the moderators."),
    }[filed.outcome]
    lines = [opening, "", _("Your receipt: {receipt}").format(receipt=html.code(filed.receipt))]
    if wants_answer and filed.is_answered:
        lines.append(_("There is a verdict already: I am sending it to you now."))
    elif wants_answer and filed.awaits_second:
        lines.append(_("An answer is written, and two people must agree on it: then I tell you here."))
    elif wants_answer:
        lines.append(_("As soon as there is a verdict, I will tell you here."))
    lines.append(_("See how it stands, from any account: /status {receipt}").format(receipt=filed.receipt))
    return "\n".join(lines)


def status_text(receipt: Receipt, status: ReportStatus, zone: tzinfo) -> str:
    """How things stand with a report."""
    heading = _("Report {receipt}, filed on {day}").format(
        receipt=html.code(receipt), day=day_words(status.filed_at, zone)
    )
    if status.verdict is not None:
        return f"{heading}\n\n{verdict_text(status.verdict, zone)}"
    words = {
        CaseState.OPEN: _("It is waiting for a moderator."),
        CaseState.CLAIMED: _("A moderator is checking it now."),
        CaseState.PROPOSED: _(
            "An answer is written, and two people must agree on it. Whoever asked to hear is told then."
        ),
    }.get(
        status.state,
        _("It was closed without a verdict: nobody could find out in time. What was kept is erased."),
    )
    return f"{heading}\n\n{words}"


def wait_words(wait: timedelta) -> str:
    """How long to wait, in minutes or hours, rounded up."""
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    if minutes < 120:
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    hours = -(-minutes // 60)
    return ngettext("{count} hour", "{count} hours", hours).format(count=hours)


def day_words(moment: datetime, zone: tzinfo) -> str:
    """The day of a moment, as 20/11/2026."""
    return f"{moment.astimezone(zone):%d/%m/%Y}"


def _fitting(blocks: list[str]) -> list[str]:
    """As many of the blocks as one message holds."""
    kept: list[str] = []
    for block in blocks:
        if sum(map(utf16_length, kept)) + utf16_length(block) <= _FINDINGS_UNITS:
            kept.append(block)
    return kept


def _genuine_block(finding: GenuineFinding, zone: tzinfo) -> str:
    lines = [_genuine_sentence(finding)]
    if finding.headline:
        lines.append(f"«{_quoted(finding.headline)}»")
    if finding.issuer:
        lines.append(_issued_by(finding, zone))
    lines += [_change_line(change) for change in finding.changes[:_CHANGES_SHOWN]]
    if finding.newer_code:
        newer = _("Now in force: {code}").format(code=html.code(finding.newer_code))
        lines.append(f"👉 {newer} {_quoted(finding.newer_headline)}".rstrip())
    if finding.is_drill:
        lines.append(html.bold(_("It is a drill or a test: what it says is not real.")))
    return "\n".join(lines)


def _genuine_sentence(finding: GenuineFinding) -> str:
    sentence = {
        Likeness.GENUINE: _("✅ <b>Genuine.</b> Word for word our bulletin {code}."),
        Likeness.EXPIRED: _(
            "🕰 <b>Genuine, but over.</b> It is our bulletin {code}, which is no longer in force."
        ),
        Likeness.SUPERSEDED: _(
            "✏️ <b>Corrected since.</b> Our bulletin {code} was genuine, but has been corrected."
        ),
        Likeness.CANCELLED: _(
            "⛔ <b>Withdrawn.</b> Our bulletin {code} was withdrawn. Please do not pass it on."
        ),
        Likeness.ALTERED: _(
            "⚠️ <b>Altered.</b> It looks like our bulletin {code}, but something was changed. "
            "Please do not pass it on."
        ),
        Likeness.NOT_OURS: _("⚠️ <b>Not ours.</b> We never published a bulletin with the code {code}."),
    }[finding.likeness]
    return sentence.format(code=html.code(finding.code))


def _issued_by(finding: GenuineFinding, zone: tzinfo) -> str:
    issuer = _quoted(finding.issuer)
    if finding.published_at is None:
        return issuer
    return f"{issuer}, {day_words(finding.published_at, zone)}"


def _change_line(change: Change) -> str:
    fact = {
        ChangedFact.LINK: _("a link"),
        ChangedFact.PHONE: _("a telephone number"),
        ChangedFact.ACCOUNT: _("an account number"),
        ChangedFact.DATE: _("a date"),
        ChangedFact.AMOUNT: _("an amount"),
        ChangedFact.WORDS: _("some words"),
    }[change.fact]
    ours, theirs = html.code(_quoted(change.published)), html.code(_quoted(change.forwarded))
    if not change.forwarded:
        return "• " + _("{fact}: {ours} was left out").format(fact=fact, ours=ours)
    if not change.published:
        return "• " + _("{fact}: {theirs} was added").format(fact=fact, theirs=theirs)
    return "• " + _("{fact}: we wrote {ours}, this says {theirs}").format(fact=fact, ours=ours, theirs=theirs)


def _links_block(links: tuple[LinkFinding, ...]) -> str:
    lines = ["🔗 " + html.bold(_("Links in it:"))]
    for link in links[:_LINKS_SHOWN]:
        facts = "; ".join(map(link_fact_words, link.facts)) or _("nothing known")
        lines.append(f"• {html.code(_quoted(link.domain))}: {facts}")
    if any(not link.facts for link in links):
        lines.append(
            _(
                "“Nothing known” does not mean safe: do not open it, and enter nothing there, "
                "unless you are sure."
            )
        )
    return "\n".join(lines)


def _known_block(known: KnownStory, zone: tzinfo) -> str:
    if known.verdict is not None:
        return _("This message has been checked before.") + "\n" + verdict_text(known.verdict, zone)
    if known.state is CaseState.PROPOSED:
        return "⏳ " + _(
            "Others have asked about this message too: people are looking at it, and two must agree on the answer."
        )
    if known.state is CaseState.CLOSED:
        return _("Others have asked about this message before, and nobody could find out.")
    return "⏳ " + _("Others have asked about this message too: moderators are checking it.")


def _not_examined() -> str:
    return "⏱ " + _(
        "My machine could not look at all of this in time, which says nothing about it. "
        "If you wish, people can look at it: press the button below to ask the moderators."
    )


def _nothing_known(findings: Findings) -> str:
    if findings.known is not None:
        return _("Until they are done, please do not pass it on.")
    return "❔ " + _("I know nothing about this message yet. That does not make it true, or false.")


def _quoted(text: str) -> str:
    return html.quote(shortened(one_line(text), _SHOWN_UNITS))
