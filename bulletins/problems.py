"""What keeps a bulletin from being sent, each problem of a closed list with a sentence for its author."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bulletins.characters import odd_spots
from bulletins.cron import read_cron
from bulletins.links import JudgedAddress, judged_addresses
from bulletins.look_alikes import mixed_words
from bulletins.rendering import Imprint, most_units, render_resent
from bulletins.values import VIETNAMESE, Bulletin, Language, MsgType, Severity, Status
from bulletins.wording import bare_words, one_line, tidied

LONGEST_VALIDITY = timedelta(days=30)
LONGEST_WAIT = timedelta(days=90)
LONGEST_RECURRENCE = timedelta(days=367)
"""A year, and what is left of its last day."""
MOST_LANGUAGES = 8
MOST_REFERENCES = 10
MOST_SOURCE_CHARACTERS = 500
MOST_ISSUER_CHARACTERS = 200
_SPOTS_SHOWN = 5
_ADDRESS_CHARACTERS = 80

# Telegram's longest bot username: what fits with it fits with every other.
_LONGEST_IMPRINT = Imprint("b" * 32, ZoneInfo("Asia/Ho_Chi_Minh"))
_PRINTABLE_ASCII = re.compile(r"[!-~]+")
# Read without accents and punctuation, so that no spelling of the words gets through.
_DENIES_THE_DRILL = re.compile(
    r"\b(khong|chang|khong he) phai (\w+ ){0,3}dien tap\b|khongphai\w{0,12}dientap"
    r"|\b(not|no|isn t) (\w+ ){0,2}drill\b|notadrill"
)


class ProblemKind(StrEnum):
    NO_TEXT = "no_text"
    NO_HEADLINE = "no_headline"
    TOO_MANY_LANGUAGES = "too_many_languages"
    TOO_LONG = "too_long"
    ODD_CHARACTERS = "odd_characters"
    LOOK_ALIKES = "look_alikes"
    DECEPTIVE_LINK = "deceptive_link"
    NO_ISSUER = "no_issuer"
    NO_SOURCE = "no_source"
    BAD_SOURCE = "bad_source"
    EXPIRED = "expired"
    EXPIRES_TOO_LATE = "expires_too_late"
    STARTS_AFTER_END = "starts_after_end"
    STARTS_TOO_LATE = "starts_too_late"
    NO_REFERENCES = "no_references"
    TOO_MANY_REFERENCES = "too_many_references"
    REFERS_TO_ITSELF = "refers_to_itself"
    DENIES_THE_DRILL = "denies_the_drill"
    RULE_UNREADABLE = "rule_unreadable"
    RULE_TOO_OFTEN = "rule_too_often"
    RULE_NEVER = "rule_never"
    REPEATS_UNTIL_PAST = "repeats_until_past"
    REPEATS_TOO_LONG = "repeats_too_long"
    REPEATS_DANGER = "repeats_danger"
    REPEATS_CORRECTION = "repeats_correction"
    EMPTY_CORRECTION = "empty_correction"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right, and where: a language, a character, a length."""

    kind: ProblemKind
    detail: str = ""
    place: str = ""
    """Which text: a key of PLACES, after the language it is in: ``vi body``."""

    def sentence(self, language: Language) -> str:
        """What is wrong and what to do, in Vietnamese or English."""
        vietnamese, english = SENTENCES[self.kind]
        place = self._place_words(language)
        detail = f"{place}: {self.detail}" if place else self.detail
        return (vietnamese if language == VIETNAMESE else english).format(detail=detail)

    def _place_words(self, language: Language) -> str:
        tag, _, key = self.place.rpartition(" ")
        vietnamese, english = PLACES.get(key, ("", ""))
        words = vietnamese if language == VIETNAMESE else english
        return f"{words} ({tag})" if tag else words


