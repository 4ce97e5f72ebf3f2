"""An office, or a sending station, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.broadcasts.office import Office, open_office
from tests.broadcasts.station import Station, open_station


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with open_office(tmp_path, url=database_url) as office:
        yield office


@pytest.fixture
async def station(database_url: str) -> AsyncIterator[Station]:
    async with open_station(database_url) as station:
        yield station
