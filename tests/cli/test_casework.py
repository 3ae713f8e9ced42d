"""`veladora desk mark`, `note`, `tag`, `assign`, `incidents`, `merge`, ...: how staff check reports together."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crypto.report import Report
from forwarder.desk.opening import Opened
from forwarder.desk.triage import State
from relay.cli.casework import STATES
from relay.cli.desk import app
from tests.cli.test_desk import desk
from tests.unit.forwarder.desk.given import PASSPHRASE, new_desk
from tests.unit.forwarder.given import bundle

pytestmark = pytest.mark.slow  # keys are locked at full cost

HOSTILE = "\x1b[2J\u202e[red]x[/red]\x07 :smile: \x9b1m"
ALIKE = (
    "Se quema la bodega de llantas en Hidalgo, el humo negro llega hasta la escuela",
    "Humo negro por toda la calle Hidalgo, arde una bodega de llantas",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with four reports; the first two look alike."""
    place = tmp_path_factory.mktemp("casework") / "desk"
    with new_desk(place) as made:
        alike = [Report(text=text, topic="incendio", place="mx-1") for text in ALIKE]
        made.inbox.take(bundle(2_000_000), Opened(tuple(alike)))
        made.inbox.take(bundle(2_000_001), Opened((Report(text="Un camión"), Report(text="Otra cosa"))))
    return place


def test_a_desk_is_worked_through(made: Path) -> None:
    """The whole way once, in the order in which a desk goes it."""

    def typed(*words: str) -> Result:
        done = desk(*words, "--folder", str(made))
        assert done.exit_code == 0, done.stderr
        assert all(one == "\n" or one.isprintable() for one in done.stdout + done.stderr)
        return done

    def listed(*words: str) -> list[int]:
        return [one["number"] for one in json.loads(typed("list", "--json", *words).stdout)["reports"]]

    proposed = typed("incidents", "--proposed").stdout
    assert proposed.startswith("the same? reports 1 2 (score ")
    assert "the same place; the same topic; the same six hours; shared words: " in proposed
    merged = typed("merge", "1", "2", "--by", "Ana")
    assert merged.stdout == "incident 1: new, 2 report(s) from 1 partner(s); reports 1, 2\n"
    assert "desk mark 1 STATE --incident" in merged.stderr
    assert typed("also", "1", f"Red Sur {HOSTILE}").stdout.startswith("incident 1: new, 2 report(s) from 2 partner(s)")
    typed("mark", "1", "checking", "--incident")
    assert "It can become: new, confirmed" in typed("mark", "3", "checking", "--note", HOSTILE, "--by", HOSTILE).stderr
    typed("note", "3", f"llamó doña Inés\nReport 99 {HOSTILE}", "--by", "Ana")
    typed("tag", "3", "urgente", "norte", "--by", "Ana")
    assert "norte" in typed("tag", "3", "urgente", "--remove").stderr
    typed("assign", "3", "Beto")
    shown = typed("show", "3").stdout
    assert "  state: checking" in shown
    assert "  looked after by: Beto" in shown
    assert "Ana: noted llamó doña Inés / Report 99" in shown
    assert [line for line in shown.splitlines() if line.startswith("Report")] == ["Report 3"]
    assert listed("CAMION") == [3]
    assert listed("dona", "ines") == [3]
    assert listed("--state", "checking") == [3]
    assert listed("--tag", "norte") == [3]
    assert listed("--assigned", "Beto") == [3]
    assert listed("--unassigned", "--without-files", "--topic", "incendio", "--place", "mx-1") == [1, 2]
    assert listed("--incident", "1", "--newest") == [2, 1]
    assert listed("--from-round", "2000001", "--to-round", "2000001") == [3, 4]
    assert listed("--with-files") == []
    assert listed("--limit", "1", "--after", "2") == [3]
    assert "add --after 1" in typed("list", "--limit", "1").stderr
    assert "No report is like that" in typed("list", "nada-de-eso").stderr
    typed("note", "1", f"Inés pregunta mañana\nincident 9 {HOSTILE}", "--incident", "--by", "Ana")
    assert listed("manana") == [1, 2]
    shown = typed("show", "1", "--incident").stdout
    assert shown.startswith("incident 1: checking, 2 report(s) from 2 partner(s); reports 1, 2")
    assert "Ana: noted Inés pregunta mañana / incident 9" in shown
    assert [line for line in shown.splitlines() if line.startswith("incident")] == [shown.splitlines()[0]]
    typed("merge", "4")
    typed("merge", "1", "4")
    typed("split", "4")
    told = json.loads(typed("show", "1", "--incident", "--json").stdout)
    assert told["reports"] == [1, 2]
    assert {"merged"} == {line["did"] for line in told["history"] if line.get("incident") == 2} - {"marked"}
    typed("split", "2")
    typed("apart", "3", "4")
    found = json.loads(typed("incidents", "--json").stdout)
    assert [(one["number"], one["state"], one["partners"]) for one in found["incidents"]] == [(1, "checking", 2)]
    assert found["proposed"] == []
    assert "Red Sur" in typed("incidents").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("mark", "4", "publishd"), 1, "the states are: new, checking, confirmed"),
        (("mark", "4", "published"), 1, "from new it can become: checking, false"),
        (("mark", "4", "false"), 1, "say why in a few words: --note"),
        (("mark", "99", "checking"), 1, "there is no report 99"),
        (("mark", "99", "checking", "--incident"), 1, "`veladora desk incidents` shows the numbers"),
        (("mark", "four", "checking"), 2, "integer"),
        (("note", "4", " "), 1, "a note has 1 to 2000 characters"),
        (("tag", "4", "dos palabras"), 1, "a tag has 1 to 32 letters"),
        (("assign", "4", "x" * 50), 1, "a name has 1 to 40 characters"),
        (("mark", "4", "checking", "--by", "x" * 50), 1, "a name has 1 to 40 characters"),
        (("merge", "4", "4"), 1, "each named once"),
        (("apart", "4"), 1, "two reports at least"),
        (("split", "4"), 1, "belongs to no incident"),
        (("show", "99", "--incident"), 1, "there is no incident 99"),
        (("also", "99", "Red Sur"), 1, "there is no incident 99"),
        (("list", '"*"'), 1, "at least one word"),
        (("list", "--state", "nuevo"), 1, "there is no state 'nuevo'"),
        (("list", "--assigned", "Ana", "--unassigned"), 2, "exclude each other"),
        (("list", "--limit", "0"), 2, "limit"),
    ],
)
def test_what_cannot_be_is_said_with_the_way_on_and_changes_nothing(
    made: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    before = desk("show", "4", "--json", "--folder", str(made)).stdout
    done = desk(*words, "--folder", str(made))
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert desk("show", "4", "--json", "--folder", str(made)).stdout == before


def test_the_help_names_every_state() -> None:
    assert re.split(r", | or ", STATES.rstrip(".")) == [state.value for state in State]


@pytest.mark.parametrize("words", [("mark", "4", "checking"), ("incidents",), ("merge", "4"), ("list", "--tag", "x")])
def test_a_wrong_passphrase_changes_nothing(made: Path, words: tuple[str, ...]) -> None:
    done = desk(*words, "--folder", str(made), passphrase=f"{PASSPHRASE}!")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing was changed" in done.stderr


@pytest.mark.parametrize(
    "command", ["mark", "note", "tag", "assign", "incidents", "merge", "apart", "split", "also", "list"]
)
def test_help_teaches(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert "--folder" in shown.stdout
    assert len(shown.stdout.splitlines()) > 8
