"""What may identify a writer is pointed at as the vectors say; the text is not touched (docs/spec/cleaning.md)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.clean.identify import Finding, folded, identifying, is_card, whole
from onion_service.clean.identify_parts import PARTS
from onion_service.clean.identify_tables import ALWAYS, CARD, KINDS, NOTHING, PLAIN, RULES, WRITTEN
from onion_service.clean.text import clean_text
from tests.vectors import generate_identify
from tests.vectors.generate_identify import utf16_length

FOLDER = Path(generate_identify.__file__).parent / "identify"
CASES: list[dict[str, Any]] = [
    case for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
]
MARKS = [mark[3] for case in CASES for mark in case["found"]]
PIECES = st.lists(st.sampled_from([*MARKS, *"@#.,-/:+ \n019aÁñ😀\ud800", "mi ", "calle ", "://"]), max_size=20).map(
    "".join
)
# A repetition without an end, once the classes and escapes are out of the way.
ENDLESS = re.compile(r"[*+]|\{\d*,\}")


def endless(pattern: str) -> bool:
    """Whether a pattern can go on for as long as the text does."""
    return ENDLESS.search(re.sub(r"\[(?:\\.|[^\]\\])+\]|\\.", "x", pattern)) is not None


def test_the_files_are_as_the_generator_writes_them() -> None:
    assert generate_identify.differences() == []


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generate_identify, "HERE", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate_identify"])
    assert generate_identify.main() == 0
    assert generate_identify.differences() == []
    (tmp_path / "identify" / "left_over.json").write_text("{}")
    (tmp_path / "identify" / "phone.json").write_text("{}")
    assert generate_identify.differences() == ["identify/left_over.json", "identify/phone.json"]
    monkeypatch.setattr("sys.argv", ["generate_identify", "--check"])
    assert generate_identify.main() == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40].encode("ascii", "replace").decode())
def test_a_vector_holds(case: dict[str, Any]) -> None:
    text = case["text"]
    found = [
        [mark.kind, utf16_length(text[: mark.start]), utf16_length(text[: mark.end]), text[mark.start : mark.end]]
        for mark in identifying(text)
    ]
    assert found == case["found"]


def test_the_vectors_are_texts_as_they_leave() -> None:
    assert [
        case["text"] for case in CASES if case["text"].strip() and clean_text(case["text"]).text != case["text"]
    ] == []
    assert sum(bool(case["found"]) for case in CASES) >= 150
    assert sum(not case["found"] for case in CASES) >= 120
    assert {mark[0] for case in CASES for mark in case["found"]} == set(KINDS) - {NOTHING}


@given(st.one_of(PIECES, st.text(st.characters(exclude_categories=()), max_size=80)))
def test_in_any_text_the_findings_are_inside_in_order_and_apart(text: str) -> None:
    last = 0
    for mark in identifying(text):
        assert mark.kind in KINDS
        assert mark.kind != NOTHING
        assert last <= mark.start < mark.end <= len(text)
        last = mark.end


def test_the_longer_of_two_stays_then_the_more_serious() -> None:
    assert identifying("https://wa.me/5216641234567") == (Finding("handle", 0, 27),)
    assert identifying("$6641234567") == ()
    assert identifying("6641234567") == (Finding("phone", 0, 10),)


def test_folding_keeps_every_character_at_its_place() -> None:
    assert folded("ÁÉÍÓÚÜÑáéíóúüñ Ça À") == "aeiouunaeiouun ca a"
    for code in range(0x11000):
        assert len(folded(chr(code))) == 1


@pytest.mark.parametrize(
    ("digits", "right"),
    [
        ("4111 1111 1111 1111", True),
        ("4111 1111 1111 1112", False),
        ("378282246310005", True),
        ("032180000118359719", True),
        ("032180000118359718", False),
        ("9111111111111111", False),
        ("411111111111", False),
    ],
)
def test_the_last_digit_of_a_card_is_checked(digits: str, right: bool) -> None:
    assert is_card(digits) is right


def test_every_pattern_is_one_that_both_languages_read_alike() -> None:
    for rule in RULES:
        pattern = whole(rule.pattern)
        compiled = re.compile(pattern, re.ASCII)
        bare = re.sub(r"\[(?:\\.|[^\]\\])+\]", "x", pattern)
        assert compiled.groups <= 1, pattern
        assert not re.search(r"\\[^dbn.$()+?*\[\]{}|^]|(?<!\\)(?:[$^.]|\(\?[a-zA-Z])", bare), pattern
        assert rule.kind in KINDS
        assert rule.view in (PLAIN, WRITTEN)
        assert rule.check in (ALWAYS, CARD)
    assert {name for name in PARTS if not any(f"<{name}>" in text for text in _all_patterns())} == set()


def _all_patterns() -> list[str]:
    return [*PARTS.values(), *(rule.pattern for rule in RULES)]


def test_no_pattern_looks_ahead_without_end() -> None:
    assert [rule.pattern for rule in RULES if endless(whole(rule.pattern))] == []


@pytest.mark.parametrize("pattern", ["a+b", "[a-z]*", r"\d{3,}", "(?:ab)+", "[+]+"])
def test_a_pattern_without_end_is_noticed(pattern: str) -> None:
    assert endless(pattern)
    assert not endless(r"[*+]\+\*a{1,3}")
