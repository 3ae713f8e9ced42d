"""A relay's only writable disk: an ext4 image that is mounted while the block lasts, and never longer.

Where nothing may be mounted it is a plain folder, and `level` says so: then a power cut loses nothing and only files
can be looked at.

The options make the disk a worse witness than an ordinary one. `sync`: what is written is in the image when the write
returns (mount(8)). By default it waits for up to half a minute, and then for a commit (ext4(5)), so a fault that was
planted a round of 20 seconds before the cut could be lost with the power, and pass for honest. `strictatime`: every
reading leaves its moment, which waits in the kernel's memory for a commit, one a second (`commit=1`). What is not
written by the cut is lost, as on a machine; a second image, after everything was flushed, has that too.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IMAGE: Final = "ext4 image"
FILES: Final = "files"
MEGABYTES: Final = 192
_JOURNAL_MEGABYTES: Final = 16
_OPTIONS: Final = "loop,sync,strictatime,commit=1"
# All tables are written now, so that the kernel has nothing to write later but what the relay does.
_MAKE: Final = ("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J")
_BUSY_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk under a relay. `root`: where it is mounted; `image`: its bytes, None at the level of files."""

    root: Path
    image: Path | None
    folder: Path

    @property
    def level(self) -> str:
        """What can be looked at: the image of a disk, or files only."""
        return FILES if self.image is None else IMAGE

    def platter(self) -> Path | None:
        """A copy of what had reached the disk by now: what is in the kernel's memory only is lost."""
        return None if self.image is None else self._copied(self.image, "platter")

    def flushed(self) -> Path:
        """A copy after the kernel wrote everything down: the worst case. At the level of files, the folder itself."""
        if self.image is None:
            return self.root
        subprocess.run(["sync", "--file-system", self.root], check=True)
        return self._copied(self.image, "flushed")

    def _copied(self, image: Path, name: str) -> Path:
        copy = self.folder / name
        subprocess.run(["cp", "--sparse=always", "--reflink=never", image, copy], check=True)
        return copy


@contextmanager
def disk() -> Iterator[Disk]:
    """A fresh disk, gone at the end with everything on it, also when the block fails."""
    # Short, because sockets lie below it.
    folder = Path(tempfile.mkdtemp(prefix="seized-"))
    root, image = folder / "d", folder / "image"
    root.mkdir(mode=0o700)
    try:
        if not _mount(image, root):
            image.unlink(missing_ok=True)
            yield Disk(root, None, folder)
            return
        try:
            root.chmod(0o700)
            yield Disk(root, image, folder)
        finally:
            _unmount(root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mount(image: Path, root: Path) -> bool:
    if os.geteuid():
        return False
    image.write_bytes(b"")
    os.truncate(image, MEGABYTES << 20)
    try:
        # Not everybody's PATH has the folders of root's programs.
        where = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        subprocess.run([*_MAKE, f"size={_JOURNAL_MEGABYTES}", image], check=True, capture_output=True, env=where)
        done = subprocess.run(["mount", "-o", _OPTIONS, image, root], capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return False
    return done.returncode == 0


def _unmount(root: Path) -> None:
    """Take the disk away. Who still holds it after a while holds something that has no name any more."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while subprocess.run(["umount", root], capture_output=True).returncode:
        if time.monotonic() > deadline:
            subprocess.run(["umount", "--lazy", root], check=True)
            raise RuntimeError(f"{root} was still in use; it is unmounted all the same, look for what used it")
        time.sleep(0.2)
