"""The page in a real browser: what a visitor sees, presses and types, in both languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import PATIENCE_MILLISECONDS
from tests.phones.conftest import Wall

STATIC = Path(__file__).parents[2] / "simulator" / "phones" / "static"
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> & <b>đậm</b>'


@pytest.fixture
async def page(browser: Browser, wall: Wall) -> AsyncIterator[Page]:
    """The page, open; at the end nothing may have gone wrong in it, nor been asked of anybody else."""
    visitor = await browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    visitor.set_default_timeout(PATIENCE_MILLISECONDS)
    mistakes: list[str] = []
    asked: list[str] = []
    visitor.on("pageerror", lambda error: mistakes.append(str(error)))
    visitor.on("console", lambda line: mistakes.append(line.text) if line.type == "error" else None)
    visitor.on("request", lambda request: asked.append(request.url))
    await visitor.goto(wall.address())
    await visitor.wait_for_selector("body.is-ready")
    yield visitor
    await visitor.close()
    assert mistakes == []
    assert [url for url in asked if not url.startswith((wall.address("/phones/"), "data:"))] == []


def phone(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=f"Điện thoại của {name}")


async def open_bot(page: Page, name: str) -> Locator:
    """This person's phone with the chat with the bot open."""
    held = phone(page, name)
    await held.get_by_role("button", name=re.compile("^Loa")).click()
    return held


async def test_the_story_lights_every_channel_and_then_corrects_it(page: Page) -> None:
    await page.get_by_role("button", name="Xem câu chuyện").click()

    await expect(page.locator('.tile[data-state="corrected"]')).to_have_count(23)
    await expect(page.locator('.tile[data-state="refused"]')).to_have_count(1)
    await expect(page.get_by_role("heading", name="Giờ đến lượt bạn")).to_be_visible()
    held = phone(page, "Hoa")
    await held.get_by_role("button", name="Về danh sách trò chuyện").click()
    await held.get_by_role("button", name=re.compile("^Tổ dân phố 12")).click()
    await expect(held.locator(".copy.corrected")).to_have_count(2)


async def test_a_caption_says_what_happens_and_the_phone_that_acts_is_marked(page: Page, wall: Wall) -> None:
    wall.director.may_go_on.clear()
    await page.get_by_role("button", name="Bước tiếp").click()

    await expect(page.get_by_role("heading", name="Chị Hoa tham gia")).to_be_visible()
    await expect(page.locator(".phone.is-acting")).to_have_attribute("data-role", "admin")
    wall.director.may_go_on.set()
    await expect(page.locator(".phone.is-acting")).to_have_count(0)


async def test_a_story_that_stumbles_says_so_and_leaves_the_phones_to_the_visitor(
    page: Page, wall: Wall
) -> None:
    wall.director.stumbles_at = 2
    await page.get_by_role("button", name="Xem câu chuyện").click()

    await expect(page.locator(".caption")).to_contain_text("Câu chuyện vấp ở bước này")
    await expect(page.get_by_role("button", name="Bước tiếp")).to_be_enabled()


async def test_what_people_write_is_shown_as_they_wrote_it_and_never_becomes_markup(
    page: Page, wall: Wall
) -> None:
    stage = wall.stage
    stage.world.set_title(stage.hoas_group, HOSTILE)
    stage.world.say(stage.hoa, stage.hoas_group, HOSTILE)
    button = {"text": HOSTILE, "callback_data": "x"}
    asked = wall.director.bot_says(stage.hoas_group.id, HOSTILE, [[button]])
    stage.world.set_pinned(stage.hoas_group, asked.id, by=stage.bot.id, silently=True)
    wall.director.bot_says(stage.hoas_group.id, HOSTILE, reply_to=asked.id)

    held = phone(page, "Hoa")

    await expect(held.locator(".message:not(.service) .text").last).to_have_text(HOSTILE)
    await expect(held.locator(".inline-keyboard .key")).to_have_text(HOSTILE)
    assert await page.locator('img[src="x"], .text b, .titles b, .key b, .pinned b').count() == 0
    assert await page.evaluate("window.pwned") is None


async def test_a_link_out_of_the_world_is_shown_and_not_opened(page: Page, wall: Wall) -> None:
    wall.stage.world.say(wall.stage.sau, wall.stage.bot, "http://vneid-capnhat.example/a và thôi")
    held = phone(page, "Bác Sáu")
    await held.locator("button.link").click()

    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("http://vneid-capnhat.example/a")
    assert await dialog.get_by_role("link").count() == 0


async def test_a_visitor_joins_with_hoas_phone_by_choosing_one_of_her_groups(page: Page, wall: Wall) -> None:
    link = "https://t.me/LoaBot?startgroup=join&admin=post_messages"
    held = await open_bot(page, "Hoa")
    await held.get_by_role("button", name="Bắt đầu").click()
    wall.director.bot_says(wall.stage.hoa, "Chào chị", [[{"text": "Thêm Loa vào nhóm", "url": link}]])
    await held.get_by_role("button", name="Thêm Loa vào nhóm").click()
    await page.get_by_role("dialog").get_by_role("button", name=re.compile("Sông Lô")).click()

    await expect(held.locator(".chat-header")).to_contain_text("Cư dân chung cư Sông Lô")
    await expect(held.locator(".service")).to_contain_text("Hoa đã thêm Loa vào nhóm")


