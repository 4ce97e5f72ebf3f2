"""A bulletin for some areas finds their channels by an index, and exactly those, whatever else was chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from bulletins.bulletin import Audience, Bulletin
from storage.planning import audience_of
from storage.tables import SHORT_CHOICE_CHARACTERS, channels, deliveries
from tests.broadcasts.office import Office, open_office

A_WHOLE_PROVINCE = tuple(f"xa-{number:03}" for number in range(700))
CHOSEN: tuple[tuple[str, ...], ...] = (
    ("ben-nghe",),
    ("da-kao", "ben-nghe"),
    (),
    ("ben-nghe-2",),
    ("da-kao",),
    A_WHOLE_PROVINCE,
    (*A_WHOLE_PROVINCE, "ben-nghe"),
)
IN_BEN_NGHE, IN_XA_005, IN_EITHER = {1, 2, 3, 7}, {3, 6, 7}, {1, 2, 3, 6, 7}


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    """Whose channels have chosen areas."""
    async with open_office(tmp_path, (100,) * len(CHOSEN), url=database_url) as office:
        for place, areas in enumerate(CHOSEN):
            await office.write(update(channels).where(channels.c.id == place + 1).values(areas=areas))
        yield office


def notice(office: Office, *areas: str) -> Bulletin:
    return replace(office.notice(), audience=Audience(areas=areas))


@pytest.mark.parametrize(
    ("areas", "meant"),
    [
        (("ben-nghe",), IN_BEN_NGHE),
        (("xa-005",), IN_XA_005),
        (("xa-005", "ben-nghe"), IN_EITHER),
        (("nowhere",), {3}),
    ],
)
async def test_those_who_chose_one_of_the_areas_or_none_get_it(
    office: Office, areas: tuple[str, ...], meant: set[int]
) -> None:
    sending = await office.sending(notice(office, *areas))
    async with office.engine.connect() as connection:
        wanted = select(deliveries.c.channel_id).where(deliveries.c.bulletin_id == sending.id)
        assert set(await connection.scalars(wanted)) == meant
    assert (await office.desk.audience(sending)).channels == len(meant)


async def test_the_index_is_what_finds_them(office: Office) -> None:
    dialect = office.engine.dialect
    found = select(channels.c.id).where(audience_of(notice(office, "ben-nghe"), dialect=dialect.name))
    spoken = sqlite.dialect() if dialect.name == "sqlite" else postgresql.dialect()
    asked = str(found.compile(dialect=spoken, compile_kwargs={"literal_binds": True}))
    async with office.engine.connect() as connection:
        if dialect.name == "postgresql":  # of so few rows it would rather read all
            await connection.execute(text("SET enable_seqscan = off"))
            await connection.execute(text("SET enable_indexscan = off"))
        explain = "EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN "
        plan = "\n".join(str(row) for row in await connection.exec_driver_sql(explain + asked))
    if dialect.name == "sqlite":
        assert "SEARCH channels USING INDEX ix_channels_areas (areas=?)" in plan
        assert "SCAN channels" not in plan
    else:
        assert "Bitmap Index Scan on ix_channels_areas" in plan
        assert "Bitmap Index Scan on ix_channels_many_areas" in plan


def test_a_whole_province_is_more_than_an_index_of_postgresql_takes() -> None:
    assert len("|".join(A_WHOLE_PROVINCE)) > 2_704 > SHORT_CHOICE_CHARACTERS
