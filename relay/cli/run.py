"""`veladora run`: the relay itself, until it is told to stop."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.console import fail, progress, say

if TYPE_CHECKING:
    from onion_service.control import Bootstrap


def run(
    settings: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="The relay's folder, or its relay.toml.")],
    passphrase_fd: Annotated[
        int | None, typer.Option("--passphrase-fd", metavar="N", min=0, help="Read the passphrase from descriptor N.")
    ] = None,
) -> None:
    """Run the relay until it is stopped (Ctrl-C, or SIGTERM). It says what happens in events, never about a report."""
    from crypto.keys import RelayKey
    from relay import config, hygiene, supervisor
    from relay.cli.keys import open_key
    from relay.journal import Journal
    from relay.spool import SpoolError
    from relay.start import StartError

    journal = Journal()
    try:
        hygiene.settle()
    except hygiene.HygieneError as error:
        fail(str(error), hint="start it by deploy/systemd/veladora-relay.service, or outside of what forbids it")
    try:
        read = config.read(settings / "relay.toml" if settings.is_dir() else settings)
    except config.ConfigError as error:
        fail(str(error), hint="mend the file; deploy/relay.toml.example explains every setting")
    key = open_key(read.identity_file, passphrase_fd=passphrase_fd)
    if not isinstance(key, RelayKey):
        fail(f"{read.identity_file} is not a relay's key", hint="make one: veladora keys new relay")
    journal.listen()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        with progress() as bar:
            supervisor.supervise(
                read,
                key.signing,
                journal=journal,
                stop=stop,
                progress=lambda which, at: bar.step(f"tor ({which}): {_words(at)}", done=at.percent, of=100),
                published=lambda onion, partners: _published(
                    f"{onion}#{read.config.relay.root}", read.partners_onion / "hostname" if partners else None
                ),
            )
    except (StartError, SpoolError) as error:
        fail(str(error), hint="mend it and start again; what partners have not had yet is kept")


def _published(card: str, partners: "Path | None") -> None:
    say(f"card: {card}")
    if partners is not None:
        # Not the address itself: what is said here may be kept in the system's journal, and copied from there.
        say(f"partners who pull: their address stands in {partners} (give it to those partners, and to nobody else)")


def _words(at: "Bootstrap") -> str:
    return f"{at.percent} % {at.summary}"
