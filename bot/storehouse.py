"""The database side, put together once: one engine, one committer, and the books that deliveries need.

What only conversations need is in ``bot/archive.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.engine import open_engine
from storage.ledger import SqlLedger
from storage.naming import Names
from storage.paces import SqlPaces
from storage.pictures import PictureShelf
from storage.pins import SqlPins
from storage.roster import Roster
from storage.schema import upgrade


@dataclass(frozen=True, slots=True)
class Storehouse:
    """Close it with ``close``."""

    engine: AsyncEngine
    committer: Committer
    roster: Roster
    bulletins: BulletinBook
    pictures: PictureShelf
    ledger: SqlLedger
    pins: SqlPins
    paces: SqlPaces

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


async def open_storehouse(settings: Settings, key: bytes) -> Storehouse:
    """The books over the database of ``settings``, its tables brought up to date; ``key`` makes pseudonyms.

    Raises OperatorMistake when the database cannot be opened or written.
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
    committer, rules = Committer(engine), start_rules(settings)
    return Storehouse(
        engine=engine,
        committer=committer,
        roster=Roster(engine, committer, Names(key)),
        bulletins=BulletinBook(engine, committer, lambda: rules),
        pictures=PictureShelf(engine, committer),
        ledger=SqlLedger(engine, committer),
        pins=SqlPins(engine, committer),
        paces=SqlPaces(engine, committer),
    )


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
    zone = ZoneInfo(settings.network.time_zone)
    return StartRules(
        settings.approvals.by_severity(),
        timedelta(minutes=settings.delivery.grace_minutes),
        calendar_of(zone),
        zone,
    )
