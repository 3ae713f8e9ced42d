"""Whatever is sent to the door, it says one of its constants and keeps nothing but whole cells.

A real node behind a real unix socket, and raw bytes.
"""

import asyncio
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crypto import letter
from crypto.cells import CellClass
from crypto.layers import RoundNumber, cover, wrap
from crypto.suite import OpeningKey
from onion_service import answers, site
from onion_service.answers import CELLS, CUT_OFF, NOT_FOUND, REFUSALS, Verdict
from onion_service.door import door
from onion_service.serving import Limits, serve_on
from relay.intake import Intake
from relay.spool import Spool
from tests.rig import Rig, Running
from tests.unit.onion_service.raw import CLOSE, CONSTANTS, request, say, split, status, wires
from tests.unit.onion_service.wire import Little, exchange
from tests.unit.relay.given import REAL, attached, memory

L, P = CellClass.LETTER, CellClass.PARCEL
NAMES: Final = {
    "Content-Length", "Content-Type", "Cache-Control", "Content-Security-Policy", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Referrer-Policy", "X-Content-Type-Options", "Connection",
}  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    rig = Rig(tmp_path_factory.mktemp("door") / "relay", round_seconds=86_400, letters=1_024)
    with rig.running() as running:
        yield running


def _letter(node: Running) -> bytes:
    return wrap(letter.top_up(L, relays=1), route=node.route())


def _cells(node: Running, body: bytes) -> bytes:
    heard = say(node.socket, request("POST", "/cells", body))
    assert heard in CONSTANTS
    return heard


def test_a_whole_cell_is_accepted_whatever_it_is_for(node: Running) -> None:
    parcel = wrap(letter.top_up(P, relays=1), route=node.route())
    bodies = [_letter(node), parcel, cover(L, route=node.route()), cover(P, route=node.route())]
    assert {_cells(node, body) for body in bodies} == {b"".join(CELLS[Verdict.ACCEPTED]._last)}


def _bad_bodies(node: Running) -> list[bytes]:
    sealed = _letter(node)
    lengths = (1, 2, 31_615, 30_478, L.wire_length - 1, L.wire_length + 1, P.wire_length - 1, P.wire_length + 1)
    return [
        *(secrets.token_bytes(length) for length in (*lengths, L.wire_length, P.wire_length)),
        *(bytes(length) for length in (L.wire_length, P.wire_length)),
        wrap(letter.top_up(L, relays=1), route=[OpeningKey.generate().sealing_key]),
        sealed[:-1],
        sealed + b"\x00",
        sealed[1:] + b"\x00",
    ]


@pytest.mark.slow
def test_what_is_no_cell_of_this_relay_gets_the_same_bytes_and_nothing_is_kept(node: Running) -> None:
    # A connection that is let go and one whose rest is not read say the same.
    assert {_cells(node, body) for body in _bad_bodies(node)} == {b"".join(CUT_OFF._last)}
    assert {_cells(node, b"")} == {b"".join(CUT_OFF._last)}


@pytest.mark.parametrize("sent", [0, 1, 20_000, L.wire_length - 1])
def test_a_cut_off_upload_is_refused_and_not_kept(node: Running, sent: int) -> None:
    envelope = _letter(node)
    head = request("POST", "/cells", envelope)[: -len(envelope)]
    assert say(node.socket, head + envelope[:sent], hang_up=True) in {b"", b"".join(CUT_OFF._last)}
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(node.socket))
        line.sendall(head + envelope[:sent])
    assert status(_cells(node, envelope)) == 202


