"""T21: a stolen key opens nothing old: neither the relay's, nor a partner's what was sealed before its period.

It is tried. The relay's thief has the machine while it runs, two rounds later: its whole folder with identity key,
onion key and directory, its memory with the round keys of now, and a recording of what reporters sent to the door. The
partner's thief has the desk's whole folder and its passphrase, after a period was ended, and a recording of what lay in
bundles. Whatever 32 bytes stand next to each other in what was taken are tried as a key.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from crypto import keys
from crypto.errors import CryptoError, NotForUs
from crypto.keys import Key, KeyKind, PartnerKey
from crypto.layers import RoundKey, peel, wrap
from crypto.letter import open_letter, seal_report
from crypto.report import Report
from crypto.suite import SEED_LEN, OpeningKey
from forwarder.desk import periods
from forwarder.desk.config import read_settings
from onion_service.control import make_onion
from relay import config
from relay.start import geometry, read_directory
from relay.supervisor import onion_tor
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, key_of, new_desk, open_desk
from tests.unit.relay.given import attached

# Longer files are bundles: cells and no keys.
FILE_MAX: Final = 16_384
DAY: Final = date(2027, 1, 15)


def seeds_in(folder: Path) -> Iterator[bytes]:
    """Everything in a folder that may be a key: what its key files hold, and each 32 bytes of its small files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= FILE_MAX:
            wire = path.read_bytes()
            with suppress(CryptoError):
                yield _seed(keys.unlock(wire, passphrase=PASSPHRASE))
            yield from {wire[at : at + SEED_LEN] for at in range(len(wire) - SEED_LEN + 1)}


def _seed(key: Key) -> bytes:
    return key.opening.secret_seed() if isinstance(key, PartnerKey) else key.signing.secret_seed()


def round_keys_in(running: Running) -> list[RoundKey]:
    """The round keys in the memory of a relay that runs, read from a copy of it."""
    settings, fd = config.read(running.rig.folder / "relay.toml"), running.keeper.spool_fd
    trusted = read_directory(
        settings.directory_file, root=settings.config.root, identity=running.rig.relay.signing.verifying_key, now=0
    )
    copy = os.memfd_create("taken")
    try:
        os.write(copy, os.pread(fd, os.fstat(fd).st_size, 0))
        with attached(copy, geometry(settings, trusted)) as spool:
            return spool.round_keys()
    finally:
        os.close(copy)


def nothing_old_opens_for_the_thief_of_a_relay(rig: Rig, *, program: str) -> int:
    """The proof for the relay. Returns how many keys were tried."""
    with rig.running(program=program) as running:
        make_onion(onion_tor(config.read(rig.folder / "relay.toml")))
        announced = running.announced()[0]
        cell = seal_report(Report(text="Vi algo"), to=[key.opening.sealing_key for key in rig.partners], relays=1)
        envelope = wrap(cell, route=[announced.key])
        assert running.post(envelope) == 202
        last = announced.round_number + 2
        running.wait_round(last)
        taken = round_keys_in(running)
        assert {key.round_number for key in taken} == {last, last + 1}
        for key in taken:
            with pytest.raises(NotForUs):
                peel(envelope, key)
        tried = set(seeds_in(rig.folder)) | {key.key.secret_seed() for key in taken}
        assert rig.relay.signing.secret_seed() in tried
        sealed_to = {announced.key.wire, *(key.public for key in rig.partners)}
        assert not sealed_to & {OpeningKey(seed).sealing_key.wire for seed in tried}
        return len(tried)


def nothing_of_an_earlier_period_opens_for_the_thief_of_a_desk(folder: Path) -> int:
    """The proof for a partner. Returns how many keys were tried."""
    with new_desk(folder) as desk:
        older = key_of(desk)
    recorded = [seal_report(Report(text=text), to=[older], relays=1) for text in ("read long ago", "never came")]
    settings = read_settings(folder)
    periods.new_period(settings, passphrase=PASSPHRASE, today=DAY, cost=CHEAP)
    with open_desk(folder) as desk:
        newer = key_of(desk)
    assert sealed_and_opened(recorded, folder) == len(recorded), "until the period is ended they open"
    periods.end_periods(settings, today=DAY + periods.LATE)
    assert sealed_and_opened(recorded, folder) == 0
    new = seal_report(Report(text="of this period"), to=[newer], relays=1)
    assert sealed_and_opened([new], folder) == 1, "the thief has the key of this period"
    return len(set(seeds_in(folder)))


def sealed_and_opened(cells: list[bytes], folder: Path) -> int:
    """How many of these letters open with anything in that folder."""
    found = [OpeningKey(seed) for seed in set(seeds_in(folder))]
    opened = 0
    for cell in cells:
        with suppress(NotForUs):
            open_letter(cell, found)
            opened += 1
    return opened


@pytest.mark.slow
def test_a_stolen_relay_opens_nothing_old(tmp_path: Path) -> None:
    tried = nothing_old_opens_for_the_thief_of_a_relay(Rig(tmp_path / "relay"), program="relay.node")
    print(f"T21: {tried} keys were tried on an envelope of two rounds before: it opens with none")


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [mutant_node.reuse_round_keys, mutant_node.make_round_keys_of_the_identity])
def test_a_relay_whose_keys_open_old_rounds_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutant: Callable[[], None]
) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant.__name__)
    caught(
        "T21",
        mutant.__name__.replace("_", " "),
        nothing_old_opens_for_the_thief_of_a_relay,
        Rig(tmp_path / "relay"),
        program=mutant_node.PROGRAM,
    )


@pytest.mark.slow
def test_a_stolen_desk_opens_nothing_of_an_earlier_period(tmp_path: Path) -> None:
    tried = nothing_of_an_earlier_period_opens_for_the_thief_of_a_desk(tmp_path / "desk")
    print(f"T21: {tried} keys of a desk were tried on letters of the period before: they open with none")


def only_rename(path: Path) -> None:
    """The mutant: the old key is put aside."""
    path.rename(path.with_suffix(".gone"))


def keep_the_seed(kind: KeyKind) -> Key:
    """The mutant: a new period, and the old key."""
    return PartnerKey(OpeningKey(bytes(range(SEED_LEN))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "name", "mutant"),
    [(periods, "_destroy", only_rename), (keys, "generate", keep_the_seed)],
    ids=["put the old key aside", "the same key in every period"],
)
def test_a_desk_that_keeps_old_keys_is_caught(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    mutant: object,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(where, name, mutant)
    proof = nothing_of_an_earlier_period_opens_for_the_thief_of_a_desk
    caught("T21", request.node.callspec.id, proof, tmp_path / "desk")
