"""Sealing: who reported, and where to answer them, is unreadable without the operator's secret key.

    operator's secret ── HKDF ──> keeping key     seals drafts, and wraps each case's own key
                              └─> naming key      makes pseudonyms of askers and of filings
    case's own key    ── HKDF ──> sealing key     seals the addresses of its reporters (AES-256-GCM)
                              └─> naming key      makes their pseudonyms (HMAC-SHA-256)

The secret is never in the database. Erasing a case's wrapped key makes its addresses and pseudonyms
meaningless for ever, also to the operator, but for older copies of the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: another key, another context, or changed bytes."""


class _Box:
    """AES-256-GCM with a random nonce before the sealed bytes."""

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(key)
        self._random_bytes = random_bytes

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = self._random_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(context) from error


class CaseKey:
    """The key of one case."""

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._box = _Box(_derived(key, "address"), random_bytes)
        self._naming = _derived(key, "reporter")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Seal for ``context``; it opens in no other."""
        return self._box.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        return self._box.open(sealed, context)

    def pseudonym(self, case_id: int, person: str) -> str:
        """The reporter's name within this case alone, as 64 hexadecimal digits."""
        return _named(self._naming, f"{case_id}\0{person}")


class Sealer:
    """Everything that rests on the operator's secret key."""

    def __init__(self, secret: bytes, *, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        if len(secret) < _KEY_BYTES:
            raise ValueError(f"the secret key needs at least {_KEY_BYTES} bytes")
        self._random_bytes = random_bytes
        self._box = _Box(_derived(secret, "keeping"), random_bytes)
        self._naming = _derived(secret, "naming")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Seal for ``context``; it opens in no other."""
        return self._box.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        return self._box.open(sealed, context)

    def pseudonym(self, purpose: str, text: str) -> str:
        """The same name for the same text and purpose, as 64 hexadecimal digits."""
        return _named(self._naming, f"{purpose}\0{text}")

    def new_case_key(self, context: str) -> bytes:
        """A fresh key for a case, wrapped for keeping."""
        return self.seal(self._random_bytes(_KEY_BYTES), f"case\0{context}")

    def case_key(self, wrapped: bytes, context: str) -> CaseKey:
        """The case's key, unwrapped. Raises SealBroken."""
        return CaseKey(self.open(wrapped, f"case\0{context}"), self._random_bytes)

    def case_key_if_any(self, wrapped: bytes | None, context: str) -> CaseKey | None:
        """The case's key; None when it was erased, or wrapped with a secret that is no longer there."""
        try:
            return None if wrapped is None else self.case_key(wrapped, context)
        except SealBroken:
            return None


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"loa {purpose} 1".encode()).derive(
        key
    )


def _named(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()
