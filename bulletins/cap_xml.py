"""A CAP file as XML: opened safely, its elements fetched strictly, and every reason to refuse one.

Sources: OASIS CAP 1.2 (1 July 2010) and 1.1 (October 2005), section 3.2 of each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from lxml import etree

from bulletins.values import VIETNAMESE, Language

MOST_BYTES = 1_048_576
MOST_INFOS = 64
MOST_SHORT_CHARACTERS = 500

_NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
_OLD_NAMESPACES = ("http://www.incident.com/cap/1.0", "urn:oasis:names:tc:emergency:cap:1.0")
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
# What may stand before a DOCTYPE, then the DOCTYPE. Zero bytes are taken out first, so this sees UTF-16 too.
_DOCTYPE = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?"
    rb"(?:\s|<!--(?:(?!-->).)*+-->|<\?(?:(?!\?>).)*+\?>)*+<!DOCTYPE",
    re.DOTALL,
)
# CAP wants seconds and a numeric offset; agencies also write "Z" and parts of a second.
_YEARS = range(1900, 2200)
"""Any other is a slip or a trick, and near the first and the last of all years no time can be reckoned with."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?([+-]\d\d:\d\d|Z)")

Word = TypeVar("Word", bound=StrEnum)


class CapProblem(StrEnum):
    TOO_BIG = "too_big"
    NOT_XML = "not_xml"
    UNSAFE = "unsafe"
    NOT_CAP = "not_cap"
    OLD_VERSION = "old_version"
    MISSING = "missing"
    EMPTY = "empty"
    REPEATED = "repeated"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    NO_REFERENCES = "no_references"
    BAD_REFERENCES = "bad_references"
    NOTHING_TO_SAY = "nothing_to_say"
    TOO_MANY_INFOS = "too_many_infos"
    NOT_FOR_THE_PUBLIC = "not_for_the_public"


@dataclass(frozen=True, slots=True)
class CapRefusal:
    """Why a file cannot become a draft; the detail names the element or value."""

    reason: CapProblem
    detail: str = ""

    @property
    def sentence_vi(self) -> str:
        return REFUSALS[self.reason][0].format(detail=self.detail)

    @property
    def sentence_en(self) -> str:
        return REFUSALS[self.reason][1].format(detail=self.detail)

    def sentence(self, language: Language) -> str:
        return self.sentence_vi if language == VIETNAMESE else self.sentence_en


REFUSALS: Mapping[CapProblem, tuple[str, str]] = {
    CapProblem.TOO_BIG: (
        "Tệp lớn quá 1 MB nên không đọc được.",
        "The file is larger than 1 MB, so it was not read.",
    ),
    CapProblem.NOT_XML: (
        "Tệp này không phải XML hợp lệ, có thể chưa tải xuống hết ({detail}).",
        "This is not well-formed XML; perhaps it was not downloaded completely ({detail}).",
    ),
    CapProblem.UNSAFE: (
        "Tệp này chứa khai báo DOCTYPE hoặc thực thể, một cách tấn công thường gặp, nên bị từ chối.",
        "The file declares a DOCTYPE or entities, a common way to attack, so it was refused.",
    ),
    CapProblem.NOT_CAP: (
        "Đây không phải cảnh báo CAP 1.1 hoặc 1.2 ({detail}).",
        "This is not a CAP 1.1 or 1.2 alert ({detail}).",
    ),
    CapProblem.OLD_VERSION: (
        "Cảnh báo viết theo CAP 1.0. Chỉ đọc được CAP 1.1 và 1.2.",
        "The alert is written in CAP 1.0. Only CAP 1.1 and 1.2 can be read.",
    ),
    CapProblem.MISSING: (
        "Cảnh báo thiếu phần bắt buộc <{detail}>.",
        "The alert lacks the required element <{detail}>.",
    ),
    CapProblem.EMPTY: (
        "Phần bắt buộc <{detail}> của cảnh báo để trống.",
        "The required element <{detail}> of the alert is empty.",
    ),
    CapProblem.REPEATED: (
        "Phần <{detail}> xuất hiện nhiều lần, không rõ theo lần nào.",
        "The element <{detail}> appears more than once, so it is unclear which one counts.",
    ),
    CapProblem.BAD_VALUE: (
        "Cảnh báo có giá trị mà CAP không cho phép: {detail}.",
        "The alert has a value that CAP does not allow: {detail}.",
    ),
    CapProblem.BAD_TIME: (
        "Thời điểm viết sai dạng, thiếu múi giờ hoặc không thể có thật: {detail}.",
        "A time is malformed, has no time zone or cannot be real: {detail}.",
    ),
    CapProblem.NO_REFERENCES: (
        "Đây là bản cập nhật ({detail}) nhưng không nói rõ cập nhật cho cảnh báo nào.",
        "The alert is an {detail} but does not say which earlier alert it refers to.",
    ),
    CapProblem.BAD_REFERENCES: (
        "Phần <references> viết sai dạng: {detail}.",
        "The element <references> is malformed: {detail}.",
    ),
    CapProblem.NOTHING_TO_SAY: (
        "Cảnh báo không có phần <info>, tức là không có nội dung để đăng.",
        "The alert has no <info>: there is nothing to publish.",
    ),
    CapProblem.TOO_MANY_INFOS: (
        "Cảnh báo có quá nhiều phần <info> ({detail}).",
        "The alert has too many <info> elements ({detail}).",
    ),
    CapProblem.NOT_FOR_THE_PUBLIC: (
        "Cảnh báo này không dành cho người dân ({detail}).",
        "This alert is not meant for the public ({detail}).",
    ),
}


