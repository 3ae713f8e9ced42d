"""Which characters a text may keep, and the plain form of the rest (docs/spec/cleaning.md, "Characters").

Tables only. Ranges are written "first-last" in hexadecimal. Everything named here was assigned by
Unicode 14, so that an implementation with a newer Unicode gives the same answer.
"""

from bisect import bisect_right
from typing import Final


class Ranges:
    """A fixed set of code points, asked with `in`."""

    __slots__ = ("_firsts", "_lasts", "pairs")

    def __init__(self, written: str) -> None:
        self.pairs = tuple(sorted(_pair(part) for part in written.split()))
        self._firsts = [first for first, _ in self.pairs]
        self._lasts = [last for _, last in self.pairs]

    def __contains__(self, code: int) -> bool:
        place = bisect_right(self._firsts, code) - 1
        return place >= 0 and code <= self._lasts[place]


def _pair(part: str) -> tuple[int, int]:
    first, _, last = part.partition("-")
    return int(first, 16), int(last or first, 16)


# Removed, by kind. Asked in this order; a code point is of the first kind that has it.
REMOVED: Final = {
    "control": Ranges("0-8 E-1F 7F-84 86-9F"),
    "direction": Ranges("61C 200E-200F 202A-202E 2066-2069"),
    "tag": Ranges("E0000-E007F"),
    "variation": Ranges("180B-180D 180F FE00-FE0F E0100-E01EF"),
    "private": Ranges("E000-F8FF F0000-FFFFD 100000-10FFFD"),
    "broken": Ranges(
        "D800-DFFF FDD0-FDEF FFF9-FFFF 1FFFE-1FFFF 2FFFE-2FFFF 3FFFE-3FFFF 4FFFE-4FFFF 5FFFE-5FFFF "
        "6FFFE-6FFFF 7FFFE-7FFFF 8FFFE-8FFFF 9FFFE-9FFFF AFFFE-AFFFF BFFFE-BFFFF CFFFE-CFFFF DFFFE-DFFFF "
        "EFFFE-EFFFF FFFFE-FFFFF 10FFFE-10FFFF"
    ),
    "invisible": Ranges(
        "AD 34F 17B4-17B5 180E 200B-200D 2060-2065 206A-206F FEFF 1BCA0-1BCA3 1D173-1D17A E0080-E00FF E01F0-E0FFF"
    ),
    "emoji": Ranges("20E3 1F3FB-1F3FF"),
}
LINE_ENDS: Final = Ranges("A-D 85 2028-2029")
# The last five show as a blank although they are letters: Hangul fillers and the empty Braille cell.
SPACES: Final = Ranges("9 20 A0 1680 2000-200A 202F 205F 3000 115F-1160 2800 3164 FFA0")
REGIONAL: Final = Ranges("1F1E6-1F1FF")
SAME_FLAGS: Final = {
    "BV": "NO",
    "SJ": "NO",
    "HM": "AU",
    "UM": "US",
    "MF": "FR",
    "CP": "FR",
    "EA": "ES",
    "DG": "IO",
}

# Decomposed (Unicode NFKD, one code point at a time) before anything else is asked about them.
DECOMPOSED: Final = Ranges(
    "A0-233 2B0-2E4 374 37A 37E 384-38A 38C 38E-390 3AA-3F9 400-4F9 622-6D3 1D2C-1DBF 1E00-1EF9 1F00-1F15 "
    "1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B "
    "1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FC4 1FC6-1FD3 1FD6-1FDB "
    "1FDD-1FEF 1FF2-1FF4 1FF6-1FFE 2011-205F 2070-2071 2074-208E 2090-209C 20A8 2100-218B 2260 226E-226F "
    "2460-24EA 2C7C-2C7D 3003-303A 304C-3094 309B-30FF "
    "3131-318E 3192-319F 3200-321E 3220-33FF A69C-A69D A770 "
    "A7F8-A7F9 AB5C-AB5F AC00-D7A3 F900-FA6D FA70-FAD9 "
    "FB00-FB06 FB1D-FB36 FB38-FB3C FB3E FB40-FB41 FB43-FB44 "
    "FB46-FB4F FB50-FBB1 FBD3-FBE9 FBFC-FBFF FE10-FE19 FE30-FE52 FE54-FE66 FE68-FE6B FE70-FE74 FE76-FEFC "
    "FF01-FFBE FFC2-FFC7 FFCA-FFCF FFD2-FFD7 FFDA-FFDC "
    "FFE0-FFE6 FFE8-FFEE 1D400-1D454 1D456-1D49C 1D49E-1D49F "
    "1D4A2 1D4A5-1D4A6 1D4A9-1D4AC 1D4AE-1D4B9 1D4BB 1D4BD-1D4C3 1D4C5-1D505 1D507-1D50A 1D50D-1D514 "
    "1D516-1D51C 1D51E-1D539 1D53B-1D53E 1D540-1D544 1D546 1D54A-1D550 1D552-1D6A5 1D6A8-1D7CB 1D7CE-1D7FF "
    "1F100-1F16C 1F200-1F202 1F210-1F23B 1F240-1F248 1F250-1F251 1FBF0-1FBF9 2F800-2FA1D"
)

