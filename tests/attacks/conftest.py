"""The house that attackers try."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.handlers.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An open house: simulator, bot, database, the members' routers."""
    house = House(tmp_path)
    await house.open()
    yield house
    await house.close()
