"""Sealing: who reported, and where to answer them, is unreadable without the operator's secret key.

    operator's secret ── HKDF ──> keeping key     seals drafts, and wraps each case's own key
                              └─> naming key      makes pseudonyms (``naming.py``)
    case's own key    ── HKDF ──> sealing key     seals its content and its reporters' addresses (AES-256-GCM)
                              └─> naming key      makes their pseudonyms (HMAC-SHA-256)

The secret is never in the database, and the wrapped keys are beside it (``case_keys.py``): backups of the database
hold neither. Erasing a case's key makes all that it sealed meaningless for ever, also to the operator, also in backups.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.naming import KEY_BYTES, Names, derived, named

_NONCE_BYTES = 12
_PADDED_TO_BYTES = 256


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
        self._box = _Box(derived(key, "address"), random_bytes)
        self._naming = derived(key, "reporter")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Seal for ``context``; it opens in no other."""
        return self._box.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        return self._box.open(sealed, context)

    def pseudonym(self, case_id: int, person: str) -> str:
        """The reporter's name within this case alone, as 64 hexadecimal digits."""
        return named(self._naming, f"{case_id}\0{person}")


class Sealer(Names):
    """Everything that rests on the operator's secret key."""

    def __init__(self, secret: bytes, *, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        super().__init__(secret)
        self._random_bytes = random_bytes
        self._box = _Box(derived(secret, "keeping"), random_bytes)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Seal for ``context``; it opens in no other."""
        return self._box.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        return self._box.open(sealed, context)

    def new_case_key(self, context: str) -> bytes:
        """A fresh key for a case, wrapped for keeping."""
        return self.seal(self._random_bytes(KEY_BYTES), f"case\0{context}")

    def case_key(self, wrapped: bytes, context: str) -> CaseKey:
        """The case's key, unwrapped. Raises SealBroken."""
        return CaseKey(self.open(wrapped, f"case\0{context}"), self._random_bytes)

    def wrapped_anew(self, wrapped: bytes, before: str, context: str) -> bytes | None:
        """The key that was wrapped for ``before``, for another context; None when the secret was another one."""
        try:
            return self.seal(self.open(wrapped, f"case\0{before}"), f"case\0{context}")
        except SealBroken:
            return None

    def case_key_if_any(self, wrapped: bytes | None, context: str) -> CaseKey | None:
        """The case's key; None when it was erased, or wrapped with a secret that is no longer there."""
        try:
            return None if wrapped is None else self.case_key(wrapped, context)
        except SealBroken:
            return None


def padded(plain: bytes, step: int = _PADDED_TO_BYTES) -> bytes:
    """JSON with blanks after it, so that the length of what is sealed tells next to nothing."""
    return plain + b" " * (-len(plain) % step)
