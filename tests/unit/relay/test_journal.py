"""Events come from a closed list, and none of them is about a report."""

import io
import subprocess
import sys

import pytest

from crypto.layers import RoundNumber
from relay.journal import Event, Journal
from tests.other_user import ENVIRONMENT


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


ALONE = """
import logging, os, sys, threading, warnings
from relay.journal import Journal
journal = Journal.alone()
class Dying:
    def __del__(self):
        raise ValueError("secret")
def fail():
    raise KeyError("secret")
print("secret")
sys.stderr.write("secret")
os.write(2, b"secret")
warnings.warn("secret")
logging.getLogger("x").critical("secret")
thread = threading.Thread(target=fail); thread.start(); thread.join()
thread = threading.Thread(target=sys.exit); thread.start(); thread.join()
Dying()
raise OSError("secret")
"""


def test_a_journal_that_is_alone_tells_kinds_of_errors_and_nothing_else_is_heard() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    kinds = ("KeyError", "ValueError", "OSError")
    assert done.stderr == "".join(f"veladora: {Event.UNEXPECTED.value.format(detail=kind)}\n" for kind in kinds)
