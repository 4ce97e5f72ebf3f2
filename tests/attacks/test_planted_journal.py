"""A journal that somebody else put into the demonstration's folder runs nothing."""

from __future__ import annotations

import pickle
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.journal import open_kept_simulator


def _calling(name: str, argument: str) -> bytes:
    """Protocol 4: MODULE NAME (argument,) REDUCE, as a record's only content."""

    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    return b"\x80\x04" + text("simulator.journal") + text(name) + b"\x93" + text(argument) + b"\x85R."


@pytest.mark.parametrize("name", ["os.unlink", "os.remove", "Path.unlink", "pickle.loads"])
def test_nothing_is_called_by_a_dotted_name(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "keep me"
    victim.write_text("here")
    body = _calling(name, str(victim)[:255])
    (tmp_path / "journal").write_bytes(struct.pack(">I", len(body)) + body)

    with pytest.raises(pickle.UnpicklingError):
        open_kept_simulator(tmp_path / "journal", lambda: datetime(2026, 1, 1, tzinfo=UTC))

    assert victim.read_text() == "here"
