"""The texts of all rooms: every ``locales/<language>/LC_MESSAGES/*.po`` merged, and compiled in memory."""

from __future__ import annotations

import gettext as gnu
import io
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


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
