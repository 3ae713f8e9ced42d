"""A new desk is in its folder whole, or nothing of it is: what was broken off is not in the way of another try.

Only what this program made itself is taken away again; what lies there already is never touched.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from crypto import keys
from crypto.keys import Cost, KeyKind, PartnerKey
from forwarder.desk.card import card_of
from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings, Settings, parse_settings
from forwarder.desk.errors import AlreadyThere
from forwarder.desk.inbox import Inbox
from forwarder.desk.settings_text import settings_text
from forwarder.durable import write_durably
from forwarder.errors import NoSpace, NotWritten
from forwarder.partner_card import PartnerCard
from onion_service.control import make_onion
from onion_service.durable import sync_folder
from onion_service.program import usable_tor
from onion_service.torrc import OnionTor, UnixSocket

DRAFT: Final = ".making-"


def create(
    folder: Path, partner: PartnerSettings, *, relay: RelaySettings | None, passphrase: str, cost: Cost | None = None
) -> PartnerCard:
    """A new desk in `folder`: settings, a key and an inbox locked by `passphrase`, and the endpoint's onion.

    tor makes the key of the onion; nothing leaves the machine. All of it is there, or nothing. Raises AlreadyThere when
    a desk, or part of one, is there, since nothing is overwritten; NotWritten, NotStored or a TorError.
    """
    settings_file = folder / SETTINGS_NAME
    text = settings_text(partner, relay).encode()
    settings = Settings(parse_settings(text, path=settings_file), folder.absolute())
    onion = settings.onion_tor()
    for path in (settings_file, folder / partner.key, settings.service_directory):
        if path.exists():
            raise AlreadyThere(path)
    usable_tor(settings.config.tor.program)
    key = keys.generate(KeyKind.PARTNER)
    if not isinstance(key, PartnerKey):
        raise TypeError("a partner's key was asked for")
    # Written last: a folder with settings is a whole desk.
    with made_whole(settings.folder, last=SETTINGS_NAME) as draft:
        begun = Settings(settings.config, draft)
        with Inbox.create(draft, passphrase=passphrase, cost=cost) as inbox:
            write_durably(draft / partner.key, [keys.lock(key, passphrase=passphrase, cost=cost)])
            make_onion_within(begun.service_directory, onion, program=settings.config.tor.program)
            write_durably(draft / SETTINGS_NAME, [text])
            return card_of(begun, key.opening, inbox.database)


@contextmanager
def made_whole(folder: Path, *, last: str) -> Iterator[Path]:
    """A draft inside `folder`, in which the block makes things; when it ends they lie in `folder`, `last` after the
    others.

    When the block raises, or they cannot be put there, all of them are gone again, and so is a `folder` that was made
    here. Who kills the program leaves the draft, which the next try passes by. Raises AlreadyThere or NotWritten.
    """
    made = not folder.exists()
    draft = _begun(folder)
    placed: list[Path] = []
    try:
        yield draft
        for path in sorted(draft.iterdir(), key=lambda one: (one.name == last, one.name)):
            target = folder / path.name
            if os.path.lexists(target):
                raise AlreadyThere(target)
            path.rename(target)
            placed.append(target)
        draft.rmdir()
        sync_folder(folder)
    except BaseException:
        # The last one first: a folder that has it is a whole desk.
        for path in (*reversed(placed), draft):
            _remove(path)
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def make_onion_within(service: Path, onion: OnionTor, *, program: str) -> None:
    """The key and the name of an onion are in `service`, made by tor; nothing leaves the machine. Raises a TorError."""
    service.parent.mkdir(mode=0o700)
    # What tor needs only while it runs is in a short place of its own: the path of a socket cannot be long.
    with tempfile.TemporaryDirectory(prefix="v-") as short:
        place = Path(short)
        control = UnixSocket(place / "control")
        make_onion(
            replace(onion, service_directory=service, data_directory=place / "data", control=control), program=program
        )


def _begun(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=DRAFT, dir=folder))
    except OSError as error:
        failure = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else NotWritten
        raise failure(folder, error.strerror or "unknown reason") from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
