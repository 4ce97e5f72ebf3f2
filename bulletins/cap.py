"""CAP alerts read into drafts: `read_cap` answers a draft or a refusal with its reason, and never raises.

The result is only a draft: people check and approve it like any other. Times that are past stay in its
provenance; what is too long for a chat is cut at the end of a sentence, saying that the source has the rest.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bulletins.cap_text import readable
from bulletins.cap_xml import (
    MOST_INFOS,
    MOST_SHORT_CHARACTERS,
    CapProblem,
    CapRefusal,
    Node,
    RefusedError,
    as_time,
    as_word,
    is_signed,
    opened,
)
from bulletins.code import Code
from bulletins.problems import LONGEST_VALIDITY, MOST_LANGUAGES, is_source
from bulletins.rendering import fitted
from bulletins.values import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    Category,
    Certainty,
    Language,
    MsgType,
    Provenance,
    Severity,
    Status,
    Text,
    Urgency,
)
from bulletins.wording import one_line, shortened, utf16_length

__all__ = ["TEXT_BUDGET_UNITS", "CapDraft", "CapProblem", "CapRefusal", "read_cap"]

# Telegram's 4,096 less the longest banner, labels, issuer, source, references and code around the text.
TEXT_BUDGET_UNITS = 2_700
AREA_UNITS = 500
CONTACT_UNITS = 200
ISSUER_UNITS = 200
MOST_TEXT_CHARACTERS = 20_000
MOST_AREAS = 500
MOST_REFERENCES = 500

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_THREE_LETTERS = {"vie": "vi", "eng": "en", "fre": "fr", "fra": "fr"}
_TRIPLET = re.compile(r"([^\s,<&]+),([^\s,<&]+),([^\s,<&]+)")


class _Scope(StrEnum):
    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class _AnyStatus(StrEnum):
    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"
    SYSTEM = "System"
    DRAFT = "Draft"


class _AnyMsgType(StrEnum):
    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapDraft:
    """What a moderator starts from."""

    provenance: Provenance
    status: Status
    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    issuer: str
    texts: Mapping[Language, Text]
    area_names: tuple[str, ...]
    """As the alert names them; which of our areas they are is for the moderator to say."""
    source_url: str
    """Empty when the alert has none that can be used: then it is asked for."""
    expires: datetime | None
    """The alert's own expiry while it can serve; None when it is absent, past or too far off."""
    truncated: bool
    """Words were left out to fit; the text says so."""

    @property
    def expires_needed(self) -> bool:
        return self.expires is None

    def as_bulletin(
        self,
        *,
        code: Code,
        expires: datetime | None = None,
        issuer: str = "",
        source_url: str = "",
        references: tuple[str, ...] = (),
    ) -> Bulletin:
        """The first version of a bulletin from this draft. Raises ValueError when no expiry is known.

        An Update or Cancel of an alert that this network never carried corrects nothing here: without
        references to our own bulletins it is a new Alert, and its provenance tells what it was.
        """
        valid_until = expires or self.expires
        if valid_until is None:
            raise ValueError("the alert's own expiry cannot serve: pass expires")
        return Bulletin(
            code=code,
            status=self.status,
            msg_type=self.provenance.msg_type if references else MsgType.ALERT,
            category=self.category,
            urgency=self.urgency,
            severity=self.severity,
            certainty=self.certainty,
            issuer=issuer or self.issuer,
            texts=self.texts,
            source_url=source_url or self.source_url,
            references=references,
            expires=valid_until,
            provenance=self.provenance,
        )


@dataclass(frozen=True, slots=True)
class _Info:
    """One <info>: one event, in one language."""

    language: Language
    event: str
    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    headline: str
    body: str
    instruction: str
    contact: str
    sender_name: str
    web: str
    effective: datetime | None
    expires: datetime | None
    areas: tuple[str, ...]
    was_cut: bool

    @property
    def weight(self) -> tuple[int, int]:
        """The gravest comes first."""
        return list(Severity).index(self.severity), list(Urgency).index(self.urgency)

    def same_event(self, other: "_Info") -> bool:
        return (self.event, self.weight, self.certainty) == (other.event, other.weight, other.certainty)


