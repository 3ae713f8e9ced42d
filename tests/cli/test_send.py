"""`veladora send`: what was written arrives as cleaned, or nothing is lost and the next step is said."""

import hashlib
import io
import os
import signal
import subprocess
import time
from collections import deque
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from crypto.directory import sign
from crypto.report import When, part_name
from onion_service.address import OnionAddress
from onion_service.torrc import Authority, DialTor, PrivateNet, UnixSocket
from relay.cli import road
from tests.cli.conftest import Reach
from tests.cli.typed import COMMAND, ENVIRONMENT, Ended, at_a_terminal, run
from tests.loopback_relay import Fault, root_key

TEXT = "Vi que se llevaron a dos personas.\nFue en la plaza."


def send(reach: Reach, *words: str | Path, text: str | None = None) -> Ended:
    return run("send", reach.card, *words, "--socks", reach.socks, "--pace", "0", text=text)


def photo() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    made = io.BytesIO()
    Image.new("RGB", (16, 16), "blue").save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_a_file_is_sent_and_arrives(reach: Reach) -> None:
    done = send(
        reach,
        reach.file("informe.txt", TEXT.encode()),
        "--to",
        "norte",
        "--topic",
        "desaparicion",
        "--place",
        "sonora",
        "--when",
        "today",
        "--where",
        "la plaza",
        "--hashes",
    )
    assert done.code == 0, done.err
    (report,) = reach.world.reports(reach.world.norte)
    assert (report.text, report.topic, report.place, report.when, report.where) == (
        TEXT,
        "desaparicion",
        "sonora",
        When.TODAY,
        "la plaza",
    )
    assert reach.world.reports(reach.world.sur) == []
    assert done.out.splitlines()[0] == "sent: 1 letter, 0 parcels, to norte"
    (cell,) = set().union(*reach.world.accepted.values())
    assert done.out.splitlines()[1] == f"letter {hashlib.sha256(cell).hexdigest()}"
    assert "--wait" in done.err


@pytest.mark.parametrize("words", [["-"], []])
def test_a_pipe_is_sent(words: list[str], reach: Reach) -> None:
    assert send(reach, *words, "--to", "norte", "--to", "sur", text=TEXT).code == 0
    assert [report.text for report in reach.world.reports(reach.world.sur)] == [TEXT]


def test_a_photo_is_cleaned_and_the_writer_is_told(reach: Reach) -> None:
    done = send(reach, "-", "--to", "norte", "--attach", reach.file("juana.jpg", photo()), text="Vi\u200b esto.")
    assert done.code == 0, done.err
    opened = reach.world.opened(reach.world.norte)
    (report,) = reach.world.reports(reach.world.norte)
    (data,) = [content for content in opened if isinstance(content, bytes)]
    assert report.text == "Vi esto."
    assert report.attachments[0].parts == [part_name(data)]
    assert report.attachments[0].cleaned
    assert b"CameraMaker" not in data
    assert "juana.jpg: image/jpeg" in done.err
    assert "removed or made plain: exif" in done.err
    assert "its name is not sent" in done.err


def test_a_file_that_cannot_be_cleaned_needs_the_writers_word(reach: Reach) -> None:
    acta = reach.file("acta.pdf", b"%PDF-1.7\n/Author (Juana)\n")
    refused = send(reach, "-", "--to", "norte", "--attach", acta, text=TEXT)
    assert refused.code == 1
    assert "--allow-uncleaned" in refused.err
    assert reach.world.fetches == 0
    done = send(reach, "-", "--to", "norte", "--attach", acta, "--allow-uncleaned", text=TEXT)
    assert done.code == 0
    assert "NOT cleaned" in done.err
    assert reach.world.reports(reach.world.norte)[0].attachments[0].cleaned is False


@pytest.mark.parametrize(
    ("words", "text", "code", "said"),
    [
        (["-"], TEXT, 2, "--to one of: norte, sur"),
        (["-", "--to", "nadie"], TEXT, 1, "norte, sur"),
        (["-", "--to", "norte", "--topic", "x"], TEXT, 1, "desaparicion"),
        (["-", "--to", "norte", "--when", "yesterday"], TEXT, 2, "this_week"),
        (["-", "--to", "norte", "--lang", "??"], TEXT, 1, "language"),
        (["-", "--to", "norte"], "", 2, "is empty"),
        (["-", "--to", "norte"], "a" * 20_001, 1, "20000"),
        (["-", "--to", "norte"], "a" * 300_000, 1, "longer than"),
        (["none.txt", "--to", "norte"], None, 1, "check the path"),
        (["-", "--to", "norte", "--attach", "none.jpg"], TEXT, 1, "check the path"),
        (["-", "--to", "norte", "--patience", "-1"], TEXT, 2, "--patience"),
        (["-", "--to", "norte", "--telepathy"], TEXT, 2, "telepathy"),
    ],
)
def test_what_cannot_be_sent_says_why_and_sends_nothing(
    words: list[str], text: str | None, code: int, said: str, reach: Reach
) -> None:
    done = send(reach, *words, text=text)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert reach.world.posts == []


