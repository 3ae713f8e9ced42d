"""`veladora keys`: long-lived keys are made here, and their public halves are shown; no key is ever overwritten."""

import base64
import hashlib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crypto.errors import CryptoError
from relay.cli.console import MISUSED, answer, ask_passphrase, fail, progress, say
from relay.cli.explain import explain

if TYPE_CHECKING:
    from crypto.keys import Key

app = typer.Typer(help="Make keys, and show their public halves.", no_args_is_help=True)

PassphraseFd = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd", metavar="N", min=0, help="Read the passphrase from open file descriptor N (one line)."
    ),
]


class Kind(StrEnum):
    """Whose key it is."""

    RELAY = "relay"
    PARTNER = "partner"
    ROOT = "root"
    ALERTS = "alerts"


@app.command()
def new(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="Whose key: a relay's identity, a partner's, the root, or one that signs a partner's alerts."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it; must not exist.")],
    unlocked: Annotated[
        bool, typer.Option("--open", help="No passphrase: only for a relay, which must start alone.")
    ] = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Make a key, locked by a passphrase, and print its public half."""
    from crypto import keys
    from onion_service.durable import write_new

    if unlocked and kind is not Kind.RELAY:
        fail(f"a {kind.value} key is always locked", hint="leave out --open", code=MISUSED)
    if out.exists() or out.is_symlink():
        fail(f"{out} exists already", hint="choose another path; a key is never overwritten")
    passphrase = None if unlocked else ask_passphrase("Passphrase for the new key", confirm=True, fd=passphrase_fd)
    key = keys.generate(keys.KeyKind(kind.value))
    with progress() as bar:
        bar.step("Locking the key" if passphrase else "Writing the key")
        key_file = keys.lock(key, passphrase=passphrase)
    write_new(out, key_file)
    _show(kind.value, key, public_only=False)
    say(f"Written to {out}. {_keep(kind, locked=not unlocked)}")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A key file.")],
    public_only: Annotated[bool, typer.Option("--public", help="Print the public half and nothing else.")] = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Print the public half of a key and its fingerprint words, once the file has proved that they belong to it."""
    key = open_key(file, passphrase_fd=passphrase_fd)
    _show(_kind(key).value, key, public_only=public_only)


def open_key(file: Path, *, passphrase_fd: int | None) -> "Key":
    """The key in `file`; asks for its passphrase when it is locked. Ends the command when it does not open."""
    from crypto import keys

    wire = read_at_most(file, keys.KEY_FILE_MAX)
    try:
        passphrase = None
        if keys.is_locked(wire):
            passphrase = ask_passphrase(f"Passphrase of {file}", fd=passphrase_fd)
        return keys.unlock(wire, passphrase=passphrase)
    except CryptoError as error:
        explain(error, about=str(file))


def read_at_most(file: Path, limit: int) -> bytes:
    """The bytes of a file of at most `limit` bytes; ends the command on a longer one, before reading it whole."""
    with file.open("rb") as opened:
        wire = opened.read(limit + 1)
    if len(wire) > limit:
        fail(f"{file} is longer than {limit} bytes", hint="it is not what this command reads; check the path")
    return wire


def public_text(key: "Key") -> str:
    """The public half as others need it: base64 for a partner's, minisign's for alerts, else hexadecimal."""
    from crypto.keys import AlertsKey, PartnerKey
    from crypto.minisign import PublicKey

    if isinstance(key, AlertsKey):
        return str(PublicKey.of(key.signing))
    return base64.b64encode(key.public).decode() if isinstance(key, PartnerKey) else key.public.hex()


def _kind(key: "Key") -> Kind:
    from crypto.keys import AlertsKey, PartnerKey, RelayKey, RootKey

    kinds = {RelayKey: Kind.RELAY, PartnerKey: Kind.PARTNER, RootKey: Kind.ROOT, AlertsKey: Kind.ALERTS}
    return kinds[type(key)]


def _show(kind: str, key: "Key", *, public_only: bool) -> None:
    from crypto.keys import fingerprint_words

    if public_only:
        answer(public_text(key))
        return
    answer(f"kind    {kind}")
    answer(f"words   {fingerprint_words(hashlib.sha256(key.public).digest())}")
    answer(f"public  {public_text(key)}")


def _keep(kind: Kind, *, locked: bool) -> str:
    match kind:
        case Kind.ROOT:
            return "Keep it on a machine that is never online, and a copy in another place."
        case Kind.PARTNER:
            return "Keep it where your desk runs; without it and its passphrase no report opens."
        case Kind.ALERTS:
            return "Keep it where you publish. The public half is what mirrors and readers pin; minisign reads it."
        case Kind.RELAY:
            return "Keep it on the relay." if locked else "It is not locked: whoever reads the file is this relay."
