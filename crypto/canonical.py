"""JSON with exactly one spelling for each value (docs/spec/report.md, "Canonical JSON").

The spelling is RFC 8785 for objects, arrays, strings, booleans, null and whole numbers below 2^53. Whatever is
spelt otherwise is refused, so a signature or a hash over the bytes is one over the value.
"""

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