PLACES: Mapping[str, tuple[str, str]] = {
    "headline": ("tiêu đề", "headline"),
    "body": ("nội dung", "body"),
    "instruction": ("việc cần làm", "what to do"),
    "issuer": ("cơ quan phát hành", "issuer"),
    "caption": ("chú thích ảnh", "picture caption"),
    "source": ("nguồn", "source"),
}


SENTENCES: Mapping[ProblemKind, tuple[str, str]] = {
    ProblemKind.NO_TEXT: (
        "Bản tin chưa có nội dung. Bạn hãy viết nội dung cho ít nhất một ngôn ngữ.",
        "The bulletin has no text. Please write it in at least one language.",
    ),
    ProblemKind.NO_HEADLINE: (
        "Bản tin chưa có tiêu đề ({detail}). Bạn hãy thêm một tiêu đề ngắn.",
        "The headline is missing ({detail}). Please add a short one.",
    ),
    ProblemKind.TOO_MANY_LANGUAGES: (
        "Bản tin có quá nhiều ngôn ngữ ({detail}). Bạn hãy bỏ bớt.",
        "The bulletin has too many languages ({detail}). Please leave some out.",
    ),
    ProblemKind.TOO_LONG: (
        "Bản tin dài quá mức cho phép ({detail} ký tự). Bạn hãy rút gọn.",
        "The bulletin is too long ({detail} characters). Please shorten it.",
    ),
    ProblemKind.ODD_CHARACTERS: (
        "Có ký tự ẩn, ký tự làm đảo chiều chữ hoặc ký tự không ai hiểu ({detail}). Bạn hãy xoá và gõ lại đoạn đó.",
        "There are characters that show nothing, reorder text or mean nothing ({detail}). Please type that part "
        "again.",
    ),
    ProblemKind.LOOK_ALIKES: (
        "Có từ trộn chữ cái giống nhau của hai bảng chữ cái ({detail}). Bạn hãy gõ lại từ đó.",
        "A word mixes look-alike letters of two alphabets ({detail}). Please type it again.",
    ),
    ProblemKind.DECEPTIVE_LINK: (
        "Có địa chỉ trang web nhìn giống một trang khác ({detail}). Bạn hãy gõ lại địa chỉ bằng chữ thường không lẫn "
        "ký tự lạ, hoặc bỏ địa chỉ đó.",
        "A web address looks like another one ({detail}). Please type it again in plain letters, or take it out.",
    ),
    ProblemKind.NO_ISSUER: (
        "Chưa ghi cơ quan phát hành. Bạn hãy chọn cơ quan phát hành.",
        "The issuing office is missing. Please choose it.",
    ),
    ProblemKind.NO_SOURCE: (
        "Chưa có nguồn. Bạn hãy thêm liên kết tới thông tin gốc.",
        "There is no source. Please add the link to the original information.",
    ),
    ProblemKind.BAD_SOURCE: (
        "Liên kết nguồn không dùng được ({detail}). Liên kết phải bắt đầu bằng https:// hoặc http://.",
        "The source link cannot be used ({detail}). It must begin with https:// or http://.",
    ),
    ProblemKind.EXPIRED: (
        "Bản tin đã hết hạn lúc {detail}. Bạn hãy đặt lại thời hạn.",
        "The bulletin expired at {detail}. Please set a later time.",
    ),
    ProblemKind.EXPIRES_TOO_LATE: (
        "Thời hạn quá xa ({detail}). Bản tin có hiệu lực nhiều nhất 30 ngày.",
        "It expires too late ({detail}). A bulletin is valid for 30 days at most.",
    ),
    ProblemKind.STARTS_AFTER_END: (
        "Giờ gửi ({detail}) sau khi bản tin hết hạn. Bạn hãy sửa giờ gửi hoặc thời hạn.",
        "It would be sent ({detail}) after it has expired. Please change one of the two times.",
    ),
    ProblemKind.STARTS_TOO_LATE: (
        "Giờ gửi quá xa ({detail}). Chỉ hẹn trước được nhiều nhất 90 ngày.",
        "It would be sent too far ahead ({detail}). 90 days is the most.",
    ),
    ProblemKind.NO_REFERENCES: (
        "Chưa rõ đính chính hoặc thu hồi bản tin nào. Bạn hãy chọn bản tin đó.",
        "It does not say which bulletin it corrects or withdraws. Please choose that bulletin.",
    ),
    ProblemKind.TOO_MANY_REFERENCES: (
        "Nhắc tới quá nhiều bản tin trước ({detail}). Bạn hãy bỏ bớt.",
        "It refers to too many earlier bulletins ({detail}). Please leave some out.",
    ),
    ProblemKind.REFERS_TO_ITSELF: (
        "Bản tin không thể đính chính chính nó ({detail}).",
        "A bulletin cannot correct itself ({detail}).",
    ),
    ProblemKind.DENIES_THE_DRILL: (
        "Bản tin diễn tập không được nói là không phải diễn tập ({detail}). Bạn hãy bỏ câu đó.",
        "A drill must not say that it is no drill ({detail}). Please take that sentence out.",
    ),
    ProblemKind.RULE_UNREADABLE: (
        "Loa chưa hiểu lịch lặp lại ({detail}). Bạn hãy viết như “hằng ngày 7h”, hoặc năm cột cron: "
        "phút, giờ, ngày, tháng, thứ.",
        "The rule for repeating is not understood ({detail}). Please write it like “daily 7:00”, or as the "
        "five fields of cron: minute, hour, day, month, weekday.",
    ),
    ProblemKind.RULE_TOO_OFTEN: (
        "Lịch này lặp lại dày quá ({detail}). Bản tin chỉ được gửi lại nhiều nhất mỗi giờ một lần.",
        "That repeats too often ({detail}). A bulletin is sent again once an hour at most.",
    ),
    ProblemKind.RULE_NEVER: (
        "Theo lịch này ({detail}), không có kỳ nào trước ngày kết thúc. Bạn hãy sửa lịch hoặc ngày kết thúc.",
        "By this rule ({detail}) it would never go out before its end. Please change the rule or the end.",
    ),
    ProblemKind.REPEATS_UNTIL_PAST: (
        "Ngày kết thúc lặp lại đã qua ({detail}). Bạn hãy chọn ngày sau hôm nay.",
        "The end of the repetition is over already ({detail}). Please choose a later day.",
    ),
    ProblemKind.REPEATS_TOO_LONG: (
        "Ngày kết thúc quá xa ({detail}). Bản tin lặp lại nhiều nhất trong một năm, sau đó cần duyệt lại.",
        "The end is too far away ({detail}). A bulletin repeats for a year at most, then it is approved anew.",
    ),
    ProblemKind.REPEATS_DANGER: (
        "Bản tin về nguy hiểm đến tính mạng không được tự lặp lại: mỗi lần đều phải có người xem và duyệt. "
        "Bạn hãy bỏ lặp lại, hoặc chọn mức độ khác.",
        "A bulletin about danger to life cannot repeat by itself: somebody must look at each one. Please take "
        "the repetition out, or choose another weight.",
    ),
    ProblemKind.REPEATS_CORRECTION: (
        "Bản đính chính hoặc thu hồi chỉ gửi một lần, không lặp lại. Bạn hãy bỏ lặp lại.",
        "A correction or withdrawal goes out once and cannot repeat. Please take the repetition out.",
    ),
    ProblemKind.EMPTY_CORRECTION: (
        "Bản đính chính chưa nói điều gì là đúng ({detail}). Bạn hãy viết nội dung đúng, hoặc bỏ ngôn ngữ đó.",
        "The correction does not say what is right ({detail}). Please write it, or leave that language out.",
    ),
}