# The letters that are kept, by script, as they stand after decomposition.
LETTERS: Final = {
    "latin": Ranges("41-5A 61-7A 110 DE-DF F0 FE 14A-14B 186 18F 190 254 259 25B 26C 294"),
    "cyrillic": Ranges("400-45F 48A-52F"),
    "greek": Ranges("391-3A1 3A3-3A9 3B1-3C9"),
    "hebrew": Ranges("5D0-5EA"),
    "arabic": Ranges("621-63A 641-64A 671-6D3 6D5"),
    "east_asian": Ranges(
        "3005 3007 3041-3096 30A1-30FA 30FC-30FE 309D-309E 3400-4DBF 4E00-9FFF 1100-1112 1161-1175 11A8-11C2 "
        "20000-2A6DF"
    ),
}
# What is kept beside letters and marks: digits and punctuation of the keyboard, Spanish signs, money,
# pictures.
SIGNS: Final = Ranges(
    "20-40 5B-5F 7B-7E A1 A3 A5 A7 B0 B1 B7 BF F7 20AC 2190-2193 3001-3002 "
    "231A-231B 2328 23CF 23E9-23F3 23F8-23FA 2194-2199 "
    "21A9-21AA 25AA-25AB 25B6 25C0 25FB-25FE 2600-2604 260E "
    "2611 2614-2615 2618 261D 2620 2622-2623 2626 "
    "262A 262E-262F 2638-263A 2640 2642 2648-2653 265F-2660 2663 "
    "2665-2666 2668 267B 267E-267F 2692-2697 2699 269B-269C 26A0-26A1 26A7 26AA-26AB 26B0-26B1 26BD-26BE "
    "26C4-26C5 26C8 26CE-26CF 26D1 26D3-26D4 26E9-26EA 26F0-26F5 "
    "26F7-26FA 26FD 2702 2705 2708-270D 270F 2712 "
    "2714 271D 2721 2728 2733-2734 2744 2747 274C "
    "274E 2763-2764 27A1 27B0 27BF 2934-2935 2B05-2B07 2B1B-2B1C "
    "2B50 2B55 303D 1F004 1F0CF 1F18E "
    "1F191-1F19A 1F300-1F321 1F324-1F393 1F396-1F397 1F399-1F39B 1F39E-1F3F0 "
    "1F3F3-1F3F5 1F3F7-1F3FA 1F400-1F4FD 1F4FF-1F53D 1F549-1F54E 1F550-1F567 1F56F-1F570 1F573-1F57A 1F587 "
    "1F58A-1F58D 1F590 1F595-1F596 1F5A4-1F5A5 1F5A8 1F5B1-1F5B2 1F5BC 1F5C2-1F5C4 1F5D1-1F5D3 1F5DC-1F5DE "
    "1F5E1 1F5E3 1F5E8 1F5EF 1F5F3 1F5FA-1F64F 1F680-1F6C5 1F6CB-1F6D2 1F6D5-1F6D7 1F6DD-1F6E5 1F6E9 "
    "1F6EB-1F6EC 1F6F0 1F6F3-1F6FC 1F7E0-1F7EB 1F7F0 1F90C-1F93A 1F93C-1F945 1F947-1F9FF 1FA70-1FA74 "
    "1FA78-1FA7C 1FA80-1FA86 1FA90-1FAAC 1FAB0-1FABA 1FAC0-1FAC5 1FAD0-1FAD9 1FAE0-1FAE7 1FAF0-1FAF6"
)

# Runs of signs that stand for the digits or letters of a plain run: (first, last, first plain character).
DIGIT_RUNS: Final = ((0x660, 0x669, "0"), (0x6F0, 0x6F9, "0"), (0x966, 0x96F, "0"), (0x1CCF0, 0x1CCF9, "0"))
LETTER_RUNS: Final = ((0x1F150, 0x1F169, "A"), (0x1F170, 0x1F189, "A"), (0x1CCD6, 0x1CCEF, "A"))
# Numbers in a circle that Unicode does not decompose: (first, last, first value).
NUMBER_RUNS: Final = ((0x24EB, 0x24F4, 11), (0x2776, 0x277F, 1), (0x2780, 0x2789, 1), (0x278A, 0x2793, 1))
# Directly after a digit these would read as one number with it ("2\u00bd", "10\u2075"), so a sign comes
# between.
RAISED: Final = Ranges("B2-B3 B9 2070 2074-2079")
PARTED: Final = Ranges("BC-BE 2150-215F 2189")

