"""Desks, keys and bundles that the tests of this folder start from."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Final

import aiohttp

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.keys import Cost
from crypto.layers import RoundNumber
from crypto.letter import seal_part, seal_report, top_up
from crypto.report import Attachment, Report, attach
from crypto.signing import SigningKey
from crypto.suite import OpeningKey, SealingKey
from forwarder.desk.config import Config, PartnerSettings, RelaySettings, Settings
from forwarder.desk.program import Desk, create, unlock
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS

OURS: Final = OpeningKey(bytes(range(1, 33)))
OLDER: Final = OpeningKey(bytes(range(2, 34)))
THEIRS: Final = OpeningKey(bytes(range(3, 35)))
PASSPHRASE: Final = "vela encendida toda la noche"
CHEAP: Final = Cost(operations=1, memory=8_192)
TODAY: Final = date(2033, 1, 14)
CARD: Final = "a" * 56 + ".onion#" + "0" * 64
RELAY_SETTINGS: Final = RelaySettings(
    identity=RELAY.verifying_key.wire.hex(), card=CARD, round_seconds=ROUND_SECONDS, letters=8, parcels=4
)
PARTNER: Final = PartnerSettings(id="red-norte", name="Red Norte")
SETTINGS: Final = Settings(Config(partner=PARTNER, relay=RELAY_SETTINGS), Path("/nowhere"))


def letters(
    round_number: int,
    *reports: Report,
    to: Sequence[SealingKey] = (OURS.sealing_key,),
    others: Sequence[bytes] = (),
    relay: SigningKey = RELAY,
) -> Bundle:
    """A bundle of letters: these reports, these other cells, and one top-up."""
    cells = [seal_report(report, to=to, relays=1) for report in reports]
    cells += [*others, top_up(CellClass.LETTER, relays=1)]
    return Bundle.sign(cells, cell_class=CellClass.LETTER, round_number=RoundNumber(round_number), relay=relay)


def parcels(round_number: int, *parts: bytes, to: Sequence[SealingKey] = (OURS.sealing_key,)) -> Bundle:
    """A bundle of parcels: these parts, and one top-up."""
    cells = [*(seal_part(part, to=to, relays=1) for part in parts), top_up(CellClass.PARCEL, relays=1)]
    return Bundle.sign(cells, cell_class=CellClass.PARCEL, round_number=RoundNumber(round_number), relay=RELAY)


def attached(data: bytes, *, media: str = "application/pdf", cleaned: bool = False) -> tuple[Attachment, list[bytes]]:
    """An attachment and its parts."""
    return attach(data, media=media, cleaned=cleaned)


def new_desk(folder: Path, *, relay: RelaySettings | None = RELAY_SETTINGS) -> Desk:
    """A desk made and unlocked."""
    create(folder, PARTNER, relay=relay, passphrase=PASSPHRASE, cost=CHEAP)
    return open_desk(folder)


def open_desk(folder: Path) -> Desk:
    """A desk made before, unlocked."""
    from forwarder.desk.config import read_settings

    return unlock(read_settings(folder), passphrase=PASSPHRASE)


def key_of(desk: Desk) -> SealingKey:
    """The key to seal to this desk."""
    import base64

    return SealingKey(base64.b64decode(desk.card.key))


@asynccontextmanager
async def to_socket(path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the server on a unix socket."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        yield session


def a_tor_that_breaks(folder: Path, *, then: str = "exit 1") -> Path:
    """A folder for PATH with a tor that says what it is, and when it is to do something does `then` instead."""
    tor = shutil.which("tor")
    folder.mkdir()
    broken = folder / "tor"
    broken.write_text(f'#!/bin/sh\ncase "$1" in --version|--list-modules) exec {tor} "$1" ;; esac\n{then}\n')
    broken.chmod(0o755)
    return folder