def read_cap(data: bytes, now: datetime) -> CapDraft | CapRefusal:
    """A draft from the bytes of one CAP 1.1 or 1.2 file, or why there is none."""
    try:
        alert = opened(data)
        return _draft(alert, hashlib.sha256(data).hexdigest(), now)
    except RefusedError as refused:
        return refused.refusal


def _draft(alert: Node, sha256: str, now: datetime) -> CapDraft:
    identifier, sender = alert.name_token("identifier"), alert.name_token("sender")
    sent = as_time("sent", alert.required("sent"))
    status, msg_type = _status_and_type(alert)
    references = _references(alert, msg_type)
    infos = _infos(alert)
    first = min(infos, key=lambda info: info.weight)
    texts, truncated = _texts(infos)
    return CapDraft(
        provenance=Provenance(
            identifier=identifier,
            sender=sender,
            sent=sent,
            msg_type=msg_type,
            references=references,
            effective=first.effective,
            expires=first.expires,
            sha256=sha256,
            signed=is_signed(alert),
        ),
        status=status,
        category=first.category,
        urgency=first.urgency,
        severity=first.severity,
        certainty=first.certainty,
        issuer=first.sender_name or shortened(sender, ISSUER_UNITS),
        texts=texts,
        area_names=tuple(dict.fromkeys(area for info in infos for area in info.areas))[:MOST_AREAS],
        source_url=next((info.web for info in infos if info.web), ""),
        expires=_usable(first.expires, now),
        truncated=truncated,
    )


def _status_and_type(alert: Node) -> tuple[Status, MsgType]:
    """Only live, drill and test alerts that are meant for everybody."""
    status = alert.word("status", _AnyStatus)
    msg_type = alert.word("msgType", _AnyMsgType)
    scope = alert.word("scope", _Scope)
    if scope is not _Scope.PUBLIC:
        raise RefusedError(CapProblem.NOT_FOR_THE_PUBLIC, f"scope {scope}")
    if status in (_AnyStatus.SYSTEM, _AnyStatus.DRAFT):
        raise RefusedError(CapProblem.NOT_FOR_THE_PUBLIC, f"status {status}")
    if msg_type in (_AnyMsgType.ACK, _AnyMsgType.ERROR):
        raise RefusedError(CapProblem.NOT_FOR_THE_PUBLIC, f"msgType {msg_type}")
    return Status(status), MsgType(msg_type)


def _references(alert: Node, msg_type: MsgType) -> tuple[str, ...]:
    triplets = alert.optional("references").split()
    if not triplets and msg_type is not MsgType.ALERT:
        raise RefusedError(CapProblem.NO_REFERENCES, msg_type)
    if len(triplets) > MOST_REFERENCES:
        raise RefusedError(CapProblem.BAD_REFERENCES, str(len(triplets)))
    for triplet in triplets:
        match = _TRIPLET.fullmatch(triplet)
        if not match or len(triplet) > 3 * MOST_SHORT_CHARACTERS:
            raise RefusedError(CapProblem.BAD_REFERENCES, triplet[:80])
        as_time("references", match[3])
    return tuple(triplets)


def _infos(alert: Node) -> list[_Info]:
    nodes = alert.all("info")
    if not nodes:
        raise RefusedError(CapProblem.NOTHING_TO_SAY)
    if len(nodes) > MOST_INFOS:
        raise RefusedError(CapProblem.TOO_MANY_INFOS, f"{len(nodes)}/{MOST_INFOS}")
    return [_info(node) for node in nodes]


def _info(node: Node) -> _Info:
    event = node.required("event")
    description, instruction = node.optional("description"), node.optional("instruction")
    web = node.optional("web")
    return _Info(
        language=_language(node.optional("language")),
        event=one_line(readable(event[:MOST_SHORT_CHARACTERS])),
        category=_category(node),
        urgency=node.word("urgency", Urgency),
        severity=node.word("severity", Severity),
        certainty=_certainty(node),
        headline=one_line(readable(node.optional("headline")[:MOST_TEXT_CHARACTERS])),
        body=readable(description[:MOST_TEXT_CHARACTERS]),
        instruction=readable(instruction[:MOST_TEXT_CHARACTERS]),
        contact=one_line(readable(node.optional("contact")[:MOST_SHORT_CHARACTERS])),
        sender_name=shortened(
            one_line(readable(node.optional("senderName")[:MOST_SHORT_CHARACTERS])), ISSUER_UNITS
        ),
        web=web if is_source(web) else "",
        effective=node.time("effective"),
        expires=node.time("expires"),
        areas=_areas(node),
        was_cut=max(len(description), len(instruction)) > MOST_TEXT_CHARACTERS,
    )


