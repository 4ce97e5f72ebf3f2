"""Formatting: what HTML, MarkdownV2 and the platform's own search make of a text, in UTF-16 units."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire import utf16
from simulator.wire.automatic import found
from simulator.wire.cleaning import cleaned, trimmed
from simulator.wire.entities import Entity, in_order
from simulator.wire.html import EntityError, parse_html
from simulator.wire.html_out import as_html
from simulator.wire.links import checked_link
from simulator.wire.markdown import parse_markdown
from simulator.world import RichText


def marks(rich: RichText) -> list[tuple[str, str]]:
    """Each entity's kind, with the words it covers."""
    return [(entity.kind, utf16.cut(rich.text, entity.offset, entity.length)) for entity in rich.entities]


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("strong", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("tg-spoiler", "spoiler"),
        ("blockquote", "blockquote"),
        ("B", "bold"),
    ],
)
def test_each_tag_marks_its_words(tag: str, kind: str) -> None:
    assert marks(parse_html(f"😀 <{tag}>chữ đậm 🇻🇳</{tag}> hết")) == [(kind, "chữ đậm 🇻🇳")]


def test_nested_tags_are_nested_entities() -> None:
    rich = parse_html("<b>đậm <i>và nghiêng <u>và gạch</u></i></b>")
    assert marks(rich) == [
        ("bold", "đậm và nghiêng và gạch"),
        ("italic", "và nghiêng và gạch"),
        ("underline", "và gạch"),
    ]


def test_links_are_kept_in_the_platforms_form() -> None:
    rich = parse_html('<a href="https://Phuong.Example.vn?a=1&amp;b=2">xem</a> <a href="ten">không</a>')
    [link] = rich.entities
    assert (link.kind, link.url) == ("text_link", "https://phuong.example.vn/?a=1&b=2")


def test_a_link_to_a_person_is_a_mention() -> None:
    [mention] = parse_html('<a href="tg://user?id=1001">Lan</a>').entities
    assert (mention.kind, mention.user_id) == ("text_mention", 1001)


@pytest.mark.parametrize(
    "html",
    [
        '<pre><code class="language-python">x = 1</code></pre>',
        '<code class="language-python"><pre>x = 1</pre></code>',
    ],
)
def test_code_in_pre_gives_it_a_language(html: str) -> None:
    assert parse_html(html).entities == (Entity("pre", 0, 5, language="python"),)


def test_other_ways_to_write_spoilers_quotes_and_emoji() -> None:
    spoiler, quote = '<span class="tg-spoiler">a</span>', "<blockquote expandable>b</blockquote>"
    rich = parse_html(f'{spoiler}{quote}<tg-emoji emoji-id="5">👍</tg-emoji>')
    assert marks(rich) == [("spoiler", "a"), ("expandable_blockquote", "b"), ("custom_emoji", "👍")]


def test_character_references_become_characters() -> None:
    html = "&lt;b&gt; &amp; &quot;&#x1F600;&#128512;&nbsp;&copy &lt"
    assert parse_html(html).text == '<b> & "😀😀&nbsp;&copy <'


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<b>mở", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>mở</b>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
        ("đóng</b>", "Unexpected end tag at byte offset 6"),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x$>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-emoji emoji-id="z">x</tg-emoji>', "Invalid custom emoji identifier specified"),
        ("&#xD800;<b>x</b>", "Text contains invalid Unicode characters after decoding HTML entities"),
    ],
)
def test_wrong_html_is_refused_in_telegrams_words(html: str, words: str) -> None:
    with pytest.raises(EntityError) as caught:
        parse_html(html)
    assert str(caught.value) == words


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert parse_html(escape(text)).text.replace("&#x27;", "'") == text.replace("&#x27;", "'")


@given(st.text(alphabet="<>/&;ab \"'=#x1😀-", max_size=40))
def test_any_html_is_parsed_or_refused(html: str) -> None:
    try:
        rich = parse_html(html)
    except EntityError:
        return
    assert all(entity.end <= utf16.length(rich.text) for entity in rich.entities)


@st.composite
def formatted_texts(draw: st.DrawFn) -> RichText:
    """A text of marked pieces, some marked twice."""
    pieces = draw(
        st.lists(st.tuples(st.text(alphabet="aă<&😀 \n", min_size=1, max_size=6), st.integers(0, 6)))
    )
    kinds = ("bold", "italic", "underline", "strikethrough", "spoiler", "code")
    text, entities = "", []
    for piece, choice in pieces:
        offset, size = utf16.length(text), utf16.length(piece)
        if choice < len(kinds):
            entities.append(Entity(kinds[choice], offset, size))
        if choice in (0, 2):
            entities.append(Entity("italic", offset, size))
        text += piece
    return RichText(text, in_order(entities))


@given(formatted_texts())
def test_formatting_survives_being_shown_as_html(rich: RichText) -> None:
    assert parse_html(as_html(rich.text, rich.entities)) == rich


def test_markdown_marks_words() -> None:
    rich = parse_markdown("*đậm _nghiêng_* __gạch__ ~bỏ~ ||kín|| `mã` [đây](https://a.vn/x) 5\\.")
    assert marks(rich) == [
        ("bold", "đậm nghiêng"),
        ("italic", "nghiêng"),
        ("underline", "gạch"),
        ("strikethrough", "bỏ"),
        ("spoiler", "kín"),
        ("code", "mã"),
        ("text_link", "đây"),
    ]
    assert rich.text.endswith("5.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("ă *đậm", "Can't find end of Bold entity at byte offset 3"),
        ("`mã", "Can't find end of Code entity at byte offset 0"),
    ],
)
def test_wrong_markdown_is_refused_in_telegrams_words(text: str, words: str) -> None:
    with pytest.raises(EntityError) as caught:
        parse_markdown(text)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/verify@loa_bot A1 và /help", [("bot_command", "/verify@loa_bot"), ("bot_command", "/help")]),
        ("mở 1/2 hay https://a.vn/start", [("url", "https://a.vn/start")]),
        ("xem phuong.example.vn/tin, nhé.", [("url", "phuong.example.vn/tin")]),
        ("vietcombank-xacthuc.top!", [("url", "vietcombank-xacthuc.top")]),
        ("gửi toi@example.vn cho @loa_bot", [("email", "toi@example.vn"), ("mention", "@loa_bot")]),
        ("#tinhotxã và giá 5.000 đồng", [("hashtag", "#tinhotxã")]),
        ("(https://a.vn/b_(c))", [("url", "https://a.vn/b_(c)")]),
        ("không có gì. Thật đấy!", []),
    ],
)
def test_the_platform_finds_entities_by_itself(text: str, expected: list[tuple[str, str]]) -> None:
    entities = sorted(found(text), key=lambda entity: entity.offset)
    assert marks(RichText(text, tuple(entities))) == expected


def test_white_space_is_trimmed_and_entities_move_along() -> None:
    rich = trimmed(RichText("  \n đậm  ", (Entity("bold", 4, 5), Entity("italic", 0, 2))))
    assert rich == RichText("đậm", (Entity("bold", 0, 3),))
    assert cleaned("a\r\n\tb\0") == "a\n b "


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("a.vn", "http://a.vn/"),
        ("HTTPS://A.VN:8443/X?y#z", "https://a.vn:8443/X?y#z"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("javascript:alert(1)", None),
        ("ftp://a.vn", None),
        ("localhost", None),
    ],
)
def test_only_real_links_are_kept(link: str, kept: str | None) -> None:
    assert checked_link(link) == kept
