"""Keys of cases: beside the database, there before what they seal, gone with it, and in no backup."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, make_url, select

from members.channel import PersonId
from reports.cases import CaseId, CaseState
from reports.content import Content
from reports.ports import FiledAs, Retention
from storage.cards import CardRecord
from storage.case_keys import case_keys, prepare_keys
from storage.cases import CaseBook
from storage.engine import open_engine
from storage.schema import upgrade
from storage.tables import cases, reports
from tests.keys import one_after_another
from tests.postgres import find_programs
from tests.storage.test_cases import BA, NOON, RUMOUR, SAU, Books, filing, open_books


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    async with open_books(database_url) as books:
        yield books


@pytest.fixture
def backup(database_url: str, tmp_path: Path) -> Path:
    return tmp_path / "backup"


def back_up(database_url: str, backup: Path) -> None:
    """As ``docs/operations.md`` says."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(database_url).database))) as connection:
            connection.execute(f"VACUUM INTO '{backup}'")
        return
    without = ("--exclude-schema=control", "--exclude-schema=keys")
    where = (f"--file={backup}", database_url.replace("+psycopg", ""))
    subprocess.run([_program("pg_dump"), "--format=custom", *without, *where], check=True)


def restore(database_url: str, backup: Path, fresh: str) -> str:
    """Into a place where there are no keys; its address."""
    if database_url.startswith("sqlite"):
        folder = backup.with_name("restored")
        folder.mkdir()
        shutil.copy(backup, folder / "loa.sqlite3")
        return f"sqlite+aiosqlite:///{folder / 'loa.sqlite3'}"
    command = [_program("pg_restore"), "--no-owner", f"--dbname={fresh.replace('+psycopg', '')}", str(backup)]
    subprocess.run(command, check=True)
    return fresh


def _program(name: str) -> str:
    programs = find_programs()
    found = shutil.which(name) or (str(programs / name) if programs else None)
    if found is None or not Path(found).exists():
        pytest.skip(f"{name} is not installed")
    return found


async def test_a_backup_made_before_the_erasing_opens_nothing_and_the_product_starts_from_it(
    database_url: str, backup: Path, request: pytest.FixtureRequest
) -> None:
    is_sqlite = database_url.startswith("sqlite")
    fresh = "" if is_sqlite else str(request.getfixturevalue("fresh_postgres_url"))
    async with open_books(database_url) as books:
        await upgrade_of(books)
        await books.file(SAU)
        assert await books.content() == RUMOUR.text
        back_up(database_url, backup)
        await books.evidence.sweep(Retention(), NOON + timedelta(days=91))
        assert await books.content() == ""

    assert not _contains(backup, RUMOUR.text)
    async with open_books(restore(database_url, backup, fresh)) as restored:
        await upgrade_of(restored)
        (case,) = await restored.rows(cases)
        assert case.sealed is not None
        assert await restored.key() is None
        assert await restored.content() == ""

        assert await restored.evidence.give_up_unreadable(NOON) == [case.id]

        assert await restored.evidence.give_up_unreadable(NOON) == []
        (case,) = await restored.rows(cases)
        assert case.state == CaseState.CLOSED
        (report,) = await restored.rows(reports)
        status = await restored.cases.status(report.receipt)
        assert status is not None  # whoever asks hears that it was closed
        book = CaseBook(restored.engine, restored.committer, restored.sealer)
        anew = await book.file(filing(BA, RUMOUR, "draft-anew", NOON), restored.receipt)
        assert anew.outcome is FiledAs.NEW_CASE


def _contains(file: Path, words: str) -> bool:
    return words.encode() in file.read_bytes()


def _delete(folder: Path, pattern: str) -> None:
    for file in folder.glob(pattern):
        file.unlink()


async def upgrade_of(books: Books) -> None:
    """What every start does where the tables are there already: make room for keys."""
    async with books.engine.begin() as connection:
        await connection.run_sync(prepare_keys)


