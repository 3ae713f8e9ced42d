"""A form is read whole within its limits or refused, and what was typed stays as it was typed."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.errors import BadForm
from forwarder.desk.web.forms import BODY_MAX, FIELDS_MAX, VALUE_MAX, Form, whole_number

TYPED = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form_or_refused(wire: bytes) -> None:
    try:
        form = Form.parse(wire)
    except BadForm:
        return
    assert all(isinstance(value, str) for values in form.fields.values() for value in values)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=8), TYPED, max_size=8))
def test_what_was_typed_comes_as_it_was_typed(typed: dict[str, str]) -> None:
    form = Form.parse(urlencode(typed).encode())
    assert {name: form.text(name) for name in typed} == typed


def test_lines_end_as_people_end_them() -> None:
    assert Form.parse(b"text=a%0D%0Ab%0Dc%0Ad").text("text") == "a\nb\nc\nd"


@pytest.mark.parametrize(
    "wire",
    [
        b"a=" + b"x" * (VALUE_MAX + 1),
        b"a=" + b"x" * BODY_MAX,
        b"&".join(b"a=1" for _ in range(FIELDS_MAX + 1)),
        b"n" * 65 + b"=1",
        b"a=%ff",
        b"a=\xc3\xb1",
    ],
)
def test_what_is_too_long_or_not_text_is_refused(wire: bytes) -> None:
    with pytest.raises(BadForm):
        Form.parse(wire)


@given(st.text(max_size=20))
def test_a_number_is_plain_digits_or_none(typed: str) -> None:
    found = whole_number(typed)
    assert (found is None) == (not typed.isascii() or not typed.isdigit() or len(typed) > 18)


def test_numbers_come_each_once_in_their_order() -> None:
    assert Form.parse(b"report=7&report=3&report=7").numbers("report") == [3, 7]
    with pytest.raises(BadForm):
        Form.parse(b"report=7&report=-3").numbers("report")
