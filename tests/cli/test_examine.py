"""`veladora examine`: a row for each promise, an end that says what to do, and never what was found."""

import json
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.examiner.findings import ROWS
from tests.cli.typed import run
from tests.other_user import ENVIRONMENT, interpreter, unprivileged

MARKER = "what somebody wrote"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "notes").write_text("nothing\n")
    (tmp_path / "markers").write_text(f"{MARKER}\n")
    return tmp_path


def later() -> str:
    """A window in which nothing has happened yet."""
    return f"{time.time() + 3_600}..{time.time() + 7_200}"


def test_a_clean_folder_ends_well(folder: Path) -> None:
    done = run("examine", folder / "disk", "--markers", folder / "markers", "--window", later())
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert "T1    pass            nothing about a report is written to storage" in lines
    assert "T4    could not look  past rounds are gone" in lines
    assert [line.split()[0] for line in lines if line.startswith("T")] == [*ROWS]
    assert "nothing failed" in done.err


def test_a_leak_is_told_by_place_and_kind_and_never_repeated(folder: Path) -> None:
    moment = datetime.now(UTC).isoformat()
    (folder / "disk" / "notes").write_text(f"{'-' * 100}{MARKER} {moment}")
    done = run("examine", folder / "disk", "--markers", folder / "markers", "--window", "-2h..now", "--slack", "0")
    assert done.code == 1
    assert "T1    fail" in done.out
    assert "FOUND  marker: " in done.out
    assert f"{folder / 'disk' / 'notes'} at 0x64" in done.out
    assert "FOUND  date and time as text" in done.out
    assert "T1, T2 failed" in done.err
    for secret in (MARKER, moment[:16], moment[11:19]):
        assert secret not in done.out + done.err


def test_the_same_as_json(folder: Path) -> None:
    (folder / "disk" / "core.1").write_bytes(b"")
    done = run("examine", folder / "disk", "--json")
    rows = {row["id"]: row for row in json.loads(done.out)["rows"]}
    assert done.code == 1
    assert rows["T12"]["outcome"] == "fail"
    assert rows["T12"]["findings"][0]["kind"] == "name of a core file"
    assert rows["T2"]["outcome"] == "could not look"
    assert rows["T2"]["could_not_look"][0] == {"because": "no --window says when reports came", "asked": False}


def test_arrivals_are_a_window_by_themselves(folder: Path) -> None:
    now = time.time()
    (folder / "arrivals").write_text(f"{now + 50}\n{now + 60}\n")
    done = run("examine", folder / "disk", "--arrivals", folder / "arrivals")
    assert done.code == 0, done.err
    assert "      arrivals: 2" in done.out
    (folder / "disk" / "notes").write_text(f"{now + 50:.3f}")
    again = run("examine", folder / "disk", "--arrivals", folder / "arrivals", "--round", "3600")
    assert "FOUND  a time of arrival as decimal digits" in again.out


def test_what_cannot_be_looked_at_is_no_pass(folder: Path) -> None:
    done = run("examine", folder / "nowhere")
    assert done.code == 3
    assert "pass" not in done.out
    assert "No such file" in done.out
    gone = run("examine", "--live", str(2**22 + 1))
    assert gone.code == 3
    assert "there is no process" in gone.out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--window", "yesterday", "."],
        ["--window", "now..-1h", "."],
        ["--markers", "empty", "."],
        ["--arrivals", "empty", "."],
        ["--keys", "nothing", "."],
        ["--live", "0"],
        ["--round", "5", "--slack", "5", "--window", "1..2", "."],
    ],
)
def test_a_mistake_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(folder)
    (folder / "empty").write_bytes(b"")
    (folder / "nothing").mkdir()
    done = run("examine", *words)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err


def test_reading_changes_no_time_of_access(folder: Path) -> None:
    paths = [folder / "disk", folder / "disk" / "notes"]
    for path in paths:
        os.utime(path, (1_000_000_000, 1_700_000_000))
    assert run("examine", folder / "disk", "--markers", folder / "markers").code == 0
    assert [path.stat().st_atime for path in paths] == [1_000_000_000] * 2


@pytest.mark.slow
def test_a_running_process_is_examined(folder: Path) -> None:
    done = run("examine", "--live", str(os.getpid()), "--json")
    rows = {row["id"]: row for row in json.loads(done.out)["rows"]}
    assert rows["T12"]["outcome"] in ("pass", "fail")
    assert done.code in (0, 1)


CLOSED = "import sys; from relay import hygiene; hygiene.settle(); print('ready', flush=True); sys.stdin.read()"


@pytest.mark.slow
@pytest.mark.skipif(not unprivileged(), reason="needs a user who is not root and may start a Python")
def test_who_may_not_look_into_a_relay_is_told_to_be_root() -> None:
    python, user = interpreter()
    options = {"env": ENVIRONMENT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, **user}
    with subprocess.Popen([python, "-c", CLOSED], **options) as relay:
        assert relay.stdout is not None
        assert relay.stdout.readline() == "ready\n"
        command = [python, "-c", "from relay.cli import main; main()", "examine", "--live", str(relay.pid)]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, **user)
        relay.communicate()
    assert done.returncode == 3
    assert "only root may look into a relay: run this as root" in done.stdout
