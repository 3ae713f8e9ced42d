"""When something was read, or somebody called, leaves no time of access on the disk (docs/threat-model.md, T2).

Linux notes the moment of a reading in a file's inode, and of a connection in the inode of the socket that was called.
Where nothing forbids it a relay's disk says when somebody was last at its door.
"""

import fcntl
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

# linux/fs.h. What is made in a folder that has the flag has it too, sockets among it.
_GET_FLAGS: Final = 0x80086601
_SET_FLAGS: Final = 0x40086602
_NO_TIMES_OF_ACCESS: Final = 0x80
_FLAGS: Final = struct.Struct("i")


def keep_no_times_of_access(folders: Iterable[Path]) -> None:
    """From now on nothing that is made in these folders keeps a time of access, nor do they themselves.

    Only ext4, btrfs and their like can do that, and not every system lets us; then the disk must be mounted `noatime`
    (docs/operate.md). A folder that is not there is left out.
    """
    for folder in folders:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOATIME)
            try:
                (flags,) = _FLAGS.unpack(fcntl.ioctl(descriptor, _GET_FLAGS, bytes(_FLAGS.size)))
                fcntl.ioctl(descriptor, _SET_FLAGS, _FLAGS.pack(flags | _NO_TIMES_OF_ACCESS))
            finally:
                os.close(descriptor)


def open_unnoticed(path: Path) -> FileIO:
    """`path`, opened so that its time of access stays as it is whatever is read of it.

    Only a file's owner may ask for that (open(2)); whoever else reads it leaves the moment there.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(path, flags)
    return FileIO(descriptor)


def read_unnoticed(path: Path, *, at_most: int) -> bytes:
    """What `path` holds, up to `at_most` bytes; else as `open_unnoticed`."""
    with open_unnoticed(path) as file:
        parts, left = [], at_most
        while left > 0 and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