def problems(bulletin: Bulletin, now: datetime) -> tuple[Problem, ...]:
    """Everything that is wrong with it at this moment; empty when it may be sent."""
    return (
        *_text_problems(bulletin),
        *_character_problems(bulletin),
        *_link_problems(bulletin),
        *_origin_problems(bulletin),
        *_time_problems(bulletin, now),
        *_reference_problems(bulletin),
        *_correction_problems(bulletin),
        *_drill_problems(bulletin),
    )


def _text_problems(bulletin: Bulletin) -> Iterator[Problem]:
    if not bulletin.texts:
        yield Problem(ProblemKind.NO_TEXT)
    if len(bulletin.texts) > MOST_LANGUAGES:
        yield Problem(ProblemKind.TOO_MANY_LANGUAGES, f"{len(bulletin.texts)}/{MOST_LANGUAGES}")
    for language, text in sorted(bulletin.texts.items())[:MOST_LANGUAGES]:
        if not one_line(text.headline):
            yield Problem(ProblemKind.NO_HEADLINE, language)
        length = render_resent(bulletin, language, imprint=_LONGEST_IMPRINT).utf16_length
        if length > most_units(bulletin):
            yield Problem(ProblemKind.TOO_LONG, f"{language} {length}/{most_units(bulletin)}")


