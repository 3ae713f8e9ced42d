"""`veladora partner-lines`: what a partner must know of this relay, as the lines that its desk takes."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crypto.errors import CryptoError
from relay.cli.console import answer, fail, plain, say
from relay.cli.explain import explain

if TYPE_CHECKING:
    from crypto.directory import Directory
    from relay.config import Settings


def partner_lines(
    settings: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="The relay's folder, or its relay.toml.")],
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's id in relay.toml.")],
) -> None:
    """Print the lines to send to a partner: its desk takes them as they are, also inside a message.

    They come from relay.toml and the signed directory, so they are what this relay does. With a `pull_key` the partner
    is also told where it may come for what it missed; tor makes that address when the relay runs with such a key for
    the first time, so run it, and print the lines again.
    """
    from relay import config

    try:
        read = config.read(settings / "relay.toml" if settings.is_dir() else settings)
    except config.ConfigError as error:
        fail(str(error), hint="name the folder or the file that `veladora run` is started with")
    known = {one.id: one for one in read.config.partner}
    if partner not in known:
        there = ", ".join(known) or "nobody yet"
        fail(f"{read.path} has no partner {partner!r}; in it: {there}", hint="write a [[partner]] block for it")
    directory = _directory(read)
    onion = _partners_onion(read) if known[partner].pull_key else ""
    for line in _block(read, directory, partners_onion=onion):
        answer(line)
    if partner not in {one.id for one in directory.partners}:
        say(plain(f"The signed directory does not name {partner} yet: nobody can write to it until it does."))
    if onion:
        say(f"partners_onion is for {partner} and for nobody else; nothing else in these lines is secret.")
    elif known[partner].pull_key:
        say(f"Where {partner} may come for what it missed is not known yet: run the relay with its pull_key, and print")
        say("these lines again. The desk takes the line partners_onion later too.")
    else:
        say(f"{partner} has no pull_key in relay.toml, so it cannot come for what it missed.")
    say("Next: send them; the desk asks for them in its fourth step, and shows each for comparison.")


def _directory(read: "Settings") -> "Directory":
    from crypto.directory import TrustedDirectory

    try:
        signed = read.directory_file.read_bytes()
        return TrustedDirectory.read(signed, root=read.config.root, now=int(time.time())).directory
    except OSError as error:
        fail(
            f"cannot read the directory {read.directory_file}: {error.strerror}", hint="sign it first, and put it there"
        )
    except CryptoError as error:
        explain(error, about=str(read.directory_file))


def _partners_onion(read: "Settings") -> str:
    try:
        return (read.partners_onion / "hostname").read_text("ascii").strip()
    except FileNotFoundError:
        return ""


def _block(read: "Settings", directory: "Directory", *, partners_onion: str) -> list[str]:
    sizes = directory.bundle
    lines = [
        "[relay]",
        f'identity = "{directory.route[-1].id}"',
        f'card = "{directory.route[0].onion}#{read.config.relay.root}"',
        f"round_seconds = {directory.round_seconds}",
        f"letters = {sizes.letters}",
        f"parcels = {sizes.parcels}",
        f"parcel_every = {sizes.parcel_every}",
        f"keep_rounds = {read.config.bundles.keep_rounds}",
    ]
    return [*lines, f'partners_onion = "{partners_onion}"'] if partners_onion else lines
