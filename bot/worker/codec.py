"""Values as JSON and back, by their declared types, for what passes between a process and its worker.

Whoever reads takes nothing for granted: what does not fit its type exactly raises ValueError. Nothing that is read
can do anything; it can only be a value.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_OF_CLASS = "is"
"""The key under which a value says which of several classes it is of."""


def encode(value: object) -> bytes:
    """``value`` as JSON: dataclasses, enums of text, moments, bytes, and what JSON knows."""
    return json.dumps(_plain(value), separators=(",", ":")).encode("ascii")


def decode(kind: Any, data: bytes) -> Any:
    """The value of type ``kind`` that ``data`` is. Raises ValueError."""
    try:
        return _read(kind, json.loads(data))
    except (KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no value of its type: {type(error).__name__}") from error


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {_OF_CLASS: type(value).__name__, **named}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} is not sent")


def _read(kind: Any, value: Any) -> Any:
    kind = getattr(kind, "__supertype__", kind)  # a NewType
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read_one_of(get_args(kind), value)
    if origin is Literal:
        return _one_of(get_args(kind), value)
    if origin is tuple or origin is Sequence:
        return tuple(_read(get_args(kind)[0], inner) for inner in _of(list, value))
    if origin is not None and issubclass(origin, Mapping):
        key_kind, inner_kind = get_args(kind)
        return {_read(key_kind, key): _read(inner_kind, inner) for key, inner in _of(dict, value).items()}
    if is_dataclass(kind):
        return _read_fields(kind, _of(dict, value))
    return _read_single(kind, value)


def _read_single(kind: Any, value: Any) -> Any:
    if kind is str:
        _of(str, value).encode("utf-8")  # half a pair of surrogates can be neither stored nor sent
        return value
    if kind is datetime:
        moment = datetime.fromisoformat(_of(str, value))
        if moment.tzinfo is None:
            raise ValueError("moments are aware")
        return moment
    if kind is bytes:
        return base64.b64decode(_of(str, value), validate=True)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_of(str, value))
    return _of(kind, value)


def _read_one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return _one_of((None,) if NoneType in kinds else (), value)
    several = [kind for kind in kinds if kind is not NoneType]
    if len(several) == 1:
        return _read(several[0], value)
    named = {kind.__name__: kind for kind in several}
    return _read(named[_of(dict, value)[_OF_CLASS]], value)


def _read_fields(kind: Any, value: dict[str, Any]) -> Any:
    hints = _hints(kind)
    if value.pop(_OF_CLASS, None) != kind.__name__ or value.keys() != hints.keys():
        raise ValueError(f"no {kind.__name__}")
    return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _of(kind: type, value: Any) -> Any:
    """``value``, which must be of exactly this type: True is no number."""
    if type(value) is not kind:
        raise ValueError(f"no {kind.__name__}")
    return value


def _one_of(allowed: tuple[Any, ...], value: Any) -> Any:
    if value not in allowed:
        raise ValueError("none of those allowed")
    return value