async def test_a_visitor_types_and_presses_the_bots_buttons(page: Page, wall: Wall) -> None:
    wall.director.bot_says(wall.stage.lan, "Loại nào?", keyboard=[["Cảnh báo", "Diễn tập"]])
    held = phone(page, "Lan")
    await held.get_by_role("button", name="Diễn tập").click()
    await held.get_by_role("textbox").fill("Dòng một\ndòng hai")
    await held.get_by_role("button", name="Gửi", exact=True).click()
    await expect(held.locator(".message.own .text").last).to_have_text("Dòng một\ndòng hai")
    asked = wall.director.bot_says(wall.stage.lan, "Gửi?", [[{"text": "Phê duyệt", "callback_data": "yes"}]])
    async with page.expect_response("**/api/press"):
        await held.get_by_role("button", name="Phê duyệt").click()
    query = next(reversed(wall.stage.world.callbacks.values()))
    wall.director.answer(query.id, "Đã gửi")

    await expect(held.locator(".toast")).to_have_text("Đã gửi")
    assert query.message_id == asked.id
    assert [shown.text for shown in wall.stage.world.shows(wall.stage.lan)][1] == "Diễn tập"


async def test_bac_sau_forwards_what_he_sees_inside_a_channel(page: Page, wall: Wall) -> None:
    wall.director.bot_says(wall.stage.channels[5].id, "Bản tin `LOA-7J7H-1`")
    await page.locator(".tile").nth(5).click()
    inside = page.get_by_role("dialog", name=f"Bên trong “{wall.stage.channels[5].title}”")
    await inside.get_by_role("button", name="Chuyển tiếp cho Loa").click()

    await expect(inside).to_have_count(0)
    forwarded = phone(page, "Bác Sáu").locator(".message.own")
    await expect(forwarded).to_contain_text(f"Chuyển tiếp từ {wall.stage.channels[5].title}")


async def test_what_arrives_elsewhere_on_a_phone_is_announced_and_counted(page: Page, wall: Wall) -> None:
    wall.stage.world.say(wall.stage.hoa, wall.stage.hoas_group, "Bà con đọc giúp tôi nhé")
    held = phone(page, "Bác Sáu")

    await expect(held.locator(".banner")).to_contain_text("Bà con đọc giúp tôi nhé")
    await expect(held.locator(".badge")).to_have_text("1")
    await held.locator(".banner").click()
    await expect(held.locator(".badge")).to_have_count(0)


async def test_the_page_speaks_english_and_remembers_it(page: Page) -> None:
    await page.get_by_role("button", name="English").click()
    await page.reload()

    await expect(page.get_by_role("button", name="Play the story")).to_be_visible()
    await expect(page.get_by_role("article", name="Phone of Lan, moderator")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"


def texts_used() -> set[str]:
    """The keys that scripts ask for by name and those that stand in the page."""
    scripts = "".join(file.read_text(encoding="utf-8") for file in STATIC.glob("*.js"))
    markup = (STATIC / "index.html").read_text(encoding="utf-8")
    return {*re.findall(r'\bt\(\s*"(\w+)"', scripts), *re.findall(r'data-t(?:-label)?="(\w+)"', markup)}


async def test_every_text_of_the_page_stands_in_both_languages(page: Page) -> None:
    keys = await page.evaluate("import('./static/texts.js').then((texts) => texts.allLanguages())")

    (_, vietnamese), (_, english) = keys
    assert vietnamese == english
    assert texts_used() <= set(vietnamese)


async def test_the_tiles_can_be_walked_with_the_arrow_keys(page: Page, wall: Wall) -> None:
    await page.locator('.tile[tabindex="0"]').focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")

    name = f"Bên trong “{wall.stage.channels[1].title}”"
    await expect(page.get_by_role("dialog", name=name)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".tile").nth(1)).to_be_focused()


async def test_nothing_spills_over_the_edge_of_a_small_screen(page: Page) -> None:
    for width in (390, 768, 1280, 1920):
        await page.set_viewport_size({"width": width, "height": 844})

        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_reach_stands_whole_in_the_narrowest_of_three_columns(page: Page) -> None:
    await page.set_viewport_size({"width": 1200, "height": 844})
    await page.evaluate(
        """import('./static/texts.js').then(({ t }) => {
            document.querySelector('.people').textContent = t('people', { n: '1.250.000' });
        })"""
    )

    reach_ends, wall_ends = await page.evaluate(
        """(() => {
            const text = document.createRange();
            text.selectNodeContents(document.querySelector('.people'));
            const wall = document.querySelector('.network header');
            return [text.getBoundingClientRect().right, wall.getBoundingClientRect().right];
        })()"""
    )
    assert reach_ends <= wall_ends
