"""The house that attackers try."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handlers.house import House


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """An open house: simulator, bot, database, the members' routers."""
    house = House(database_url)
    await house.open()
    yield house
    await house.close()
