"""What the browser's client seals, Python opens, and the other way round; what one refuses, the other refuses."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import NotForUs
from crypto.layers import RoundNumber
from crypto.letter import open_letter
from crypto.report import Report
from crypto.words import WORDS
from tests.browser import client
from tests.browser.agreement import (
    CLEAN_TEXT,
    TEXT,
    based,
    it_opens_what_python_seals,
    photo_with_secrets,
    python_opens_what_it_seals,
)
from tests.rig import ONION, Rig

# What the page holds beside this script (two languages, style, pictures) has the rest of its length.
SCRIPT_MAX: Final = 160 * 1_024


def left(rig: Rig, rounds: list[int]) -> Iterator[bytes]:
    """The cells of all bundles that left in these rounds."""
    store = rig.store()
    for cell_class in CellClass:
        for number in set(rounds) & set(store.rounds(cell_class)):
            wire = store.read(cell_class, RoundNumber(number))
            yield from Bundle.parse(wire, relay=rig.relay.signing.verifying_key).cells


def test_the_client_passes_its_own_tests() -> None:
    tests = sorted(path.relative_to(client.CLIENT).as_posix() for path in client.CLIENT.glob("tests/*.test.js"))
    ended = client.run("--test", *tests)
    passed = re.search(r"^# pass (\d+)$", ended.stdout, re.MULTILINE)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert passed is not None
    assert int(passed[1]) >= 370


def test_two_builds_are_the_same_bytes_and_leave_room_for_the_page(tmp_path: Path) -> None:
    for name in ("one.js", "two.js"):
        built = client.run("build.js", str(tmp_path / name))
        assert built.returncode == 0, built.stderr
    script = (tmp_path / "one.js").read_bytes()
    assert script == (tmp_path / "two.js").read_bytes()
    assert 0 < len(script) <= SCRIPT_MAX


def test_the_words_of_the_client_are_ours() -> None:
    written = re.search(r'Object\.freeze\("([^"]*)"', (client.CLIENT / "words.js").read_text(encoding="utf-8"))
    assert written is not None
    assert tuple(written[1].split(" ")) == WORDS


@pytest.mark.parametrize("relays", [1, 2])
def test_python_opens_what_the_client_seals(relays: int) -> None:
    python_opens_what_it_seals(client.ask, relays=relays)


def test_the_client_opens_what_python_seals() -> None:
    it_opens_what_python_seals(client.ask)


def test_a_running_relay_takes_what_the_client_brings_and_the_client_sees_it_leave(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    photo, clean = photo_with_secrets()
    with rig.running() as relay:
        sent = client.ask(
            "send",
            socket=str(relay.socket),
            card=f"{ONION}#{rig.root.public.hex()}",
            draft={"text": TEXT},
            files=[{"name": "foto.jpg", "data": based(photo)}],
            to=["partner-1"],
        )
    cells = {hashlib.sha256(cell).hexdigest(): cell for cell in left(rig, sent["rounds"])}
    letter, parcel = (cells[hashes[-1]] for hashes in sent["hashes"])
    report = open_letter(letter, [rig.partners[1].opening])
    part = open_letter(parcel, [rig.partners[1].opening])
    assert isinstance(report, Report)
    assert isinstance(part, bytes)
    assert report.text == CLEAN_TEXT
    assert part == clean
    with pytest.raises(NotForUs):
        open_letter(letter, [rig.partners[0].opening])
    assert set(sent["news"]) <= {"fetching", "sending", "retrying", "watching"}
