"""The gate hands on every byte, remembers sizes that are right, and can be shut in each of its ways."""

from pathlib import Path

import pytest

from crypto.cells import CellClass
from crypto.layers import cover
from tests.browser.fixtures import Reachable, near_relay
from tests.browser.gate import gate_before
from tests.rig import Answer, ask

__all__ = ["near_relay"]


def gate_of(relay: Reachable) -> Path:
    return relay.proxy.doors[relay.rig.onion]


def asked(relay: Reachable, method: str, path: str, body: bytes | None = None) -> Answer:
    return ask(gate_of(relay), method, path, body)


def test_what_passes_is_the_doors_answer_and_the_sizes_are_those_of_the_wire(near_relay: Reachable) -> None:
    page = asked(near_relay, "GET", "/")
    cell = cover(CellClass.LETTER, route=near_relay.running.route())
    assert asked(near_relay, "POST", "/cells", cell).status == 202
    assert page == near_relay.running.ask("GET", "/")
    got, posted = near_relay.gate.exchanges
    assert (got.method, got.path, got.body, got.status, got.answer_size) == ("GET", "/", b"", 200, len(page.body))
    assert got.head.startswith(b"GET / HTTP/1.1\r\n")
    assert got.head.endswith(b"\r\n\r\n")
    assert (posted.method, posted.path, posted.body, posted.status) == ("POST", "/cells", cell, 202)
    assert posted.answer_head.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert got.connection != posted.connection
    assert got.began <= got.ended <= posted.began <= posted.ended


def test_two_visits_with_one_difference_differ_in_shape(near_relay: Reachable) -> None:
    for headers in ((), (("X-Report", "1"),)):
        ask(gate_of(near_relay), "GET", "/", headers=headers)
    plain, marked = near_relay.gate.passed("GET", "/")
    assert marked.shape[2] - plain.shape[2] == len("X-Report: 1\r\n")
    assert plain.shape[3:] == marked.shape[3:]


def test_a_refusing_gate_ends_connections_until_it_lets_through_again(near_relay: Reachable) -> None:
    near_relay.gate.refuse()
    with pytest.raises(OSError):  # noqa: PT011 - reset, or closed without an answer
        asked(near_relay, "GET", "/")
    assert near_relay.gate.exchanges == []
    near_relay.gate.let_through()
    assert asked(near_relay, "GET", "/").status == 200


def test_a_503_is_the_doors_own_and_only_where_it_was_asked_for(near_relay: Reachable, tmp_path: Path) -> None:
    near_relay.gate.answer_503("/cells")
    told = asked(near_relay, "POST", "/cells", bytes(32_768))
    assert (told.status, asked(near_relay, "GET", "/").status) == (503, 200)
    near_relay.gate.answer_503()
    everywhere = asked(near_relay, "GET", "/")
    assert everywhere == told
    assert told.body == b"full; try again in a while\n"
    assert [name for name, _ in told.headers] == [name for name, _ in near_relay.running.ask("GET", "/x").headers]


def test_a_body_is_cut_once(near_relay: Reachable) -> None:
    cell = cover(CellClass.PARCEL, route=near_relay.running.route())
    near_relay.gate.cut_next_body(after=100_000)
    with pytest.raises(OSError):  # noqa: PT011 - reset, or closed without an answer
        asked(near_relay, "POST", "/cells", cell)
    assert asked(near_relay, "POST", "/cells", cell).status == 202
    assert [one.status for one in near_relay.gate.passed("POST", "/cells")] == [202]


def test_a_door_that_does_not_answer_is_no_answer(tmp_path: Path) -> None:
    with gate_before(tmp_path / "nobody", at=tmp_path / "gate") as gate:
        with pytest.raises(OSError):  # noqa: PT011 - reset, or closed without an answer
            ask(tmp_path / "gate", "GET", "/")
        assert (gate.connections, gate.exchanges) == (1, [])
