"""What hypothesis feeds to the parsers of `crypto`."""

from typing import Final

from hypothesis import strategies as st

from crypto.suite import OpeningKey

KEYS: Final = tuple(OpeningKey(bytes([number]) * 32) for number in range(1, 6))


def near(wire: bytes) -> st.SearchStrategy[bytes]:
    """`wire` with a few bytes overwritten, cut off or added: what a broken or hostile sender sends."""
    overwritten = st.lists(
        st.tuples(st.integers(0, max(len(wire) - 1, 0)), st.binary(min_size=1, max_size=4)), max_size=3
    )
    return st.builds(
        _altered, st.just(wire), overwritten, st.integers(0, len(wire)) | st.just(len(wire)), st.binary(max_size=4)
    )


def _altered(wire: bytes, overwritten: list[tuple[int, bytes]], cut: int, added: bytes) -> bytes:
    for offset, new in overwritten:
        wire = wire[:offset] + new + wire[offset + len(new) :]
    return wire[:cut] + added
