"""What the browser's client seals, Python opens, and the other way round; what one refuses, the other refuses."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import NotForUs
from crypto.layers import Kind, RoundKey, RoundNumber, cover, wrap
from crypto.letter import open_letter, seal
from crypto.report import Report, join
from crypto.suite import OpeningKey
from crypto.words import WORDS
from tests.browser import client
from tests.browser.road import Road
from tests.rig import ONION, Rig
from tests.vectors.recipes import load

pytestmark = pytest.mark.slow  # node starts for each question

TEXT: Final = "Vi a tres hombres\u200b bajar de una camioneta blanca. «No mires», dijo uno."
# The rounds of the relay in this test are shorter than a page's own pace.
PACE_SECONDS: Final = 2
CLEAN_TEXT: Final = 'Vi a tres hombres bajar de una camioneta blanca. "No mires", dijo uno.'


def based(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unbased(spelling: str) -> bytes:
    return base64.b64decode(spelling, validate=True)


def photo_with_secrets() -> tuple[bytes, bytes]:
    """A photo with things to take out of it, and its clean form."""
    case = load("clean-photo/jpeg-colour-hidden.json")
    return unbased(case["photo"]), unbased(case["expect"]["photo"])


def through(road: Road, made: dict[str, str], kind: Kind) -> bytes:
    """The cell behind all layers; the client told the hash of what stands in the first relay's bundle."""
    first = Road(road.relays[:1], road.round_keys[:1], road.now)
    envelope = unbased(made["envelope"])
    assert hashlib.sha256(first.through(envelope)[1]).hexdigest() == made["inside"]
    found, cell = road.through(envelope)
    assert found is kind
    return cell


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
    photo, clean = photo_with_secrets()
    road = Road.fresh(relays)
    written = client.ask(
        "write",
        answer=based(road.answer()),
        card=road.card(),
        now=road.now,
        draft={"text": TEXT, "where": "Atrás de la  iglesia", "when": "today"},
        files=[{"name": "IMG_1234.JPG", "data": based(photo)}],
        to=["partner-0", "partner-1"],
    )
    letter, parcel = (through(road, made, Kind.PASS) for made in written["cells"])
    for partner in road.partners[:2]:
        report = open_letter(letter, [partner])
        part = open_letter(parcel, [partner])
        assert isinstance(report, Report)
        assert isinstance(part, bytes)
        assert (report.text, report.where, report.when.value) == (CLEAN_TEXT, "Atrás de la iglesia", "today")
        assert join(report.attachments[0], {hashlib.sha256(part).hexdigest(): part}) == clean
    with pytest.raises(NotForUs):
        open_letter(letter, [road.partners[2]])
    for made in written["covers"]:
        through(road, made, Kind.COVER)


def test_the_client_opens_what_python_seals() -> None:
    partner, round_key = OpeningKey.generate(), RoundKey.generate(RoundNumber(7))
    report = b"\x01" + Report(text="Desde Python.").encode()
    for cell_class in CellClass:
        cell = seal(report, to=[partner.sealing_key], cell_class=cell_class, relays=1)
        envelope = wrap(cell, route=[round_key.key.sealing_key])
        peeled = client.ask("peel", cell=based(envelope), seed=round_key.key.secret_seed().hex())
        assert (peeled["kind"], unbased(peeled["inner"])) == (1, cell)
        opened = client.ask("open", cell=peeled["inner"], seeds=[partner.secret_seed().hex()])
        assert unbased(opened["content"]) == report
    dropped = cover(CellClass.LETTER, route=[round_key.key.sealing_key])
    assert client.ask("peel", cell=based(dropped), seed=round_key.key.secret_seed().hex())["kind"] == 2


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
