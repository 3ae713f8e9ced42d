"""A mirror: it fetches what somebody publishes, and keeps it only when the pinned key vouches for every byte
(docs/spec/alerts.md, "Mirrors").

An older version, a changed byte, a missing or an additional file changes nothing of the copy that is held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crypto.errors import Forged
from crypto.manifest import MANIFEST_MAX, MANIFEST_NAME, SIGNATURE_NAME, File, Signed
from crypto.minisign import SIGNATURE_FILE_MAX, PublicKey
from forwarder.copies import Copy, read_copy, read_signed, write_copy
from forwarder.errors import BadCopy, NoCopy, NotMirrored
from onion_service.errors import AnswerTooLong, DialError
from onion_service.socks import Login

CALL_SECONDS: Final = 120.0
SLOWEST_BYTES_PER_SECOND: Final = 8_192
# The publisher may put a new version in place while we fetch, so that files of two versions come; then once more.
_TRIES: Final = 2


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...


class Get(Protocol):
    """One GET over Tor: `onion_service.dial.Dialler.get`. Raises DialError."""

    async def __call__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        login: Login | None = None,
        limit: int,
        timeout: float,  # noqa: ASYNC109 - the dialler counts the time of one call itself
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run of the mirror brought: the version that is held now, and whether it is new here."""

    version: int
    files: int
    new: bool


def expired_since(folder: Path, key: PublicKey, *, now: int) -> int:
    """Since when what is held in `folder` is past its time, in seconds since 1970; 0 while it is good, or where nothing
    is held that `key` signed. Readers must not take for today's what nobody renewed."""
    try:
        until = read_signed(folder, key=key).manifest.valid_until
    except (BadCopy, NoCopy):
        return 0
    return until if now >= until else 0


@dataclass(frozen=True, slots=True)
class Mirror:
    """Keeps `folder/current` equal to what is published at `url` (ending in `/`) under `key`."""

    url: str
    key: PublicKey
    folder: Path
    get: Get

    async def fetch(self, *, now: int) -> Fetched:
        """Bring the copy up to date; `now` in seconds since 1970.

        Raises NotMirrored when files do not come (try again later); Forged, Malformed, RolledBack or Expired when what
        came must not be used; NotWritten and BadCopy are about the copy here, for who runs the mirror. Whatever is
        raised, the copy is as it was.
        """
        held = self._held()
        for left in reversed(range(_TRIES)):
            try:
                copy = await self._fetch(held, now=now)
                break
            except Forged:
                if not left:
                    raise
        new = held is None or held.signed.wire != copy.signed.wire
        if new:
            write_copy(self.folder, copy)
        return Fetched(copy.signed.manifest.version, len(copy.files), new)

    def _held(self) -> Copy | None:
        try:
            return read_copy(self.folder, key=self.key)
        except NoCopy:
            return None

    async def _fetch(self, held: Copy | None, *, now: int) -> Copy:
        login = Login()
        signature = await self._file(SIGNATURE_NAME, SIGNATURE_FILE_MAX, login)
        signed = Signed.open(await self._file(MANIFEST_NAME, MANIFEST_MAX, login), signature, key=self.key)
        signed.check_current(now=now, held=held.signed if held else None)
        have = {file.name: file for file in held.signed.manifest.files} if held else {}
        files = {}
        for file in signed.manifest.files:
            if held and have.get(file.name) == file:
                files[file.name] = held.files[file.name]
            else:
                files[file.name] = await self._listed(file, login)
        return Copy(signed, files)

    async def _listed(self, file: File, login: Login) -> bytes:
        data = await self._file(file.name, file.length, login)
        file.check(data)
        return data

    async def _file(self, name: str, limit: int, login: Login) -> bytes:
        timeout = CALL_SECONDS + limit / SLOWEST_BYTES_PER_SECOND
        try:
            answer = await self.get(f"{self.url}{name}", login=login, limit=limit, timeout=timeout)
        except AnswerTooLong as error:
            raise Forged(f"{name} is longer than the file that was signed") from error
        except DialError as error:
            raise NotMirrored(f"{name} did not come: {error}") from error
        if answer.status != 200:
            raise NotMirrored(f"{name}: the answer was {answer.status}")
        return answer.body
