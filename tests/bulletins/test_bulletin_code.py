"""The short code: what is made can be said, typed badly, and found in what people forward."""

from hypothesis import given
from hypothesis import strategies as st

from bulletins.code import MOST_CODES_FOUND, Code, body_symbols, find_codes, make, parse

BITS = st.integers(min_value=0, max_value=2**64 - 1)
LENGTHS = st.integers(min_value=4, max_value=8)


def test_a_code_looks_as_it_is_printed_on_notices() -> None:
    assert make(123_456) == "LOA-3RJ0-R"


@given(BITS, LENGTHS)
def test_every_code_made_is_read_back(bits: int, symbols: int) -> None:
    code = make(bits, symbols)
    assert parse(code) == code
    assert len(code) == len("LOA--C") + symbols


@given(BITS, LENGTHS)
def test_codes_survive_links_and_formatting(bits: int, symbols: int) -> None:
    assert set(make(bits, symbols)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def test_bac_sau_types_it_his_own_way() -> None:
    code = make(33_411)
    assert code == "LOA-10M3-0"
    for typed in (
        "loa-10m3-0", " LOA 10M3 O ", "LOA10M30", "L0A-lOm3-o", "1oa-IoM3-0", "LOA–10M3–0", "loa - 10 m3 - o",
        "ＬＯＡ-１０Ｍ３-０", "LOA-10M3\u200b-0",
    ):  # fmt: skip
        assert parse(typed) == code, typed


def test_what_is_no_code_is_not_taken_for_one() -> None:
    no_codes = ("", "LOA", "LOA-", "LOA-7K3M", "7K3M-Q", "LOA-7KUM-Q", "xin chào", "LOA-123456789-A")
    for typed in (*no_codes, "L" * 500):
        assert parse(typed) is None, typed


@given(BITS, LENGTHS, st.data())
def test_one_wrong_symbol_is_always_noticed(bits: int, symbols: int, data: st.DataObject) -> None:
    code = make(bits, symbols)
    place = data.draw(st.integers(min_value=4, max_value=3 + symbols))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ").filter(lambda s: s != code[place]))
    assert parse(code[:place] + other + code[place + 1 :]) is None


@given(BITS, LENGTHS, st.data())
def test_two_neighbours_swapped_are_always_noticed(bits: int, symbols: int, data: st.DataObject) -> None:
    code = make(bits, symbols)
    place = data.draw(st.integers(min_value=4, max_value=2 + symbols))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or parse(swapped) is None


def test_every_number_has_exactly_one_code() -> None:
    assert parse("LOA-00007-7") is None
    assert parse("LOA-0007-7") == make(7)
    assert make(0, symbols=5)[4] != "0"


def test_the_body_grows_before_the_space_is_crowded() -> None:
    assert body_symbols(0) == 4
    assert body_symbols(131_071) == 4
    assert body_symbols(131_072) == 5
    assert body_symbols(10**15) == 8


def test_codes_are_found_in_a_forwarded_message_in_their_order() -> None:
    first, second, longer = make(123_456), make(7), make(99, symbols=6)
    text = (
        f"Loa phường thông báo: gửi mã {first} cho @loa_bot.\nThay cho {second.lower()}; {first} "
        f"https://loa.example.vn/b/{longer}?x=1 loa phat thanh"
    )
    assert find_codes(text) == [first, second, longer]


def test_a_code_is_found_when_its_hyphens_became_spaces() -> None:
    assert find_codes("kiem tra loa 3rj0 r giup toi") == ["LOA-3RJ0-R"]
    assert find_codes("LOA3RJ0R") == ["LOA-3RJ0-R"]


def test_a_piece_of_a_longer_word_is_no_code() -> None:
    assert find_codes("XLOA-3RJ0-R LOA-3RJ0-RX LOA-3RJ0-R-7") == []


@given(st.text(max_size=300))
def test_looking_for_codes_never_fails(text: str) -> None:
    assert all(parse(code) == code for code in find_codes(text))
    parse(text)


@given(st.lists(BITS, max_size=5), st.sampled_from([" ", "\n", ", ", " và ", "; "]))
def test_all_codes_in_a_list_are_found(numbers: list[int], between: str) -> None:
    codes = [make(number) for number in numbers]
    assert set(codes) <= set(find_codes(between.join(codes)))


def test_the_search_is_bounded() -> None:
    flood = " ".join(make(number) for number in range(5_000))
    assert len(find_codes(flood)) == MOST_CODES_FOUND
    assert find_codes("a" * 20_000 + " LOA-3RJ0-R") == []
    assert isinstance(make(1), str)
    assert Code("LOA-3RJ0-R") == make(123_456)
