"""A text's words as they are looked up: without case, accents, hidden characters and look-alike letters.

Two spellings that a reader takes for the same word are the same word here; so who searches need not type accents, and
who hides a word behind odd letters hides it from nobody. What is folded is for finding only and is never shown in the
place of the text.

Pure: no clock, disk or chance.
"""

import re
import unicodedata
from typing import Final

from onion_service.clean import lookalikes

WORD_MAX: Final = 40
# What is left out: marks, and all that is not seen (controls, formats, surrogates, private use, unassigned).
_UNSEEN: Final = frozenset({"Mn", "Me", "Mc", "Cc", "Cf", "Cs", "Co", "Cn"})
_SPACING: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_WORD: Final = re.compile(r"[^\W_]+")

# Words that say nothing of what happened, Spanish and English, as they look after folding.
_STOP_TEXT: Final = """
    a al algo alguien algun alguna algunas alguno algunos alla alli ante antes aqui asi aun aunque bajo bien cada casi
    como con contra cual cuales cuando cuanto de del desde despues donde dos durante e el ella ellas ellos en entonces
    entre era eran eres es esa esas ese eso esos esta estaba estaban estamos estan estar estas este esto estos estoy fue
    fueron ha habia habian hace hacen hacer hacia han hasta hay he hemos hoy iba iban la las le les lo los luego mas me
    mi mis misma mismo mucha muchas mucho muchos muy nada nadie ni no nos nosotros nuestra nuestro o otra otras otro
    otros para pero poco por porque puede pueden pues que quien quienes se sea ser si sido siempre sin sino sobre solo
    son soy su sus tal tambien tan tanto te tenia tenian tiene tienen toda todas todavia todo todos tu tus un una unas
    uno unos usted va van vi vimos vio y ya yo ayer ahora
    about after again all also am an and any are as at be been before being between both but by can could did do does
    for from had has have he her here him his how i if in into is it its just me more most my no nor not now of off on
    once only or other our out over own same saw she should so some such than that the their them then there these they
    this those through to too under until up very was we were what when where which while who why will with would you
    your today yesterday
"""
STOP_WORDS: Final = frozenset(_STOP_TEXT.split())


class _Folding(dict[int, str]):
    """What each code point becomes, worked out the first time it is met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        found = " " if character in _SPACING or character.isspace() else "".join(_plain_letters(character))
        self[code] = found
        return found


def fold(text: str) -> str:
    """`text` in small letters without accents, hidden characters or look-alikes; any string is accepted."""
    # Twice: a small letter can have a mark or a look-alike of its own.
    return text.translate(_FOLDING).casefold().translate(_FOLDING)


def words(text: str) -> list[str]:
    """The folded words of a text in their order; a run longer than `WORD_MAX` is cut, since no word is."""
    return [word[:WORD_MAX] for word in _WORD.findall(fold(text))]


def telling_words(text: str) -> list[str]:
    """The folded words that say what happened: no stop words, no single letters."""
    return [word for word in words(text) if len(word) > 1 and word not in STOP_WORDS]


def _plain_letters(character: str) -> list[str]:
    parts = unicodedata.normalize("NFKD", character)
    return [_LOOKALIKE.get(part, part) for part in parts if unicodedata.category(part) not in _UNSEEN]


def _lookalikes() -> dict[str, str]:
    found = {
        letter: plain
        for table in (lookalikes.OTHER_SCRIPTS, lookalikes.LATIN, lookalikes.HISTORIC)
        for plain, letters in table.items()
        for letter in letters
    }
    for table in (lookalikes.PAIRS, lookalikes.TOWARDS_LATIN):
        found |= {pair[0]: pair[1:] for written in table.values() for pair in written.split()}
    return found


_LOOKALIKE: Final = _lookalikes()
_FOLDING: Final = _Folding()
