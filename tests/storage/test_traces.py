"""What was erased is in no file of the database any more, the write-ahead log included."""

import asyncio
from contextlib import suppress
from pathlib import Path

from sqlalchemy import delete, insert

from members.channel import PersonId
from storage.committer import Committer
from storage.engine import open_engine
from storage.tables import instant as moment
from storage.tables import members, metadata
from storage.traces import Traces

CANARY = "telegram:990011223344"


async def test_a_forgotten_identity_is_in_no_file(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'loa.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    committer = Committer(engine)
    writing = asyncio.create_task(committer.run())
    row = {"person": CANARY, "language": "vi", "met_at": moment(0)}
    await committer.write(lambda connection: connection.execute(insert(members), [row]))
    await committer.write(lambda connection: connection.execute(delete(members)))
    assert _found(tmp_path), "the test must be able to fail"

    await Traces(engine).forget(PersonId(CANARY))

    assert not _found(tmp_path)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    await engine.dispose()


def _found(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if CANARY.encode() in path.read_bytes()]
