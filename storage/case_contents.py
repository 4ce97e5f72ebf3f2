"""What a case is about, sealed with the case's own key: its content, the findings, what a moderator is writing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.naming import Names
from storage.sealing import CaseKey, SealBroken, padded

Findings = Sequence[tuple[str, str]]


def content_key(names: Names, content_sha256: str) -> str:
    """By which the case about a content is found; without the operator's key nobody can look up a text they guess."""
    return names.pseudonym("content", content_sha256)


def sealed_content(key: CaseKey, case: int, text: str, findings: Findings) -> bytes:
    """A case's content and findings, to be kept."""
    return key.seal(
        padded(json.dumps([text, [list(found) for found in findings]]).encode()), f"content\0{case}"
    )


def opened_content(
    key: CaseKey | None, case: int, sealed: bytes | None
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """What ``sealed_content`` sealed; None when it was erased, or its key is gone."""
    if key is None or sealed is None:
        return None
    try:
        text, findings = json.loads(key.open(sealed, f"content\0{case}"))
    except SealBroken:
        return None
    return text, tuple((kind, about) for kind, about in findings)


def sealed_words(key: CaseKey, case: int, written: str) -> bytes:
    """What a moderator wrote so far to explain a verdict."""
    return key.seal(padded(written.encode("utf-8", "surrogatepass")), f"deciding\0{case}")


def opened_words(key: CaseKey | None, case: int, sealed: bytes | None) -> str:
    """What ``sealed_words`` sealed; nothing when it cannot be opened."""
    if key is None or sealed is None:
        return ""
    try:
        return key.open(sealed, f"deciding\0{case}").decode("utf-8", "surrogatepass").rstrip(" ")
    except SealBroken:
        return ""