GIGABYTE: Final = 2**30
_CHUNK: Final = b"10000\r\n" + bytes(65_536) + b"\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "piece"),
    [(b"Content-Length: %d\r\n" % GIGABYTE, bytes(65_543)), (b"Transfer-Encoding: chunked\r\n", _CHUNK)],
    ids=["announced", "chunked"],
)
def test_a_gigabyte_is_refused_before_it_is_read_and_memory_stays_flat(
    node: Running, header: bytes, piece: bytes
) -> None:
    assert node.keeper.pid is not None
    process = psutil.Process(node.keeper.pid)
    before, most, began = process.memory_info().rss, 0, time.monotonic()
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(node.socket))
        line.sendall(b"POST /cells HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n" + piece)
        assert line.recv(65_536) == b"".join(CUT_OFF._last)
        assert time.monotonic() - began < 5.0
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            for _ in range(GIGABYTE // len(piece)):
                line.sendall(piece)
                most = max(most, process.memory_info().rss)
    # It stopped listening soon, and long before a gigabyte; what it read meanwhile it did not keep.
    assert time.monotonic() - began < 15.0
    assert most - before < 16 * 2**20


def test_two_hundred_idle_connections_keep_nobody_out(node: Running) -> None:
    with ExitStack() as stack:
        for number in range(200):
            line = stack.enter_context(socket.socket(socket.AF_UNIX))
            line.settimeout(10)
            line.connect(str(node.socket))
            if number % 2:
                line.sendall(b"POST /cells HTTP/1.1\r\nHo")
        assert status(_cells(node, _letter(node))) == 202
        assert len(node.ask("GET", "/").body) == site.PAGE_LEN


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("HEAD", "/"), ("HEAD", "/cells"), ("PUT", "/cells"), ("OPTIONS", "/cells"), ("OPTIONS", "*"),
        ("GET", "/cells"), ("DELETE", "/"), ("PATCH", "/cells"), ("TRACE", "/"), ("POST", "/"),
        ("POST", "/directory"), ("get", "/"), ("post", "/cells"), ("BREW", "/"), ("GET", "/?"),
        ("GET", "/?lang=es"), ("POST", "/cells?id=1"), ("POST", "/cells/"), ("POST", "//cells"),
        ("POST", "/CELLS"), ("POST", "/%63ells"), ("GET", "/directory?v=1"), ("GET", "/rounds/"),
        ("GET", "/rounds/00"), ("GET", "/rounds/-1"), ("GET", "/rounds/1/"), ("GET", "/rounds/١"),
        ("GET", "/rounds/99999999999999999999"), ("GET", "/rounds/9999999999999999"),
        ("GET", "/../etc/passwd"), ("GET", "/favicon.ico"), ("GET", "http://x/"),
        ("POST", "http://x/cells"), ("GET", "https://x/directory"), ("CONNECT", "x:80"),
        ("GET", "/paste"), ("PUT", "/paste"), ("POST", "/paste/"), ("POST", "/paste?x"), ("POST", "/Paste"),
        ("CONNECT", "/cells"), ("GET", "#"), ("GET", "/cells#x"), ("POST", "/cells#"),
    ],
)  # fmt: skip
def test_nothing_else_is_there(node: Running, method: str, target: str) -> None:
    body = _letter(node) if method.upper() not in ("HEAD", "GET", "CONNECT") else b""
    heard = say(node.socket, request(method, target, body))
    assert heard in wires(NOT_FOUND) | wires(CUT_OFF)


VARIED: Final = (
    b"Accept-Language: es-MX\r\n", b"Accept-Language: en\r\n", b"Cookie: seen=1\r\n", b"User-Agent: curl/8\r\n",
    b"If-None-Match: *\r\n", b"If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n", b"Range: bytes=0-9\r\n",
    b"Accept-Encoding: gzip, br\r\n", b"Accept: application/json\r\n", b"Origin: http://evil.onion\r\n",
    b"X-Forwarded-For: 10.0.0.1\r\n", b"Forwarded: for=10.0.0.1\r\n", b"Authorization: Basic eDp5\r\n",
    b"Content-Type: text/html\r\n", b"X-HTTP-Method-Override: DELETE\r\n", b"TE: trailers\r\n", b"DNT: 1\r\n",
    b"Referer: http://x/\r\n", b"Upgrade-Insecure-Requests: 1\r\n", b"Content-Encoding: gzip\r\n",
    b"Sec-Fetch-Site: cross-site\r\n", b"X-Odd: \xc3\xa9\xff\r\n",
)  # fmt: skip


@pytest.mark.parametrize("target", ["/", "/directory", "/rounds/7", "/nothing"])
def test_no_header_changes_an_answer(node: Running, target: str) -> None:
    heard = {say(node.socket, request("GET", target, headers=(*CLOSE, extra))) for extra in (b"", *VARIED)}
    assert len(heard) == 1
    (answer,) = split(heard.pop())
    names = {line.split(b":")[0].decode() for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]}
    assert names <= NAMES
    assert {"Cache-Control", "Content-Security-Policy", "Referrer-Policy"} <= names


