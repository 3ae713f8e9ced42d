"""The product and a second implementation, written from docs/spec alone, understand each other."""

import ast
import base64
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from crypto import directory as directories
from crypto import layers, letter
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import Directory, Partner, Relay, Words, write_answer
from crypto.keys import RootKey
from crypto.layers import Kind, RoundKey, RoundNumber
from crypto.report import Attachment, Report, attach
from crypto.signing import SigningKey
from crypto.suite import OpeningKey
from tests.contract import second

NOW: Final = 1_785_600_000
NUMBER: Final = RoundNumber(NOW // 900)
ROOT: Final = SigningKey(b"r" * 32)
RELAYS: Final = (SigningKey(b"1" * 32), SigningKey(b"2" * 32))
ANA: Final = OpeningKey(b"a" * 32)
BETO: Final = OpeningKey(b"b" * 32)
TEXT: Final = 'Vi la camioneta «otra vez»: \\ 🕯️\nplaca "JKL"'


@dataclass(frozen=True, slots=True)
class World:
    """A route of one or two relays, their round keys, and what the door answers."""

    round_keys: list[RoundKey]
    answer: bytes

    def pass_through(self, envelope: bytes) -> bytes:
        """What is left of an envelope behind all relays of the route."""
        cell = envelope
        for key in self.round_keys:
            peeled = layers.peel(cell, key)
            assert peeled.kind is Kind.PASS
            cell = peeled.inner
        return cell


@pytest.fixture(params=[1, 2], ids=["one relay", "two relays"])
def world(request: pytest.FixtureRequest) -> World:
    relays = RELAYS[: request.param]
    named = [(relay.verifying_key.wire.hex(), f"{'ab'[place]}" * 56 + ".onion") for place, relay in enumerate(relays)]
    directory = Directory(
        expires=NOW + 1,
        partners=[_partner("ana", ANA), _partner("beto", BETO)],
        route=[Relay(id=relay_id, name="Relevo", onion=onion) for relay_id, onion in named],
        version=1,
    )
    keys = [RoundKey(NUMBER, OpeningKey(bytes([place]) * 32)) for place in range(len(relays))]
    announced = [key.announce(relay) for key, relay in zip(keys, relays, strict=True)]
    return World(keys, write_answer(directories.sign(directory, RootKey(ROOT)), announced))


def test_the_product_opens_what_the_second_implementation_builds(world: World) -> None:
    envelope = second.report_envelope(
        world.answer, root=ROOT.verifying_key.wire, now=NOW, to=["ana", "beto"], text=TEXT
    )
    cell = world.pass_through(envelope)
    for key in (ANA, BETO):
        opened = letter.open_letter(cell, [key])
        assert isinstance(opened, Report)
        assert opened.text == TEXT


def test_the_second_implementation_opens_what_the_product_builds(world: World) -> None:
    report, relay = Report(text=TEXT, where="Ixtepec"), RELAYS[len(world.round_keys) - 1]
    sealed = letter.seal_report(report, to=[ANA.sealing_key], relays=len(world.round_keys))
    envelope = layers.wrap(sealed, route=[key.key.sealing_key for key in world.round_keys])
    cells = [world.pass_through(envelope), letter.top_up(CellClass.LETTER, relays=len(world.round_keys))]
    bundle = Bundle.sign(cells, cell_class=CellClass.LETTER, round_number=NUMBER, relay=relay)
    relay_id = relay.verifying_key.wire
    found = second.reports_for(bundle.wire, relay=relay_id, seed=ANA.secret_seed())
    assert [second.canonical(one) for one in found] == [report.encode()]
    assert second.reports_for(bundle.wire, relay=relay_id, seed=BETO.secret_seed()) == []
    parcels = Bundle.sign(
        [letter.top_up(CellClass.PARCEL, relays=1)], cell_class=CellClass.PARCEL, round_number=NUMBER, relay=relay
    )
    lists = second.read_hash_lists(bundle.hash_list.wire + parcels.hash_list.wire, relay=relay_id)
    assert [(cell_class, number) for cell_class, number, _ in lists] == [(1, NUMBER), (2, NUMBER)]
    assert tuple(lists[0][2]) == bundle.hash_list.hashes


def test_an_attachment_is_the_same_on_both_sides(world: World) -> None:
    data = bytes(range(256)) * 4_100
    told, parts = second.attachment(data, media="image/png", cleaned=True)
    ours, our_parts = attach(data, media="image/png", cleaned=True)
    assert Attachment(**told) == ours
    assert parts == our_parts
    route = second.read_answer(world.answer, root=ROOT.verifying_key.wire, now=NOW)
    for part in parts:
        cell = second.letter(part, kind=2, to=[route.partner("beto")], relays=len(route.round_keys), cell_class=2)
        envelope = second.envelope(cell, round_keys=route.round_keys, cell_class=2)
        assert letter.open_letter(world.pass_through(envelope), [BETO]) == part
    text = second.report("con foto", attachments=[told])
    assert Report.decode(text).attachments == [ours]


def test_cover_is_cover_to_the_last_relay_alone(world: World) -> None:
    route = second.read_answer(world.answer, root=ROOT.verifying_key.wire, now=NOW)
    filler = bytes(second.LENGTHS[len(route.round_keys)][second.LETTER])
    cell = second.envelope(filler, round_keys=route.round_keys, cell_class=second.LETTER, cover=True)
    kinds = []
    for key in world.round_keys:
        peeled = layers.peel(cell, key)
        kinds.append(peeled.kind)
        cell = peeled.inner
    assert kinds == [*[Kind.PASS] * (len(kinds) - 1), Kind.COVER]


def test_the_second_implementation_refuses_what_is_altered(world: World) -> None:
    wire = Bundle.sign(
        [letter.top_up(CellClass.LETTER, relays=1)], cell_class=CellClass.LETTER, round_number=NUMBER, relay=RELAYS[0]
    ).wire
    relay_id = RELAYS[0].verifying_key.wire
    for altered in (wire[:-1], wire[:-1] + bytes([wire[-1] ^ 1]), wire[:100] + b"\x00" * 4 + wire[104:]):
        with pytest.raises(second.Refused):
            second.read_bundle(altered, relay=relay_id)
    with pytest.raises(second.Refused):
        second.read_answer(world.answer, root=b"\x01" * 32, now=NOW)
    with pytest.raises(second.Refused):
        second.read_answer(world.answer, root=ROOT.verifying_key.wire, now=NOW + 1)


def test_both_make_the_same_public_key_of_a_seed() -> None:
    assert second.public_key(ANA.secret_seed()) == ANA.sealing_key.wire


def test_the_second_implementation_imports_nothing_of_ours() -> None:
    allowed = (sys.stdlib_module_names - {"importlib", "runpy"}) | {"cryptography", "nacl"}
    tree = ast.parse(Path(second.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.ImportFrom) and node.level), "a relative import is one of ours"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert {name.partition(".")[0] for name in names} <= allowed
        called = node.func if isinstance(node, ast.Call) else None
        assert not (isinstance(called, ast.Name) and called.id in {"__import__", "exec", "eval"})


def _partner(partner_id: str, key: OpeningKey) -> Partner:
    about = Words(en="A partner.", es="Una socia.")
    return Partner(about=about, id=partner_id, key=base64.b64encode(key.sealing_key.wire).decode(), name=partner_id)
