"""A bulletin as the JSON in its row, and back: nothing is lost, and both ways are exact.

The row holds more than the public record (`bulletins.canonical`): also for whom and from when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bulletins.bulletin import (
    Audience,
    Bulletin,
    Category,
    Certainty,
    Code,
    Language,
    Media,
    MsgType,
    Provenance,
    Recurrence,
    Severity,
    Status,
    Text,
    Urgency,
)


def record_of(bulletin: Bulletin) -> dict[str, Any]:
    """What the column ``record`` holds for ``bulletin``."""
    return {
        "code": bulletin.code,
        "version": bulletin.version,
        "status": bulletin.status.value,
        "msg_type": bulletin.msg_type.value,
        "category": bulletin.category.value,
        "urgency": bulletin.urgency.value,
        "severity": bulletin.severity.value,
        "certainty": bulletin.certainty.value,
        "issuer": bulletin.issuer,
        "texts": {tag: [text.headline, text.body, text.instruction] for tag, text in bulletin.texts.items()},
        "source_url": bulletin.source_url,
        "media": _media_record(bulletin.media),
        "audience": {
            "topics": list(bulletin.audience.topics),
            "areas": list(bulletin.audience.areas),
            "kinds": list(bulletin.audience.kinds),
        },
        "references": list(bulletin.references),
        "sent": _written(bulletin.sent),
        "not_before": _written(bulletin.not_before),
        "expires": _written(bulletin.expires),
        "provenance": _provenance_record(bulletin.provenance),
        "recurrence": _recurrence_record(bulletin.recurrence),
    }


def bulletin_of(record: Mapping[str, Any]) -> Bulletin:
    """The bulletin that ``record_of`` wrote."""
    audience = record["audience"]
    expires = _read(record["expires"])
    if expires is None:
        raise ValueError(f"bulletin {record['code']} has no expiry")
    return Bulletin(
        code=Code(record["code"]),
        version=record["version"],
        status=Status(record["status"]),
        msg_type=MsgType(record["msg_type"]),
        category=Category(record["category"]),
        urgency=Urgency(record["urgency"]),
        severity=Severity(record["severity"]),
        certainty=Certainty(record["certainty"]),
        issuer=record["issuer"],
        texts={Language(tag): Text(*words) for tag, words in record["texts"].items()},
        source_url=record["source_url"],
        media=None if record["media"] is None else Media(**record["media"]),
        audience=Audience(tuple(audience["topics"]), tuple(audience["areas"]), tuple(audience["kinds"])),
        references=tuple(record["references"]),
        sent=_read(record["sent"]),
        not_before=_read(record["not_before"]),
        expires=expires,
        provenance=_provenance_of(record["provenance"]),
        recurrence=_recurrence_of(record.get("recurrence")),  # rows of earlier versions have none
    )


def _media_record(media: Media | None) -> dict[str, str] | None:
    if media is None:
        return None
    return {
        "sha256": media.sha256,
        "file_name": media.file_name,
        "kind": media.kind,
        "caption": media.caption,
    }


def _provenance_record(provenance: Provenance | None) -> dict[str, Any] | None:
    if provenance is None:
        return None
    return {
        "identifier": provenance.identifier,
        "sender": provenance.sender,
        "sent": provenance.sent.isoformat(),
        "msg_type": provenance.msg_type.value,
        "references": list(provenance.references),
        "effective": provenance.effective and provenance.effective.isoformat(),
        "expires": provenance.expires and provenance.expires.isoformat(),
        "sha256": provenance.sha256,
        "signed": provenance.signed,
    }


def _provenance_of(record: Mapping[str, Any] | None) -> Provenance | None:
    """Its times keep their own offset: they are the agency's words, not ours."""
    if record is None:
        return None
    return Provenance(
        identifier=record["identifier"],
        sender=record["sender"],
        sent=datetime.fromisoformat(record["sent"]),
        msg_type=MsgType(record["msg_type"]),
        references=tuple(record["references"]),
        effective=datetime.fromisoformat(record["effective"]) if record["effective"] else None,
        expires=datetime.fromisoformat(record["expires"]) if record["expires"] else None,
        sha256=record["sha256"],
        signed=record["signed"],
    )


def _recurrence_record(recurrence: Recurrence | None) -> dict[str, Any] | None:
    if recurrence is None:
        return None
    return {
        "cron": recurrence.cron,
        "ends": _written(recurrence.ends),
        "valid_hours": recurrence.valid_hours,
    }


def _recurrence_of(record: Mapping[str, Any] | None) -> Recurrence | None:
    if record is None:
        return None
    return Recurrence(record["cron"], datetime.fromisoformat(record["ends"]), record["valid_hours"])


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _read(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
