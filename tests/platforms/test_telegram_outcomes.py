"""What Telegram's answers mean: each wording that is known, and everything that is no answer at all."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.delivery import FloodWait, Gone, Moved, NoRights, NotSent, Outcome, Rejected, Sent, Unsure
from platforms.telegram_outcomes import STALE_HANDLE, outcome_of, photo_handle_in

REFUSALS: list[tuple[int, str, Outcome]] = [
    (403, "Forbidden: bot was kicked from the group chat", Gone("kicked")),
    (403, "Forbidden: bot was kicked from the supergroup chat", Gone("kicked")),
    (403, "Forbidden: bot was kicked from the channel chat", Gone("kicked")),
    (403, "Forbidden: bot is not a member of the channel chat", Gone("not_member")),
    (403, "Forbidden: the group chat was deleted", Gone("deleted")),
    (403, "Forbidden: user is deactivated", Gone("deactivated")),
    (403, "Forbidden: bot was blocked by the user", Gone("blocked")),
    (403, "Forbidden: bot can't initiate conversation with a user", Gone("never_started")),
    (400, "Bad Request: chat not found", Gone("chat_not_found")),
    (400, "Bad Request: not enough rights to send text messages to the chat", NoRights("can_send_messages")),
    (400, "Bad Request: not enough rights to send photos to the chat", NoRights("can_send_photos")),
    (400, "Bad Request: need administrator rights in the channel chat", NoRights("can_post_messages")),
    (400, "Bad Request: have no write access to the chat", NoRights("can_send_messages")),
    (
        400,
        "Bad Request: not enough rights to manage pinned messages in the chat",
        NoRights("can_pin_messages"),
    ),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", NoRights("can_send_messages")),
    (400, "Bad Request: TOPIC_CLOSED", NoRights("open_topic")),
    (400, "Bad Request: message thread not found", NoRights("open_topic")),
    (400, "Bad Request: message is too long", Rejected("too_long")),
    (400, "Bad Request: message caption is too long", Rejected("caption_too_long")),
    (400, "Bad Request: can't parse entities: Unsupported start tag", Rejected("bad_markup")),
    (400, "Bad Request: wrong file identifier/HTTP URL specified", Rejected(STALE_HANDLE)),
    (400, "Bad Request: message to edit not found", Rejected("copy_gone")),
    (400, "Bad Request: message can't be edited", Rejected("copy_not_editable")),
    (
        400,
        "Bad Request: something that nobody has seen yet",
        Rejected("unknown_400:bad request: something that nobody has seen yet"),
    ),
    (403, "Forbidden: some new reason", Rejected("unknown_403:forbidden: some new reason")),
    (401, "Unauthorized", NotSent("http_401")),
    (404, "Not Found", NotSent("http_404")),
    (500, "Internal Server Error", Unsure("http_500")),
]


@pytest.mark.parametrize(("code", "description", "expected"), REFUSALS, ids=[one[1] for one in REFUSALS])
def test_a_known_wording_has_its_outcome(code: int, description: str, expected: Outcome) -> None:
    assert outcome_of(code, refusal(code, description)) == expected


def test_a_refusal_with_status_200_is_still_a_refusal() -> None:
    assert outcome_of(200, refusal(403, "Forbidden: bot was blocked by the user")) == Gone("blocked")


def test_an_accepted_message_has_its_id() -> None:
    assert outcome_of(200, b'{"ok":true,"result":{"message_id":77,"chat":{}}}') == Sent("77")


def test_a_group_that_moved_says_where_to() -> None:
    body = refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001234567890)
    assert outcome_of(400, body) == Moved("-1001234567890")


@pytest.mark.parametrize(
    ("parameters", "description", "seconds"),
    [
        ({"retry_after": 7}, "Too Many Requests: retry after 7", 7.0),
        ({}, "Too Many Requests: retry after 35", 35.0),
        ({"retry_after": "soon"}, "Too Many Requests", 5.0),
        ({"retry_after": -3}, "Too Many Requests", 5.0),
        ({"retry_after": 10**12}, "Too Many Requests", 604_800.0),
    ],
)
def test_a_flood_wait_is_as_long_as_it_says(
    parameters: dict[str, Any], description: str, seconds: float
) -> None:
    assert outcome_of(429, refusal(429, description, **parameters)) == FloodWait(seconds)


def test_a_copy_that_reads_so_already_counts_as_changed() -> None:
    body = refusal(400, "Bad Request: message is not modified: specified new message content is the same")
    assert outcome_of(400, body, known_message_id="5") == Sent("5")
    assert outcome_of(200, b'{"ok":true,"result":true}', known_message_id="5") == Sent("5")


def test_a_copy_that_is_pinned_already_counts_as_pinned() -> None:
    assert outcome_of(400, refusal(400, "Bad Request: CHAT_NOT_MODIFIED"), known_message_id="5") == Sent("5")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (502, b"<html>Bad Gateway</html>", Unsure("http_502")),
        (504, b"", Unsure("http_504")),
        (200, b"<html>welcome to the hotel's network</html>", Unsure("http_200")),
        (200, b'{"ok":true,"result":{"message_id":', Unsure("http_200")),
        (200, b'{"ok":true,"result":[{"message_id":"one"}]}', Unsure("unreadable_answer")),
        (200, b'{"ok":true,"result":true}', Unsure("unreadable_answer")),
        (200, b'{"ok":"yes"}', Unsure("http_200")),
        (200, b"[1,2]", Unsure("http_200")),
        (403, b"blocked by your provider", NotSent("http_403")),
        (302, b"", NotSent("http_302")),
        (200, b'{"ok":false}', Rejected("unknown_200:")),
    ],
)
def test_what_is_no_answer_of_telegrams_is_named_and_never_guessed_at(
    status: int, body: bytes, expected: Outcome
) -> None:
    assert outcome_of(status, body) == expected


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_bytes_can_make_it_fail(status: int, body: bytes) -> None:
    outcome_of(status, body)
    photo_handle_in(body)


# JSON may name half a character, which no database takes.
any_text = st.text(st.characters(), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ok": json_values,
            "result": json_values,
            "error_code": json_values,
            "description": json_values,
            "parameters": json_values,
        },
    )
)
def test_no_json_can_make_it_fail(answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    outcome = outcome_of(200, body)
    if answer.get("ok") is not True:
        assert not isinstance(outcome, Sent)
    assert can_be_written(outcome)
    photo_handle_in(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"ok":false,"error_code":400,"description":"Bad \\ud800 \\u0000"}',
            Rejected("unknown_400:bad \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"),
        ),
        (b'{"ok":false,"error_code":9%s}' % (b"0" * 200), Rejected("unknown_200:")),
        (b'{"ok":true,"result":{"message_id":9%s}}' % (b"0" * 200), Unsure("unreadable_answer")),
        (
            b'{"ok":false,"error_code":400,"parameters":{"migrate_to_chat_id":-9%s}}' % (b"0" * 200),
            Rejected("unknown_400:"),
        ),
        (
            b'{"ok":false,"error_code":400,"parameters":{"migrate_to_chat_id":1001}}',
            Rejected("unknown_400:"),
        ),
    ],
    ids=["half a character", "endless code", "endless message id", "endless place", "a person"],
)
def test_what_no_row_can_hold_is_never_handed_on(body: bytes, expected: Outcome) -> None:
    assert outcome_of(200, body) == expected
    assert can_be_written(outcome_of(200, body))


@pytest.mark.parametrize("handle", [r"AgAC\ud800", r"AgAC\u0000", "A" * 201])
def test_a_handle_that_cannot_be_kept_is_none(handle: str) -> None:
    body = '{"ok":true,"result":{"message_id":7,"photo":[{"file_id":"%s"}]}}' % handle  # noqa: UP031
    assert photo_handle_in(body.encode()) is None


def can_be_written(outcome: Outcome) -> bool:
    """Whether every database takes all that it says, in columns as wide as the ledger's."""
    said = [value for value in astuple(outcome) if isinstance(value, str)]
    return all(one.isprintable() and len(one) <= 120 for one in said)


def refusal(code: int, description: str, **parameters: Any) -> bytes:
    """A refusal as Telegram writes it."""
    answer: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        answer["parameters"] = parameters
    return json.dumps(answer).encode()
