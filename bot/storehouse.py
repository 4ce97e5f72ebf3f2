"""The database side, put together once: one engine, one committer, and every book over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.calendar import calendar_of
from bot.mistakes import OperatorMistake, mistake_behind
from bot.settings import Settings
from bot.texts import gettext as _
from broadcasts.consent import StartRules
from storage.aftermath import SqlAftermath
from storage.bulletins import BulletinBook
from storage.buttons import ButtonBook
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.committer import Committer
from storage.conversations import ConversationStorage
from storage.drafts import DraftBook
from storage.engine import open_engine
from storage.forgetting import EvidenceBook, OwnReports
from storage.ledger import SqlLedger
from storage.own_data import OwnData
from storage.paces import SqlPaces
from storage.pictures import PictureShelf
from storage.progress_messages import ProgressMessages
from storage.published import PublishedBulletins
from storage.roster import Roster
from storage.schema import upgrade
from storage.sealing import Sealer
from storage.tellings import TellingRecord
from storage.traces import Traces
from storage.updates import Updates


@dataclass(frozen=True, slots=True)
class Storehouse:
    """All that is kept. Close it with ``close``."""

    engine: AsyncEngine
    committer: Committer
    roster: Roster
    buttons: ButtonBook
    conversations: ConversationStorage
    updates: Updates
    bulletins: BulletinBook
    published: PublishedBulletins
    pictures: PictureShelf
    progress_messages: ProgressMessages
    aftermath: SqlAftermath
    ledger: SqlLedger
    paces: SqlPaces
    drafts: DraftBook
    cases: CaseBook
    casework: CaseworkBook
    tellings: TellingRecord
    evidence: EvidenceBook
    own_reports: OwnReports
    own_data: OwnData
    traces: Traces

    async def trouble(self) -> str | None:
        """None when the database answers, else one sentence."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (OperationalError, OSError):
            return "the database does not answer"
        return None

    async def close(self) -> None:
        """Let go of every connection."""
        await self.engine.dispose()


async def open_storehouse(
    settings: Settings, key: bytes, *, now: Callable[[], datetime], tokens: Callable[[int], str]
) -> Storehouse:
    """The books over the database of ``settings``, its tables brought up to date.

    ``key`` seals addresses. Raises OperatorMistake when the database cannot be opened or written.
    """
    make_folder(settings.data_folder)
    engine = open_engine(settings.database_url)
    try:
        await upgrade(engine)
    except (OperationalError, OSError) as error:
        await engine.dispose()
        raise OperatorMistake(
            _(
                "The database cannot be opened or written ({reason}): check database.url, and that this user "
                "may write to {folder}."
            ).format(reason=str(error.__cause__ or error).splitlines()[0], folder=settings.data_folder)
        ) from error
    except DatabaseError as error:
        await engine.dispose()
        raise mistake_behind(error) or error from error
    return _books(engine, settings, Sealer(key), now, tokens)


def make_folder(folder: Path) -> None:
    """For this user alone, unless it is there. Raises OperatorMistake when it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorMistake(
            _(
                "{folder} cannot be used as a folder ({reason}): name another, or give this user the right to."
            ).format(folder=folder, reason=error.strerror)
        ) from error


def start_rules(settings: Settings) -> StartRules:
    """What this installation demands before anything goes out."""
    return StartRules(
        settings.approvals.by_severity(),
        timedelta(minutes=settings.delivery.grace_minutes),
        calendar_of(ZoneInfo(settings.network.time_zone)),
    )


def _books(
    engine: AsyncEngine,
    settings: Settings,
    sealer: Sealer,
    now: Callable[[], datetime],
    tokens: Callable[[int], str],
) -> Storehouse:
    committer = Committer(engine)
    rules = start_rules(settings)
    return Storehouse(
        engine=engine,
        committer=committer,
        roster=Roster(engine, committer),
        buttons=ButtonBook(engine, committer),
        conversations=ConversationStorage(engine, committer, now=now),
        updates=Updates(engine, committer, now=now),
        bulletins=BulletinBook(engine, committer, lambda: rules),
        published=PublishedBulletins(engine),
        pictures=PictureShelf(engine, committer),
        progress_messages=ProgressMessages(engine, committer),
        aftermath=SqlAftermath(engine, committer),
        ledger=SqlLedger(engine, committer),
        paces=SqlPaces(engine, committer),
        drafts=DraftBook(engine, committer, sealer),
        cases=CaseBook(engine, committer, sealer),
        casework=CaseworkBook(engine, committer),
        tellings=TellingRecord(engine, committer, sealer),
        evidence=EvidenceBook(committer),
        own_reports=OwnReports(engine, committer, sealer),
        own_data=OwnData(engine, committer, tokens=tokens),
        traces=Traces(engine),
    )