@pytest.mark.parametrize("extra", VARIED)
def test_no_header_changes_what_becomes_of_a_cell(node: Running, extra: bytes) -> None:
    good = say(node.socket, request("POST", "/cells", _letter(node), (*CLOSE, extra)))
    bad = say(node.socket, request("POST", "/cells", secrets.token_bytes(L.wire_length), (*CLOSE, extra)))
    assert good == b"".join(CELLS[Verdict.ACCEPTED]._last)
    assert bad == b"".join(CUT_OFF._last)


def test_nobody_is_told_to_continue(node: Running) -> None:
    envelope = _letter(node)
    heard = say(node.socket, request("POST", "/cells", envelope, (*CLOSE, b"Expect: 100-continue\r\n")))
    assert heard == b"".join(CELLS[Verdict.ACCEPTED]._last)


def _two_lengths(envelope: bytes) -> bytes:
    return request("POST", "/cells", envelope, (b"Content-Length: 5\r\n",))


def _length_and_chunked(envelope: bytes) -> bytes:
    return request("POST", "/cells", envelope, (b"Transfer-Encoding: chunked\r\n",))


def _chunked_cell(envelope: bytes) -> bytes:
    head = b"POST /cells HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % len(envelope) + envelope + b"\r\n0\r\n\r\n"


def _odd_length(said: bytes) -> bytes:
    return b"POST /cells HTTP/1.1\r\nHost: x\r\nContent-Length: " + said + b"\r\n\r\n"


@pytest.mark.parametrize(
    "make",
    [
        _two_lengths,
        _length_and_chunked,
        _chunked_cell,
        lambda envelope: _odd_length(b"-1") + envelope,
        lambda envelope: _odd_length(b"+32768") + envelope,
        lambda envelope: _odd_length(b"0x8000") + envelope,
        lambda envelope: _odd_length(b"32768, 32768") + envelope,
        lambda envelope: _odd_length(b"3_2768") + envelope,
        lambda envelope: _odd_length(b"9" * 400) + envelope,
        lambda envelope: envelope,
        lambda envelope: b"POST /cells HTTP/9.9\r\n\r\n" + envelope,
        lambda envelope: b"POST /cells\r\n\r\n" + envelope,
        lambda envelope: b"POST /cells HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n" + envelope,
        lambda envelope: b"POST /" + b"c" * 20_000 + b" HTTP/1.1\r\n\r\n" + envelope,
        lambda envelope: b"POST /cells HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n" + envelope,
        lambda envelope: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + envelope,
        lambda envelope: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + envelope,
    ],
)  # fmt: skip
def test_a_length_that_is_not_said_plainly_is_refused(node: Running, make: object) -> None:
    assert callable(make)
    heard = split(say(node.socket, make(_letter(node))))
    assert heard
    assert set(heard) <= CONSTANTS
    assert not any(piece.startswith(b"HTTP/1.1 202") for piece in heard)


