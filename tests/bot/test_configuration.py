"""An operator writes config.yaml; what is wrong in it is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration import read_secrets, read_settings
from bot.mistakes import OperatorMistake
from bot.settings import Settings
from bulletins.values import Severity

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "123456789:AAcanaryCANARYcanaryCANARYcanary01"
KEY = "0123456789abcdef" * 4


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def mistake_in(config: Path, text: str, environ: dict[str, str] | None = None) -> str:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(OperatorMistake) as caught:
        read_settings(config, environ or {})
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_the_example_at_the_root_is_understood() -> None:
    settings = read_settings(ROOT / "config.yaml", {})

    assert settings.telegram[0].pace.rate_per_second == 25
    assert settings.approvals.by_severity()[Severity.EXTREME] == 2


def test_an_empty_file_means_the_defaults(config: Path) -> None:
    config.write_text("web:\n# port: 9000\n", encoding="utf-8")

    assert read_settings(config, {}) == Settings()


def test_the_environment_overrides_one_key_and_leaves_its_neighbours(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("web:\n  host: 127.0.0.2\n  port: 9000\n", encoding="utf-8")
    monkeypatch.setenv("LOA_WEB__PORT", "9001")

    web = read_settings(config).web

    assert (web.host, web.port) == ("127.0.0.2", 9001)


def test_a_chat_may_be_written_as_a_number(config: Path) -> None:
    config.write_text("telegram:\n  - moderators_chat: -1001234567890\n", encoding="utf-8")

    assert read_settings(config, {}).telegram[0].moderators_chat == "-1001234567890"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("netwrok: {}", "no setting named netwrok. Did you mean network?"),
        ("web:\n  prot: 1", "line 2: there is no setting named web.prot. Did you mean port?"),
        (
            "telegram:\n  - name: a\n    pace:\n      rate_per_secnd: 3",
            "line 4: there is no setting named telegram[1].pace.rate_per_secnd. Did you mean rate_per_s",
        ),
        ("web:\n  port: 99999", "line 2: web.port: "),
        ("approvals:\n  minor: 0", "approvals.minor: "),
        ("network:\n  time_zone: Mars/One", "network.time_zone: is not a time zone"),
        ("network: [1\nweb: 2", "line 2, is not valid YAML"),
        ("- a\n- b", "must be a list of keys"),
        ("web: \x07", "characters that YAML does not allow"),
        ("telegram:\n  - {}\n  - {}", "has the same name twice"),
        ("telegram:\n  - token_env: null", "needs token_env or token_file"),
        ("telegram:\n  - base_url: api.telegram.org", "must be an address that begins with https://"),
        (
            "telegram:\n  - base_url: http://api.example.vn",
            "must begin with https://, because every call holds",
        ),
        ("network:\n  topics:\n    - {key: a, vi: A, en: A}\n    - {key: a, vi: B, en: B}", "same key twice"),
        ("staff:\n  - {person: Lan, name: Lan, roles: [moderator]}", "staff[1].person"),
        ("reports:\n  reasons: [opinion]", "reports.reasons[1]"),
        ("database:\n  url: mysql://db/loa", "database.url"),
    ],
)
def test_each_mistake_is_one_sentence_with_its_place(config: Path, text: str, said: str) -> None:
    assert said in mistake_in(config, text)


@pytest.mark.parametrize(
    "text",
    [
        f"telegram:\n  - token_env: {TOKEN}",
        f"telegram:\n  - name: a\n    token: {TOKEN}",
        "telegram:\n  - webhook:\n      secret: canaryCANARYcanary",
        "database:\n  url: postgresql+psycopg://loa:canaryCANARYcanary@db/loa",
        "telegram:\n  - proxy: socks5://loa:canaryCANARYcanary@proxy:1080",
        "secret_key: canaryCANARYcanary",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(config: Path, text: str) -> None:
    sentence = mistake_in(config, text)

    assert "holds a secret: move it" in sentence
    assert "canary" not in sentence


def test_a_missing_or_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match="There is no"):
        read_settings(tmp_path / "none.yaml", {})
    (tmp_path / "picture.yaml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(OperatorMistake, match="text file in UTF-8"):
        read_settings(tmp_path / "picture.yaml", {})


def test_a_mistyped_variable_is_not_ignored(config: Path) -> None:
    said = mistake_in(config, "", {"LOA_WBE__PORT": "9000"})

    assert said == "The environment variable LOA_WBE__PORT sets nothing Loa knows. Did you mean LOA_WEB?"


def test_a_wrong_value_from_the_environment_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_WEB__PORT", "none")

    assert "web.port" in mistake_in(config, "")


@pytest.mark.parametrize("variable", ["LOA_WEB", "LOA_TELEGRAM"])
def test_a_whole_section_that_is_not_json_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "abc")

    assert mistake_in(config, "").startswith(f"The environment variable {variable} must be JSON")


def test_secrets_come_from_the_environment_or_from_files(config: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "key").write_text(KEY)
    config.write_text(
        f"telegram:\n  - name: a\n    webhook: {{url: 'https://loa.example'}}\n    proxy_env: PROXY\n"
        f"  - name: b\n    token_file: {tmp_path / 'token'}\n"
    )
    environ = {
        "LOA_TELEGRAM_TOKEN": "987654321:BBcanary",
        "LOA_SECRET_KEY_FILE": str(tmp_path / "key"),
        "LOA_WEBHOOK_SECRET": "webhook-canary-webhook",
        "PROXY": "socks5://loa:proxy-canary@proxy:1080",
    }

    secrets = read_secrets(read_settings(config, {}), environ)

    assert secrets.key.hex() == KEY
    assert secrets.bots["b"].token == TOKEN
    assert secrets.texts() == {KEY, TOKEN, "987654321:BBcanary", "webhook-canary-webhook", "proxy-canary"}
    assert not [text for text in secrets.texts() if text in repr(secrets)]


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "The secret key is missing"),
        ({"LOA_SECRET_KEY": "abc"}, "must be 64 hexadecimal digits"),
        ({"LOA_SECRET_KEY_FILE": "none"}, "none cannot be read"),
        ({"LOA_SECRET_KEY": KEY}, "LOA_TELEGRAM_TOKEN is missing"),
        ({"LOA_SECRET_KEY": KEY, "LOA_TELEGRAM_TOKEN": "abc"}, "LOA_TELEGRAM_TOKEN holds is not a bot token"),
        ({"LOA_SECRET_KEY": KEY, "LOA_TELEGRAM_TOKEN": TOKEN}, "LOA_WEBHOOK_SECRET is missing"),
        (
            {"LOA_SECRET_KEY": KEY, "LOA_TELEGRAM_TOKEN": TOKEN, "LOA_WEBHOOK_SECRET": "short"},
            "LOA_WEBHOOK_SECRET must be 16 to 256",
        ),
    ],
)
def test_a_missing_secret_is_named_with_what_to_do(config: Path, environ: dict[str, str], said: str) -> None:
    config.write_text("telegram:\n  - webhook: {url: 'https://loa.example'}\n")

    with pytest.raises(OperatorMistake, match=said):
        read_secrets(read_settings(config, {}), environ)


NO_PROXIES = [
    "127.0.0.1:1080",
    "http://proxy.example",
    "https://proxy.example:3128",
    "http://proxy.example:99999",
    "socks5://127.0.0.1:0",
    "socks5://",
]


@pytest.mark.parametrize("proxy", NO_PROXIES)
def test_a_proxy_in_the_settings_must_be_one(config: Path, proxy: str) -> None:
    config.write_text(f"telegram:\n  - proxy: {proxy}\n")
    with pytest.raises(OperatorMistake, match="must be a proxy's address with its port"):
        read_settings(config, {})


@pytest.mark.parametrize("proxy", NO_PROXIES)
def test_a_proxy_from_the_environment_must_be_one(config: Path, proxy: str) -> None:
    config.write_text("telegram:\n  - proxy_env: PROXY\n")
    environ = {"LOA_SECRET_KEY": KEY, "LOA_TELEGRAM_TOKEN": TOKEN, "PROXY": proxy}

    with pytest.raises(OperatorMistake, match="PROXY must be a proxy's address"):
        read_secrets(read_settings(config, {}), environ)


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1", "https://", "http://127.0.0.1:99999", "http://bot-api:port"]
)
def test_where_the_bot_api_is_must_be_a_web_address(config: Path, address: str) -> None:
    config.write_text(f"telegram:\n  - base_url: {address}\n")
    with pytest.raises(OperatorMistake, match="must be an address that begins with https:// or http://"):
        read_settings(config, {})


@pytest.mark.parametrize(
    "host", ["bot-api", "192.168.1.7", "0.0.0.0", "127.0.0.1.example.vn", "localhost.example.vn"]
)
def test_the_token_travels_in_the_clear_on_this_machine_alone(config: Path, host: str) -> None:
    config.write_text(f"telegram:\n  - base_url: http://{host}:8081\n")
    with pytest.raises(OperatorMistake, match="http:// is for a Bot API server on this machine alone"):
        read_settings(config, {})


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8081",
        "http://127.8.9.1",
        "http://[::1]:8081",
        "http://localhost/x",
        "https://bot-api",
    ],
)
def test_a_bot_api_server_on_this_machine_or_with_tls_is_fine(config: Path, address: str) -> None:
    config.write_text(f"telegram:\n  - base_url: {address}\n")
    assert read_settings(config, {}).telegram[0].base_url == address
