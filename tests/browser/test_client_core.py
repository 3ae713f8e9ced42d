"""What the browser's client seals, Python opens, and the other way round; what one refuses, the other refuses."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import NotForUs
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

pytestmark = pytest.mark.slow  # node starts for each question

# The rounds of the relay in this test are shorter than a page's own pace.
PACE_SECONDS: Final = 2


def opened(rig: Rig, cell_class: CellClass) -> Iterator[tuple[int, Report | bytes]]:
    """What the second partner opens in the bundles of this class that left, and in which round."""
    store = rig.store()
    for number in store.rounds(cell_class):
        for cell in Bundle.parse(store.read(cell_class, number), relay=rig.relay.signing.verifying_key).cells:
            with suppress(NotForUs):
                yield number, open_letter(cell, [rig.partners[1].opening])


def test_the_client_passes_its_own_tests() -> None:
    tests = sorted(path.relative_to(client.CLIENT).as_posix() for path in client.CLIENT.glob("tests/*.test.js"))
    ended = client.run("--test", *tests)
    passed = re.search(r"^# pass (\d+)$", ended.stdout, re.MULTILINE)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert passed is not None
    assert int(passed[1]) >= 370


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.js", "two.js"):
        built = client.run("build.js", str(tmp_path / name))
        assert built.returncode == 0, built.stderr
    script = (tmp_path / "one.js").read_bytes()
    assert script == (tmp_path / "two.js").read_bytes()
    assert script


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
            pace=PACE_SECONDS,
            draft={"text": TEXT},
            files=[{"name": "foto.jpg", "data": based(photo)}],
            to=["partner-1"],
        )
    ((number, report),) = opened(rig, CellClass.LETTER)
    assert isinstance(report, Report)
    assert report.text == CLEAN_TEXT
    assert [part for _, part in opened(rig, CellClass.PARCEL)] == [clean]
    assert sent["report"] == {"letter": "seen", "round": number, "parcels": {"of": 1, "left": 1, "seen": 1}}
    assert sent["lines"] == ["opening", "open", "stopped"]
