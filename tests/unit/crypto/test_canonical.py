"""Every value has one spelling, and nothing else is read."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import canonical
from crypto.errors import Malformed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz_", max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_written_is_read_back_and_has_no_second_spelling(value: Any) -> None:  # noqa: ANN401 - any JSON
    wire = canonical.encode(value)
    assert canonical.decode(wire, object, limit=10_000) == value
    spaced = json.dumps(value, ensure_ascii=False, indent=1).encode(errors="surrogatepass")
    if spaced != wire:
        with pytest.raises(Malformed):
            canonical.decode(spaced, object, limit=10_000)


@given(st.binary(max_size=100))
def test_any_bytes_are_canonical_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        assert canonical.encode(canonical.decode(wire, object, limit=100)) == wire


def test_escapes_are_those_of_rfc_8785() -> None:
    assert (
        canonical.encode('\b\t\n\f\r"\\/\x00\x1f\x7fñ\u2028')
        == '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\x7fñ\u2028"'.encode()
    )


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        canonical.encode("\ud800")


def test_what_is_over_the_limit_is_not_parsed() -> None:
    assert canonical.decode(b"[1]", object, limit=3) == [1]
    with pytest.raises(Malformed, match="longer than 3 bytes"):
        canonical.decode(b"[1] ", object, limit=3)


@given(st.binary(max_size=60))
def test_base64_gives_back_what_was_spelt(data: bytes) -> None:
    assert canonical.unbase64(base64.b64encode(data).decode()) == canonical.unbase64(base64.b64encode(data)) == data


@given(st.text("AQgw+/=_-\n ñ\ud800", max_size=12) | st.text(max_size=12))
def test_any_text_is_the_one_spelling_in_base64_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert base64.b64encode(canonical.unbase64(text)).decode() == text


@pytest.mark.parametrize("text", ["AB==", "AA=", "AA", "A===", "AA==\n", " AA==", "AA====", "_-8="])
def test_a_second_spelling_in_base64_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        canonical.unbase64(text)