@pytest.mark.parametrize(
    "extra", [b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Upgrade: h2c\r\n", b"Upgrade: tcp\r\n"]
)
def test_nobody_is_upgraded(node: Running, extra: bytes) -> None:
    heard = say(node.socket, request("POST", "/cells", _letter(node), (*CLOSE, extra)))
    assert set(split(heard)) <= CONSTANTS
    assert (
        say(node.socket, request("GET", "/nothing", headers=(*CLOSE, extra, b"Sec-WebSocket-Key: eA==\r\n")))
        in CONSTANTS
    )


def test_requests_behind_one_another_are_answered_in_order(node: Running) -> None:
    good = b"".join(request("POST", "/cells", _letter(node), ()) for _ in range(3))
    missing = request("GET", "/nothing", headers=())
    bad = request("POST", "/cells", secrets.token_bytes(L.wire_length), CLOSE)
    statuses = [int(piece[9:12]) for piece in split(say(node.socket, good + missing + good + bad))]
    assert statuses == [202, 202, 202, 404, 202, 202, 202, 400]


def test_what_follows_a_body_that_is_not_read_is_not_taken_for_a_request(node: Running) -> None:
    smuggled = request("POST", "/cells", b"x" * 100, ())[:-100] + request("POST", "/cells", _letter(node), ())
    assert [piece[9:12] for piece in split(say(node.socket, smuggled))] == [b"400"]


REQUESTS: Final = st.lists(
    st.sampled_from(
        [
            b"GET ", b"POST ", b"/", b"/cells", b"/directory", b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"Host: x\r\n",
            b"Content-Length: ", b"32768", b"5", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"HTTP/1.0",
            b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\n", b":", b" ", b"\t", b"%00",
            b"/paste", b"43800", b"cell=",
        ]
    )
    | st.binary(max_size=40),
    max_size=14,
).map(b"".join)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2_000) | REQUESTS)
@example(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
@example(b"POST /cells HTTP/1.1\r\nContent-Length: 32768\r\n\r\n" + bytes(40_000))
def test_any_bytes_are_answered_with_constants_and_the_node_lives(node: Running, sent: bytes) -> None:
    pid = node.keeper.pid
    lists = {b"".join(node_answer) for node_answer in _open_answers(node)}
    for piece in split(say(node.socket, sent, seconds=0.03)):
        assert piece in CONSTANTS | lists
    node.keeper.look()
    assert node.keeper.pid == pid


_KNOWN: Final[dict[int, list[tuple[bytes, ...]]]] = {}


def _open_answers(node: Running) -> list[tuple[bytes, ...]]:
    """The page and the directory as they are said now, kept alive and last."""
    if id(node) not in _KNOWN:
        _KNOWN[id(node)] = [
            (say(node.socket, request("GET", target, headers=headers), seconds=1.0),)
            for target in ("/", "/directory")
            for headers in (CLOSE, ())
        ]
    return _KNOWN[id(node)]


def _at_a_door(tmp_path: Path, sent: bytes, *, rounds_later: int = 0, limits: Limits | None = None) -> bytes:
    """What a door says in this process, to `sent` in which CELL stands for a letter sealed some rounds ago."""

    async def run(spool: Spool) -> bytes:
        intake = Intake(spool)
        key = intake.turn_to(RoundNumber(1_000)).key.sealing_key
        intake.turn_to(RoundNumber(1_000 + rounds_later))
        wire = sent.replace(b"CELL", wrap(letter.top_up(L, relays=1), route=[key]))
        path = tmp_path / "door.sock"
        async with serve_on(door(accept=intake.accept, said=Little()), path, refusals=REFUSALS, limits=limits):
            return await exchange(path, wire)

    with memory(REAL) as fd, attached(fd, REAL) as spool:
        return asyncio.run(run(spool))


_POST: Final = b"POST /cells HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 32768\r\n\r\nCELL"


@pytest.mark.parametrize(
    ("rounds_later", "verdict"), [(0, Verdict.ACCEPTED), (1, Verdict.ACCEPTED), (2, Verdict.ROTATED)]
)
def test_a_stale_key_is_told_from_a_wrong_one(tmp_path: Path, rounds_later: int, verdict: Verdict) -> None:
    assert _at_a_door(tmp_path, _POST, rounds_later=rounds_later) == b"".join(CELLS[verdict]._last)


def test_a_list_is_served_under_its_number_and_before_the_first_round_there_is_no_directory(tmp_path: Path) -> None:
    def get(target: bytes) -> bytes:
        return _at_a_door(tmp_path, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert get(b"/rounds/0").endswith(b"\r\n\r\n0")
    assert get(b"/rounds/1234567").endswith(b"\r\n\r\n1234567")
    assert get(b"/directory") == b"".join(answers.UNAVAILABLE._last)


def test_a_published_file_is_answered_under_its_name(tmp_path: Path) -> None:
    def get(target: bytes) -> bytes:
        return _at_a_door(tmp_path, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert get(b"/alerts/alerts.geojson").endswith(b"\r\n\r\nalerts.geojson")
    assert b"Content-Type: application/geo+json\r\n" in get(b"/alerts/alerts.geojson")
    assert get(b"/alertsx") == get(b"/nothing") == get(b"/ALERTS/alerts.geojson")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"POST /cells HTTP/1.1\r\nHost: x\r\n", _POST.replace(b"CELL", b"x" * 100)])
def test_whoever_sends_slowly_or_nothing_is_cut_off(tmp_path: Path, sent: bytes) -> None:
    began = time.monotonic()
    heard = _at_a_door(tmp_path, sent, limits=Limits(idle=0.3, request=0.3, linger=0.1))
    assert heard in CONSTANTS | {b""}
    assert time.monotonic() - began < 10.0