def _category(node: Node) -> Category:
    """The first of them: CAP allows several, a bulletin has one."""
    found = [category.words for category in node.all("category")]
    if not any(found):
        raise RefusedError(CapProblem.EMPTY if found else CapProblem.MISSING, "category")
    return next(as_word("category", words, Category) for words in found)


def _certainty(node: Node) -> Certainty:
    """CAP 1.1 keeps 1.0's "Very Likely" as another word for Likely."""
    if node.required("certainty") == "Very Likely":
        return Certainty.LIKELY
    return node.word("certainty", Certainty)


def _language(tag: str) -> Language:
    """The primary subtag; CAP's default is en-US, and so is what cannot be understood."""
    if not _LANGUAGE_TAG.fullmatch(tag):
        return ENGLISH
    primary = tag.split("-")[0].lower()
    return Language(_THREE_LETTERS.get(primary, primary))


def _areas(node: Node) -> tuple[str, ...]:
    described = [area.required("areaDesc")[:MOST_TEXT_CHARACTERS] for area in node.all("area")]
    names = (one_line(readable(words)) for words in dict.fromkeys(described[:MOST_AREAS]))
    return tuple(dict.fromkeys(name for name in names if name))


def _usable(expires: datetime | None, now: datetime) -> datetime | None:
    return expires if expires and now < expires <= now + LONGEST_VALIDITY else None


def _texts(infos: Sequence[_Info]) -> tuple[Mapping[Language, Text], bool]:
    """A text for each language, Vietnamese and English before others; and whether anything was left out."""
    languages = list(dict.fromkeys(info.language for info in infos))
    languages.sort(key=lambda language: language not in (VIETNAMESE, ENGLISH))
    texts, any_cut = {}, len(languages) > MOST_LANGUAGES
    for language in languages[:MOST_LANGUAGES]:
        texts[language], was_cut = _text([info for info in infos if info.language == language])
        any_cut = any_cut or was_cut
    return texts, any_cut


def _text(infos: Sequence[_Info]) -> tuple[Text, bool]:
    """One language's words: the gravest event, for all the areas where it is the same."""
    first = min(infos, key=lambda info: info.weight)
    same = [info for info in infos if info.same_event(first)]
    whole = Text(first.headline or first.event, first.body, first.instruction)
    tail = _tail(first, list(dict.fromkeys(area for info in same for area in info.areas)))
    body = "\n\n".join(filter(None, (whole.body, tail)))
    units = sum(map(utf16_length, (whole.headline, body, whole.instruction)))
    left_out = first.was_cut or any(info.body != first.body for info in infos)
    if units <= TEXT_BUDGET_UNITS and not left_out:
        return Text(whole.headline, body, whole.instruction), False
    tail = "\n\n".join(filter(None, (tail, _more_at_source(first.language))))
    short = fitted(whole, TEXT_BUDGET_UNITS - utf16_length(tail) - 2)
    return Text(short.headline, f"{short.body}\n\n{tail}".lstrip(), short.instruction), True


def _tail(info: _Info, areas: Sequence[str]) -> str:
    area, contact = ("Khu vực", "Liên hệ") if info.language == VIETNAMESE else ("Area", "Contact")
    lines = []
    if areas:
        lines.append(f"📍 {area}: {shortened('; '.join(areas), AREA_UNITS)}")
    if info.contact:
        lines.append(f"📞 {contact}: {shortened(info.contact, CONTACT_UNITS)}")
    return "\n".join(lines)


def _more_at_source(language: Language) -> str:
    if language == VIETNAMESE:
        return "(Nội dung đã được rút gọn; bản đầy đủ ở nguồn.)"
    return "(Shortened; the source has the whole text.)"
