"""Row "token or secret in a log, exception or page": in no spelling, by no way to the log."""

from __future__ import annotations

import html
import io
import json
import logging
import pprint
import textwrap
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs import HIDDEN, redactor, set_up_logs
from bot.settings import LogFormat, Logs

TOKEN = "7654321:AAcanary-CANARYcanary_CANARYcanary0"
KEY = "0af1b2c3d4e5f60718293a4b5c6d7e8f" * 2
ODD = 'pa&ss "w<o>rd" \\ đặc biệt'
SECRETS = (TOKEN, KEY, ODD)
REDACT = redactor(SECRETS)


def everything_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


SPELLINGS = {
    "as it is": lambda secret: secret,
    "in capitals": lambda secret: secret.upper(),
    "in small letters": lambda secret: secret.lower(),
    "in mixed case": lambda secret: secret.swapcase(),
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded in small letters": everything_percent,
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "as Python shows it": repr,
    "as Python shows it in ASCII": ascii,
    "as Python shows its bytes": lambda secret: repr(secret.encode()),
    "as JSON": json.dumps,
    "as JSON in JSON": lambda secret: json.dumps({"body": json.dumps([secret])}),
    "in escapes alone": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "as HTML": html.escape,
    "as HTML numbers": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "in hex": lambda secret: secret.encode().hex(),
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "in base64 after a colon": lambda secret: b64encode(b":" + secret.encode()).decode(),
    "in base64 after a name": lambda secret: b64encode(b"me:" + secret.encode() + b"\n").decode(),
    "in base64 for addresses": lambda secret: urlsafe_b64encode(b"ab" + secret.encode()).decode(),
    "over two lines": lambda secret: secret[:20] + "\n" + secret[20:],
    "over many lines": lambda secret: "\n    ".join(textwrap.wrap(secret, 7)),
    "in a long list": lambda secret: pprint.pformat(textwrap.wrap(secret, 6), width=20),
    "joined by plus": lambda secret: " + ".join(repr(part) for part in textwrap.wrap(secret, 9)),
}


@pytest.mark.parametrize("secret", SECRETS, ids=["token", "key", "odd"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_token_or_secret_in_a_log_in_no_spelling(secret: str, spelling: str) -> None:
    line = f"before {SPELLINGS[spelling](secret)} after"

    said = REDACT.hide(line)

    assert HIDDEN in said
    assert said.startswith("before ")
    assert said.endswith(" after")
    assert secret[:6].lower() not in said.lower()
    assert secret[-6:].lower() not in said.lower()
    assert len(said.replace(HIDDEN, "")) <= len("before  after") + 20, said


def test_the_keys_own_bytes_are_hidden_too() -> None:
    key = bytes.fromhex(KEY)
    for shown in (
        repr(key),
        repr(bytearray(key)),
        b64encode(key).decode(),
        f"key={b64encode(b'a' + key).decode()}",
    ):
        assert HIDDEN in REDACT.hide(shown), shown


@settings(max_examples=40, deadline=None)
@given(
    st.text(max_size=60), st.text(max_size=60), st.sampled_from(SECRETS), st.sampled_from(sorted(SPELLINGS))
)
def test_what_stands_around_a_secret_does_not_matter(
    before: str, after: str, secret: str, spelling: str
) -> None:
    said = REDACT.hide(f"{before} {SPELLINGS[spelling](secret)} {after}")

    assert HIDDEN in said
    assert TOKEN[8:].lower() not in said.lower()
    assert KEY not in said.lower()


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=200))
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert REDACT.known.hidden_in(text, HIDDEN) == text


def test_a_short_password_is_hidden_and_everyday_words_are_not() -> None:
    hide = redactor(["saigon"]).hide

    assert "SAIGON" not in hide("postgresql://loa:x@db, SAIGON")
    assert hide("bên sai gồn, sai\ngon lành") == "bên sai gồn, sai\ngon lành"
    assert redactor(["short"]).hide("a short word") == "a short word"


@pytest.mark.parametrize(
    "name",
    [
        "LOA_SECRET_KEY",
        "secret_key",
        "X-Api-Key",
        "webhookSecret",
        "refresh-token",
        "LOA_TELEGRAM_TOKEN",
        "Cookie",
    ],
)
def test_a_value_whose_name_says_secret_is_hidden_though_nobody_knows_it(name: str) -> None:
    assert "unknown" not in str(REDACT.hide_in({name: "unknown1"}))
    if name != "Cookie":
        assert "unknown" not in REDACT.hide(f"environ: {name}=unknown1 {name}: 'unknown2'")
    assert REDACT.hide("token_env: LOA_TELEGRAM_TOKEN") == "token_env: LOA_TELEGRAM_TOKEN"


@pytest.mark.parametrize("wanted", list(LogFormat))
def test_what_shows_only_when_the_line_is_rendered_is_hidden_by_the_last_pass(wanted: LogFormat) -> None:
    """The name of a value, and a secret that was cut into values: hidden in no value by itself."""
    stream = io.StringIO()
    set_up_logs(Logs(level="debug", format=wanted), SECRETS, stream)

    structlog.get_logger().info("cut", pieces=[KEY[:32], KEY[32:]])
    structlog.get_logger().info("named", **{TOKEN: 1})
    logging.getLogger("aiohttp").info("in pieces: %s", textwrap.wrap(TOKEN, 5))

    lines = stream.getvalue()
    assert lines.count(HIDDEN) >= 3
    assert "canary" not in lines.lower()
    assert KEY[:32] not in lines
    assert TOKEN[8:20] not in lines
