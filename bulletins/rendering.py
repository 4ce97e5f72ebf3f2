"""The one place where a bulletin becomes what people see in a chat.

A message is built from spans of plain text with at most one style each; only `_html` writes markup, and it
escapes every span. So text stays data, and what people see is exactly the plain form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import Literal

from bulletins.fixed_words import announces_correction, notice_of
from bulletins.labels import BANNERS, Labels, category_words, labels_for, severity_mark, severity_words
from bulletins.values import ENGLISH, VIETNAMESE, Bulletin, Language, MsgType, Text
from bulletins.wording import folded, one_line, same_words, shortened, tidied, utf16_length

__all__ = [
    "CAPTION_UNITS",
    "TEXT_UNITS",
    "Imprint",
    "Platform",
    "Rendered",
    "fitted",
    "folded",
    "most_units",
    "render",
    "render_corrected_copy",
    "render_correction_notice",
    "render_resent",
    "same_words",
    "text_in",
]

Platform = Literal["telegram"]

TEXT_UNITS = 4_096
CAPTION_UNITS = 1_024


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who answers questions about the bulletin's code, and whose clock its times are told by."""

    bot_username: str
    """Without the @."""
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Rendered:
    html: str
    plain: str
    utf16_length: int


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    tag: Literal["", "b", "s", "code"] = ""


Line = tuple[Span, ...]
Block = Sequence[Line]


def render(
    bulletin: Bulletin, language: Language, platform: Platform = "telegram", *, imprint: Imprint
) -> Rendered:
    """The bulletin as a channel with this language gets it."""
    return _rendered([*_opening(bulletin, language), *_message(bulletin, language, imprint)], bulletin)


def render_resent(
    bulletin: Bulletin, language: Language, platform: Platform = "telegram", *, imprint: Imprint
) -> Rendered:
    """The bulletin sent a second time because nobody knows whether the first arrived; it says so."""
    mark = [(Span(f"🔁 {labels_for(language).resent}"),)]
    return _rendered([mark, *_opening(bulletin, language), *_message(bulletin, language, imprint)], bulletin)


def render_corrected_copy(
    original: Bulletin, correction: Bulletin, language: Language, *, imprint: Imprint
) -> Rendered:
    """What a delivered copy is edited into: that it was corrected or withdrawn, what is right now, what was.

    It always fits the copy it replaces: the old words give way first, then the correction is shortened at
    the end of a sentence; its code leads to the whole.
    """
    limit = most_units(original)
    for blocks in _copies(original, correction, language, imprint):
        rendered = _rendered(blocks, original)
        if rendered.utf16_length <= limit:
            return rendered
    raise AssertionError("the mark and the code fit every copy")


