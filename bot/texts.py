"""Which languages there are, and what is said in the terminal, in the language of whoever sits there.

A msgid is the English text. Conversations speak each person's own language (``bot/person_language.py``).
"""

from __future__ import annotations

import gettext as gnu
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

VIETNAMESE: Final = "vi"
ENGLISH: Final = "en"
LANGUAGES: Final = (VIETNAMESE, ENGLISH)
LOCALES_FOLDER: Final = Path(__file__).resolve().parent.parent / "locales"

_spoken: ContextVar[str | None] = ContextVar("loa_spoken", default=None)


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Within it, ``gettext`` speaks ``language``."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def gettext(text: str) -> str:
    """``text`` in the language of the moment; as it stands in the code where none was set."""
    language = _spoken.get()
    return text if language is None else _translations(language).gettext(text)


@cache
def _translations(language: str) -> gnu.NullTranslations:
    """Read when something is to be said: most starts have nothing to say, and deliveries wait behind them."""
    from bot.catalogs import compile_texts, merge

    return compile_texts(merge(LOCALES_FOLDER, language))


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
