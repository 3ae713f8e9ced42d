"""Many patterns at once: how long it takes hardly depends on how many there are.

Pure: bytes go in, places come out. Every pattern is noticed by eight of its bytes; all eight-byte words of the data, at
every offset, are compared with the set of those, and what is noticed is then compared whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from relay.examiner.forms import ANCHOR_LEN, Wanted

# Up to so many, looking for one after the other is faster than comparing words.
_FEW: Final = 48


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pattern begins, or would begin when only a part of it is there."""

    wanted: Wanted
    start: int
    offset: int


class Needles:
    """Everything that is looked for; made once, used for every run of bytes."""

    def __init__(self, wanted: Iterable[Wanted]) -> None:
        self._by_word: Final[defaultdict[int, list[tuple[Wanted, int]]]] = defaultdict(list)
        self.rows: Final[set[str]] = set()
        for one in wanted:
            self.rows.add(one.row)
            for anchor in one.anchors:
                word = int.from_bytes(one.pattern[anchor : anchor + ANCHOR_LEN], "little")
                self._by_word[word].append((one, anchor))
        self._words: Final = frozenset(self._by_word)

    def __bool__(self) -> bool:
        return bool(self._words)

    def places(self, data: bytes) -> Iterator[Place]:
        """Every pattern in `data`, each place once, by where it was noticed."""
        seen: set[tuple[int, int]] = set()
        for offset, word in self._noticed(data):
            for one, anchor in self._by_word[word]:
                start = offset - anchor
                if (id(one), start) not in seen and _agrees(data, one, anchor, offset):
                    seen.add((id(one), start))
                    yield Place(one, start, offset)

    def _noticed(self, data: bytes) -> Iterator[tuple[int, int]]:
        if len(self._words) <= _FEW:
            for word in self._words:
                needle = word.to_bytes(ANCHOR_LEN, "little")
                at = data.find(needle)
                while at >= 0:
                    yield at, word
                    at = data.find(needle, at + 1)
            return
        view = memoryview(data)
        for shift in range(min(ANCHOR_LEN, len(data))):
            end = shift + (len(data) - shift) // ANCHOR_LEN * ANCHOR_LEN
            words = view[shift:end].cast("Q")
            if self._words.isdisjoint(words):
                continue
            for at, word in enumerate(words):
                if word in self._words:
                    yield shift + at * ANCHOR_LEN, word


def _agrees(data: bytes, one: Wanted, anchor: int, offset: int) -> bool:
    """Whether enough bytes from the anchor on agree."""
    end = min(anchor + one.run, len(one.pattern))
    return data[offset : offset + end - anchor] == one.pattern[anchor:end] and end - anchor == one.run
