"""The signed folder of everything that is published, made anew whenever it is not what the desk has decided.

What was decided is in the database before; so a release that was cut off, at any moment, is made up for by the next
one. The key is made at its first use, locked by the desk's passphrase, and never changed in silence.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto import keys
from crypto.errors import CryptoError, Malformed, WrongPassphrase
from crypto.keys import AlertsKey, Cost, KeyKind
from crypto.minisign import PublicKey
from forwarder.copies import Copy, alone_in, read_copy, read_signed
from forwarder.desk.config import Settings
from forwarder.desk.database import Database
from forwarder.desk.periods import keys_changing
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.errors import OtherAlertsKey, TooMuchToPublish
from forwarder.desk.publish.places import read_places
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.publishing import VALID_SECONDS, publish_all
from forwarder.desk.publish.stored import read_alert, write_alert
from forwarder.desk.publish.topics import seen_names
from forwarder.durable import write_durably
from forwarder.errors import BadCopy, NoCopy
from forwarder.places.shipped import shipped

# Signed anew when half of its time is over: a desk that is opened once a week never lets it lapse.
RENEW_SECONDS: Final = VALID_SECONDS // 2
# What makes a release of the same alerts another one: a program that writes other files from them.
_FORM: Final = b"veladora v1 release 2"


@dataclass(frozen=True, slots=True)
class Released:
    """What the folder holds now: its version, until when it is good (seconds since 1970), how many alerts are in it,
    and whether this call made it."""

    version: int
    valid_until: int
    alerts: int
    new: bool


def alerts_key(settings: Settings, database: Database, *, passphrase: str, cost: Cost | None = None) -> AlertsKey:
    """The key that signs what this desk publishes; made now, locked by `passphrase`, if there was none.

    The passphrase must be the desk's own. Raises WrongPassphrase, NotWritten, or OtherAlertsKey when the file is not
    there any more, damaged, or that of another key than this desk has published with.
    """
    path, pinned = settings.alerts_key_file, public_line(database)
    try:
        wire = path.read_bytes()[: keys.KEY_FILE_MAX + 1]
    except FileNotFoundError:
        if pinned:
            raise OtherAlertsKey(f"{path} is not there any more") from None
        wire = keys.lock(keys.generate(KeyKind.ALERTS), passphrase=passphrase, cost=cost)
        write_durably(path, [wire])
    try:
        key = keys.unlock(wire, passphrase=passphrase)
    except WrongPassphrase:
        raise
    except CryptoError as error:
        raise OtherAlertsKey(f"{path}: {error}") from error
    if not isinstance(key, AlertsKey) or (pinned and pinned != str(PublicKey.of(key.signing))):
        raise OtherAlertsKey(f"{path} is not the key that this desk publishes with")
    if not pinned:
        with database.change() as opened:
            opened.execute("INSERT INTO publisher (one, key) VALUES (1, ?)", (str(PublicKey.of(key.signing)),))
    return key


def new_alerts_key(settings: Settings, database: Database, *, passphrase: str, cost: Cost | None = None) -> AlertsKey:
    """From now on this desk signs with a key that is made now, and no program of it with the one that it had.

    For a key that was stolen or lost. Whoever trusts the old one does so until a person gives them the new one. The
    passphrase must be the desk's own. Raises DeskRuns, NotWritten or NotStored; broken off, it is to be done again.
    """
    with keys_changing(settings):
        key = keys.generate(KeyKind.ALERTS)
        if not isinstance(key, AlertsKey):
            raise TypeError("a key for alerts was asked for")
        # The list that is out is one of ours to the end: the next one is newer, and may take its place.
        last, line = _last_of_ours(settings, database), str(PublicKey.of(key.signing))
        write_durably(settings.alerts_key_file, [keys.lock(key, passphrase=passphrase, cost=cost)])
        with database.change() as opened:
            opened.execute("INSERT OR REPLACE INTO publisher (one, key, version) VALUES (1, ?, ?)", (line, last))
    return key


def public_line(database: Database) -> str:
    """The public key `RW…` that others pin; empty as long as this desk has none."""
    return str(database.one("SELECT key FROM publisher") or "")


def release(settings: Settings, database: Database, *, key: AlertsKey, now: int) -> Released:
    """`current` in the folder holds every alert as it stands, signed and good for a while, when this returns.

    Nothing is written when it is so already. What lies there damaged, or with a file too many, is made anew. One
    release after the other, in whatever program of this desk: what was decided later is never written over by what was
    decided before. Raises BadPlaces, TooMuchToPublish, NotWritten, OtherAlertsKey when the desk has another key by now,
    or BadCopy when the folder is somebody else's; what was published stays as it was.
    """
    with alone_in(settings.alerts_folder):
        return _release(settings, database, key=key, now=now)


def _release(settings: Settings, database: Database, *, key: AlertsKey, now: int) -> Released:
    if public_line(database) != str(PublicKey.of(key.signing)):
        raise OtherAlertsKey("this desk publishes with another key since it was opened")
    alerts = current_alerts(database)
    partner = settings.config.partner
    gazetteer, topics = read_places(settings.places_file).listing or shipped(), seen_names(database)
    names = json.dumps(topics, sort_keys=True)
    made_of = _digest(alerts, partner.id, partner.name, names, gazetteer.write().decode())
    held = _held(settings.alerts_folder, key)
    # A list that is good for longer than any was signed by a clock that was ahead.
    if held is not None and RENEW_SECONDS < held.signed.manifest.valid_until - now <= VALID_SECONDS:
        row = database.row("SELECT alerts, manifest FROM publisher")
        if row == (made_of, hashlib.sha256(held.signed.wire).hexdigest()):
            return _released(held, alerts, new=False)
    publisher = Publisher(partner.id, partner.name)
    last = int(database.one("SELECT version FROM publisher") or 0)
    try:
        copy = publish_all(
            settings.alerts_folder, alerts, publisher, key=key, now=now, last=last, gazetteer=gazetteer, topics=topics
        )
    except Malformed as error:
        raise TooMuchToPublish(str(error)) from error
    with database.change() as opened:
        opened.execute(
            "UPDATE publisher SET alerts = ?, manifest = ?, version = ?",
            (made_of, hashlib.sha256(copy.signed.wire).hexdigest(), copy.signed.manifest.version),
        )
    return _released(copy, alerts, new=True)


def good_until(folder: Path, key: PublicKey) -> int | None:
    """Until when (seconds since 1970) the signed folder is good; None when there is none that holds."""
    try:
        return read_copy(folder, key=key).signed.manifest.valid_until
    except (NoCopy, BadCopy):
        return None


def current_alerts(database: Database) -> list[Alert]:
    """The newest version of each alert, withdrawn ones too, in the order of their ids."""
    return sorted((alert for _, alert in alerts_by_incident(database)), key=lambda alert: alert.id)


def alerts_by_incident(database: Database) -> list[tuple[int, Alert]]:
    """The same with the number of its incident, in the order in which they last changed."""
    rows = database.rows(
        "SELECT incident, wire FROM alerts AS one"
        " WHERE version = (SELECT max(version) FROM alerts WHERE id = one.id) ORDER BY number"
    )
    return [(incident, read_alert(wire)) for incident, wire in rows]


def _held(folder: Path, key: AlertsKey) -> Copy | None:
    try:
        return read_copy(folder, key=PublicKey.of(key.signing))
    except (NoCopy, BadCopy):
        return None


def _last_of_ours(settings: Settings, database: Database) -> int:
    """The last version that this desk has published, as far as inbox and folder tell."""
    last, line = int(database.one("SELECT version FROM publisher") or 0), public_line(database)
    with suppress(NoCopy, BadCopy):
        if line:
            last = max(last, read_signed(settings.alerts_folder, key=PublicKey.parse(line)).manifest.version)
    return last


def _released(copy: Copy, alerts: list[Alert], *, new: bool) -> Released:
    manifest = copy.signed.manifest
    return Released(manifest.version, manifest.valid_until, len(alerts), new)


def _digest(alerts: list[Alert], *who: str) -> str:
    made_of = hashlib.sha256(_FORM)
    for part in (*(one.encode() for one in who), *map(write_alert, alerts)):
        made_of.update(len(part).to_bytes(8, "big") + part)
    return made_of.hexdigest()