# Plain punctuation and signs, by the signs that pass for them or are set in their place.
PLAIN: Final = {
    "'": (
        "`\u00b4\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb"
        "\u02b4\u02d9\u2032\u2035\ua78b\ua78c\u055a\u055d\u05f3\u0384\u1fbd\u1fbf\u1fef\u1ffe"
        "\u1ffd\u0374\u275b\u275c\uff40\u02f4\u1fcd"
    ),
    '"': (
        "\u00a8\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036\u02ba\u02dd\u02ee\u02f6\u05f4"
        "\u275d\u275e\u301d\u301e\u301f\u3003\u300a\u300b\u300c\u300d\u300e\u300f\u2e42"
    ),
    "'''": "\u2034\u2037",
    "-": (
        "\u00af\u02c9\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u058a\u05be\u1806"
        "\u2e3a\u2e3b\u2796\ufe58\u2500\u2501"
    ),
    "\u00b7": "\u2022\u2027\u2219\u22c5\u30fb\u0387\u2e31\ua78f",
    ",": "\u00b8\u201a\u060c\ua4f9",
    ".": "\ua4f8\u2024\u06d4",
    ";": "\u061b\u037e",
    ":": "\u02d0\u02d1\u02f8\u2236\ua789\u0589\u05c3\u1803\ua4fd\u205a",
    "!": "\u01c3\u2757\u2755",
    "?": "\u061f\u2753\u2754",
    "/": "\u2044\u2215\u29f8\u2571\u27cb",
    "\\": "\u2216\u29f5\u29f9\u2572\u27cd",
    "|": "\u01c0\u05c0\u2223\u23d0\u2502\u2758\u00a6\uffe8",
    "||": "\u01c1\u2016\u2225",
    "~": "\u02dc\u223c\u2053\u301c\u3030\u2248",
    "*": "\u2217\u204e\u066d\u2731\u2732",
    "+": "\u2795\u16ed",
    "^": "\u02c4\u02c6\u2038",
    "x": "\u00d7\u2715\u2716\u2a2f\u2573",
    "%": "\u066a",
    "&": "\ua778",
    "=": "\u30a0\ua4ff\u2e40",
    "<": "\u2039\u02c2\u276e\u3008\u2329\u27e8",
    ">": "\u203a\u02c3\u276f\u3009\u232a\u27e9",
    "<<": "\u226a",
    ">>": "\u226b",
    "<=": "\u2264",
    ">=": "\u2265",
    "!=": "\u2260",
    "(": "\u2768\u2772\u3014\ufd3e",
    ")": "\u2769\u2773\u3015\ufd3f",
    "[": "\u3010\u3016",
    "]": "\u3011\u3017",
    "{": "\u2774",
    "}": "\u2775",
    "\u00b0": "\u00ba\u02da\u2070\u1d52\u309c",
    "v": "\u2228\u22c1",
    "u": "\u222a\u22c3",
    "oo": "\u221e",
    "e": "\u212e",
    "(c)": "\u00a9",
    "(r)": "\u00ae",
    "\u2714": "\u2713",
    "\u00a5": "\uffe5",
}

# Marks that are kept on a letter, in the order they are written. Unicode's own order is kept to.
# The stroke (U+0335) is kept only where it makes one of the letters of STROKES.
STROKE: Final = "\u0335"
MARKS: Final = (
    "\u0335\u3099\u309a\u0327\u0328\u031b\u0323\u0324\u0325\u0330\u0331\u032d\u0655"
    "\u0303\u0308\u0302\u0306\u0307\u030a\u0304"
    "\u030b\u030c\u0309\u0300\u0301\u0653\u0654"
)
MARKS_PER_LETTER: Final = 4
_LETTER_MARKS: Final = MARKS.translate(dict.fromkeys((0x3099, 0x309A, 0x653, 0x654, 0x655)))
MARKS_OF: Final = {
    "latin": _LETTER_MARKS,
    "cyrillic": _LETTER_MARKS,
    "greek": _LETTER_MARKS,
    "hebrew": "",
    "arabic": "\u0655\u0653\u0654",
    "east_asian": "\u3099\u309a",
}
# Letters that have their dot already; a second one falls on the first.
DOTTED: Final = "ij"
DOT_ABOVE: Final = "\u0307"
# Marks that pass for another mark.
SAME_MARKS: Final = {
    "\u0335": "\u0336\u0337\u0338",
    "\u0331": "\u0332\u0320\u0952\u0333\u0347",
    "\u0304": "\u0305\u0659\u033f",
    "\u0327": "\u0326\u0321\u0339",
    "\u0328": "\u0322\u0345",
    "\u0302": "\u0311\u1dc4",
    "\u0303": "\u0342\u033e",
    "\u0301": "\u0954\u0341",
    "\u0300": "\u0953\u0340",
    "\u0307": "\u0358",
    "\u030a": "\u0366",
    "\u0323": "\u093c",
}
# A stroked letter is its plain letter and a stroke; apart and together they look the same.
STROKES: Final = {
    "\u0197": "I",
    "\u0268": "i",
    "\u0244": "U",
    "\u0289": "u",
    "\u00d8": "O",
    "\u00f8": "o",
    "\u0141": "L",
    "\u0142": "l",
    "\u0110": "D",
    "\u0111": "d",
    "\u0126": "H",
    "\u0127": "h",
    "\u0166": "T",
    "\u0167": "t",
}
# Breve and caron are told apart by nobody at reading size, so the letter decides which one it has.
BREVE: Final = "\u0306"
CARON: Final = "\u030c"
BREVE_LETTERS: Final = "aAgG"
