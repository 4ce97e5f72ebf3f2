"""People are spoken to in their language; and every text there is has its Vietnamese."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiogram.types import Update, User
from aiogram.utils.i18n import gettext as aiogram_gettext
from aiogram.utils.i18n import ngettext as aiogram_ngettext
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir

from bot.catalogs import merge, read_texts
from bot.person_language import PersonLanguage, load_texts
from bot.texts import (
    LANGUAGES,
    LOCALES_FOLDER,
    VIETNAMESE,
    gettext,
    language_of,
    spoken,
    terminal_language,
)

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "web", "platforms", "simulator")
MARKS = frozenset({"_", "gettext", "ngettext", "lazy_gettext", "__"})
METHODS = [("**.py", "python")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "__": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}

Texted = str | tuple[str, ...]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small files of Vietnamese texts."""
    texts = tmp_path / "vi" / "LC_MESSAGES"
    texts.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (texts / "one.po").write_text(
        header
        + 'msgid "Leave"\nmsgstr "Rời"\n\n#, fuzzy\nmsgid "Stay"\nmsgstr "Đoán"\n\nmsgid "Go"\nmsgstr ""\n',
        encoding="utf-8",
    )
    (texts / "two.po").write_text(
        header + 'msgid "{n} channel"\nmsgid_plural "{n} channels"\nmsgstr[0] "{n} kênh"\n', encoding="utf-8"
    )
    return tmp_path


def test_a_handler_speaks_the_language_of_the_moment_through_aiograms_own_gettext(folder: Path) -> None:
    texts = load_texts(folder)

    with texts.context(), texts.use_locale("vi"):
        assert aiogram_gettext("Leave") == "Rời"
        assert aiogram_ngettext("{n} channel", "{n} channels", 3) == "{n} kênh"
        assert aiogram_gettext("Stay") == "Stay", "a guessed translation is not shown"
        assert aiogram_gettext("Go") == "Go"
    with texts.context(), texts.use_locale("en"):
        assert aiogram_gettext("Leave") == "Leave"
        assert aiogram_ngettext("{n} channel", "{n} channels", 3) == "{n} channels"


@pytest.mark.parametrize(
    ("chosen", "app", "spoken_language"),
    [
        ("en", "vi", "en"),
        (None, "en-GB", "en"),
        (None, "vi", "vi"),
        (None, "fr", "vi"),
        (None, None, "vi"),
        ("vi", "en", "vi"),
        ("xx", "en", "en"),
    ],
)
async def test_a_person_is_spoken_to_as_they_chose_else_as_their_app_else_in_vietnamese(
    chosen: str | None, app: str | None, spoken_language: str
) -> None:
    bac_sau = User(id=1001, is_bot=False, first_name="Bác Sáu", language_code=app)

    async def choice_of(person: User) -> str | None:
        assert person is bac_sau
        return chosen

    async def handler(event: object, data: dict[str, object]) -> str:
        return texts.current_locale

    texts = load_texts()
    speak = PersonLanguage(texts, choice_of)

    assert await speak(handler, Update(update_id=1), {"event_from_user": bac_sau}) == spoken_language
    assert await speak(handler, Update(update_id=2), {}) == VIETNAMESE


def test_the_terminal_speaks_the_language_of_its_locale() -> None:
    assert terminal_language({"LANG": "vi_VN.UTF-8"}) == "vi"
    assert terminal_language({"LANG": "vi_VN.UTF-8", "LC_ALL": "C"}) == "en"
    assert terminal_language({"LANG": "C", "LOA_LANGUAGE": "vi"}) == "vi"
    assert terminal_language({}) == "en"
    assert language_of(None, None) == "vi"
    with spoken("vi"):
        assert gettext("Disk") == "Ổ đĩa"
    assert gettext("Disk") == "Disk"


def marked() -> dict[Texted, str]:
    """Every text marked for translation, with a place where it stands."""
    found: dict[Texted, str] = {}
    for room in ROOMS:
        folder = str(ROOT / room)
        for path, line, text, _, _ in extract_from_dir(folder, METHODS, keywords=KEYWORDS):
            found[text] = f"{room}/{path}:{line}"
    return found


def translations(language: str) -> Iterator[tuple[Path, Message]]:
    for path in sorted((LOCALES_FOLDER / language / "LC_MESSAGES").glob("*.po")):
        for message in read_texts(path, language):
            yield path, message


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{[^{}]*\}|%\(\w+\)[sd]|%[sd]", text))


def tags(text: str) -> list[str]:
    return sorted(re.findall(r"</?\w+", text))


def test_every_text_has_its_vietnamese() -> None:
    translated = {message.id for message in merge(LOCALES_FOLDER, VIETNAMESE)}
    missing = {place: text for text, place in marked().items() if text not in translated}

    assert not missing


def test_no_translation_has_outlived_its_text() -> None:
    texts = set(marked())
    for language in LANGUAGES:
        assert not [
            f"{path.name}: {entry.id}" for path, entry in translations(language) if entry.id not in texts
        ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_checked_by_a_person_and_say_the_same_everywhere(language: str) -> None:
    said: defaultdict[Texted, set[Texted]] = defaultdict(set)
    for path, message in translations(language):
        assert not message.fuzzy, f"{path.name}: {message.id} is a guess"
        said[message.id].add(message.string)

    assert not {text: strings for text, strings in said.items() if len(strings) > 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_placeholders_and_tags_of_their_texts(language: str) -> None:
    for path, message in translations(language):
        ours = message.id if isinstance(message.id, tuple) else (message.id,)
        theirs = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in theirs:
            assert placeholders(text) == placeholders(ours[-1]), f"{path.name}: {text}"
            assert tags(text) == tags(ours[-1]), f"{path.name}: {text}"


def test_what_is_marked_is_a_text_that_translators_can_find() -> None:
    """A text put together before it is looked up (an f-string, a sum, a variable) is never found."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKS:
                    assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}"