def test_text_that_is_not_utf8_is_refused(reach: Reach) -> None:
    done = send(reach, reach.file("a.txt", b"caf\xe9"), "--to", "norte")
    assert done.code == 2
    assert "UTF-8" in done.err


def test_a_mistyped_card_calls_nobody(reach: Reach) -> None:
    another = "c" if reach.card[0] == "b" else "b"
    for card in ("x", reach.card[:-1], reach.card.replace(".onion", ".com"), another + reach.card[1:]):
        done = run("send", card, "-", "--to", "norte", "--socks", reach.socks, text=TEXT)
        assert done.code == 2
        assert "card" in done.err
    assert reach.road.hosts == []


def test_a_forged_or_expired_or_foreign_directory_sends_nothing(reach: Reach) -> None:
    forged = f"{reach.world.onions[0]}#{root_key().public.hex()}"
    done = run("send", forged, "-", "--to", "norte", "--socks", reach.socks, text=TEXT)
    assert done.code == 1
    assert "altered" in done.err
    stale = msgspec.structs.replace(reach.world.directory, expires=1_000)
    reach.world.signed = sign(stale, reach.world.root)
    done = send(reach, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "expired" in done.err
    other = msgspec.structs.replace(reach.world.directory.route[0], onion=str(OnionAddress.of_public_key(bytes(32))))
    moved = msgspec.structs.replace(reach.world.directory, route=[other])
    reach.world.signed = sign(moved, reach.world.root)
    done = send(reach, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "card" in done.err
    assert reach.world.posts == []


def test_a_rolled_back_directory_is_noticed_with_a_state_folder(reach: Reach) -> None:
    state = reach.folder / "state"
    assert send(reach, "-", "--to", "norte", "--state", state, text=TEXT).code == 0
    older = msgspec.structs.replace(reach.world.directory, version=3)
    reach.world.signed = sign(older, reach.world.root)
    done = send(reach, "-", "--to", "norte", "--state", state, text=TEXT)
    assert done.code == 1
    assert "older" in done.err
    assert len(reach.world.posts) == 1
    held = next(state.glob("directory-*"))
    held.write_bytes(held.read_bytes()[:100])
    done = send(reach, "-", "--to", "norte", "--state", state, text=TEXT)
    assert done.code == 1
    assert str(held) in done.err


def test_a_wrong_clock_is_told(reach: Reach) -> None:
    reach.world.clock_error = 100_000
    done = send(reach, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "your clock is slow" in done.err
    assert "time zone" in done.err


def test_giving_up_says_what_was_not_sent(reach: Reach) -> None:
    notes = reach.file("notas.txt", b"x")
    reach.world.faults = deque([Fault.FULL] * 5)
    done = send(reach, "-", "--to", "norte", "--attach", notes, "--patience", "0", text=TEXT)
    assert (done.code, done.out) == (1, "")
    assert "0 of 2 cells were sent, 2 were not" in done.err
    assert "try again later" in done.err


def test_a_refused_cell_says_who_must_act(reach: Reach) -> None:
    reach.world.faults = deque([Fault.REFUSED] * 5)
    done = send(reach, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "newest veladora" in done.err


def test_no_tor_is_one_sentence(reach: Reach) -> None:
    done = run("send", reach.card, "-", "--to", "norte", "--socks", "unix:/nonexistent/socks", text=TEXT)
    assert done.code == 1
    assert "start tor" in done.err
    for wrong in ("9050", "example.com:9050", "10.0.0.1:9050", "unix:relative"):
        assert run("send", reach.card, "-", "--to", "norte", "--socks", wrong, text=TEXT).code == 2


def test_no_tor_program_is_one_sentence(reach: Reach, memory_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    done = run("send", reach.card, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "install tor" in done.err
    assert list(memory_folder.iterdir()) == []


@pytest.mark.slow
def test_a_tor_of_our_own_that_reaches_nobody_is_stopped_and_leaves_nothing(
    reach: Reach, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private network whose only authority is not there, so that nothing leaves this machine."""
    nobody = PrivateNet((Authority("nobody", 1, 2, "A" * 40, "B" * 40),))

    def private(data_directory: Path, socks: UnixSocket, control: UnixSocket) -> DialTor:
        return DialTor(data_directory, socks, control, private_net=nobody)

    monkeypatch.setattr("onion_service.torrc.DialTor", private)
    monkeypatch.setattr(road, "BOOTSTRAP_SECONDS", 1.0)
    done = run("send", reach.card, "-", "--to", "norte", text=TEXT)
    assert done.code == 1
    assert "tor is not bootstrapped" in done.err
    assert "starting tor" in done.err
    assert list(memory_folder.iterdir()) == []


@pytest.mark.slow
def test_waiting_ends_when_the_rounds_list_shows_the_cells(reach: Reach) -> None:
    notes = reach.file("notas.txt", b"x")
    done = send(reach, "-", "--to", "norte", "--attach", notes, "--wait", text=TEXT)
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].startswith("left in round ")
    assert "waiting for the round" in done.err


@pytest.mark.slow
def test_at_a_terminal_everything_missing_is_asked_and_shown(reach: Reach) -> None:
    done = at_a_terminal(
        ["send", reach.card, "--socks", reach.socks, "--pace", "0"],
        [
            ("spaces between:", "norte\n"),
            ("or nothing):", "desaparicion\n"),
            ("single dot.", "Vi algo.\nEra de noche.\n.\n"),
            ("Send it? [y/N]:", "y\n"),
        ],
    )
    assert done.code == 0, done.err
    (report,) = reach.world.reports(reach.world.norte)
    assert (report.text, report.topic) == ("Vi algo.\nEra de noche.", "desaparicion")
    assert done.out.startswith("sent: 1 letter")


TELLING = "Mi hermano y mi primo lo vieron. Mi cel es 664 123 4567."


def test_what_may_identify_the_writer_is_pointed_out_and_sent_as_it_is(reach: Reach) -> None:
    done = send(reach, "-", "--to", "norte", "--where", "Calle Morelos 123", text=TELLING)
    assert done.code == 0, done.err
    for line in ("Look at  ", "relation ×2\n", "phone ×1\n", "address ×1\n"):
        assert line in done.err
    assert "hermano" not in done.err
    assert "4567" not in done.err
    assert [report.text for report in reach.world.reports(reach.world.norte)] == [TELLING]


def test_where_nothing_identifies_nothing_is_pointed_out(reach: Reach) -> None:
    done = send(reach, "-", "--to", "norte", text=TEXT)
    assert done.code == 0, done.err
    assert "Look at" not in done.err


def test_at_a_terminal_what_identifies_is_shown_in_its_words(reach: Reach) -> None:
    done = at_a_terminal(
        ["send", reach.card, reach.file("a.txt", TELLING.encode()), "--to", "norte", "--socks", reach.socks],
        [("Send it? [y/N]:", "n\n")],
    )
    assert "relation ×2: Mi hermano, mi primo" in done.err
    assert "phone ×1: 664 123 4567" in done.err
    assert reach.world.posts == []


@pytest.mark.slow
def test_a_line_that_the_terminal_cut_is_not_sent(reach: Reach) -> None:
    done = at_a_terminal(
        ["send", reach.card, "--to", "norte", "--topic", "desaparicion", "--socks", reach.socks],
        [("single dot.", "a" * 5_000 + "\n")],
    )
    assert done.code == 1
    assert "was cut" in done.err
    assert reach.world.posts == []


@pytest.mark.slow
def test_at_a_terminal_no_means_nothing_is_sent(reach: Reach) -> None:
    done = at_a_terminal(
        ["send", reach.card, reach.file("a.txt", TEXT.encode()), "--to", "norte", "--socks", reach.socks],
        [("Send it? [y/N]:", "n\n")],
    )
    assert done.code == 1
    assert "nothing was sent" in done.err
    assert reach.world.posts == []


@pytest.mark.slow
def test_at_a_terminal_what_was_not_sent_may_be_tried_again(reach: Reach) -> None:
    reach.world.faults = deque([Fault.FULL])
    path = reach.file("a.txt", TEXT.encode())
    done = at_a_terminal(
        ["send", reach.card, path, "--to", "norte", "--socks", reach.socks, "--patience", "0"],
        [("Send it? [y/N]:", "y\n"), ("rest again? [y/N]:", "y\n")],
    )
    assert done.code == 0, done.err
    assert [report.text for report in reach.world.reports(reach.world.norte)] == [TEXT]


@pytest.mark.slow
def test_an_interrupt_ends_with_a_sentence(reach: Reach) -> None:
    reach.world.faults = deque([Fault.FULL] * 100)
    path = reach.file("a.txt", TEXT.encode())
    words = ["send", reach.card, str(path), "--to", "norte", "--socks", reach.socks]
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    deadline = time.monotonic() + 30
    while not reach.world.posts and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
