"""Nobody approves words that the preview did not show: a CAP alert may bring eight languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broadcasts.drafting import Origin
from bulletins.bulletin import VIETNAMESE, Language, Text
from bulletins.problems import MOST_LANGUAGES
from handlers.previews import Previews
from tests.handlers.house import BOT_NAME, House
from tests.handlers.newsroom import Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_every_language_that_may_go_out_is_in_the_preview(newsroom: Newsroom) -> None:
    lan, minh = newsroom.lan, newsroom.minh
    await newsroom.compose(lan)
    written = (await newsroom.newest()).bulletin
    tags = ["de", "es", "fr", "it", "ja", "ko", "pt"]
    texts = {Language(tag): Text(f"Headline in {tag}", "body") for tag in tags}
    texts[VIETNAMESE] = Text("Chuyển tiền ngay", "cuối cùng")
    assert len(texts) == MOST_LANGUAGES
    origin = Origin(newsroom.person(lan), str(lan.id), "many")
    draft = await newsroom.desk.compose(replace(written, texts=texts), origin)

    await Previews(newsroom.bulletin_desk).show(newsroom.house.bot, BOT_NAME, minh.id, draft)

    shown = "\n".join(newsroom.seen(minh))
    for text in texts.values():
        assert text.headline in shown
