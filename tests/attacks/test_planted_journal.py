"""A journal that somebody else put into the demonstration's folder runs nothing but what people can do."""

from __future__ import annotations

import io
import pickle
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.journal import PlantedRecordError, open_kept_simulator

MORNING = datetime(2026, 1, 1, tzinfo=UTC)


def _calling(module: str, name: str, argument: str) -> bytes:
    """Protocol 4: MODULE NAME (argument,) REDUCE, as a record's only content."""

    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


def _plant(folder: Path, body: bytes) -> Path:
    path = folder / "journal"
    path.write_bytes(struct.pack(">I", len(body)) + body)
    return path


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("simulator.journal", "os.unlink"),
        ("simulator.journal", "os.remove"),
        ("simulator.journal", "Path.unlink"),
        ("simulator.journal", "pickle.loads"),
        ("posix", "unlink"),
        ("builtins", "eval"),
    ],
)
def test_nothing_is_called_by_a_planted_name(tmp_path: Path, module: str, name: str) -> None:
    victim = tmp_path / "keep me"
    victim.write_text("here")
    path = _plant(tmp_path, _calling(module, name, str(victim)[:255]))

    with pytest.raises(PlantedRecordError):
        open_kept_simulator(path, lambda: MORNING)

    assert victim.read_text() == "here"


@pytest.mark.parametrize(("module", "name"), [("simulator.journal", "Journal"), ("simulator.world", "World")])
def test_nothing_is_made_but_the_values_that_acts_are_given(tmp_path: Path, module: str, name: str) -> None:
    """A Journal that is made opens, or makes, the file it is given."""
    made = tmp_path / "made"
    path = _plant(tmp_path, _calling(module, name, str(made)))

    with pytest.raises(PlantedRecordError):
        open_kept_simulator(path, lambda: MORNING)

    assert not made.exists()


@pytest.mark.parametrize(
    "record",
    [
        ("act", "__init__", (), {}),
        ("act", "set_member", (), {}),
        ("act", "__setattr__", ("users", {}), {}),
        ("act", ["say"], (), {}),
        ("act", "add_user", ["Hoa"], {}),
        ("stop",),
        ("call", 7, "getMe", {}),
        ("call", "7:abc", "getMe", {}, "more"),
        ("__class__", "add_user", ("Hoa",), {}),
    ],
)
def test_a_planted_record_calls_no_method_but_an_act(tmp_path: Path, record: tuple[object, ...]) -> None:
    body = io.BytesIO()
    pickle.Pickler(body, protocol=4).dump((MORNING, *record))

    with pytest.raises(PlantedRecordError):
        open_kept_simulator(_plant(tmp_path, body.getvalue()), lambda: MORNING)