async def test_a_start_makes_room_for_keys_where_a_backup_left_none(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite3")
    await upgrade(engine)
    await engine.dispose()
    _delete(tmp_path, "loa-keys*")

    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite3")
    await upgrade(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(select(case_keys))).all() == []
    await engine.dispose()


async def test_a_key_is_committed_before_its_case(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are not committed as one: a case without its key would be lost, a key without its case is nothing."""
    cut_off = CaseBook(books.engine, books.committer, books.sealer, draw=one_after_another())

    async def power_cut(*_: object) -> None:
        raise OSError("the power goes")

    monkeypatch.setattr(cut_off, "_put_to", power_cut)
    with pytest.raises(OSError, match="power"):
        await cut_off.file(filing(SAU, RUMOUR, "draft-x", NOON), books.receipt)

    assert await books.key() is not None
    assert await books.rows(cases) == []
    assert (await books.file(SAU)).outcome is FiledAs.NEW_CASE


async def test_the_night_sweeps_up_keys_that_open_nothing_and_leaves_young_ones(books: Books) -> None:
    await books.committer.write(
        lambda connection: connection.execute(
            case_keys.insert().values(case_id=77, wrapped=b"x", kept_at=NOON)
        )
    )
    await books.file(SAU)

    await books.evidence.sweep(Retention(), NOON + timedelta(days=1))
    assert await _numbers(books) == {1, 77}
    await books.evidence.sweep(Retention(), NOON + timedelta(days=4))
    assert await _numbers(books) == {1}


async def test_forgetting_the_last_reporter_empties_the_case_and_its_card(books: Books) -> None:
    await books.file(SAU)
    await books.file(BA)

    await books.own.forget(SAU)
    assert await books.content() == RUMOUR.text
    await books.own.forget(BA)

    card = await CardRecord(books.engine, books.committer, books.sealer).take(CaseId(1), NOON)
    assert card is not None
    assert (card.case.is_erased, card.case.content, card.case.findings) == (True, "", ())
    assert (await books.case()).state == CaseState.CLOSED
    assert await books.key() is None


async def test_what_a_moderator_is_writing_is_sealed_too(books: Books) -> None:
    await books.file(SAU)
    await books.casework.claim(CaseId(1), PersonId("telegram:2001"), NOON)
    await books.casework.keep_written(CaseId(1), "Không có nghiên cứu nào như vậy")

    deciding = await books.casework.deciding("", PersonId("telegram:2001"))

    assert deciding is None or deciding.written == "Không có nghiên cứu nào như vậy"
    assert "Không có nghiên cứu" not in repr(await books.case())


async def test_a_text_that_somebody_knows_cannot_be_looked_up(books: Books) -> None:
    await books.file(SAU)

    assert RUMOUR.sha256 not in repr(await books.case())


async def test_all_that_a_person_reported_is_found_however_much_others_reported(books: Books) -> None:
    for number in range(40):
        await books.file(SAU, _about(number), at=NOON - timedelta(days=number % 3))
        await books.file(PersonId(f"telegram:30{number}"), _about(number))

    exported = await books.own.export(SAU)

    assert {report["content"] for report in exported["reports"]} == {_about(n).text for n in range(40)}


async def test_reports_of_before_there_were_locators_are_found_and_forgotten(books: Books) -> None:
    await books.file(SAU)
    await books.file(BA)
    await books.committer.write(lambda connection: connection.execute(reports.update().values(locator=None)))

    assert len((await books.own.export(SAU))["reports"]) == 1
    await books.own.forget(SAU)

    assert (await books.own.export(SAU))["reports"] == []
    assert len((await books.own.export(BA))["reports"]) == 1


async def test_content_that_was_lost_with_its_key_is_known_again_when_it_is_reported_again(
    books: Books,
) -> None:
    await books.file(SAU)
    await books.committer.write(lambda connection: connection.execute(delete(case_keys)))
    assert await books.content() == ""

    await books.file(BA)

    assert await books.content() == RUMOUR.text


def _about(number: int) -> Content:
    return Content(f"Tin đồn thứ {number}", (), False, False, False)


async def _numbers(books: Books) -> set[int]:
    async with books.engine.connect() as connection:
        return set((await connection.execute(select(case_keys.c.case_id))).scalars())
