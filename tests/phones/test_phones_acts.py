"""What a visitor does with the phones happens in the world, and only what the app would allow."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from simulator.world import ChatKind, FileKind
from tests.phones.conftest import Wall

LINK = "https://t.me/LoaBot?startgroup=join&admin=post_messages+pin_messages"


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


async def test_bac_sau_writes_to_the_bot(wall: Wall) -> None:
    sau = wall.stage.sau

    await wall.act("say", user=sau, chat=sau, text="Tin này có thật không?")

    assert [message.text for message in wall.stage.world.shows(sau)] == ["Tin này có thật không?"]


async def test_bac_sau_answers_a_message_of_his_group(wall: Wall) -> None:
    group = wall.stage.hoas_group

    await wall.act("say", user=wall.stage.sau, chat=group.id, text="Cảm ơn cháu", reply_to=2)

    assert wall.stage.world.shows(group)[-1].reply_to == 2


async def test_hoa_presses_a_button(wall: Wall) -> None:
    button = {"text": "Tôi đồng ý", "callback_data": "agree"}
    message = wall.director.bot_says(wall.stage.hoa, "Cam kết", [[button]])

    answer = await wall.act(
        "press", user=wall.stage.hoa, chat=wall.stage.hoa, message=message.id, data="agree"
    )

    assert wall.stage.world.callbacks[answer["query"]].user_id == wall.stage.hoa


async def test_a_link_that_adds_the_bot_first_offers_hoas_own_groups(wall: Wall) -> None:
    wall.stage.world.add_chat(ChatKind.BROADCAST, "Kênh của Hoa", wall.stage.hoa)

    offered = await wall.act("open_link", user=wall.stage.hoa, url=LINK)

    titles = [choice["title"] for choice in offered["choices"]]
    assert titles == ["Tổ dân phố 12 – Gia Cẩm", "Cư dân chung cư Sông Lô"]


async def test_the_group_hoa_chooses_gets_the_bot(wall: Wall) -> None:
    group = wall.stage.hoas_group

    answer = await wall.act("open_link", user=wall.stage.hoa, url=LINK, chosen=group.id)

    assert answer == {"chat": group.id}
    assert group.member(wall.stage.bot.id).may("can_pin_messages")


async def test_a_link_into_the_chat_starts_the_bot_with_its_payload(wall: Wall) -> None:
    answer = await wall.act("open_link", user=wall.stage.sau, url="https://t.me/LoaBot?start=abc")

    assert answer == {"chat": wall.stage.sau}
    assert wall.stage.world.shows(wall.stage.sau)[-1].text == "/start abc"


async def test_a_key_that_asks_for_a_chat_offers_and_shares_one(wall: Wall) -> None:
    stage = wall.stage
    key = {"text": "Chọn nhóm", "request_chat": {"request_id": 1, "chat_is_channel": False}}
    asking = wall.director.bot_says(stage.hoa, "Nhóm nào?")
    asking.reply_markup = {"keyboard": [[key]]}

    offered = await wall.act("share", user=stage.hoa, label="Chọn nhóm")
    await wall.act("share", user=stage.hoa, label="Chọn nhóm", chosen=offered["choices"][0]["id"])

    shared = list(stage.world.chat(stage.hoa).messages.values())[-1].service
    assert shared is not None
    assert shared["chat_shared"]["chat_id"] == stage.hoas_group.id


async def test_bac_sau_forwards_a_message_of_his_group_to_the_bot(wall: Wall) -> None:
    group, sau = wall.stage.hoas_group, wall.stage.sau

    await wall.act("forward", user=sau, from_chat=group.id, message=2)

    shown = wall.stage.world.shows(sau)[-1]
    assert (shown.text, shown.forwarded_from) == ("Nhà máy nước báo 15 giờ có lại bác ạ.", "Hoa")


async def test_bac_sau_passes_on_what_somebody_showed_him_from_a_group_he_is_not_in(wall: Wall) -> None:
    elsewhere, sau = wall.stage.channels[5], wall.stage.sau
    copy = wall.director.bot_says(elsewhere.id, "Bản tin `LOA-7J7H-1`")

    await wall.act("forward", user=sau, from_chat=elsewhere.id, message=copy.id)

    shown = wall.stage.world.shows(sau)[-1]
    assert (shown.text, shown.forwarded_from) == (copy.text, elsewhere.title)
    assert [entity.kind for entity in shown.entities] == ["code"]


async def test_a_photo_arrives_and_can_be_looked_at(wall: Wall) -> None:
    sau, jpeg = wall.stage.sau, picture()

    await wall.act("photo", user=sau, chat=sau, jpeg=base64.b64encode(jpeg).decode(), caption="Ảnh này?")
    chats = {chat["id"]: chat for chat in (await wall.state())["chats"]}
    photo = chats[sau]["messages"][-1]["photo"]

    assert (photo["width"], photo["height"]) == (40, 30)
    async with wall.client.get(f"/phones/api/photo/{photo['key']}") as response:
        assert response.content_type == "image/jpeg"
        assert await response.read() == jpeg


async def test_a_document_is_never_served_as_a_page(wall: Wall) -> None:
    page = wall.stage.world.keep_file(b"<script>alert(1)</script>", FileKind.DOCUMENT, name="x.html")

    async with wall.client.get(f"/phones/api/photo/{page.key}") as response:
        assert response.status == 404


@pytest.mark.parametrize("jpeg", ["not base64!", base64.b64encode(b"<svg onload=alert(1)>").decode()])
async def test_what_is_no_picture_is_refused(wall: Wall, jpeg: str) -> None:
    sau = wall.stage.sau

    assert await wall.status_of("photo", user=sau, chat=sau, jpeg=jpeg, caption="") == 400


async def test_what_the_app_forbids_is_an_answer_and_no_error(wall: Wall) -> None:
    answer = await wall.act("say", user=wall.stage.sau, chat=wall.stage.sau, text="   ")

    assert answer == {"problem": "not_allowed"}


@pytest.mark.parametrize(
    "fields",
    [
        {"user": 1005, "chat": 1005, "text": "Tôi không có điện thoại trên tường"},
        {"user": 1004, "chat": 1001, "text": "Đây là trò chuyện của Lan"},
        {"user": 1004, "chat": -1_001_000_000_009, "text": "Tôi không ở trong nhóm này"},
        {"user": 1004, "chat": -77, "text": "Nhóm này không có"},
    ],
)
async def test_nobody_speaks_where_they_are_not(wall: Wall, fields: dict[str, Any]) -> None:
    assert await wall.status_of("say", **fields) == 404


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": True, "chat": 1004, "text": "a"},
        {"user": 1004, "chat": "1004", "text": "a"},
        {"user": 1004, "chat": 1004, "text": "a" * 5_000},
        {"user": 1004, "chat": 1004, "text": ["a"]},
    ],
)
async def test_what_no_page_would_ask_is_refused(wall: Wall, fields: dict[str, Any]) -> None:
    assert await wall.status_of("say", **fields) == 400


async def test_an_act_that_does_not_exist_is_not_found(wall: Wall) -> None:
    assert await wall.status_of("delete_everything", user=wall.stage.sau) == 404
