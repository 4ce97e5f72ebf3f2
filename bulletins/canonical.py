"""The exact bytes of a bulletin: what is hashed, approved, and shown to have been published.

Canonical JSON: UTF-8, NFC, keys sorted, no spaces between tokens, no floats, times as UTC with milliseconds.
Spacing that nobody sees is normalised in the same way as in the rendering, so that two records with one hash
look the same. The record holds no personal data, and not who it is for: the audience is approved beside it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bulletins.values import Audience, Bulletin, Media, Provenance, Recurrence, Text
from bulletins.wording import normal, one_line, tidied

RECORD_TYPE = "loa-bulletin/1"

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def canonical_json(value: Json) -> bytes:
    """The one way to write a value: equal values give equal bytes. Floats raise TypeError."""
    return json.dumps(
        _normal(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def canonical_bytes(bulletin: Bulletin) -> bytes:
    """The record of a bulletin."""
    record: dict[str, Json] = {
        "type": RECORD_TYPE,
        "code": bulletin.code,
        "version": bulletin.version,
        "status": bulletin.status.value,
        "msg_type": bulletin.msg_type.value,
        "category": bulletin.category.value,
        "urgency": bulletin.urgency.value,
        "severity": bulletin.severity.value,
        "certainty": bulletin.certainty.value,
        "issuer": one_line(bulletin.issuer),
        "texts": {language: _text(text) for language, text in bulletin.texts.items()},
        "source_url": bulletin.source_url,
        "media": _media(bulletin.media),
        "references": list(bulletin.references),
        "sent": _time(bulletin.sent),
        "expires": _time(bulletin.expires),
        "provenance": _provenance(bulletin.provenance),
    }
    if bulletin.recurrence is not None:  # the records of all others stay as they always were
        record["recurrence"] = _recurrence(bulletin.recurrence)
    return canonical_json(record)


def content_hash(bulletin: Bulletin) -> bytes:
    """SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_bytes(bulletin)).digest()


def approval_hash(bulletin: Bulletin) -> bytes:
    """What an approval names: SHA-256 over the canonical bytes, audience, status and not-before.

    The time of sending is left out: it is written only when sending begins, long after the approval. Each
    part is preceded by its length in 8 bytes, so that no two bulletins can share one string of bytes.
    """
    parts = (
        canonical_bytes(replace(bulletin, sent=None)),
        canonical_json(_audience(bulletin.audience)),
        bulletin.status.value.encode("ascii"),
        canonical_json(_time(bulletin.not_before)),
    )
    digest = hashlib.sha256(b"loa-approval/1\n")
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _text(text: Text) -> Json:
    return {
        "headline": one_line(text.headline),
        "body": tidied(text.body),
        "instruction": tidied(text.instruction),
    }


def _media(media: Media | None) -> Json:
    if media is None:
        return None
    return {
        "kind": media.kind,
        "sha256": media.sha256,
        "file_name": media.file_name,
        "caption": one_line(media.caption),
    }


def _audience(audience: Audience) -> Json:
    """Order and repetition mean nothing in an audience."""
    return {
        "topics": sorted(set(audience.topics)),
        "areas": sorted(set(audience.areas)),
        "kinds": sorted(set(audience.kinds)),
    }


def _provenance(provenance: Provenance | None) -> Json:
    if provenance is None:
        return None
    return {
        "identifier": provenance.identifier,
        "sender": provenance.sender,
        "sent": _time(provenance.sent),
        "msg_type": provenance.msg_type.value,
        "references": list(provenance.references),
        "effective": _time(provenance.effective),
        "expires": _time(provenance.expires),
        "sha256": provenance.sha256,
        "signed": provenance.signed,
    }


def _recurrence(recurrence: Recurrence) -> Json:
    return {
        "cron": recurrence.cron,
        "ends": _time(recurrence.ends),
        "valid_hours": recurrence.valid_hours,
    }


def _time(moment: datetime | None) -> str | None:
    """As the database keeps it: UTC, whole milliseconds."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a bulletin's times are aware")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _normal(value: Json) -> Json:
    if isinstance(value, float):
        raise TypeError("a record holds no floats")
    if isinstance(value, str):
        return normal("NFC", value)
    if isinstance(value, Mapping):
        return {normal("NFC", key): _normal(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_normal(inner) for inner in value]
    return value
