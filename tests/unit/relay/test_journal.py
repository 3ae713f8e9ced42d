"""Events come from a closed list, and none of them is about a report."""

import io

import pytest

from crypto.layers import RoundNumber
from relay.journal import Event, Journal


@pytest.mark.parametrize("event", list(Event))
def test_an_event_is_one_line_with_its_round_or_its_detail_and_nothing_else(event: Event) -> None:
    stream = io.StringIO()
    Journal(stream).record(event, round_number=RoundNumber(7), detail="red-norte")
    line = stream.getvalue()
    assert line == f"veladora: {event.value.format(round=7, detail='red-norte')}\n"
    assert "{" not in line


def test_no_event_can_speak_of_a_report_or_a_count() -> None:
    fields = {part.split("}")[0] for event in Event for part in event.value.split("{")[1:]}
    assert fields == {"round", "detail"}
    assert not any(word in event.value for event in Event for word in ("report", "letter", "parcel", "cell at", "from"))


def test_a_line_is_out_at_once_and_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Journal().record(Event.NODE_STARTED)
    assert capsys.readouterr() == ("", "veladora: the node is up\n")


def test_what_a_detail_says_is_not_filled_in_again() -> None:
    stream = io.StringIO()
    Journal(stream).record(Event.CANNOT_START, detail="{round}")
    assert stream.getvalue() == "veladora: cannot start: {round}\n"
