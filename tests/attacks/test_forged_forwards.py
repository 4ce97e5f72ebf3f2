"""Row "forged forward": where a message says it comes from proves nothing; its bytes are compared with the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from simulator.world import Chat, Origin, OriginKind, User
from storage.tables import channels
from tests.broadcasts.office import group_row
from tests.handlers.house import MORNING, House
from tests.handlers.reporting_house import Corner, furnish

WARNING = "không phải bản tin nào mạng lưới đã phát"


@pytest.fixture
async def corner(house: House) -> Corner:
    return await furnish(house)


@pytest.fixture
async def our_channel(house: House, corner: Corner) -> Chat:
    """A channel of the network, with its row."""
    channel = house.world.add_chat("channel", "Tin phường", corner.lan)
    row = {**group_row(7, 100), "external_id": str(channel.id)}
    await house.committer.write(lambda connection: connection.execute(insert(channels), [row]))
    return channel


def from_(channel: Chat) -> Origin:
    return Origin(OriginKind.CHANNEL, MORNING, chat_id=channel.id, chat_title=channel.title, message_id=4)


@pytest.fixture
def sau(house: House) -> User:
    return house.world.add_user("Bác Sáu")


async def test_forged_forward_of_our_channel_is_told_to_be_none_of_our_bulletins(
    corner: Corner, our_channel: Chat, sau: User
) -> None:
    said = await corner.ask(sau, "Công an yêu cầu chuyển tiền ngay hôm nay.", from_(our_channel))

    assert "Tin được chuyển từ một kênh trong mạng lưới" in said
    assert WARNING in said
    assert "đúng nguyên văn" not in said


async def test_the_same_words_from_anywhere_else_are_answered_without_a_word_on_our_channel(
    house: House, corner: Corner, our_channel: Chat, sau: User
) -> None:
    foreign = house.world.add_chat("channel", our_channel.title, corner.lan)

    said = await corner.ask(sau, "Công an yêu cầu chuyển tiền ngay hôm nay.", from_(foreign))

    assert WARNING not in said
    assert "mạng lưới" not in said


def test_no_rule_that_calls_a_message_genuine_knows_where_it_was_forwarded_from() -> None:
    """The comparison is given words and addresses; an origin cannot even reach it."""
    rules = Path(__file__).resolve().parents[2] / "reports" / "checks" / "genuine.py"

    assert "from_our_channel" not in rules.read_text("utf-8")
    assert "origin" not in rules.read_text("utf-8").lower().replace("original", "")
