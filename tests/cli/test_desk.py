"""`veladora desk`: what staff see, and that nothing in a report can act on their terminal."""

import io
import json
import os
import pty
import re
import subprocess
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from crypto.report import Report
from forwarder.desk import sandbox
from forwarder.desk.config import SETTINGS_NAME
from relay.cli import rounds
from relay.cli.desk import app
from tests.cli.typed import COMMAND, ENVIRONMENT
from tests.unit.forwarder.desk.given import (
    PASSPHRASE,
    RELAY_SETTINGS,
    attached,
    key_of,
    letters,
    new_desk,
    open_desk,
    parcels,
)

pytestmark = pytest.mark.slow  # keys are locked at full cost

HOSTILE = "\u202eoculto\u202c :smile: [bold red]x[/bold red]\nReport 99\n  when: now \u2066 \u200b\ufeff \U000e0041 fin"


HOSTILE_WHERE = "\u202ecerca\u2028  when: now\u2029Report 98"


def desk(*arguments: str, passphrase: str = PASSPHRASE) -> Result:
    """The command, with the passphrase on a file descriptor of its own."""
    read, write = os.pipe()
    os.write(write, passphrase.encode() + b"\n")
    os.close(write)
    try:
        return CliRunner().invoke(app, [*arguments, "--passphrase-fd", str(read)], catch_exceptions=False)
    finally:
        os.close(read)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A desk with three reports: a plain one, a hostile one, and one whose attachment is not whole."""
    whole, parts = attached(b"%PDF-1.7", cleaned=False)
    lacking, _ = attached(b"video", media="video/mp4", cleaned=False)
    place = tmp_path / "desk"
    with new_desk(place) as made:
        to = [key_of(made)]
        made.take(letters(2_000_000, Report(text="Vi una camioneta", topic="desaparicion", attachments=[whole]), to=to))
        made.take(letters(2_000_001, Report(text=HOSTILE, where=HOSTILE_WHERE), to=to))
        made.take(letters(2_000_004, Report(text="Hay un video", attachments=[lacking]), to=to))
        made.take(parcels(2_000_003, *parts, b"nobody's", to=to))
    yield place
    assert open_desk(place).inbox.entry(1)


def test_init_makes_a_desk_and_prints_the_card(tmp_path: Path) -> None:
    place = tmp_path / "desk"
    relay = ("--relay-identity", RELAY_SETTINGS.identity, "--relay-card", RELAY_SETTINGS.card)
    made = desk("init", "--id", "red-norte", "--name", "Red Norte", "--folder", str(place), *relay)
    assert made.exit_code == 0
    assert "desk run" in made.stderr
    for key in ("id ", "name ", "key ", "key_words ", "endpoint ", "pull_key ", "signing ", "words "):
        assert re.search(f"^{key}", made.stdout, re.MULTILINE)
    assert re.search(r"^endpoint +http://[a-z2-7]{56}\.onion/$", made.stdout, re.MULTILINE)
    again = desk("card", "--folder", str(place))
    assert (again.exit_code, again.stdout) == (0, made.stdout)
    over = desk("init", "--id", "red-norte", "--name", "Red Norte", "--folder", str(place))
    assert over.exit_code == 1
    assert "exists already" in over.stderr
    assert PASSPHRASE.encode() not in b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--id", "Red Norte", "--name", "x"), "id: small letters"),
        (("--id", "x", "--name", "a\x1bb"), "name: 1 to"),
        (("--id", "x", "--name", "x", "--relay-card", "x"), "identity"),
    ],
)
def test_init_with_a_wrong_setting_makes_nothing(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    made = desk("init", *arguments, "--folder", str(tmp_path / "desk"))
    assert made.exit_code == 1
    assert said in made.stderr
    assert not (tmp_path / "desk").exists()


@pytest.mark.parametrize(
    ("passphrase", "said"),
    [("corta", "less than 16 signs"), ("a" * 16, "different signs"), ("a\tb" * 9, "cannot be seen")],
)
def test_init_takes_no_passphrase_that_the_pages_would_not_take(tmp_path: Path, passphrase: str, said: str) -> None:
    made = desk("init", "--id", "x", "--name", "x", "--folder", str(tmp_path / "desk"), passphrase=passphrase)
    assert (made.exit_code, made.stdout) == (1, "")
    assert said in made.stderr
    assert passphrase not in made.stderr
    assert not (tmp_path / "desk").exists()


def test_list_shows_each_report_with_its_round_and_says_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "time", SimpleNamespace(time=lambda: 2_000_005 * 900 + 60.0))
    shown = desk("list", "--folder", str(folder))
    assert shown.exit_code == 0
    lines = [line for line in shown.stdout.splitlines() if "20000" in line]
    assert len(lines) == 3
    assert "2027-01-15T08:15:00Z" in lines[0]
    assert "desaparicion" in lines[0]
    assert "1/1" in lines[0]
    assert "0/1" in lines[2]
    assert "missing: letters-2000002 to letters-2000003" in shown.stderr
    assert "1 part(s) of attachments came whose report has not come" in shown.stderr


@pytest.mark.parametrize("columns", [40, 80, 100, 160])
def test_on_a_terminal_each_report_is_one_line_with_its_number_and_the_beginning_of_its_text(
    folder: Path, columns: int
) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (50, columns))
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    os.close(write)
    words = ["desk", "list", "--folder", str(folder), "--passphrase-fd", str(read)]
    asks_the_terminal = {name: value for name, value in ENVIRONMENT.items() if name not in ("COLUMNS", "LINES")}
    environment = {**asks_the_terminal, "TERM": "linux", "NO_COLOR": "1"}
    with subprocess.Popen(
        [*COMMAND, *words], stdin=slave, stdout=slave, stderr=subprocess.PIPE, pass_fds=(read,), env=environment
    ) as listing:
        os.close(slave)
        shown = bytearray()
        # A terminal whose other end is closed reads as an error (EIO).
        with suppress(OSError):
            while piece := os.read(master, 65_536):
                shown += piece
        said = listing.communicate(timeout=60)[1].decode()
    os.close(master)
    os.close(read)
    # The titles are bold.
    lines = re.sub(r"\x1b\[[01]m", "", bytes(shown).decode()).splitlines()
    assert max(map(len, lines)) <= columns
    reports = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert [cells[0] for cells in reports] == ["1", "2", "3"]
    assert "Vi una camioneta".startswith(reports[0][-1].rstrip("…"))
    assert len(reports[0][-1]) >= min(16, columns // 5)
    assert ("too narrow for round" in said) is (columns < 160)


def test_an_empty_desk_says_so(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    shown = desk("list", "--folder", str(tmp_path))
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "No reports yet" in shown.stderr


@pytest.mark.parametrize("arguments", [("list",), ("show", "2"), ("list", "--json"), ("show", "2", "--json")])
def test_nothing_in_a_report_acts_on_the_terminal(folder: Path, arguments: tuple[str, ...]) -> None:
    shown = desk(*arguments, "--folder", str(folder))
    assert shown.exit_code == 0
    assert all(one == "\n" or one.isprintable() for one in shown.stdout + shown.stderr)
    assert "oculto" in shown.stdout
    # Markup stays what was typed: it is neither obeyed nor swallowed.
    assert "[bold red]x[/bold red]" in shown.stdout
    assert ":smile:" in shown.stdout


def test_a_line_of_a_report_cannot_pass_for_one_of_ours(folder: Path) -> None:
    shown = desk("show", "2", "--folder", str(folder))
    lines = shown.stdout.splitlines()
    assert [line for line in lines if line.startswith("Report")] == ["Report 2"]
    assert [line for line in lines if line.startswith("  when:")] == ["  when: unsaid"]
    assert [line for line in lines if line.startswith("  where:")] == ["  where: cerca when: now Report 98"]
    ours = [line.split()[0] for line in lines if line and not line.startswith("│")]
    assert ours == ["Report", "came", "where:", "when:", "language:", "state:"]


def test_show_tells_the_round_the_attachments_and_the_text(folder: Path) -> None:
    shown = desk("show", "3", "--folder", str(folder))
    assert "round 2000004" in shown.stdout
    assert "attachment 1: video/mp4, 5 bytes, NOT cleaned by the sender, 1 part(s) still missing" in shown.stdout
    assert "Hay un video" in shown.stdout


def test_json_is_for_programs(folder: Path) -> None:
    listed = json.loads(desk("list", "--json", "--folder", str(folder)).stdout)
    assert [one["number"] for one in listed["reports"]] == [1, 2, 3]
    assert listed["gaps"] == [{"first": "letters-2000002", "last": "letters-2000003"}]
    assert listed["after"] is None
    shown = json.loads(desk("show", "1", "--json", "--folder", str(folder)).stdout)
    assert shown == listed["reports"][0] | {"history": []}
    assert (shown["state"], shown["incident"], shown["tags"]) == ("new", None, [])


def test_an_original_is_unsealed_only_by_who_has_read_the_warning(folder: Path, tmp_path: Path) -> None:
    asked = ("original", "1", "1", str(tmp_path / "out"), "--folder", str(folder))
    refused = desk(*asked)
    assert (refused.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "can find its sender" in " ".join(refused.stderr.split())
    assert "--acknowledge" in refused.stderr
    given = desk(*asked, "--acknowledge", "--by", "Ana")
    assert given.exit_code == 0
    assert Path(given.stdout.strip()).read_bytes() == b"%PDF-1.7"
    assert Path(given.stdout.strip()).suffix == ".bin"
    assert "harm" in given.stderr
    history = json.loads(desk("show", "1", "--json", "--folder", str(folder)).stdout)["history"]
    assert [(line["by"], line["what"]) for line in history] == [
        ("Ana", "the original of attachment 1 was taken out of the desk")
    ]


def test_without_a_sandbox_nothing_is_opened(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "NEEDED", dict.fromkeys(sandbox.Way, frozenset({"a wall that no system has"})))
    for arguments in (("list",), ("show", "1"), ("export", "1", str(tmp_path / "one"))):
        refused = desk(*arguments, "--folder", str(folder))
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "install bubblewrap" in refused.stderr
    assert not (tmp_path / "one").exists()


def test_export_writes_one_report_or_all(folder: Path, tmp_path: Path) -> None:
    one = desk("export", "1", str(tmp_path / "one"), "--folder", str(folder))
    assert one.exit_code == 0
    assert one.stdout.strip() == str(tmp_path / "one" / "report-000001")
    # It is no whole PDF, so it has no copy; the original stays sealed.
    assert sorted(path.name for path in (tmp_path / "one" / "report-000001").iterdir()) == ["report.json", "text.txt"]
    assert "sandbox" in one.stderr
    every = desk("export", str(tmp_path / "all"), "--folder", str(folder))
    assert len(every.stdout.splitlines()) == 3
    assert "not encrypted" in every.stderr
    assert "all 3 report(s)" in every.stderr
    again = desk("export", str(tmp_path / "all"), "--folder", str(folder))
    assert (again.exit_code, again.stdout) == (0, "")
    assert "3 report(s) were there already" in again.stderr


def test_one_report_that_cannot_be_written_holds_up_no_other(folder: Path, tmp_path: Path) -> None:
    half = tmp_path / "all" / "report-000001"
    half.mkdir(parents=True)
    done = desk("export", str(tmp_path / "all"), "--folder", str(folder))
    assert done.exit_code == 1
    assert [Path(line).name for line in done.stdout.splitlines()] == ["report-000002", "report-000003"]
    assert "not exported: 1" in done.stderr
    assert list(half.iterdir()) == []
    assert desk("export", "2", str(tmp_path / "all"), "--folder", str(folder)).exit_code == 1, "nothing is overwritten"


def test_a_number_alone_exports_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = desk("export", "3", "--folder", str(folder))
    assert (asked.exit_code, (tmp_path / "3").exists()) == (2, False)
    assert "export 3 out" in asked.stderr
    assert "./3" in asked.stderr
    assert desk("export", "./3", "--folder", str(folder)).exit_code == 0


def test_a_whole_pdf_is_exported_as_pictures_of_its_pages(tmp_path: Path) -> None:
    wire = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(wire, "PDF", author="Juana", title="Acta")
    named = "Juana".encode("utf-16-be")
    assert named in wire.getvalue()
    whole, parts = attached(wire.getvalue(), cleaned=False)
    with new_desk(tmp_path / "desk") as made:
        to = [key_of(made)]
        made.take(letters(2_000_000, Report(text="Va un acta", attachments=[whole]), to=to))
        made.take(parcels(2_000_003, *parts, to=to))
    done = desk("export", "1", str(tmp_path / "out"), "--folder", str(tmp_path / "desk"))
    assert done.exit_code == 0
    copy = (tmp_path / "out" / "report-000001" / "attachment-001.pdf").read_bytes()
    assert copy.startswith(b"%PDF-1.4")
    assert b"/Count 1/" in copy
    assert named not in copy
    assert b"/Info" not in copy


@pytest.mark.parametrize("arguments", [("1", "2", "out"), ("one", "out"), ("-1", "out"), ("9" * 30, "out")])
def test_export_typed_wrongly_is_said(folder: Path, arguments: tuple[str, ...]) -> None:
    assert desk("export", "--folder", str(folder), "--", *arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [("show", "9"), ("export", "9", "out")])
def test_a_report_that_is_not_there_is_said_with_the_way_on(folder: Path, arguments: tuple[str, ...]) -> None:
    shown = desk(*arguments, "--folder", str(folder))
    assert shown.exit_code == 1
    assert "there is no report 9" in shown.stderr
    assert "desk list" in shown.stderr


@pytest.mark.parametrize("arguments", [("list",), ("show", "1"), ("export", "out"), ("receive",), ("card",)])
def test_a_wrong_passphrase_is_said_and_changes_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shown = desk(*arguments, "--folder", str(folder), passphrase="otra")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "passphrase" in shown.stderr
    assert "nothing was changed" in shown.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_folder_without_a_desk_is_said_before_any_passphrase(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["list", "--folder", str(tmp_path)])
    assert shown.exit_code == 1
    assert "desk init" in shown.stderr


def test_receiving_without_a_relay_is_said_before_any_passphrase(tmp_path: Path) -> None:
    new_desk(tmp_path, relay=None).inbox.close()
    shown = CliRunner().invoke(app, ["receive", "--folder", str(tmp_path)])
    assert shown.exit_code == 1
    assert "[relay] part is not filled in" in shown.stderr


def test_receiving_without_tor_is_said_with_the_remedy(folder: Path) -> None:
    settings = folder / SETTINGS_NAME
    settings.write_text(settings.read_text().replace('program = "tor"', 'program = "no-such-tor"'))
    shown = desk("receive", "--folder", str(folder))
    assert shown.exit_code == 1
    assert "no tor program" in shown.stderr
    assert "install tor" in shown.stderr


def test_a_misspelt_setting_stops_every_command(folder: Path) -> None:
    settings = folder / SETTINGS_NAME
    text = settings.read_text()
    settings.write_text(text.replace("round_seconds", "round_second"))
    shown = desk("list", "--folder", str(folder))
    settings.write_text(text)
    assert shown.exit_code == 1
    assert "round_second" in shown.stderr


def test_a_new_key_is_made_and_the_old_one_forgotten(tmp_path: Path) -> None:
    place = tmp_path / "desk"
    with new_desk(place) as made:
        before = made.card
    shown = desk("new-key", "--folder", str(place))
    assert shown.exit_code == 0
    assert before.key not in shown.stdout
    assert before.endpoint in shown.stdout
    assert "desk run" in shown.stderr
    assert "forget-keys" in shown.stderr
    assert shown.stdout == desk("card", "--folder", str(place)).stdout
    again = desk("new-key", "--folder", str(place))
    assert (again.exit_code, again.stdout) == (1, "")
    forget = ["forget-keys", "--folder", str(place)]
    asked = CliRunner().invoke(app, forget)
    assert asked.exit_code == 1
    assert "nothing was destroyed" in asked.stderr
    early = CliRunner().invoke(app, [*forget, "--yes"])
    assert (early.exit_code, early.stdout) == (0, "")
    assert "nothing was destroyed" in early.stderr
    now = CliRunner().invoke(app, [*forget, "--at-once"])
    assert (now.exit_code, now.stdout) == (1, "")
    assert "--at-once" in now.stderr
    assert len(list((place / "older-keys").iterdir())) == 1
    done = CliRunner().invoke(app, [*forget, "--yes", "--at-once"])
    assert done.exit_code == 0
    assert re.fullmatch(r"destroyed the key that was replaced on \d{4}-\d\d-\d\d\n", done.stdout)
    assert "copies" in done.stderr
    assert list((place / "older-keys").iterdir()) == []


def test_a_new_key_needs_the_passphrase(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shown = desk("new-key", "--folder", str(tmp_path), passphrase="otra")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
