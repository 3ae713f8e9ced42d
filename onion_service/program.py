"""The tor program found on this machine is new enough and can do proof of work, or the start stops here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final

from onion_service.errors import TorMissing, TorTooOld, TorWithoutPow

_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")
OLDEST: Final = (0, 4, 8)
_ANSWER_SECONDS: Final = 20.0
_VERSION: Final = re.compile(r"Tor version (\d{1,4}(?:\.\d{1,4}){2,3})")


def usable_tor(program: str = "tor") -> str:
    """The full path of a tor that can serve us.

    Raises TorMissing, TorTooOld or TorWithoutPow; the operator must install another tor.
    """
    path = shutil.which(program)
    if path is None:
        raise TorMissing(program)
    check_version(_ask(path, "--version"))
    if not re.search(r"^pow: yes$", _ask(path, "--list-modules"), re.MULTILINE):
        raise TorWithoutPow(path)
    return path


def environment() -> dict[str, str]:
    """All that a tor is told of our environment: where programs lie. Nothing that could be secret."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def check_version(said: str) -> None:
    """Pass when `said` names a tor of at least 0.4.8; raises TorTooOld otherwise, also when it names none."""
    found = _VERSION.search(said)
    if found is None:
        raise TorTooOld("it does not tell its version")
    numbers = tuple(int(part) for part in found[1].split("."))
    if numbers < OLDEST:
        raise TorTooOld(found[1])


def _ask(path: str, question: str) -> str:
    try:
        done = subprocess.run(
            [path, question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TorMissing(f"{path} ({error.__class__.__name__})") from error
    return done.stdout.decode("utf-8", "replace")