def _character_problems(bulletin: Bulletin) -> Iterator[Problem]:
    for place, words in _all_words(bulletin):
        odd = odd_spots(tidied(words), at_most=_SPOTS_SHOWN)
        if odd:
            yield Problem(ProblemKind.ODD_CHARACTERS, ", ".join(odd), place)
        mixed = mixed_words(words)
        if mixed:
            yield Problem(ProblemKind.LOOK_ALIKES, ", ".join(mixed[:_SPOTS_SHOWN]), place)


def _link_problems(bulletin: Bulletin) -> Iterator[Problem]:
    for place, address in _addresses(bulletin):
        if address.is_deceptive:
            shown = f"{address.written[:_ADDRESS_CHARACTERS]} → {address.host[:_ADDRESS_CHARACTERS]}"
            yield Problem(ProblemKind.DECEPTIVE_LINK, shown, place)


def addresses_to_look_at(bulletin: Bulletin) -> tuple[JudgedAddress, ...]:
    """The addresses in it that open otherwise than they read, or of which there is something to know."""
    judged = dict.fromkeys(address for _, address in _addresses(bulletin))
    return tuple(address for address in judged if address.facts or not address.opens_as_written)


def _addresses(bulletin: Bulletin) -> Iterator[tuple[str, JudgedAddress]]:
    source = bulletin.source_url if is_source(bulletin.source_url) else ""
    for place, words in (*_all_words(bulletin), ("source", source)):
        for address in judged_addresses(tidied(words)):
            yield place, address


def _origin_problems(bulletin: Bulletin) -> Iterator[Problem]:
    issuer = one_line(bulletin.issuer)
    if not issuer:
        yield Problem(ProblemKind.NO_ISSUER)
    if len(issuer) > MOST_ISSUER_CHARACTERS:
        yield Problem(ProblemKind.TOO_LONG, f"issuer {len(issuer)}/{MOST_ISSUER_CHARACTERS}")
    if bulletin.source_url:
        if not is_source(bulletin.source_url):
            yield Problem(ProblemKind.BAD_SOURCE, bulletin.source_url[:80])
    elif bulletin.status is Status.ACTUAL and bulletin.msg_type is MsgType.ALERT:
        yield Problem(ProblemKind.NO_SOURCE)


def is_source(url: str) -> bool:
    """Whether a link can stand as a source: http or https, an ASCII host, nobody's name or password in it."""
    if len(url) > MOST_SOURCE_CHARACTERS or not _PRINTABLE_ASCII.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_host and "@" not in parts.netloc


def is_too_grave_to_repeat(bulletin: Bulletin) -> bool:
    """Danger to life: by its severity alone, or grave and immediate. A drill of it is treated alike."""
    return bulletin.severity is Severity.EXTREME or bulletin.is_grave_and_now


