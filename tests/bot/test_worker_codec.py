"""What comes out of a pipe is a value of its type, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.worker.codec import decode, encode
from bot.worker.work import CapFile
from bulletins.bulletin import Bulletin, Media, Recurrence
from bulletins.cap import CapDraft, CapRefusal
from bulletins.links import LinkFact, LinkFinding
from reports.checks.comparison import Comparison, Outcome, Published, Question
from reports.content import Content, Look
from reports.findings import Change, ChangedFact
from tests.bulletins.bulletin_samples import CORRECTION, FLOOD, NOW
from tests.bulletins.cap_samples import alert, drafted, refused

SERIES = replace(FLOOD, recurrence=Recurrence("0 7 * * *", NOW, 24), media=Media("ab" * 32, "a.jpg"))
COMPARISON = Comparison(Outcome.CHANGED, 1, (Change(ChangedFact.LINK, "", "a.top"),), is_part=True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Bulletin, SERIES),
        (Published, Published(CORRECTION, FLOOD)),
        (Question, Question(text="\0\u200b“", links=("a",), named=(), recent=(Published(FLOOD),))),
        (Comparison, COMPARISON),
        (Look, Look((LinkFinding("a.vn", (LinkFact.BARE_IP,)),), "ab" * 32)),
        (CapFile, CapFile(bytes(range(256)), NOW)),
        (CapDraft | CapRefusal, drafted(alert())),
        (CapDraft | CapRefusal, refused("<a>")),
    ],
)
def test_a_value_comes_back_as_it_was(kind: object, value: object) -> None:
    assert decode(kind, encode(value)) == value


@given(st.builds(Content, st.text(), st.just(()), st.booleans(), st.booleans(), st.booleans()))
def test_every_text_that_can_be_stored_comes_back(content: Content) -> None:
    assert decode(Content, encode(content)) == content


@pytest.mark.parametrize(
    "change",
    [
        {"is": "Look"},
        {"outcome": "best"},
        {"outcome": None},
        {"place": True},
        {"place": "1"},
        {"place": 1.0},
        {"changes": {}},
        {"changes": [{"is": "Change", "fact": "link", "published": "", "forwarded": 7}]},
        {"changes": [{"is": "Change", "fact": "link", "published": ""}]},
        {"changes": [{"is": "Change", "fact": "link", "published": "", "forwarded": "\ud800"}]},
        {"is_part": 0},
        {"more": 1},
    ],
)
def test_what_does_not_fit_exactly_is_refused(change: dict[str, object]) -> None:
    written = json.loads(encode(COMPARISON))
    with pytest.raises(ValueError, match=r".*"):
        decode(Comparison, json.dumps({**written, **change}).encode())


@pytest.mark.parametrize("sha256", ["", "ab", "zz" * 32, "ab" * 33])
def test_a_hash_that_is_none_is_refused(sha256: str) -> None:
    written = json.dumps({"is": "Look", "links": [], "sha256": sha256})
    with pytest.raises(ValueError, match=r".*"):
        decode(Look, written.encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"[" * 100_000, b"null", b"NaN", b"9" * 5_000, b'{"is": []}', b'"text"', b"[[]]"],
)
@pytest.mark.parametrize("kind", [Comparison, CapDraft | CapRefusal, datetime, int])
def test_no_bytes_are_taken_for_a_value(kind: object, data: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(kind, data)
