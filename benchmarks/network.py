"""A network of many channels and an approved bulletin, made in a moment: what the benchmarks send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import BroadcastState
from bulletins.bulletin import (
    VIETNAMESE,
    Audience,
    Bulletin,
    BulletinId,
    Category,
    Certainty,
    Code,
    Severity,
    Status,
    Text,
    Urgency,
)
from storage.bulletin_rows import bulletin_columns
from storage.engine import open_engine
from storage.planning import plan_deliveries
from storage.schema import upgrade
from storage.tables import bulletins, deliveries

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
BOT = "loa"
WORDS = "Mưa to đến rất to ở vùng núi. " * 15
"""As long as what Loa sends: for the peers."""

SMALL_AREAS = 20
CHANNELS_A_SMALL_AREA = 5


def now() -> datetime:
    """The real time: benchmarks measure it."""
    return datetime.now(UTC)


def routine(code: str = "LOA-BENC-H") -> Bulletin:
    """A bulletin of ordinary length for everybody."""
    return Bulletin(
        code=Code(code),
        status=Status.ACTUAL,
        category=Category.MET,
        urgency=Urgency.EXPECTED,
        severity=Severity.MINOR,
        certainty=Certainty.LIKELY,
        issuer="Đài Khí tượng Thủy văn tỉnh",
        texts={VIETNAMESE: Text("Mưa lớn trong ba ngày tới", "Mưa to đến rất to ở vùng núi. " * 10)},
        source_url="https://example.org/thong-bao",
        expires=now() + timedelta(hours=12),
    )


def emergency(code: str, areas: tuple[str, ...] = ()) -> Bulletin:
    """Lives depend on it; ``areas`` as small ones are called here, none for everybody."""
    return Bulletin(
        code=Code(code),
        status=Status.ACTUAL,
        category=Category.MET,
        urgency=Urgency.IMMEDIATE,
        severity=Severity.EXTREME,
        certainty=Certainty.OBSERVED,
        issuer="Ban Chỉ huy Phòng thủ dân sự tỉnh",
        texts={VIETNAMESE: Text("Vỡ đập, sơ tán ngay", "Lên chỗ cao ngay bây giờ, theo loa xã.")},
        source_url="https://example.org/khan-cap",
        expires=now() + timedelta(hours=2),
        audience=Audience(areas=areas),
    )


async def open_network(url: str, channels_a_bot: int, bots: tuple[str, ...] = (BOT,)) -> AsyncEngine:
    """A database with that many private subscribers of each bot; a few of them live in small areas."""
    engine = open_engine(url)
    await upgrade(engine)
    async with engine.begin() as connection:
        for place, bot in enumerate(bots):
            first = 1_000_000_000 + place * channels_a_bot
            given = {"channels": channels_a_bot, "bot": bot, "first": first}
            await connection.execute(_INSERT_CHANNELS, given | {"areas": SMALL_AREAS, "near": _NEAR})
    return engine


def in_sqlite(folder: Path) -> str:
    """A database file in that folder."""
    return f"sqlite+aiosqlite:///{folder / 'loa.sqlite3'}"


async def start_bulletin(connection: AsyncConnection, bulletin: Bulletin) -> tuple[BulletinId, int]:
    """Planned and being sent; its id, and how many deliveries it has. The caller's is the transaction."""
    added = await connection.execute(
        insert(bulletins)
        .values(
            state=BroadcastState.SENDING.value,
            author="telegram:1",
            author_chat="1",
            origin_key=bulletin.code,
            created_at=now(),
            **bulletin_columns(bulletin),
        )
        .returning(bulletins.c.id)
    )
    bulletin_id = BulletinId(added.scalar_one())
    return bulletin_id, await plan_deliveries(connection, bulletin_id, now(), VIET_NAM)


async def forget_bulletin(engine: AsyncEngine, bulletin_id: BulletinId) -> None:
    """As if it had never been."""
    async with engine.begin() as connection:
        await connection.execute(delete(deliveries).where(deliveries.c.bulletin_id == bulletin_id))
        await connection.execute(delete(bulletins).where(bulletins.c.id == bulletin_id))


_NEAR = SMALL_AREAS * CHANNELS_A_SMALL_AREA
_INSERT_CHANNELS = text(
    """
    INSERT INTO channels (bot, platform, external_id, kind, title, language, state, topics, areas,
                          pin, silent, drills, member_count)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :channels)
    SELECT :bot, 'telegram', CAST(:first + n AS TEXT), 'subscriber', 'x', 'vi', 'active', '|',
           CASE WHEN n <= :near THEN '|khu' || CAST(n % :areas AS TEXT) || '|' ELSE '|xa|' END,
           false, false, false, 1 FROM numbers
    """
)
