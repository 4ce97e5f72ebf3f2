"""The demonstration in a real browser: watched to its end, and played by hand, with the real house behind it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import ClientSession
from playwright.async_api import Locator, Page, expect

from bot.demonstration import Demo
from bot.person_language import load_texts
from tests.demo.conftest import PATIENCE_SECONDS, demonstrated

GROUP = "Tổ dân phố 5 Hoa Ban"
in_vietnamese = load_texts().locales["vi"].gettext


def phone(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=f"Điện thoại của {name}")


async def choose_chat(held: Locator, title: str) -> None:
    """Go to the chat list, if a chat is open, and open this one."""
    back = held.get_by_role("button", name="Về danh sách trò chuyện")
    if await held.locator(".panes.is-chat").count():
        await back.click()
    name = held.page.locator("strong", has_text=re.compile(f"^{title}$"))
    await held.locator(".chat-row", has=name).click()


async def test_a_visitor_watches_the_story_from_the_pledge_to_the_answer(page: Page, demo: Demo) -> None:
    await page.get_by_role("button", name="Xem câu chuyện").click()
    await expect(page.get_by_role("heading", name="Mời Loa vào nhóm")).to_be_visible()
    await page.get_by_role("button", name="Tua nhanh").click()

    await expect(page.locator('.tile[data-state="delivered"]').first).to_be_visible()
    await expect(phone(page, "Hoa")).to_contain_text("Cần làm: Không bấm đường dẫn lạ")
    await expect(page.locator('.tile[data-state="corrected"]')).to_have_count(4)
    await expect(phone(page, "Lan")).to_contain_text("100%")
    await expect(phone(page, "Bác Sáu")).to_contain_text("Kết luận: lừa đảo")
    await expect(page.get_by_role("heading", name="Giờ đến lượt bạn")).to_be_visible()
    await expect(page.locator(".caption")).to_contain_text("chạy lại lệnh loa demo")
    assert demo.director.position == len(demo.director.steps) - 1


async def test_a_visitor_brings_loa_into_a_group_pledges_and_asks_about_a_message(page: Page) -> None:
    hoa, sau = phone(page, "Hoa"), phone(page, "Bác Sáu")
    await choose_chat(hoa, "Loa")
    await hoa.get_by_role("button", name="Bắt đầu").click()
    await hoa.get_by_role("button", name=in_vietnamese("➕ Add to a group")).click()
    await page.get_by_role("dialog").get_by_role("button", name=re.compile(f"^{GROUP}")).click()
    await expect(hoa.locator(".chat-header")).to_contain_text(GROUP)

    await choose_chat(hoa, "Loa")
    await expect(hoa).to_contain_text("Bạn có thể rời mạng lưới bất cứ lúc nào")
    await hoa.get_by_role("button", name=in_vietnamese("I have read it")).click()
    await hoa.get_by_role("button", name=in_vietnamese("🤝 I pledge this")).click()
    await expect(hoa).to_contain_text("CK-")
    await expect(page.locator('.tile[data-state="idle"]')).to_have_count(1)

    await choose_chat(hoa, GROUP)
    await expect(hoa).to_contain_text("@LoaDemoBot")
    await hoa.get_by_role("textbox").fill("Bà con cập nhật ngay tại http://vneid-capnhat.example nhé")
    await hoa.get_by_role("button", name="Gửi", exact=True).click()

    await choose_chat(sau, GROUP)
    suspicious = sau.locator(".message", has_text="vneid-capnhat.example")
    await suspicious.hover()
    await suspicious.get_by_role("button", name="Chuyển tiếp cho Loa").click()
    await expect(sau.locator(".chat-header")).to_contain_text("Loa")
    await expect(sau).to_contain_text("vneid-capnhat.example:")
    await expect(sau.get_by_role("button", name=in_vietnamese("🙋 No, ask the moderators"))).to_be_visible()


async def test_the_story_waits_until_somebody_looks(tmp_path: Path) -> None:
    async with demonstrated(tmp_path, plays=True, channels=1) as demo, ClientSession() as visitor:
        await asyncio.sleep(0)
        assert (demo.director.position, demo.director.playing) == (-1, False)

        async with visitor.get(demo.page_url.replace("?", "api/events?")) as looking:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for line in looking.content:
                    if b'"playing":true' in line:
                        break
        assert demo.director.position == 0
