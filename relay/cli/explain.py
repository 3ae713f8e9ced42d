"""An error becomes one sentence and one next step; the table is the whole list of what we foresee."""

import errno
from typing import Final, NoReturn

from crypto.errors import CryptoError, Expired, Forged, Malformed, NotForUs, RolledBack, WrongPassphrase
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError
from relay.cli.console import FAILED, fail

_NEXT_STEP: Final[dict[type[CryptoError], str]] = {
    Malformed: "the file or answer is cut off, altered or of another kind; get it again from where it came",
    Forged: "somebody altered it, or it was signed by another key; do not use it, and tell whoever gave it to you",
    NotForUs: "it is sealed to another key; nothing is wrong",
    Expired: "ask the operator of the relay to sign a newer directory",
    RolledBack: "somebody replays an old directory; do not use it, and tell the operator of the relay",
    WrongPassphrase: "try again; the key file is unchanged",
}
_SYSTEM_STEP: Final[dict[int, str]] = {
    errno.ENOENT: "check the path",
    errno.EACCES: "run as the user who owns it, or choose another place",
    errno.EPERM: "run as the user who owns it, or choose another place",
    errno.EEXIST: "choose another path; existing files are never overwritten",
    errno.ENOSPC: "free some space; what was there before is unchanged",
    errno.EROFS: "choose a place that can be written to",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "name a folder that exists",
}


def explain(error: Exception, *, about: str = "", code: int = FAILED) -> NoReturn:
    """End the command with what `error` means for the person who typed it; `about` names the file it is about."""
    subject = f"{about}: " if about else ""
    if isinstance(error, OnionServiceError | ForwarderError):
        fail(f"{subject}{error}", hint=error.hint, code=code)
    if isinstance(error, CryptoError):
        fail(f"{subject}{error}", hint=_NEXT_STEP.get(type(error), "nothing was changed; get it again"), code=code)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else subject
        hint = _SYSTEM_STEP.get(error.errno or 0, "nothing was overwritten; mend the cause and run it again")
        fail(f"{place}{error.strerror or error}", hint=hint, code=code)
    raise error