class RefusedError(Exception):
    """Carries a refusal from deep in a file up to `read_cap`, which returns it; never leaves this room."""

    def __init__(self, reason: CapProblem, detail: str = "") -> None:
        super().__init__(reason)
        self.refusal = CapRefusal(reason, detail)


@dataclass(frozen=True, slots=True)
class Node:
    """One element of the alert; children are asked for by CAP's names."""

    element: etree._Element
    namespace: str
    children: Mapping[str, list[etree._Element]]
    """By their tags, looked through once: a file may hold a hundred thousand."""

    def all(self, name: str) -> "list[Node]":
        found = self.children.get(f"{{{self.namespace}}}{name}", ())
        return [as_node(child, self.namespace) for child in found]

    @property
    def words(self) -> str:
        return "".join(text for text in self.element.itertext() if isinstance(text, str)).strip()

    def optional(self, name: str) -> str:
        """The text of a child that may be absent or empty, but not repeated."""
        found = self.all(name)
        if len(found) > 1:
            raise RefusedError(CapProblem.REPEATED, name)
        return found[0].words if found else ""

    def required(self, name: str) -> str:
        words = self.optional(name)
        if not words:
            raise RefusedError(CapProblem.EMPTY if self.all(name) else CapProblem.MISSING, name)
        return words

    def word(self, name: str, vocabulary: type[Word]) -> Word:
        return as_word(name, self.required(name), vocabulary)

    def name_token(self, name: str) -> str:
        """An identifier or sender: no spaces, commas, < or & (CAP 1.2, 3.2.1)."""
        token = self.required(name)
        if len(token) > MOST_SHORT_CHARACTERS or re.search(r"[\s,<&]", token):
            raise RefusedError(CapProblem.BAD_VALUE, f"{name}: {token[:80]}")
        return token

    def time(self, name: str) -> datetime | None:
        words = self.optional(name)
        return as_time(name, words) if words else None


def as_node(element: etree._Element, namespace: str) -> Node:
    children: dict[str, list[etree._Element]] = {}
    for child in element:
        children.setdefault(str(child.tag), []).append(child)
    return Node(element, namespace, children)


def opened(data: bytes) -> Node:
    """The root of a CAP file, with nothing expanded, fetched or included. Raises RefusedError."""
    if len(data) > MOST_BYTES:
        raise RefusedError(CapProblem.TOO_BIG)
    if _DOCTYPE.match(data.replace(b"\0", b"")):
        raise RefusedError(CapProblem.UNSAFE)
    root = _parsed(data)
    # The look at the bytes can be led astray by an encoding unlike ASCII; the parser cannot.
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedError(CapProblem.UNSAFE)
    name = etree.QName(root)
    if name.namespace in _OLD_NAMESPACES:
        raise RefusedError(CapProblem.OLD_VERSION)
    if name.localname != "alert" or name.namespace not in _NAMESPACES:
        raise RefusedError(CapProblem.NOT_CAP, f"{name.localname}, {name.namespace or 'no namespace'}"[:120])
    return as_node(root, str(name.namespace))


def is_signed(alert: Node) -> bool:
    return alert.element.find(_SIGNATURE) is not None


def as_word(name: str, value: str, vocabulary: type[Word]) -> Word:
    try:
        return vocabulary(value)
    except ValueError:
        raise RefusedError(CapProblem.BAD_VALUE, f"{name}: {value[:80]}") from None


def as_time(name: str, value: str) -> datetime:
    try:
        if _TIME.fullmatch(value) and int(value[:4]) in _YEARS:
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise RefusedError(CapProblem.BAD_TIME, f"{name}: {value[:40]}")


def _parsed(data: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise RefusedError(CapProblem.NOT_XML, str(error).split(", line")[0][:120]) from None
