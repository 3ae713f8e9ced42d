"""A desk, the directory that names it and two others, and what the others say; for tests of words between desks."""

import base64
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from crypto.cells import CellClass
from crypto.directory import Directory, Partner, Relay, TrustedDirectory, sign
from crypto.directory import Words as Texts
from crypto.keys import RootKey
from crypto.letter import seal_word, top_up
from crypto.report import Report
from crypto.signing import SigningKey
from crypto.suite import OpeningKey
from crypto.word import BUCKET_SECONDS, Word, say
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.config import Config, PartnerSettings, Settings
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.given import CHEAP, OLDER, OURS, PASSPHRASE, RELAY_SETTINGS, THEIRS, letters
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS

ROOT: Final = RootKey(SigningKey(b"r" * 32))
SUR, OESTE = SigningKey(b"s" * 32), SigningKey(b"o" * 32)
ONION: Final = "a" * 56 + ".onion"
# So far off that no clock of a machine that runs this has come past it.
NOW: Final = 4_000_000_000
# The last round of a bucket of six hours, and its bucket.
ROUND: Final = 2_000_015
BUCKET: Final = ROUND * ROUND_SECONDS // BUCKET_SECONDS
BY: Final = By(date(2027, 1, 15), "Ana")


def partner(partner_id: str, name: str, key: OpeningKey, signing: SigningKey | None) -> Partner:
    return Partner(
        about=Texts(en="", es=""),
        id=partner_id,
        key=base64.b64encode(key.sealing_key.wire).decode(),
        name=name,
        signing=msgspec.UNSET if signing is None else signing.verifying_key.wire.hex(),
    )


def directory(own: SigningKey, **fields: object) -> Directory:
    return Directory(
        expires=NOW + 1_000,
        partners=[
            partner("red-norte", "Red Norte", OURS, own),
            partner("red-sur", "Red Sur", THEIRS, SUR),
            partner("red-oeste", "Red Oeste", OpeningKey(bytes(range(9, 41))), None),
        ],
        route=[Relay(id=RELAY.verifying_key.wire.hex(), name="Relevo", onion=ONION)],
        version=7,
    )


def a_desk(folder: Path, *, listed: bool = True) -> Desk:
    """A desk with two reports in incident 1 and, where `listed`, a directory that names it and two others."""
    folder.mkdir(parents=True, exist_ok=True)
    relay = msgspec.structs.replace(RELAY_SETTINGS, card=f"{ONION}#{ROOT.public.hex()}")
    found = Settings(Config(partner=PartnerSettings(id="red-norte", name="Red Norte"), relay=relay), folder)
    desk = Desk(found, (OURS, OLDER), Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP))
    mine = [Report(text=f"Vi algo {one}", topic="desaparicion", place="mx-monterrey") for one in range(2)]
    desk.take(letters(ROUND, *mine))
    Incidents(desk.inbox.database).merge([1, 2], by=BY)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), State.CHECKING, by=BY)
    if listed:
        trust(desk)
    return desk


def trust(desk: Desk) -> None:
    signed = sign(directory(signing_key(desk.inbox.database)), ROOT)
    desk.directory.keep(TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=NOW))


def a_word(
    *, key: SigningKey = SUR, sender: str = "red-sur", place: str = "mx-monterrey", topic: str = "desaparicion",
    bucket: int = BUCKET, several: bool = True, reader: OpeningKey = OURS,
) -> Word:  # fmt: skip
    return say(
        bucket=bucket, place=place, topic=topic, several=several, sender=sender, key=key,
        recipient=reader.sealing_key.fingerprint,
    )  # fmt: skip


def hear(desk: Desk, *said: Word, at: int = ROUND + 1, to: OpeningKey = OURS) -> None:
    cells = [seal_word(one, to=to.sealing_key, relays=1) for one in said]
    desk.take(letters(at, others=[*cells, top_up(CellClass.LETTER, relays=1)]))


def another_incident(desk: Desk) -> list[int]:
    desk.take(letters(ROUND + 3, Report(text="Otra cosa"), Report(text="Y otra")))
    return [3, 4]
