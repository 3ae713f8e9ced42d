"""A relay's parent process without Tor, as `veladora run` is it with Tor; and faults that are planted in it.

python -m tests.privacy.seizure.program FOLDER NODE_MODULE
python -m tests.privacy.seizure.program --tors-defaults FOLDER
"""

import signal
import sys
import threading
from pathlib import Path

from crypto import keys
from crypto.keys import RelayKey
from onion_service import torrc
from relay import cli, config, hygiene
from relay.journal import Event, Journal
from relay.supervisor import NodeKeeper
from tests.rig import NOBODY, for_tests

_POLL_SECONDS = 0.05


def keep(folder: Path, program: str) -> None:
    """Keep a node running until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    hygiene.settle()
    settings = config.read(folder / "relay.toml")
    identity = keys.unlock(settings.identity_file.read_bytes(), passphrase=None)
    if not isinstance(identity, RelayKey):
        raise TypeError("not a relay's key")
    settings.state.mkdir(mode=0o700, exist_ok=True)
    journal = Journal()
    with NodeKeeper(
        settings, identity.signing, socks=NOBODY, journal=journal, program=program, environment=for_tests()
    ) as keeper:
        keeper.start()
        while not stop.wait(_POLL_SECONDS):
            keeper.look()
    journal.record(Event.STOPPED)


def run_with_tors_defaults(folder: Path) -> None:
    """T9: `veladora run` with tors that log and keep what they do when nobody asks for anything else."""
    log = folder / "state" / "tor.log"
    torrc._QUIET = (f"Log notice file {log}", "LogTimeGranularity 1")  # type: ignore[misc,assignment]
    sys.argv = ["veladora", "run", str(folder)]
    cli.main()


if __name__ == "__main__":
    if sys.argv[1] == "--tors-defaults":
        run_with_tors_defaults(Path(sys.argv[2]))
    else:
        keep(Path(sys.argv[1]), sys.argv[2])