def recurrence_problems(bulletin: Bulletin, now: datetime) -> Iterator[Problem]:
    """What is wrong with a series' own rule, but for whether it ever comes about: that takes a calendar."""
    recurrence = bulletin.recurrence
    if recurrence is None:
        return
    yield from _rule_problems(recurrence.cron)
    if recurrence.ends <= now:
        yield Problem(ProblemKind.REPEATS_UNTIL_PAST, _local(recurrence.ends))
    elif recurrence.ends > now + LONGEST_RECURRENCE:
        yield Problem(ProblemKind.REPEATS_TOO_LONG, _local(recurrence.ends))
    if not timedelta(0) < recurrence.validity <= LONGEST_VALIDITY:
        yield Problem(ProblemKind.EXPIRES_TOO_LATE, f"{recurrence.valid_hours} h")
    if is_too_grave_to_repeat(bulletin):
        yield Problem(ProblemKind.REPEATS_DANGER)
    if bulletin.msg_type is not MsgType.ALERT:
        yield Problem(ProblemKind.REPEATS_CORRECTION)


def _rule_problems(line: str) -> Iterator[Problem]:
    cron = read_cron(line)
    if cron is None:
        yield Problem(ProblemKind.RULE_UNREADABLE, line)
    elif len(cron.minutes) > 1:
        yield Problem(ProblemKind.RULE_TOO_OFTEN, line)


def _time_problems(bulletin: Bulletin, now: datetime) -> Iterator[Problem]:
    """A series has no moment of its own: those of its occurrences follow from its rule."""
    if bulletin.recurrence is not None:
        yield from recurrence_problems(bulletin, now)
        return
    starts = max(now, bulletin.not_before or now)
    if bulletin.expires <= now:
        yield Problem(ProblemKind.EXPIRED, _local(bulletin.expires))
    elif bulletin.expires <= starts:
        yield Problem(ProblemKind.STARTS_AFTER_END, _local(starts))
    if starts > now + LONGEST_WAIT:
        yield Problem(ProblemKind.STARTS_TOO_LATE, _local(starts))
    elif bulletin.expires > starts + LONGEST_VALIDITY:
        yield Problem(ProblemKind.EXPIRES_TOO_LATE, _local(bulletin.expires))


def _reference_problems(bulletin: Bulletin) -> Iterator[Problem]:
    if bulletin.msg_type is not MsgType.ALERT and not bulletin.references:
        yield Problem(ProblemKind.NO_REFERENCES)
    if len(bulletin.references) > MOST_REFERENCES:
        yield Problem(ProblemKind.TOO_MANY_REFERENCES, f"{len(bulletin.references)}/{MOST_REFERENCES}")
    if bulletin.code in bulletin.references:
        yield Problem(ProblemKind.REFERS_TO_ITSELF, bulletin.code)


def _correction_problems(bulletin: Bulletin) -> Iterator[Problem]:
    """A heading alone, as it stands ready, puts nothing right."""
    if bulletin.msg_type is MsgType.UPDATE:
        for language, text in sorted(bulletin.texts.items())[:MOST_LANGUAGES]:
            if not tidied(text.body) and not tidied(text.instruction):
                yield Problem(ProblemKind.EMPTY_CORRECTION, language)


def _drill_problems(bulletin: Bulletin) -> Iterator[Problem]:
    if bulletin.status is Status.ACTUAL:
        return
    said = bare_words(" ".join(words for _, words in _all_words(bulletin)))
    denial = _DENIES_THE_DRILL.search(said)
    if denial:
        yield Problem(ProblemKind.DENIES_THE_DRILL, denial[0])


def _all_words(bulletin: Bulletin) -> Iterator[tuple[str, str]]:
    """Every text that people will read, with the name of its place."""
    for language, text in sorted(bulletin.texts.items())[:MOST_LANGUAGES]:
        yield f"{language} headline", text.headline
        yield f"{language} body", text.body
        yield f"{language} instruction", text.instruction
    yield "issuer", bulletin.issuer
    if bulletin.media:
        yield "caption", bulletin.media.caption


def _local(moment: datetime) -> str:
    return moment.astimezone(_LONGEST_IMPRINT.zone).strftime("%H:%M %d/%m/%Y")
