"""Whatever is typed into the search is looked for, or a fault at its field; it comes back as it was typed."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.searching import Filter
from forwarder.desk.web.forms import Form
from forwarder.desk.web.looking import FIELDS, looking

TYPED = st.fixed_dictionaries({name: st.text(max_size=40) for name in FIELDS})


def form(typed: dict[str, str]) -> Form:
    return Form.parse(urlencode(typed, errors="replace").encode())


@given(TYPED, st.integers(5, 86_400))
def test_anything_typed_is_looked_for_or_is_a_fault_and_comes_back(typed: dict[str, str], seconds: int) -> None:
    found = looking(form(typed), round_seconds=seconds)
    assert set(found.faults) <= set(FIELDS)
    assert not found.faults or found.wanted == Filter()
    again = looking(form(dict(found.typed)), round_seconds=seconds)
    assert (again.typed, again.wanted, again.faults) == (found.typed, found.wanted, found.faults)
    kept = dict(parse_qsl(found.link(after=7)))
    assert kept.pop("after") == "7"
    assert kept == {name: value for name, value in found.typed.items() if value}


def test_a_day_begins_with_the_first_round_that_touches_it_and_ends_with_the_last() -> None:
    found = looking(form({"since": "1970-01-02", "until": "1970-01-02"}), round_seconds=900)
    assert (found.wanted.first, found.wanted.last) == (96, 191)


def test_what_the_session_remembers_is_linked_by_its_number() -> None:
    found = looking(form({"words": "muchachos"}), round_seconds=900, number=4)
    assert found.link(after=7) == "look=4&after=7"
