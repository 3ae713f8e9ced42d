"""What is kept of alerts and drafts, a gazetteer, a file of words: each is read strictly, or refused by our error."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.errors import Unreadable
from forwarder.desk.publish.alert import Words, withdraw
from forwarder.desk.publish.errors import BadPlaces, NotAnAlert
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.places import NOWHERE, parse_places, read_places
from forwarder.desk.publish.stored import Wording, read_alert, read_wording, write_alert, write_wording
from forwarder.desk.publish.words_file import parse_words
from tests.unit.forwarder.desk.publish.given import WORDS, an_alert

HERE = Path("places.json")
PLACES = (
    b'{"v":1,"places":[{"id":"mx-a","name":"A, B","latitude":19.43,"longitude":-99.13,"people":0},'
    b'{"id":"mx-c","name":"C","latitude":32.51,"longitude":-117.04,"people":0}],"regions":[]}'
)


def test_an_alert_that_was_kept_is_read_back() -> None:
    for alert in (an_alert(), withdraw(an_alert(2), words=WORDS, now=2_000_000_000)):
        assert read_alert(write_alert(alert)) == alert
    wording = Wording(WORDS, topic="reten", place="mx-1", confirmed_by=2, hurry="van")
    assert read_wording(write_wording(wording)) == wording


@given(st.binary(max_size=400))
def test_any_bytes_are_an_alert_that_was_kept_or_unreadable(wire: bytes) -> None:
    with suppress(Unreadable):
        assert write_alert(read_alert(wire)) == wire
    with suppress(Unreadable):
        assert write_wording(read_wording(wire)) == wire


@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_damaged_alert_is_unreadable_or_another_that_is_whole(at: int, byte: int) -> None:
    wire = bytearray(write_alert(an_alert()))
    wire[at % len(wire)] = byte
    with suppress(Unreadable):
        assert write_alert(read_alert(bytes(wire))) == bytes(wire)


def test_a_gazetteer_says_where_places_are_and_which_is_nearest() -> None:
    found = parse_places(PLACES, path=HERE)
    assert found.places["mx-a"] == Place("mx-a", 19.43, -99.13)
    assert found.names["mx-a"] == "A, B"
    assert found.nearest(Cell.around(Place("x", 32.6, -117.0), resolution=6)) == "mx-c"
    assert NOWHERE.nearest(Cell.around(Place("x", 32.6, -117.0), resolution=6)) == ""


def test_a_gazetteer_that_is_not_there_is_empty_and_one_that_is_wrong_is_refused(tmp_path: Path) -> None:
    assert read_places(tmp_path / "places.json") is NOWHERE
    with pytest.raises(BadPlaces):
        read_places(tmp_path)
    for wire in (
        b"",
        b"[]",
        b'{"places":[{"id":"a","name":"A","latitude":91,"longitude":0}]}',
        b'{"places":[{"id":"a","name":"A\\n","latitude":9,"longitude":0}]}',
        b'{"places":[{"id":"a","name":"A","latitude":9,"longitude":0},{"id":"a","name":"B","latitude":9,"longitude":0}]}',
        b"[" * 100_000,
        b"x" * 4_194_305,
    ):
        with pytest.raises(BadPlaces):
            parse_places(wire, path=HERE)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_gazetteer_or_refused(wire: bytes) -> None:
    with suppress(BadPlaces):
        parse_places(wire, path=HERE)


def test_a_file_of_words_is_toml_with_a_table_for_each_language() -> None:
    wire = b'[es]\ntitle = "Ret\xc3\xa9n"\ntext = """Uno\nDos"""\nadvice = "No vaya"\n[en]\ntitle = "R"\ntext = "T"\n'
    assert parse_words(wire) == {"es": Words("Retén", "Uno\nDos", "No vaya"), "en": Words("R", "T")}
    for wrong in (b"", b"x = 1", b'[es]\ntitle = "a"', b'[fr]\ntitle = "a"\ntext = "b"', b"\xff", b"a" * 65_537):
        with pytest.raises(NotAnAlert):
            parse_words(wrong)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_file_of_words_or_refused(wire: bytes) -> None:
    with suppress(NotAnAlert):
        assert parse_words(wire)
