"""What a stranger wrote cannot act where it is put."""

import csv
import html
import io
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.escapes import in_csv, in_html, in_xml, plain, printable


@given(st.text(max_size=200))
def test_no_text_leaves_an_element_or_an_attribute(text: str) -> None:
    assert ElementTree.fromstring(f'<a b="{in_xml(text)}">{in_xml(text)}</a>').tag == "a"  # noqa: S314
    assert not set('<>"') & set(in_html(text))
    assert html.unescape(in_html(text)) == printable(text)


@given(st.text(max_size=200))
def test_no_text_leaves_its_cell_or_is_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(in_csv(text) + ',"end"'))
    assert row[1] == "end"
    assert not any(line.lstrip()[:1] in set("=+-@|%\t\r＝＋－＠") for line in row[0].split("\n") if line.strip())


@pytest.mark.parametrize("text", ["=1", " =1", "+1", "-1", "@a", "a\n=1", "|x", "%0A"])
def test_a_formula_is_made_a_text(text: str) -> None:
    assert "'" in in_csv(text)


def test_ordinary_words_stay_as_they_are() -> None:
    assert in_csv("Vi una camioneta") == '"Vi una camioneta"'
    assert in_html("Vi una camioneta") == in_xml("Vi una camioneta") == plain("Vi una camioneta") == "Vi una camioneta"
