"""Something published, and a web server on a dictionary, for the tests of copies and mirrors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crypto.manifest import Signed
from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from forwarder.copies import Copy
from onion_service.errors import AnswerTooLong, OnionUnreachable
from onion_service.socks import Login

KEY: Final = SigningKey(bytes(range(32)))
PUBLIC: Final = PublicKey.of(KEY)
NOW: Final = 1_800_000_000
END: Final = NOW + 86_400
URL: Final = "http://x.onion/alerts/"
FILES: Final = {"alerts.csv": b"id\r\n", "cap/0.xml": b"<alert/>", "alerts.geojson": b"{}"}


def copy(version: int = 1, files: Mapping[str, bytes] | None = None, *, valid_until: int = END) -> Copy:
    """What is published as this version."""
    files = FILES if files is None else files
    return Copy(Signed.make(files, version=version, valid_until=valid_until, key=KEY), files)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    status: int
    body: bytes


@dataclass
class Served:
    """Answers from memory as the dialler would, its limit too; `asked`: every path that was fetched."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    down: bool = False

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        login: Login | None = None,
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Said:
        assert url.startswith(URL)
        assert headers is None
        assert login is not None
        assert timeout > 0
        name = url.removeprefix(URL)
        self.asked.append(name)
        if self.down:
            raise OnionUnreachable("nobody there")
        if name not in self.files:
            return Said(404, b"")
        if len(self.files[name]) > limit:
            raise AnswerTooLong("too long")
        return Said(self.statuses.get(name, 200), self.files[name])
