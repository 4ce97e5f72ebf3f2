"""Addresses are found however they are written, and each says only what is true about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletins.links import (
    MOST_ADDRESSES,
    LinkFact,
    MarkedLink,
    check_links,
    defanged,
    find_addresses,
    judged_addresses,
    parse_address,
    registrable_domain,
)


def hosts(text: str) -> list[str]:
    return [address.host for address in find_addresses(text)]


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("xem https://evil.top/a?b=1#c ngay", "evil.top"),
        ("hxxps://vcb-login[.]top/a", "vcb-login.top"),
        ("hxxp[:]//vcb-login(.)top", "vcb-login.top"),
        ("vcb-login [dot] top nhé", "vcb-login.top"),
        ("vietcombank . top nhé", "vietcombank.top"),
        ("vào evil。top", "evil.top"),
        ("www.vietcombank.com.vn.", "www.vietcombank.com.vn"),
        ("(bit.ly/abc)", "bit.ly"),
        ("HTTPS://EVIL.TOP", "evil.top"),
        ("https://evil.rocks/qua", "evil.rocks"),
        ("http://ｅｖｉｌ．ｔｏｐ/", "evil.top"),
        ("https://e\u200bvil.top", "evil.top"),
    ],
)
def test_an_address_is_found_however_it_is_written(written: str, host: str) -> None:
    assert hosts(written) == [host]


@pytest.mark.parametrize(
    ("written", "host"),
    [
        (r"https:\\vneid.gov.vn\@evil.top/", "vneid.gov.vn"),
        ("https://vneid.gov.vn@evil.top/", "evil.top"),
        ("https://vneid.gov.vn:80@evil.top/", "evil.top"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://0177.0.0.01/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("https://evil%2Etop/", "evil.top"),
    ],
)
def test_a_host_is_read_as_browsers_read_it(written: str, host: str) -> None:
    address = parse_address(written)

    assert address is not None
    assert address.host == host


@pytest.mark.parametrize(
    "text",
    [
        "Tin này thật. Top 10 món ngon",
        "tin that. top 10 mon ngon",
        "viết cho abc@gmail.com",
        "bản 2.0.1 ra ngày 1.2.2026",
        "http://localhost/",
        "http://999.1.1.1.1/",
        "anh ơi.... em đây",
    ],
)
def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert [host for host in hosts(text) if host != "999.1.1.1.1"] == []


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("login.vcb.com.vn", "vcb.com.vn"),
        ("dichvucong.gov.vn", "dichvucong.gov.vn"),
        ("a.b.vnexpress.net", "vnexpress.net"),
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("vcb-login.pages.dev", "vcb-login.pages.dev"),
        ("x.vcb-login.pages.dev", "vcb-login.pages.dev"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_the_registrable_domain_is_what_somebody_registered(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("text", "domain", "facts"),
    [
        ("http://1.2.3.4/", "1.2.3.4", {LinkFact.BARE_IP}),
        ("bit.ly/abc", "bit.ly", {LinkFact.SHORTENER}),
        ("https://vіetcombank.com", "xn--vetcombank-x2i.com", {LinkFact.MIXED_SCRIPT}),
        ("https://a@evil.top", "evil.top", {LinkFact.USER_INFO}),
        ("https://evil.top:8443/", "evil.top", {LinkFact.ODD_PORT}),
        ("https://evil.top:443/", "evil.top", set()),
        ("https://tiếng-việt.vn", "tiếng-việt.vn", set()),
    ],
)
def test_each_fact_is_seen(text: str, domain: str, facts: set[LinkFact]) -> None:
    (finding,) = check_links(text)

    assert (finding.domain, set(finding.facts)) == (domain, facts)


def test_a_link_that_shows_another_address_is_disguised() -> None:
    links = [
        MarkedLink("https://vneid.gov.vn", "https://evil.top"),
        MarkedLink("bấm vào đây", "https://plain.top"),
        MarkedLink("vneid.gov.vn", "https://login.vneid.gov.vn/x"),
    ]

    found = {finding.domain: finding.facts for finding in check_links("", links)}

    assert found == {"evil.top": (LinkFact.DISGUISED,), "plain.top": (), "vneid.gov.vn": ()}


def test_one_domain_is_told_once_and_at_most_ten() -> None:
    assert len(check_links("a.vn/1 a.vn/2 b.a.vn")) == 1
    assert len(check_links(" ".join(f"so{number}.vn" for number in range(30)))) == MOST_ADDRESSES


def test_every_way_of_writing_an_address_is_one_address() -> None:
    ways = ["https://evil.top/a/", "hxxp://EVIL[.]top/a", "evil . top/a", "http://evil.top:80/a"]

    assert {address.canonical for way in ways for address in find_addresses(way)} == {"evil.top/a"}


@given(st.text(max_size=300))
def test_no_text_breaks_the_search(text: str) -> None:
    for address in find_addresses(text):
        assert address.host
    check_links(text, [MarkedLink(text, text)])


@given(st.sampled_from(["https://evil.top/a.b", "evil . top", "a.vn", "http://1.2.3.4:80/"]))
def test_a_defanged_address_can_be_read_but_opens_nothing(address: str) -> None:
    shown = defanged(address)

    assert "http" not in shown
    assert "[.]" in shown
    assert ". " not in shown


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("https://vіetcombank.com", "xn--vetcombank-x2i.com"),  # a Cyrillic і
        ("https://аррӏе.рф", "xn--80ak6aa92e.xn--p1ai"),  # Cyrillic alone
        ("https://ора.com/x", "xn--80a1ag.com"),
        ("https://ορα.gr", "xn--mxa1ag.gr"),
        ("https://vnexpreѕs.evil.vn", "xn--vnexpres-qhh.evil.vn"),
        ("https://dıchvucong.vn", "xn--dchvucong-vpb.vn"),  # an ı without its dot
        ("https://ɡov.vn", "xn--ov-igb.vn"),
        ("https://vneid.gov.vn⁄x.evil.top/a", None),
        ("vneid.gov.vn⁄dangnhap.evil.top", None),
        ("vneid.gov.vn∕dangnhap", None),
        ("https://vneid․gov.vn", None),
        ("https://vneid.gov.vn／x.evil.top", None),
        ("https://vneid.gov.vn@evil.top/", "evil.top"),
        ("https://xn--vetcombank-x2i.com", "xn--vetcombank-x2i.com"),
        ("https://۱۲.vn", None),
    ],
)
def test_an_address_that_passes_for_another_is_deceptive(written: str, host: str | None) -> None:
    judged = judged_addresses(f"Xem {written} nhé")

    assert any(address.is_deceptive for address in judged), judged
    assert host is None or [address.host for address in judged] == [host]
    assert all(address.host.isascii() for address in judged)


@pytest.mark.parametrize(
    "written",
    [
        "https://phutho.gov.vn/tin/123?a=b·c",
        "(www.vietcombank.com.vn).",
        "“bit.ly/abc”",
        "http://1.2.3.4/",
        "http://[2001:db8::1]/",
        "https://my_site.example.vn:8443/",
    ],
)
def test_an_honest_address_is_not(written: str) -> None:
    (address,) = judged_addresses(f"Xem {written} nhé")

    assert not address.is_deceptive
    assert address.opens_as_written


def test_a_vietnamese_name_is_shown_as_it_opens() -> None:
    (address,) = judged_addresses("Xem https://tiếng-việt.vn/a.")

    assert (address.is_deceptive, address.opens_as_written) == (False, False)
    assert address.host == "xn--ting-vit-e50d7c.vn"


def test_every_address_of_a_long_text_is_judged() -> None:
    many = " ".join(f"so{number}.vn" for number in range(60))

    assert judged_addresses(f"{many} https://vіetcombank.com")[-1].is_deceptive