def render_correction_notice(
    original: Bulletin, correction: Bulletin, language: Language, *, imprint: Imprint
) -> Rendered:
    """The short reply under the edited copy, so that people notice."""
    labels = labels_for(language)
    mark, said = _mark_of(correction), labels.corrected_notice
    if correction.msg_type is MsgType.CANCEL:
        said = labels.withdrawn_notice
    elif announces_correction(correction):
        said = labels.being_corrected_notice
    headline = shortened(one_line(text_in(correction, language).headline), CAPTION_UNITS // 2)
    blocks: list[Block] = [
        [(Span(f"{mark} {said.format(codes=original.code)}"),), _span_line(headline, "b")],
        [_check_line(correction, labels, imprint)],
    ]
    return _rendered(blocks, original)


def text_in(bulletin: Bulletin, language: Language) -> Text:
    """The words in this language; else Vietnamese, English, or the first language by its tag."""
    order = [language, VIETNAMESE, ENGLISH, *sorted(bulletin.texts)]
    return next((bulletin.texts[tag] for tag in order if tag in bulletin.texts), Text("", ""))


def fitted(text: Text, units: int) -> Text:
    """The text in its normal form, within so many units: the body gives way first, then the instruction."""
    headline = shortened(one_line(text.headline), max(units // 3, 1))
    left = units - utf16_length(headline)
    body_share = min(utf16_length(tidied(text.body)), left // 2)
    instruction = shortened(tidied(text.instruction), left - body_share)
    body = shortened(tidied(text.body), left - utf16_length(instruction))
    return Text(headline, body, instruction)


def most_units(bulletin: Bulletin) -> int:
    """How long its message may be, in UTF-16 units: a picture's caption is shorter than a text."""
    return CAPTION_UNITS if bulletin.media else TEXT_UNITS


def _message(bulletin: Bulletin, language: Language, imprint: Imprint) -> list[Block]:
    labels = labels_for(language)
    picture = one_line(bulletin.media.caption) if bulletin.media else ""
    return [
        *_words(text_in(bulletin, language), language),
        [(Span(f"🖼 {labels.picture} {picture}"),)] if picture else [],
        _footer(bulletin, language, imprint),
    ]


def _opening(bulletin: Bulletin, language: Language) -> list[Block]:
    return [[*_reference_lines(bulletin, language), _kind_line(bulletin, language)]]


def _kind_line(bulletin: Bulletin, language: Language) -> Line:
    category = category_words(bulletin.category, language)
    if bulletin.msg_type is MsgType.CANCEL:
        return (Span(category),)
    words = severity_words(bulletin, language)
    return (Span(f"{severity_mark(bulletin)} "), Span(words, "b"), Span(f" · {category}"))


def _reference_lines(bulletin: Bulletin, language: Language) -> Block:
    if bulletin.msg_type is MsgType.ALERT or not bulletin.references:
        return []
    labels = labels_for(language)
    said = labels.withdraws if bulletin.msg_type is MsgType.CANCEL else labels.corrects
    return [_span_line(f"{_mark_of(bulletin)} {said.format(codes=', '.join(bulletin.references))}", "b")]


def _correction_mark(original: Bulletin, correction: Bulletin, language: Language) -> Block:
    labels = labels_for(language)
    if correction.msg_type is MsgType.CANCEL:
        advice = labels.withdrawn_advice.format(codes=original.code)
        return [_span_line(f"{_mark_of(correction)} {labels.withdrawn}", "b"), (Span(advice),)]
    said = labels.being_corrected if announces_correction(correction) else labels.corrected
    return [
        (Span(f"{_mark_of(correction)} {said}", "b"), Span(f" · {original.code}")),
        _kind_line(correction, language),
    ]


def _mark_of(correction: Bulletin) -> str:
    return "⛔" if correction.msg_type is MsgType.CANCEL else "✏️"


def _words(text: Text, language: Language) -> list[Block]:
    instruction = tidied(text.instruction)
    label = labels_for(language).instruction
    return [
        [_span_line(one_line(text.headline), "b")],
        [_span_line(tidied(text.body))],
        [(Span("👉 "), Span(label, "b"), Span(f" {instruction}"))] if instruction else [],
    ]


def _old_words(original: Bulletin, correction: Bulletin, language: Language) -> Block:
    text, labels = text_in(original, language), labels_for(language)
    struck = (one_line(text.headline), tidied(text.body), tidied(text.instruction))
    is_partly_wrong = correction.msg_type is MsgType.UPDATE and announces_correction(correction)
    return [
        (Span(labels.partly_wrong if is_partly_wrong else labels.no_longer_right),),
        *(_span_line(words, "s") for words in struck),
    ]


def _footer(bulletin: Bulletin, language: Language, imprint: Imprint) -> Block:
    labels = labels_for(language)
    issuer, source = one_line(bulletin.issuer), one_line(bulletin.source_url)
    valid_until = f"⏳ {labels.valid_until} {_moment(bulletin.expires, labels, imprint.zone)}"
    is_valid = bulletin.msg_type is not MsgType.CANCEL and notice_of(bulletin) is None
    return [
        (Span(f"🏛 {labels.issuer} {issuer}"),) if issuer else (),
        (Span(f"🔗 {labels.source} {source}"),) if source else (),
        (Span(valid_until),) if is_valid else (),
        _check_line(bulletin, labels, imprint),
    ]


def _check_line(bulletin: Bulletin, labels: Labels, imprint: Imprint) -> Line:
    before, after = labels.how_to_check.format(code="\n", bot=f"@{imprint.bot_username}").split("\n")
    return (Span(f"🔎 {before}"), Span(bulletin.code, "code"), Span(after))


def _moment(moment: datetime, labels: Labels, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    hours = (local.utcoffset() or local - local).total_seconds() / 3600
    return labels.moment.format(
        hour=local.hour,
        minute=local.minute,
        day=local.day,
        month=local.month,
        year=local.year,
        offset=f"GMT{hours:+g}",
    )


def _copies(
    original: Bulletin, correction: Bulletin, language: Language, imprint: Imprint
) -> Iterator[list[Block]]:
    """Ways to write a corrected copy, the fullest first, down to the mark and the code alone."""
    labels = labels_for(language)
    mark = _correction_mark(original, correction, language)
    now_right = text_in(correction, language)
    footer = _footer(correction, language, imprint)
    check: Block = [_check_line(correction, labels, imprint)]
    words = _words(now_right, language)
    yield [mark, *words, _old_words(original, correction, language), footer]
    yield [mark, *words, footer]
    for tail in (footer, check):
        for share in (90, 75, 60, 45, 30):
            units = most_units(original) * share // 100
            yield [mark, *_words(fitted(now_right, units), language), tail]
    yield [mark, check]


def _span_line(text: str, tag: Literal["", "b", "s", "code"] = "") -> Line:
    return (Span(text, tag),) if text else ()


def _rendered(blocks: Sequence[Block], shown: Bulletin) -> Rendered:
    """The blocks with a blank line between, and the banner of a drill or test at head and foot."""
    banner: Block = [(Span(BANNERS[shown.status], "b"),)] if BANNERS[shown.status] else []
    spans: list[Span] = []
    for block in (banner, *blocks, banner):
        lines = [line for line in block if line]
        for number, line in enumerate(lines):
            between = "\n" if number else "\n\n" if spans else ""
            spans += [Span(between), *line]
    plain = "".join(span.text for span in spans)
    return Rendered(html="".join(map(_html, spans)), plain=plain, utf16_length=utf16_length(plain))


def _html(span: Span) -> str:
    """Telegram's HTML style (Bot API, "Formatting options") needs exactly these three escaped."""
    escaped = escape(span.text, quote=False)
    return f"<{span.tag}>{escaped}</{span.tag}>" if span.tag else escaped
