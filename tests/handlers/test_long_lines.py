"""One line of 4,096 characters is the longest message there is; no card that shows it grows too long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulletins.bulletin import VIETNAMESE
from handlers.bulletin_words import draft_words, short_headline
from tests.handlers.house import TEXTS, House
from tests.handlers.newsroom import Newsroom

LONGEST = "Mưa " * 1_023 + "lớn!"


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_the_longest_line_makes_a_card_that_can_be_put_right(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    assert len(LONGEST) == 4_096

    await newsroom.compose(lan, typed=LONGEST)

    assert "…" in house.last(lan).text
    assert "👁 Xem trước và gửi" in house.labels(lan)
    await house.press(lan, "📝 Nội dung")
    await house.say(lan, "Nghỉ học ngày mai")
    assert (await newsroom.newest()).bulletin.texts[VIETNAMESE].headline == "Nghỉ học ngày mai"


async def test_a_draft_with_the_longest_line_can_be_found_again_and_stopped(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, typed=LONGEST)
    draft = await newsroom.newest()
    with TEXTS.context(), TEXTS.use_locale("vi"):
        assert len(short_headline(draft.bulletin, 30)) == 30

    await house.say(lan, "/broadcast")
    assert len(house.labels(lan)[3]) < 64
    await house.say(lan, f"/stop {draft.bulletin.code}")

    assert house.last(lan).sender_id == house.account.id
    assert len(house.last(lan).text) < 1_000


async def test_an_office_with_an_endless_name_fits_on_the_card_too(newsroom: Newsroom) -> None:
    await newsroom.compose(newsroom.lan)
    draft = await newsroom.newest()
    wordy = replace(draft, bulletin=replace(draft.bulletin, issuer=LONGEST))

    with TEXTS.context(), TEXTS.use_locale("vi"):
        assert len(draft_words(wordy, newsroom.bulletin_desk)) < 2_000


async def test_what_stands_there_is_cut_between_characters_and_not_within_one(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, typed="x\n" + "<" * 4_000)
    draft = await newsroom.newest()

    for more in range(4):  # somewhere among these the cut would fall within “&lt;”
        await house.press(lan, "📝 Nội dung")
        assert house.last(lan).text.endswith("<" * 100)
        await house.say(lan, "x" * (more + 2) + "\n" + "<" * 4_000)
        house.clock.pass_by(seconds=10)

    assert (await newsroom.newest()).id == draft.id
