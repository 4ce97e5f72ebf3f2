"""Networks for the tests of several processes. Without PostgreSQL there are none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.network import Network, open_network


@pytest.fixture
async def patient_network(tmp_path: Path, fresh_postgres_url: str) -> AsyncIterator[Network]:
    """Two bots in a network where nobody looks around for a long time: what happens soon was told of."""
    async with open_network(
        tmp_path, fresh_postgres_url, bots=2, groups_a_bot=15, stalled_seconds=120
    ) as network:
        yield network
