"""The last directory that was trusted, kept so that an older one is noticed; one small file for each root key.

It is kept only where the person says so: the file shows whoever finds it that Veladora was used here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.directory import DIRECTORY_MAX, TrustedDirectory
from crypto.errors import CryptoError
from crypto.signing import VerifyingKey
from onion_service import durable
from onion_service.refusals import HeldDirectoryBroken

_NAME_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class HeldDirectory:
    """Where the directory signed by `root` is kept."""

    folder: Path
    root: VerifyingKey

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"directory-{self.root.wire.hex()[:_NAME_DIGITS]}"

    def load(self) -> TrustedDirectory | None:
        """The directory kept, expired or not; None when none was. Raises HeldDirectoryBroken when it is not whole."""
        try:
            with self.path.open("rb") as file:
                signed = file.read(DIRECTORY_MAX + 1)
        except FileNotFoundError:
            return None
        try:
            # At time zero nothing has expired: an expired directory still tells which version came last.
            return TrustedDirectory.read(signed, root=self.root, now=0)
        except CryptoError as error:
            raise HeldDirectoryBroken(f"{self.path}: {error}") from error

    def keep(self, trusted: TrustedDirectory) -> None:
        """Replace what was kept."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.replace(self.path, [trusted.signed])
