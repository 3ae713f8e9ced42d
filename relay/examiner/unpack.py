"""What may lie inside other bytes: runs of base64 or hexadecimal, and compressed streams where a header stands.

Pure: bytes go in, bytes come out, never more than a set multiple of what went in.
"""

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

_WRITTEN: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}|[A-Za-z0-9+/_-]{6,7}==?")
_HEX: Final = re.compile(rb"(?:[0-9a-f]{8,}|[0-9A-F]{8,})")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
# gzip (RFC 1952) and the four headers that zlib writes (RFC 1950). A raw deflate stream has none.
_HEADERS: Final = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
INFLATED_MAX: Final = 4 << 20
_STEP: Final = 64 << 10
# Bytes of chance behind a header that is none give a few bytes more before they end.
_BROKEN_LEAST: Final = 64
READ_MAX: Final = 1 << 20


def decoded(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What each run of base64 or hexadecimal may say, in every alignment, with where the run begins."""
    for found in _WRITTEN.finditer(data):
        run = found[0].rstrip(b"=").translate(_URL_SAFE)
        for shift in range(4):
            part = run[shift:]
            whole = part[: len(part) // 4 * 4]
            rest = part[len(whole) :]
            if len(rest) > 1:
                whole += rest + b"=" * (4 - len(rest))
            if whole:
                yield found.start() + shift, base64.b64decode(whole)
        for digits in _HEX.finditer(found[0]):
            for shift in range(2):
                part = digits[0][shift:]
                yield found.start() + digits.start() + shift, bytes.fromhex(part[: len(part) // 2 * 2].decode())


def stream_starts(data: bytes) -> Iterator[int]:
    """Where a compressed stream may begin."""
    for found in _HEADERS.finditer(data):
        yield found.start()


def inflated(read: Callable[[int, int], bytes], offset: int) -> tuple[bytes, bool]:
    """What the stream at `offset` holds, as far as it is whole, and whether there was more than the limit.

    `read(offset, length)` gives bytes of the source. Nothing when no stream is there.
    """
    machine = zlib.decompressobj(_GZIP_OR_ZLIB)
    found, end = bytearray(), offset + READ_MAX
    while offset < end and not machine.eof:
        part = read(offset, _STEP)
        if not part:
            break
        offset += len(part)
        try:
            found += machine.decompress(part, INFLATED_MAX - len(found) + 1)
        except zlib.error:
            break
        if len(found) > INFLATED_MAX:
            return bytes(found[:INFLATED_MAX]), True
    if machine.eof or len(found) >= _BROKEN_LEAST:
        return bytes(found), offset >= end and not machine.eof
    return b"", False
