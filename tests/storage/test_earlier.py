"""An older version's database: what it kept in the clear is sealed at the first start, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiogram.fsm.storage.base import StorageKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from members.buttons import Press
from members.channel import PersonId
from reports.cases import CaseId, CaseState, Receipt
from reports.content import Content
from reports.ports import FiledAs
from storage.buttons import ButtonBook
from storage.cards import CardRecord
from storage.cases import CaseBook, sealed_address
from storage.casework import CaseworkBook
from storage.committer import Committer
from storage.conversations import ConversationStorage
from storage.earlier import EarlierRows
from storage.engine import open_engine
from storage.forgetting import OwnReports
from storage.naming import derived
from storage.roster import Roster
from storage.schema import upgrade
from storage.sealing import CaseKey, Sealer
from tests.keys import SECRET
from tests.storage.test_cases import SAU, address_of, filing
from tests.storage.test_migrations import at_version

NOW = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
RUMOUR = Content("Uống nước chanh nóng chữa khỏi ung thư", (), False, False, False)
SHA256 = RUMOUR.sha256
TOKEN = "0123456789abcdef0123456789abcdef"
CASE_KEY = bytes(range(32, 64))


@pytest.fixture(params=["sqlite", "postgresql"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    if request.param == "postgresql":
        engine = open_engine(request.getfixturevalue("fresh_postgres_url"))
    else:
        engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite3")
    await at_version(engine, "0006")
    await _live(engine)
    await upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def committer(engine: AsyncEngine) -> AsyncIterator[Committer]:
    committer = Committer(engine)
    running = asyncio.create_task(committer.run())
    yield committer
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _live(engine: AsyncEngine) -> None:
    """What the older version had written: one case with a verdict, one reporter, a card, a button, a talk."""
    nonce = os.urandom(12)
    wrapped = nonce + AESGCM(derived(SECRET, "keeping")).encrypt(nonce, CASE_KEY, f"case\0{SHA256}".encode())
    at = int(NOW.timestamp() * 1000)
    key = CaseKey(CASE_KEY, os.urandom)
    rows = {
        "members": {"person": SAU, "language": "en", "met_at": at},
        "conversations": {
            "key": "7:default:::1001:1001",
            "state": "Talk:step",
            "data": json.dumps({"said": "xin chào"}),
            "changed_at": at,
        },
        "buttons": {
            "token": TOKEN,
            "person": None,
            "chat": "-100",
            "action": "case.claim",
            "payload": json.dumps({"case": 1}),
            "group": "ff",
            "repeatable": True,
            "expires_at": at + 86_400_000,
        },
        "cases": {
            "id": 1,
            "state": "claimed",
            "content": RUMOUR.text,
            "content_sha256": SHA256,
            "findings": json.dumps([["link", "chua-benh.vip"]]),
            "wrapped_key": wrapped,
            "claimed_by": "telegram:2001",
            "deciding": "false",
            "deciding_text": "Đang viết dở",
            "prompt_message_id": "9",
            "card_chat": "-100",
            "card_message_id": "5",
            "card_shown_at": at,
            "opened_at": at,
            "changed_at": at,
        },
        "reports": {
            "id": 1,
            "case_id": 1,
            "receipt": "PA-0000-0001",
            "reporter": key.pseudonym(1, SAU),
            "origin_key": "o",
            "reason": "scam",
            "filed_at": at,
            "wants_answer": True,
            "sealed_address": sealed_address(address_of(SAU), "PA-0000-0001", key),
        },
        "consents": {"id": 1, "report_id": 1, "purpose": "file", "text_sha256": "aa", "given_at": at},
        "verdicts": {
            "id": 1,
            "case_id": 1,
            "kind": "false",
            "explanation": "x",
            "sources": "[]",
            "author": "telegram:2001",
            "origin_key": "v",
            "given_at": at,
        },
    }
    async with engine.begin() as connection:
        for table, row in rows.items():
            columns = ", ".join(f'"{column}"' for column in row)
            values = ", ".join(f":{column}" for column in row)
            await connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)


async def test_all_that_was_there_is_there_and_none_of_it_in_the_clear(
    engine: AsyncEngine, committer: Committer
) -> None:
    sealer = Sealer(SECRET)
    await EarlierRows(committer, sealer).seal(NOW)
    await EarlierRows(committer, sealer).seal(NOW)  # as after a crash

    card = await CardRecord(engine, committer, sealer).take(CaseId(1), NOW)
    assert card is not None
    assert card.place is not None
    assert (card.case.content, card.case.findings) == (RUMOUR.text, (("link", "chua-benh.vip"),))
    assert (card.place.chat, card.place.message_id, card.case.state) == ("-100", "5", CaseState.CLAIMED)
    deciding = await CaseworkBook(engine, committer, sealer).deciding("9", PersonId("telegram:2001"))
    assert deciding is not None
    assert deciding.written == "Đang viết dở"
    assert await Roster(engine, committer, sealer).language_of(SAU) == "en"
    pressed = await ButtonBook(engine, committer, sealer).find(
        Press(TOKEN, PersonId("telegram:2001"), "-100", "q")
    )
    assert pressed is not None
    assert (pressed.action, pressed.payload) == ("case.claim", {"case": 1})
    assert not await _anything_in(engine, ["chanh", SHA256, "1001", "chua-benh", "viết dở", TOKEN])


async def test_an_earlier_report_is_joined_found_and_forgotten(
    engine: AsyncEngine, committer: Committer
) -> None:
    sealer = Sealer(SECRET)
    await EarlierRows(committer, sealer).seal(NOW)
    own = OwnReports(engine, committer, sealer, now=lambda: NOW)

    again = await CaseBook(engine, committer, sealer).file(
        filing(SAU, RUMOUR, "d", NOW), lambda: Receipt("PA-X")
    )
    assert (again.outcome, again.receipt) == (FiledAs.AGAIN, "PA-0000-0001")
    assert [report["content"] for report in (await own.export(SAU))["reports"]] == [RUMOUR.text]

    await own.forget(SAU)

    assert (await own.export(SAU))["reports"] == []


async def test_a_half_finished_talk_goes_on(engine: AsyncEngine, committer: Committer) -> None:
    sealer = Sealer(SECRET)
    await EarlierRows(committer, sealer).seal(NOW)
    talks = ConversationStorage(engine, committer, sealer, now=lambda: NOW)

    assert await talks.get_data(StorageKey(7, 1001, 1001)) == {"said": "xin chào"}


async def _anything_in(engine: AsyncEngine, words: list[str]) -> bool:
    kept = ""
    async with engine.connect() as connection:
        for table in ("members", "conversations", "buttons", "cases", "reports", "keys.case_keys"):
            kept += repr((await connection.execute(text(f"SELECT * FROM {table}"))).all())
    return any(word in kept for word in words)
