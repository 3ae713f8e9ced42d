"""`veladora init`: a relay's folder, made once: its identity, its onion address, its settings and a draft directory."""

from pathlib import Path
from typing import Annotated, Final

import typer

from relay.cli.console import answer, ask_passphrase, fail, progress, say

_ROOT_LEN: Final = 64

_SETTINGS: Final = """\
# Made by `veladora init`. Every setting that can be written here is explained in deploy/relay.toml.example.
# A name that is not known stops the start.

[relay]
root = "{root}"

# One block for each partner: its id in the directory, and its endpoint from `veladora desk card`.
# [[partner]]
# id = "red-norte"
# endpoint = "http://<56 characters>.onion/"
# pull_key = "<52 capital letters and digits>"     # with it the partner may also come for bundles by itself
"""

_DRAFT: Final = """\
# The draft of the directory: what reporters will know of this relay. Fill in the partners, take it to the machine that
# has the root key, and sign it there: veladora directory sign draft.toml --key root.key --out directory.signed
# `veladora directory example` prints a draft with every setting.

expires = {expires}

[[relays]]
name = "{name}"
onion = "{onion}"
id = "{relay}"

# [[partners]]
# id = "red-norte"
# name = "Red Norte"
# about = {{ es = "Personas desaparecidas", en = "Missing persons" }}
# card_file = "red-norte.txt"    # as the partner sent it: veladora directory partner red-norte.txt

# The page that this version serves. After an upgrade: veladora directory site {root}
{site}
"""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the relay will live; made if it is not there.")
    ],
    root: Annotated[str, typer.Option("--root", metavar="HEX", help="The root public key: 64 hexadecimal digits.")],
    name: Annotated[str, typer.Option("--name", help="What reporters see.")] = "Veladora",
    tor: Annotated[str, typer.Option("--tor", metavar="PROGRAM", help="The tor to use.")] = "tor",
    locked: Annotated[
        bool, typer.Option("--locked", help="Lock the identity with a passphrase: the relay cannot start alone then.")
    ] = False,
    passphrase_fd: Annotated[
        int | None, typer.Option("--passphrase-fd", metavar="N", min=0, help="Read the passphrase from descriptor N.")
    ] = None,
) -> None:
    """Make a relay: identity, onion address, settings and a draft directory. Nothing is overwritten."""
    from datetime import UTC, datetime, timedelta

    from crypto import keys
    from crypto.signing import VerifyingKey
    from onion_service import control
    from onion_service.durable import write_new
    from onion_service.program import usable_tor
    from relay import config, supervisor
    from relay.cli.draft import site_table

    if len(root) != _ROOT_LEN or not all(digit in "0123456789abcdef" for digit in root):
        fail("the root public key is 64 hexadecimal digits", hint="`veladora keys show root.key` prints it", code=2)
    if not 0 < len(name) <= 100 or not name.isprintable() or '"' in name or "\\" in name:
        fail("the name has 1 to 100 plain characters", hint="leave out quotes and backslashes", code=2)
    files = [folder / file for file in ("relay.toml", "relay.key", "draft.toml", "state")]
    for file in files:
        if file.exists():
            fail(f"{file} exists already", hint="choose another folder; nothing is overwritten")
    usable_tor(tor)
    table = site_table(VerifyingKey(bytes.fromhex(root)))
    passphrase = ask_passphrase("Passphrase for the relay", confirm=True, fd=passphrase_fd) if locked else None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = keys.generate(keys.KeyKind.RELAY)
    with progress() as bar:
        bar.step("writing the identity and the settings")
        write_new(folder / "relay.key", keys.lock(identity, passphrase=passphrase))
        write_new(folder / "relay.toml", _SETTINGS.format(root=root).encode())
        settings = config.read(folder / "relay.toml")
        settings.state.mkdir(mode=0o700)
        bar.step("tor makes the onion address; nothing leaves this machine")
        onion = control.make_onion(supervisor.onion_tor(settings), program=tor)
    expires = (datetime.now(UTC) + timedelta(days=90)).date()
    draft = _DRAFT.format(expires=expires, name=name, onion=onion, relay=identity.public.hex(), root=root, site=table)
    write_new(folder / "draft.toml", draft.encode())
    answer(f"onion: {onion}")
    answer(f"relay: {identity.public.hex()}")
    answer(f"card:  {onion}#{root}")
    say(f"The relay is in {folder}. Keep a copy of relay.key and state/onion in a safe place.")
    signed = folder / "directory.signed"
    say(f"Next: write the partners into {folder / 'draft.toml'}, and sign it where the root key is, as {signed}.")
    say(f"Write the partners' endpoints into {folder / 'relay.toml'}; then: veladora run {folder}")
