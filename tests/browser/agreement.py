"""What a client seals, Python opens, and the other way round, wherever the client runs: it is asked through `ask`."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

import pytest

from crypto.cells import CellClass
from crypto.errors import NotForUs
from crypto.layers import Kind, RoundKey, RoundNumber, cover, wrap
from crypto.letter import open_letter, seal
from crypto.report import Report, join
from crypto.suite import OpeningKey
from tests.browser.road import Road
from tests.vectors.recipes import load

# One question to a client, by the name of the deed and its fields (onion_service/client/tests/deeds.js).
Ask = Callable[..., Any]

TEXT: Final = "Vi a tres hombres\u200b bajar de una camioneta blanca. «No mires», dijo uno."
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


def python_opens_what_it_seals(ask: Ask, *, relays: int) -> None:
    """A report with a photo and both covers, for so many relays."""
    photo, clean = photo_with_secrets()
    road = Road.fresh(relays)
    written = ask(
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


def it_opens_what_python_seals(ask: Ask) -> None:
    """A cell of each class, and a cover."""
    partner, round_key = OpeningKey.generate(), RoundKey.generate(RoundNumber(7))
    report = b"\x01" + Report(text="Desde Python.").encode()
    for cell_class in CellClass:
        cell = seal(report, to=[partner.sealing_key], cell_class=cell_class, relays=1)
        envelope = wrap(cell, route=[round_key.key.sealing_key])
        peeled = ask("peel", cell=based(envelope), seed=round_key.key.secret_seed().hex())
        assert (peeled["kind"], unbased(peeled["inner"])) == (1, cell)
        opened = ask("open", cell=peeled["inner"], seeds=[partner.secret_seed().hex()])
        assert unbased(opened["content"]) == report
    dropped = cover(CellClass.LETTER, route=[round_key.key.sealing_key])
    assert ask("peel", cell=based(dropped), seed=round_key.key.secret_seed().hex())["kind"] == 2
