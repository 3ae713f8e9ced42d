"""The one signed list of everything that is published (docs/spec/alerts.md, "Manifest").

Who has the publisher's key learns from the manifest which files there are, each with its length and hash, of which
version, and until when that may be believed. An altered, missing or additional file is noticed, and so is an old list.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from crypto import canonical, minisign
from crypto.errors import Expired, Forged, Malformed, RolledBack
from crypto.signing import SigningKey

MANIFEST_NAME: Final = "manifest.json"
SIGNATURE_NAME: Final = "manifest.json.minisig"
VERSION: Final = 1
MANIFEST_MAX: Final = 1_048_576
FILES_MAX: Final = 4_096
FILE_MAX: Final = 8_388_608
TOTAL_MAX: Final = 67_108_864
NAME_MAX: Final = 200
NUMBER_MAX: Final = 2**53 - 1

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(?:/[a-z0-9][a-z0-9._-]{0,79}){0,3}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One published file: its name from the top of the folder, its length in bytes, its SHA-256."""

    length: int
    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError("not the name of a published file")
        if not 0 <= self.length <= FILE_MAX or not _HASH.fullmatch(self.sha256):
            raise ValueError(f"a length up to {FILE_MAX} and 64 hexadecimal digits")

    def check(self, data: bytes) -> None:
        """Return when `data` is this file. Raises Forged when it is not; do not use it."""
        if len(data) != self.length or hashlib.sha256(data).hexdigest() != self.sha256:
            raise Forged(f"{self.name} is not the file that was signed")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in ascending order of their names; `version` rises by publishing, `valid_until`: seconds since 1970."""

    files: list[File]
    v: int
    valid_until: int
    version: int

    def __post_init__(self) -> None:
        names = [file.name for file in self.files]
        if self.v != VERSION:
            raise ValueError("a version of the format that we do not know")
        if not (1 <= self.version <= NUMBER_MAX and 1 <= self.valid_until <= NUMBER_MAX):
            raise ValueError("version and valid_until are whole numbers from 1 on")
        if len(names) > FILES_MAX or names != sorted(set(names)):
            raise ValueError(f"at most {FILES_MAX} files, each once, in ascending order")
        if not _folders(names).isdisjoint(names):
            raise ValueError("a file and a folder have one name")
        if sum(file.length for file in self.files) > TOTAL_MAX:
            raise ValueError(f"more than {TOTAL_MAX} bytes in all")


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest that its publisher signed, with both files as they were on the wire."""

    manifest: Manifest
    wire: bytes
    signature: bytes

    @classmethod
    def make(cls, files: Mapping[str, bytes], *, version: int, valid_until: int, key: SigningKey) -> Self:
        """The signed manifest of `files`, by name. Raises Malformed on a name, a number or a size over the limits."""
        try:
            listed = [
                File(length=len(data), name=name, sha256=hashlib.sha256(data).hexdigest())
                for name, data in sorted(files.items())
            ]
            manifest = Manifest(files=listed, v=VERSION, valid_until=valid_until, version=version)
        except ValueError as error:
            raise Malformed(str(error)) from error
        wire = canonical.encode(manifest)
        if len(wire) > MANIFEST_MAX:
            raise Malformed(f"the manifest is longer than {MANIFEST_MAX} bytes")
        return cls(manifest, wire, minisign.sign(wire, comment=_comment(manifest), key=key))

    @classmethod
    def open(cls, wire: bytes, signature: bytes, *, key: minisign.PublicKey) -> Self:
        """The manifest in these two files, however old.

        Raises Malformed when it is not one, Forged when `key` did not sign it so. The signature is checked first.
        """
        if len(wire) > MANIFEST_MAX:
            raise Malformed(f"longer than {MANIFEST_MAX} bytes")
        comment = key.verify(signature, wire)
        manifest = canonical.decode(wire, Manifest, limit=MANIFEST_MAX)
        if comment != _comment(manifest):
            raise Forged("the signature's comment speaks of another version")
        return cls(manifest, wire, signature)

    def check_current(self, *, now: int, held: Self | None) -> None:
        """Return when this may take the place of `held` at `now` (seconds since 1970).

        Raises RolledBack when it is older, or another one under the same version; Expired when its time is over.
        """
        if held is not None and held.manifest.version > self.manifest.version:
            raise RolledBack("an older list of alerts than the one that is held")
        if held is not None and held.manifest.version == self.manifest.version and held.wire != self.wire:
            raise RolledBack("another list of alerts under the version that is held")
        if now >= self.manifest.valid_until:
            raise Expired("the list of alerts is past its time")

    def check_files(self, files: Mapping[str, bytes]) -> None:
        """Return when `files` are exactly what is listed. Raises Forged, naming one that is altered or odd."""
        listed = {file.name: file for file in self.manifest.files}
        if odd := sorted(listed.keys() ^ files.keys()):
            raise Forged(f"{odd[0]} is {'missing' if odd[0] in listed else 'not in the list'}")
        for name, file in listed.items():
            file.check(files[name])


def is_name(name: str) -> bool:
    """Whether a published file may be called so: no path leads out of the folder, and none hides the manifest."""
    return (
        len(name) <= NAME_MAX
        and bool(_NAME.fullmatch(name))
        and ".." not in name
        and name.partition("/")[0] not in (MANIFEST_NAME, SIGNATURE_NAME)
    )


def _folders(names: list[str]) -> set[str]:
    parts = (name.split("/") for name in names)
    return {"/".join(part[:depth]) for part in parts for depth in range(1, len(part))}


def _comment(manifest: Manifest) -> str:
    return f"veladora v1 alerts version {manifest.version} until {manifest.valid_until}"
