"""A world that outlives its process: what is done in it is written down, and done again at the next start.

The world is deterministic: its clock and randomness are passed in. So it is enough to keep, in order, who did
what and when (acts of people, calls of bots), and to repeat that. A record is handed to the operating system
before its effect: a killed process loses nothing; a record cut off while it was written had no effect.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from simulator.telegram_api import TelegramSimulator
from simulator.world import ActError, Bot, Chat, Message, Topic, User, World
from simulator.world_state import utc_now

_LENGTH = struct.Struct(">I")
_RECORD_BYTES_AT_MOST = 64 * 1024 * 1024

ACTS = (
    "add_bot", "add_user", "add_chat", "add_topic", "set_topic_closed", "add_member", "remove_member",
    "promote", "demote", "restrict", "set_permissions", "upgrade", "delete_chat", "set_title", "block",
    "unblock", "deactivate", "forward", "forward_foreign", "start", "open_link", "share_chat",
    "share_contact", "say", "send_photo", "send_document", "edit_text", "delete_message", "pin", "press",
    "react", "inline", "choose_inline",
)  # fmt: skip
"""What people can do, and how a scene is set: all that changes a world apart from the bots' own calls."""

_VALUES = frozenset(
    {
        ("builtins", "frozenset"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("simulator.bot_api.request", "Upload"),
        ("simulator.wire.entities", "Entity"),
        ("simulator.world_model", "ChatKind"),
        ("simulator.world_model", "FileKind"),
        ("simulator.world_model", "MemberStatus"),
        ("simulator.world_model", "Origin"),
        ("simulator.world_model", "OriginKind"),
        ("simulator.world_model", "RichText"),
        ("simulator.world_model", "StoredFile"),
    }
)
"""What acts and calls are given, beside plain numbers, texts and lists. None of them does anything when made."""


class PlantedRecordError(pickle.UnpicklingError):
    """A record that no journal of ours holds: somebody else wrote it."""


class Journal:
    """The file, and the time that holds while it is read again."""

    def __init__(self, path: Path, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._at: datetime | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.is_replaying = False

    def now(self) -> datetime:
        """The time of the record that is being repeated, else the time it is."""
        return self._at or self._now()

    def write(self, world: World, record: tuple[Any, ...]) -> None:
        """Add one record, unless it is just being repeated."""
        if self.is_replaying:
            return
        body = _Pickler.packed(world, (self._now(), *record))
        os.write(self._file, _LENGTH.pack(len(body)) + body)

    def replay(self, world: World, repeat: Callable[..., None]) -> int:
        """Hand every record to ``repeat``, at its own time; how many they were. Then it can be written to."""
        self.is_replaying = True
        count, end = 0, 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            while (body := _next_body(file)) is not None:
                self._at, *record = _Unpickler(world, body).load()
                repeat(*record)
                count, end = count + 1, file.tell()
        self.is_replaying, self._at = False, None
        os.ftruncate(self._file, end)
        os.lseek(self._file, end, os.SEEK_SET)
        return count

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


class KeptWorld(World):
    """A world whose acts go into a journal. An act that another one is made of is not written by itself."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(now=journal.now, random=Random(0))
        self.journal = journal
        self.depth = 0


def _kept(name: str) -> Callable[..., Any]:
    act = getattr(World, name)

    def keep_and_do(self: KeptWorld, *args: Any, **kwargs: Any) -> Any:
        if self.depth == 0:
            self.journal.write(self, ("act", name, args, kwargs))
        self.depth += 1
        try:
            return act(self, *args, **kwargs)
        finally:
            self.depth -= 1

    return keep_and_do


for _name in ACTS:
    setattr(KeptWorld, _name, _kept(_name))


def open_kept_simulator(path: Path, now: Callable[[], datetime] = utc_now) -> tuple[TelegramSimulator, bool]:
    """A simulator, not started, whose world stands as it stood when the last process ended.

    The flag says whether there was anything before. Raises PlantedRecordError for a file that holds what ours
    never does.
    """
    journal = Journal(path, now)
    world = KeptWorld(journal)
    simulator = TelegramSimulator(world=world)

    def repeat(kind: str, *what: Any) -> None:
        try:
            match kind, *what:
                case "act", str(name), tuple(args), dict(kwargs) if name in ACTS:
                    getattr(world, name)(*args, **kwargs)
                case "call", str(token), str(method), dict(parameters):
                    simulator.api.call(token, method, parameters)
                case _:
                    raise PlantedRecordError(f"a journal holds no {kind!r} like that")
        except ActError:
            return  # it was refused the first time, too

    def note(token: str, method: str, parameters: Mapping[str, Any]) -> None:
        if _changes_something(method):
            journal.write(world, ("call", token, method, dict(parameters)))

    count = journal.replay(world, repeat)
    simulator.before_call = note
    return simulator, count > 0


def _changes_something(method: str) -> bool:
    """Bots look far more often than they act. ``getUpdates`` confirms what was taken before."""
    name = method.lower()
    return name == "getupdates" or not name.startswith("get")


def _next_body(file: io.BufferedReader) -> bytes | None:
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    if length > _RECORD_BYTES_AT_MOST:
        return None
    body = file.read(length)
    return body if len(body) == length else None


class _Pickler(pickle.Pickler):
    """People, chats and messages are written as who they are, not as what they were."""

    @classmethod
    def packed(cls, world: World, value: object) -> bytes:
        """``value`` as bytes."""
        target = io.BytesIO()
        cls(target, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
        return target.getvalue()

    def persistent_id(self, value: object) -> tuple[object, ...] | None:
        """A name for what lives in the world."""
        if isinstance(value, User):
            return ("user", value.id)
        if isinstance(value, Bot):
            return ("bot", value.id)
        if isinstance(value, Chat):
            return ("chat", value.id, value.bot_id)
        if isinstance(value, Message):
            return ("message_id", value.id)
        if isinstance(value, Topic):
            return ("topic_id", value.id)
        return None


class _Unpickler(pickle.Unpickler):
    """Finds by name what lives in the world; builds nothing but the simulator's own values."""

    def __init__(self, world: World, body: bytes) -> None:
        super().__init__(io.BytesIO(body))
        self._world = world

    def persistent_load(self, named: Any) -> object:
        """Whoever is meant, as they are now."""
        match named:
            case ("user", user_id):
                return self._world.users[user_id]
            case ("bot", bot_id):
                return self._world.bots[bot_id]
            case ("chat", chat_id, None):
                return self._world.chats[chat_id]
            case ("chat", user_id, bot_id):
                return self._world.private_chat(user_id, bot_id)
            case ("message_id" | "topic_id", number):
                return number
        raise PlantedRecordError(f"{named} is not known here")

    def find_class(self, module: str, name: str) -> Any:
        """Only the values a journal of ours can hold: a file put there by somebody else builds nothing else."""
        if (module, name) in _VALUES:
            return super().find_class(module, name)
        raise PlantedRecordError(f"a journal holds no {module}.{name}")
