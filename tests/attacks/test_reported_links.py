"""Row "SSRF through a reported link": nobody fetches what is reported; there is no resolver yet that could."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.handlers.house import House
from tests.handlers.reporting_house import furnish

ROOT = Path(__file__).resolve().parents[2]
FETCHES = re.compile(
    r"^\s*(?:import|from) (?:aiohttp|httptools|http\.client|urllib\.request|socket|requests|httpx)\b", re.M
)
LINKS = (
    "http://127.0.0.1:1/metadata",
    "http://169.254.169.254/latest/meta-data/",
    "https://localhost/a",
    "http://[::1]/x",
    "https://0x7f.1/",
)


async def test_ssrf_through_a_reported_link_is_impossible_because_nothing_is_looked_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = await furnish(house)
    sau = house.world.add_user("Bác Sáu")
    asked: list[object] = []
    usual = socket.getaddrinfo

    def look_up(host: object, *arguments: object, **named: object) -> object:
        asked.append(host)
        return usual(host, *arguments, **named)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    await corner.report(sau, " ".join(("Vào xem", *LINKS)))

    assert "Vụ việc" in corner.card
    assert not {str(host) for host in asked} & {"169.254.169.254", "localhost", "0x7f.1", "::1"}


def test_no_room_that_reads_reports_can_open_a_connection() -> None:
    files = [
        path
        for room in ("reports", "bulletins", "handlers", "members")
        for path in (ROOT / room).rglob("*.py")
    ]

    assert len(files) > 80
    assert not [str(path) for path in files if FETCHES.search(path.read_text("utf-8"))]
