"""What must hold before a relay starts: a directory that names it and its page, and memory that a bundle fits into
(docs/operate.md)."""

from pathlib import Path
from typing import Final

from crypto.cells import CellClass
from crypto.directory import TrustedDirectory
from crypto.errors import CryptoError
from crypto.signing import VerifyingKey
from onion_service import site
from relay.config import Settings
from relay.spool import Geometry

RELAYS: Final = 1


class StartError(Exception):
    """The relay cannot start as it is set up; the operator must act, and the text says how."""


def read_directory(path: Path, *, root: VerifyingKey, identity: VerifyingKey, now: int) -> TrustedDirectory:
    """The relay's own directory. Raises StartError when it is missing, not trusted, or does not name this relay
    and the page that it would serve; SiteBroken when there is no such page."""
    try:
        trusted = TrustedDirectory.read(path.read_bytes(), root=root, now=now)
    except OSError as error:
        raise StartError(f"cannot read the directory {path}: {error.strerror}; `veladora directory sign`") from error
    except CryptoError as error:
        raise StartError(f"the directory {path} is not usable: {error}") from error
    route = trusted.directory.route
    if identity.wire.hex() not in {relay.id for relay in route}:
        raise StartError(f"the directory {path} does not name this relay, whose id is {identity.wire.hex()}")
    if len(route) != 1:
        raise StartError("this version runs a relay that is alone on its route; sign a directory with one relay")
    if trusted.directory.site.get("/") != site.site_hashes(root)["/"]:
        raise StartError(
            f"the directory {path} does not name the page that this version serves: put the lines of "
            f"`veladora directory site {root.wire.hex()}` into the draft, and sign it again"
        )
    return trusted


def geometry(settings: Settings, trusted: TrustedDirectory) -> Geometry:
    """The spool that these settings ask for. Raises StartError when a bundle would not fit into it."""
    wanted, sizes = settings.config.spool, trusted.directory.bundle
    if wanted.letters < sizes.letters or wanted.parcels < sizes.parcels:
        raise StartError(f"[spool] must hold a whole bundle: letters >= {sizes.letters}, parcels >= {sizes.parcels}")
    return Geometry(
        letters=wanted.letters,
        letter_length=CellClass.LETTER.length_after(RELAYS),
        parcels=wanted.parcels,
        parcel_length=CellClass.PARCEL.length_after(RELAYS),
    )
