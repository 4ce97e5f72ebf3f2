"""The words in which one person alone may stop or withdraw a bulletin. They stand ready, and none has a blank.

    withdrawn                                      for good: nothing follows
    withdrawn for now; time, place, number wrong   a correction follows, which others approve

Whether a bulletin speaks in fixed words is a comparison of all of it with what it would be, made from the first
bulletin to whose copies it goes: whatever else somebody put into it makes new words of it, and those take two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bulletins.code import Code, parse
from bulletins.values import ENGLISH, VIETNAMESE, Bulletin, Language, MsgType, Status, Text


class Notice(StrEnum):
    """What is said in fixed words."""

    WITHDRAWN = "withdrawn"
    WITHDRAWN_FOR_NOW = "withdrawn_for_now"
    WRONG_TIME = "wrong_time"
    WRONG_PLACE = "wrong_place"
    WRONG_NUMBER = "wrong_number"


_KINDS: Mapping[Notice, MsgType] = {
    Notice.WITHDRAWN: MsgType.CANCEL,
    Notice.WITHDRAWN_FOR_NOW: MsgType.CANCEL,
    Notice.WRONG_TIME: MsgType.UPDATE,
    Notice.WRONG_PLACE: MsgType.UPDATE,
    Notice.WRONG_NUMBER: MsgType.UPDATE,
}

_WORDS: Mapping[tuple[Notice, Language], Text] = {
    (Notice.WITHDRAWN, VIETNAMESE): Text(
        "Bản tin này không còn giá trị",
        "Chúng tôi thu hồi bản tin này và xin lỗi vì sự bất tiện.",
        "Xin đừng làm theo bản tin cũ và đừng chia sẻ tiếp.",
    ),
    (Notice.WITHDRAWN, ENGLISH): Text(
        "This bulletin is no longer valid",
        "We withdraw it and apologise for the trouble.",
        "Please do not act on it and do not share it further.",
    ),
    (Notice.WITHDRAWN_FOR_NOW, VIETNAMESE): Text(
        "Bản tin này có chỗ sai, chúng tôi tạm thu hồi",
        "Bản đính chính sẽ được gửi sau. Chúng tôi xin lỗi vì sự bất tiện.",
        "Xin đừng làm theo bản tin cũ và đừng chia sẻ tiếp; hãy chờ bản đính chính.",
    ),
    (Notice.WITHDRAWN_FOR_NOW, ENGLISH): Text(
        "Something in this bulletin is wrong, and we withdraw it for now",
        "A correction follows. We apologise for the trouble.",
        "Please do not act on it and do not share it further; wait for the correction.",
    ),
    (Notice.WRONG_TIME, VIETNAMESE): Text(
        "Thời gian ghi trong bản tin này chưa đúng",
        "Bản đính chính sẽ được gửi sau.",
        "Xin chưa làm theo thời gian cũ; hãy chờ bản đính chính.",
    ),
    (Notice.WRONG_TIME, ENGLISH): Text(
        "The time given in this bulletin is wrong",
        "A correction follows.",
        "Please do not go by the time it gave; wait for the correction.",
    ),
    (Notice.WRONG_PLACE, VIETNAMESE): Text(
        "Địa điểm ghi trong bản tin này chưa đúng",
        "Bản đính chính sẽ được gửi sau.",
        "Xin chưa làm theo địa điểm cũ; hãy chờ bản đính chính.",
    ),
    (Notice.WRONG_PLACE, ENGLISH): Text(
        "The place given in this bulletin is wrong",
        "A correction follows.",
        "Please do not go by the place it gave; wait for the correction.",
    ),
    (Notice.WRONG_NUMBER, VIETNAMESE): Text(
        "Số ghi trong bản tin này chưa đúng",
        "Bản đính chính sẽ được gửi sau.",
        "Xin đừng gọi hay dùng số cũ; hãy chờ bản đính chính.",
    ),
    (Notice.WRONG_NUMBER, ENGLISH): Text(
        "A number given in this bulletin is wrong",
        "A correction follows.",
        "Please do not call or use it; wait for the correction.",
    ),
}

_DRILL_IS_OVER: Mapping[Language, Text] = {
    VIETNAMESE: Text("Buổi diễn tập đã kết thúc", "Cảm ơn bà con đã tham gia."),
    ENGLISH: Text("The drill is over", "Thank you for taking part."),
}
_BEFORE: Mapping[tuple[Status, Language], str] = {
    (Status.EXERCISE, VIETNAMESE): "Diễn tập: ",
    (Status.EXERCISE, ENGLISH): "Drill: ",
    (Status.TEST, VIETNAMESE): "Bản tin thử: ",
    (Status.TEST, ENGLISH): "Test: ",
}


def fixed_text(notice: Notice, status: Status, language: Language) -> Text:
    """The words of a notice; a language other than Vietnamese and English gets the English ones."""
    language = language if language in (VIETNAMESE, ENGLISH) else ENGLISH
    if notice is Notice.WITHDRAWN and status is Status.EXERCISE:
        return _DRILL_IS_OVER[language]
    words = _WORDS[notice, language]
    return replace(words, headline=_BEFORE.get((status, language), "") + words.headline)


def in_fixed_words(
    notice: Notice, first: Bulletin, references: tuple[str, ...], expires: datetime
) -> Bulletin:
    """The notice about ``first``, in its languages and in the name of its issuer. Its code is given later."""
    return replace(
        first,
        code=Code(""),
        version=1,
        msg_type=_KINDS[notice],
        texts={language: fixed_text(notice, first.status, language) for language in first.texts},
        source_url="",
        media=None,
        references=references,
        sent=None,
        not_before=None,
        expires=expires,
        provenance=None,
        recurrence=None,
    )


def notice_of(bulletin: Bulletin) -> Notice | None:
    """Which notice its words are, by its words alone."""
    for notice, msg_type in _KINDS.items():
        if msg_type is bulletin.msg_type and bulletin.texts and _says(bulletin, notice):
            return notice
    return None


def announces_correction(bulletin: Bulletin) -> bool:
    """Whether it says in fixed words that a correction follows, so that the last word is still to come."""
    return notice_of(bulletin) not in (None, Notice.WITHDRAWN)


def ends_everything(bulletin: Bulletin) -> bool:
    """Whether it withdraws for good: nothing follows it."""
    return bulletin.msg_type is MsgType.CANCEL and not announces_correction(bulletin)


def speaks_in_fixed_words(bulletin: Bulletin, first: Bulletin) -> bool:
    """Whether nothing in it is anybody's own: all is as `in_fixed_words` makes it of ``first``.

    Its moment of expiry is shown nowhere; what it refers to is shown, and therefore consists of codes.
    """
    notice = notice_of(bulletin)
    if notice is None or first.code not in bulletin.references:
        return False
    if any(parse(reference) != reference for reference in bulletin.references):
        return False
    made = in_fixed_words(notice, first, bulletin.references, bulletin.expires)
    return bulletin == replace(made, code=bulletin.code, version=bulletin.version, sent=bulletin.sent)


def _says(bulletin: Bulletin, notice: Notice) -> bool:
    return all(
        text == fixed_text(notice, bulletin.status, language) for language, text in bulletin.texts.items()
    )
