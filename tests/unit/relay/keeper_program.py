"""A supervisor that only keeps its node running: `python -m tests.unit.relay.keeper_program SETTINGS KEY`."""

import sys
import time
from pathlib import Path

from crypto import keys
from crypto.keys import RelayKey
from relay import config
from relay.journal import Journal
from relay.supervisor import NodeKeeper
from tests.rig import NOBODY


def main(settings: Path, key_file: Path) -> None:
    """Print the node's process id and keep it running until killed."""
    key = keys.unlock(key_file.read_bytes(), passphrase=None)
    assert isinstance(key, RelayKey)
    with NodeKeeper(config.read(settings), key.signing, socks=NOBODY, journal=Journal()) as keeper:
        keeper.start()
        print(keeper.pid, flush=True)
        while True:
            keeper.look()
            time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
