"""Texts for people: every ``locales/<language>/LC_MESSAGES/*.po`` merged at start, compiled in memory.

A msgid is the English text. The terminal speaks the language of whoever sits there (``spoken``, ``gettext``);
conversations speak each person's own (``bot/person_language.py``).
"""

from __future__ import annotations

import gettext as gnu
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

VIETNAMESE: Final = "vi"
ENGLISH: Final = "en"
LANGUAGES: Final = (VIETNAMESE, ENGLISH)
LOCALES_FOLDER: Final = Path(__file__).resolve().parent.parent / "locales"

_spoken: ContextVar[gnu.NullTranslations] = ContextVar("loa_spoken", default=gnu.NullTranslations())  # noqa: B039


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Within it, ``gettext`` speaks ``language``."""
    before = _spoken.set(compile_texts(merge(LOCALES_FOLDER, language)))
    try:
        yield
    finally:
        _spoken.reset(before)


def gettext(text: str) -> str:
    """``text`` in the language of the moment; as it stands in the code where none was set."""
    return _spoken.get().gettext(text)


def terminal_language(environ: Mapping[str, str]) -> str:
    """The language of whoever sits at the terminal: LOA_LANGUAGE, else their locale, else English."""
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG")
    return language_of(environ.get("LOA_LANGUAGE"), locale, default=ENGLISH)


def language_of(chosen: str | None, language_code: str | None, *, default: str = VIETNAMESE) -> str:
    """The language to speak. ``language_code`` is an IETF tag as Telegram gives it, such as ``en-GB``."""
    for wish in (chosen, language_code):
        language = (wish or "").replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return default


def merge(folder: Path, language: str) -> Catalog:
    """All ``*.po`` files of one language as one catalog, fuzzy and untranslated texts left out.

    Where two files translate one text, the first by name counts; a test sees to it that they agree.
    """
    merged = Catalog(locale=language, fuzzy=False)
    for path in sorted((folder / language / "LC_MESSAGES").glob("*.po")):
        for message in read_texts(path, language):
            if not message.fuzzy and _is_translated(message.string) and not merged.get(message.id):
                merged.add(message.id, message.string)
    return merged


def read_texts(path: Path, language: str) -> list[Message]:
    """The entries of one ``.po`` file, without its header. Raises PoFileError where it is malformed."""
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=language, abort_invalid=True) if message.id]


def compile_texts(catalog: Catalog) -> gnu.GNUTranslations:
    """``catalog`` as Python's gettext wants it."""
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def _is_translated(string: str | Iterable[str] | None) -> bool:
    return bool(string) if string is None or isinstance(string, str) else all(string)
