"""A form with a picture in it, as other readers of forms read it."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from hypothesis import given
from hypothesis import strategies as st

from platforms.forms import form_of
from simulator.bot_api.bodies import read_parameters

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@given(st.binary(max_size=300), NAMES)
def test_what_goes_into_a_form_comes_out_of_it(content: bytes, name: str) -> None:
    content_type, body = form_of({"chat_id": "-1001", "caption": "Mưa\r\n--lớn"}, "photo", name, content)
    read = read_parameters(content_type, body)
    assert read["chat_id"] == "-1001"
    assert read["caption"] == "Mưa\r\n--lớn"
    assert read["photo"].data == content


def test_a_file_name_cannot_end_its_quotes_nor_its_line() -> None:
    content_type, body = form_of({}, "photo", 'a"; name="chat_id"\r\n\r\nX', b"picture")
    whole = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    (part,) = BytesParser(policy=HTTP).parsebytes(whole).iter_parts()
    assert part.get_param("name", header="content-disposition") == "photo"
    assert part.get_payload(decode=True) == b"picture"


def test_who_knows_the_picture_cannot_end_its_part_of_the_form() -> None:
    content_type, _ = form_of({"chat_id": "-1001", "caption": "Mưa"}, "photo", "a.png", b"picture")
    boundary = content_type.partition("boundary=")[2]
    caption = f'Mưa\r\n--{boundary}\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n-1002'
    read = read_parameters(*form_of({"chat_id": "-1001", "caption": caption}, "photo", "a.png", b"picture"))
    assert (read["chat_id"], read["caption"]) == ("-1001", caption)


def test_what_is_no_text_is_written_as_json() -> None:
    content_type, body = form_of({"disable_notification": True}, "photo", "a.png", b"")
    assert read_parameters(content_type, body)["disable_notification"] == "true"
