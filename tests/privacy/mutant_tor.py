"""The relay's command with a leak planted in how it keeps its tors: `python -m tests.privacy.mutant_tor run FOLDER`.

VARIABLE in the environment names the leak.
"""

import os
from collections.abc import Callable
from typing import Final

from onion_service import control, tor_folder
from onion_service.control import Settings, Tor
from onion_service.torrc import OnionTor
from relay.cli import main

PROGRAM: Final = "tests.privacy.mutant_tor"
VARIABLE: Final = "VELADORA_MUTANT"
LOG: Final = "notices.log"
# What an onion service cannot do without. All else is tor's default, but for the log, which Debian's puts into a file.
_NEEDED: Final = (
    "DataDirectory ",
    "ControlPort ",
    "CookieAuthentication ",
    "SocksPort ",
    "HiddenServiceDir ",
    "HiddenServicePort ",
    "TestingTorNetwork ",
    "UseDefaultFallbackDirs ",
    "OutboundBindAddress ",
    "DirAuthority ",
    "VanguardsLiteEnabled ",
)


def leave_tor_its_defaults() -> None:
    """tor works on the disk, with its own settings, as the manual's example of an onion service does."""
    whole = OnionTor.lines

    def lines(self: OnionTor) -> tuple[str, ...]:
        needed = [line for line in whole(self) if line.startswith(_NEEDED)]
        return (*needed, f"Log notice file {self.data_directory}/{LOG}")

    def start(path: str, settings: Settings, *, seconds: float = control.CONTROL_SECONDS) -> Tor:
        return control._start(path, settings, seconds=seconds, folder=None)

    setattr(OnionTor, "lines", lines)  # noqa: B010 - a method is replaced on purpose
    control.start = start


def keep_what_tor_wrote() -> None:
    """What is kept of tor's state is all of it."""
    setattr(tor_folder, "guards_only", lambda state: state)  # noqa: B010 - so is an import


_LEAKS: Final[dict[str, Callable[[], None]]] = {
    leak.__name__: leak for leak in (leave_tor_its_defaults, keep_what_tor_wrote)
}

if __name__ == "__main__":
    _LEAKS[os.environ[VARIABLE]]()
    main()
