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
from forwarder.desk.publish.places import NOWHERE, read_places
from forwarder.desk.publish.stored import Wording, read_alert, read_wording, write_alert, write_wording
from forwarder.desk.publish.words_file import parse_words
from tests.unit.forwarder.desk.publish.given import WORDS, an_alert
from tests.unit.forwarder.desk.publish.newsroom import listing


def test_an_alert_that_was_kept_is_read_back() -> None:
    for alert in (an_alert(), withdraw(an_alert(2), words=WORDS, now=2_000_000_000)):
        assert read_alert(write_alert(alert)) == alert
    # As it was kept before a withdrawal said no more how sure it was.
    kept = write_alert(alert).replace(b'"confidence":""', b'"confidence":"confirmed by one"')
    assert read_alert(kept) == alert
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


def test_a_gazetteer_says_where_places_are_and_which_is_nearest(tmp_path: Path) -> None:
    path = tmp_path / "places.json"
    path.write_bytes(listing().write())
    found = read_places(path)
    assert found.places["mx-tijuana"] == Place("mx-tijuana", 32.51, -117.04)
    assert found.names["mx-tijuana"] == "Mx-Tijuana, México"
    assert found.nearest(Cell.around(Place("x", 32.6, -117.0), resolution=6)) == "mx-tijuana"
    assert NOWHERE.nearest(Cell.around(Place("x", 32.6, -117.0), resolution=6)) == ""


def test_without_a_file_it_is_mexico_s_and_one_that_is_wrong_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.json"
    assert read_places(path).names["mx-reynosa"] == "Reynosa, Tamaulipas"
    for wire in (b"", b"[]", b"{}", b"x" * 2_000_000):
        path.write_bytes(wire)
        with pytest.raises(BadPlaces, match=r"places\.json"):
            read_places(path)
    with pytest.raises(BadPlaces):
        read_places(tmp_path)


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
