"""Programs started as a user who is not root, where these tests are root and nobody may read tree and Python."""

import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from typing import Any, Final

from tests.architecture_rules import ROOT

NOBODY: Final = 65_534
ENVIRONMENT: Final = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]),
}


@cache
def interpreter() -> tuple[str, dict[str, Any]]:
    """A Python that nobody can start, and what Popen is told; our own and nothing without one, or without root."""
    nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3") if os.geteuid() == 0 else ():
        with suppress(OSError):
            tried = subprocess.run([python, "-c", "import relay.node"], env=ENVIRONMENT, capture_output=True, **nobody)
            if tried.returncode == 0:
                return python, nobody
    return sys.executable, {}


def unprivileged() -> bool:
    """Whether what is started so is not root's."""
    return os.geteuid() != 0 or bool(interpreter()[1])
