"""A form with one file in it (RFC 7578), as bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# HTML Standard, "multipart/form-data encoding algorithm": how names are written between quotes.
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def form_of(fields: Mapping[str, Any], file_field: str, file_name: str, content: bytes) -> tuple[str, bytes]:
    """The content type, and the body. What is no text among ``fields`` is written as JSON.

    The boundary is made of the hash of all that stands between: what holds its own hash cannot be found.
    """
    written = {name: _written(value).encode() for name, value in fields.items()}
    whole = hashlib.sha256(content)
    for value in written.values():
        whole.update(value)
    boundary = f"loa-{whole.hexdigest()[:40]}"
    parts = [_part(boundary, f'name="{name.translate(_QUOTED)}"', value) for name, value in written.items()]
    named = f'name="{file_field}"; filename="{file_name.translate(_QUOTED)}"'
    parts.append(_part(boundary, named, content, "Content-Type: application/octet-stream\r\n"))
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _part(boundary: str, named: str, content: bytes, more: str = "") -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n{more}\r\n"
    return head.encode() + content + b"\r\n"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
