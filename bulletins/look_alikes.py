"""Letters and signs of one writing that eyes take for those of another, in words and in the names of hosts.

The twins are single letters out of Unicode Technical Standard #39 ("confusables"), those that are drawn alike in the
typefaces of telephones. A host is judged in lower case and in form NFKC, as browsers read it.
"""

import re
import unicodedata

from bulletins.wording import normal

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
# All of Cyrillic, and the Greek letters that nobody can tell from Latin ones (not µ or Ω: units need them).
_LATIN_TWIN = re.compile(r"[\u0400-\u052fΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρϳ]")

# A label of a host that is made of these alone reads as Latin, though no letter of it is: аррӏе, ѕсоре, ορα.
_TWINS_OF_LATIN = frozenset(
    "аьсԁеғһіїјкӏмпорԛгѕтцѵԝхуүзёґ"  # Cyrillic
    "αβγεηικνορτυχωϲϳό"  # Greek
    "աոսօհցզքԁյլքղւ"  # Armenian
    "იოხყვ"  # Georgian
)
# Latin letters that are no letter of ours with an accent, and pass for one without: ı, ɑ, ɡ, small capitals, ł.
_BASE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzđ")
# Pass for a slash, a dot, a colon or an @ in an address, and are none to a browser, or not everywhere.
PASS_FOR_PUNCTUATION = frozenset("⁄∕⧸⟋╱⫽／⧵﹨＼․‧·∙⸱．ꓸ܁܂٠۰։ː∶ꓽ＠﹫")


def mixed_words(text: str) -> tuple[str, ...]:
    """Words that mix Latin letters with Cyrillic or Greek ones that look the same, such as a Cyrillic о."""
    words = _WORD.findall(normal("NFC", text))
    return tuple(dict.fromkeys(word for word in words if _LATIN.search(word) and _LATIN_TWIN.search(word)))


def mixes_scripts(host: str) -> bool:
    """Whether the letters of a host come from more than one script: then eyes cannot be trusted."""
    return len({_script(letter) for letter in host if letter.isalpha()}) > 1


def looks_like_another(host: str) -> bool:
    """Whether some label of a host passes for one that it is not, though all its letters are of one script."""
    return any(_passes_for_another(label) for label in host.split("."))


def _passes_for_another(label: str) -> bool:
    if label.isascii():
        return not all(sign.isalnum() or sign in "-_" for sign in label)
    letters = [letter for letter in label if letter.isalpha()]
    if not all(sign.isalnum() or sign in "-_" or unicodedata.combining(sign) for sign in label):
        return True
    if any(_is_foreign_digit(sign) for sign in label):
        return True
    if all(_script(letter) == "LATIN" for letter in letters):
        return any(normal("NFD", letter)[0] not in _BASE_LETTERS for letter in letters)
    return all(letter in _TWINS_OF_LATIN for letter in letters)


def _is_foreign_digit(sign: str) -> bool:
    """An Arabic zero passes for a dot."""
    return not sign.isascii() and sign.isdigit()


def _script(letter: str) -> str:
    """Roughly the script a letter belongs to: the first word of its Unicode name."""
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]
