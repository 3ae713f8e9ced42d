"""JSON and base64 with exactly one spelling for each value (docs/spec/report.md, "Canonical JSON").

The spelling is RFC 8785 for objects, arrays, strings, booleans, null and whole numbers below 2^53. Whatever is
spelt otherwise is refused, so a signature or a hash over the bytes is one over the value.
"""

import base64
import binascii
import json
from typing import Any, TypeVar

import msgspec

from crypto.errors import Malformed

ValueT = TypeVar("ValueT")


def encode(value: Any) -> bytes:  # noqa: ANN401 - any msgspec Struct or plain JSON value
    """The one spelling of `value`. Raises Malformed when a string is not Unicode."""
    plain = msgspec.to_builtins(value)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a string has half a surrogate pair") from error


def decode(wire: bytes, kind: type[ValueT], *, limit: int) -> ValueT:
    """The `kind` that `wire` spells. Raises Malformed on an unknown key, a wrong type, a length over `limit`
    bytes or a second spelling; its writer must mend it."""
    if len(wire) > limit:
        raise Malformed(f"longer than {limit} bytes")
    try:
        value = msgspec.json.decode(wire, type=kind, strict=True)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed(f"not our JSON: {error}") from error
    if encode(value) != wire:
        raise Malformed("not the canonical spelling")
    return value


def unbase64(text: str | bytes) -> bytes:
    """The bytes that `text` spells (RFC 4648, section 4, padded). Raises Malformed on a second spelling of them, such
    as one with line ends or with spare bits set; its writer must mend it."""
    spelling = text.encode("ascii", errors="replace") if isinstance(text, str) else text
    try:
        value = base64.b64decode(spelling, validate=True)
    except binascii.Error as error:
        raise Malformed("not base64") from error
    if base64.b64encode(value) != spelling:
        raise Malformed("not the one spelling in base64")
    return value
