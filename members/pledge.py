"""Pledges: the versioned text, the confirmation of it, and the code on the certificate.

A text that people have pledged to is never changed: its hash stands here, and a text that differs is refused.
A new wording is a new version, with new files in ``pledge_texts/``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from members.channel import ChannelId, PersonId

CERTIFICATE_PREFIX = "CK"
_FOLDER = Path(__file__).with_name("pledge_texts")
_LANGUAGES = ("vi", "en")
_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BODY_SYMBOLS = 8
_LOOK_ALIKES = str.maketrans("OIL", "011", " -–")

RECORDED_SHA256: Mapping[tuple[str, str], str] = {
    ("2026-1", "vi"): "e8dc401a83ce170da6618eb3478e60aabf01b1d6fb0e719b2c9e5c18ac0d47f2",
    ("2026-1", "en"): "d21e5568fc6fce3a2f3b88a17f6e0d3ebc9cdccdea703ff90cee9c00308a08c6",
}
"""Of each text that people may have pledged to, by (version, language)."""


@dataclass(frozen=True, slots=True)
class PledgeText:
    """One version of the wording, in one language."""

    version: str
    language: str
    title: str
    body: str
    sha256: str
    """Of the file, so that the wording can be proved later."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """One person's confirmation, for one channel."""

    channel: ChannelId
    person: PersonId
    version: str
    language: str
    text_sha256: str
    confirmed_at: datetime
    certificate: str


def read_pledge_texts(version: str) -> dict[str, PledgeText]:
    """The wording of ``version`` by language. Raises ValueError when it is missing or was changed."""
    return {language: _read(version, language) for language in _LANGUAGES}


def _read(version: str, language: str) -> PledgeText:
    try:
        raw = (_FOLDER / f"{version}.{language}.md").read_bytes()
    except FileNotFoundError:
        raise ValueError(f"there is no pledge text {version} in the language {language}") from None
    sha256 = hashlib.sha256(raw).hexdigest()
    if RECORDED_SHA256.get((version, language)) != sha256:
        raise ValueError(f"the pledge text {version}.{language} is not the recorded one")
    title, _, body = raw.decode().partition("\n")
    return PledgeText(version, language, title.removeprefix("# ").strip(), body.strip(), sha256)


def certificate_code(secret: str) -> str:
    """The code on a certificate, ``CK-XXXX-XXXX-C``, made from a random ``secret``."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest()) % 32**_BODY_SYMBOLS
    body = "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(_BODY_SYMBOLS)))
    return f"{CERTIFICATE_PREFIX}-{body[:4]}-{body[4:]}-{_check_symbol(body)}"


def parse_certificate(typed: str) -> str | None:
    """The certificate code that a person typed, with case, spaces, O for 0 and I or L for 1 forgiven."""
    text = typed[:40].strip().upper().removeprefix(CERTIFICATE_PREFIX).translate(_LOOK_ALIKES)
    body, check = text[:_BODY_SYMBOLS], text[_BODY_SYMBOLS:]
    if len(body) < _BODY_SYMBOLS or not set(body) <= set(_SYMBOLS) or check != _check_symbol(body):
        return None
    return f"{CERTIFICATE_PREFIX}-{body[:4]}-{body[4:]}-{check}"


def _check_symbol(body: str) -> str:
    """Catches any one wrong symbol, because the weights are odd, and nearly every two neighbours swapped."""
    return _SYMBOLS[sum((2 * place + 1) * _SYMBOLS.index(symbol) for place, symbol in enumerate(body)) % 32]
