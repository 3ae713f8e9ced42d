"""What is pasted is answered with one of four pages, and nothing but a whole cell gets through.

A real node behind a real unix socket, and raw bytes as browsers send them.
"""

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import letter
from crypto.cells import CellClass, armour
from crypto.layers import RoundNumber, cover, wrap
from crypto.suite import OpeningKey
from onion_service import pasted, site
from onion_service.answers import BUSY, CELLS, PASTED, PASTED_BUSY, PASTED_CUT_OFF, REFUSALS, Verdict
from onion_service.door import PARCELS_AT_ONCE, door
from onion_service.serving import serve_on
from relay.intake import Intake
from tests.rig import Rig, Running
from tests.unit.onion_service.raw import CLOSE, CONSTANTS, form, request, say, split
from tests.unit.onion_service.wire import Little, exchange
from tests.unit.relay.given import REAL, attached, dump, memory

pytestmark = pytest.mark.slow

L, P = CellClass.LETTER, CellClass.PARCEL
PLAIN: Final = "Vi la camioneta otra vez. "
TAKEN: Final = b"".join(PASTED[Verdict.ACCEPTED]._last)
REFUSED: Final = b"".join(PASTED_CUT_OFF._last)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    rig = Rig(tmp_path_factory.mktemp("paste") / "relay", round_seconds=86_400, letters=1_024)
    with rig.running() as running:
        yield running


def _letter(node: Running, cell_class: CellClass = L) -> bytes:
    return wrap(letter.top_up(cell_class, relays=1), route=node.route())


def _paste(node: Running, body: bytes, headers: tuple[bytes, ...] = CLOSE) -> bytes:
    return say(node.socket, request("POST", "/paste", body, headers))


def test_a_whole_cell_is_accepted_whatever_it_is_for(node: Running) -> None:
    cells = [_letter(node), _letter(node, P), cover(L, route=node.route()), cover(P, route=node.route())]
    assert {_paste(node, form(armour(cell))) for cell in cells} == {TAKEN}


def test_a_cell_that_is_pasted_twice_and_sent_is_kept_once(node: Running) -> None:
    cell = letter.top_up(L, relays=1)
    envelope = wrap(cell, route=node.route())
    assert {_paste(node, form(armour(envelope))) for _ in range(2)} == {TAKEN}
    assert say(node.socket, request("POST", "/cells", envelope)) == b"".join(CELLS[Verdict.ACCEPTED]._last)
    assert dump(node.keeper.spool_fd).count(cell) == 1


BROWSER: Final = (
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0\r\n",
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
    b"Content-Type: text/plain\r\n",
    b"Origin: null\r\n",
    b"Upgrade-Insecure-Requests: 1\r\n",
)


def test_a_browser_s_own_headers_change_nothing(node: Running) -> None:
    good, bad = form(armour(_letter(node))), form(PLAIN * 2_000)
    heard = [_paste(node, good, BROWSER + CLOSE), _paste(node, bad, BROWSER + CLOSE)]
    assert heard == [TAKEN, REFUSED]
    bodies = [one.split(b"\r\n\r\n", 1)[1] for one in heard]
    assert {len(body) for body in bodies} == {site.PASTED_LEN}
    heads = [one.split(b"\r\n\r\n", 1)[0].split(b"\r\n") for one in heard]
    assert heads[0][1:] == heads[1][1:]


def test_a_connection_goes_on_behind_a_form_that_was_read(node: Running) -> None:
    good, bad = form(armour(_letter(node))), form(PLAIN * 2_000)
    kept = b"".join(request("POST", "/paste", body, ()) for body in (good, bad, good))
    heard = split(say(node.socket, kept + request("GET", "/nothing")))
    assert [piece[9:12] for piece in heard] == [b"202", b"400", b"202", b"404"]


def _not_cells(node: Running) -> list[bytes]:
    sealed = _letter(node)
    text = armour(sealed)
    small, large = (pasted.LENGTHS[one] for one in (L, P))
    lengths = [
        1,
        300,
        *(edge + more for span in (small, large) for edge in (span.start, span.stop) for more in (-1, 0)),
    ]
    stranger = wrap(letter.top_up(L, relays=1), route=[OpeningKey.generate().sealing_key])
    return [
        b"",
        *(form(PLAIN * (length // len(PLAIN) + 1))[:length] for length in lengths),
        form(PLAIN + text),
        form(text + PLAIN),
        form(text.replace("\n", PLAIN + "\n", 9)),
        form(text) + b"note=" + PLAIN.encode() + b"\r\n",
        b"note=" + PLAIN.encode() + b"\r\n" + form(text),
        text.encode(),
        sealed,
        b"cell=" + sealed + b"\r\n",
        b"cell=" + text.replace("\n", "%0D%0A").replace("+", "%2B").encode(),
        form(text).replace(b"cell=", b"cello", 1),
        form(armour(secrets.token_bytes(L.wire_length))),
        form(armour(secrets.token_bytes(P.wire_length))),
        form(armour(stranger)),
        form(text[: len(text) // 2]),
    ]


def test_what_is_no_cell_gets_the_same_page_and_nothing_is_kept(node: Running) -> None:
    before = dump(node.keeper.spool_fd)
    assert {_paste(node, body) for body in _not_cells(node)} == {REFUSED}
    assert dump(node.keeper.spool_fd) == before


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: 43754\r\n",
        b"Content-Length: 53318\r\n",
        b"Content-Length: 1450056\r\n",
        b"Content-Length: 1073741824\r\n",
    ],
)
def test_a_body_of_no_pasted_cell_s_length_is_refused_before_it_is_there(node: Running, head: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(node.socket))
        line.sendall(b"POST /paste HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        heard = b""
        with suppress(ConnectionResetError):
            while part := line.recv(65_536):
                heard += part
    assert heard == REFUSED


@pytest.mark.parametrize("left", [1, 20_000])
def test_a_form_that_is_cut_off_is_not_kept(node: Running, left: int) -> None:
    cell = letter.top_up(L, relays=1)
    whole = request("POST", "/paste", form(armour(wrap(cell, route=node.route()))))
    assert say(node.socket, whole[:-left], hang_up=True) in {b"", REFUSED}
    assert cell not in dump(node.keeper.spool_fd)
    assert say(node.socket, whole) == TAKEN
    assert cell in dump(node.keeper.spool_fd)


def test_half_sent_parcels_take_the_same_places_whichever_way_they_come(tmp_path: Path) -> None:
    text, path = form(armour(bytes(P.wire_length))), tmp_path / "door.sock"
    parcel, cell = request("POST", "/paste", text), request("POST", "/cells", bytes(P.wire_length))
    small = request("POST", "/paste", form(armour(bytes(L.wire_length))))
    taken = []

    def accept(envelope: bytes) -> Verdict:
        taken.append(len(envelope))
        return Verdict.ACCEPTED

    async def run() -> list[bytes]:
        lines = []
        async with serve_on(door(accept=accept, said=Little()), path, refusals=REFUSALS):
            for place in range(PARCELS_AT_ONCE):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write((parcel, cell)[place % 2][:-1])
                await writer.drain()
                lines.append((reader, writer))
            heard = [await exchange(path, whole) for whole in (parcel, cell, small)]
            for (reader, writer), whole in zip(lines, (parcel, cell), strict=False):
                writer.write(whole[-1:])
                heard.append(await reader.read())
            heard += [await exchange(path, whole) for whole in (parcel, cell)]
            for _, writer in lines:
                writer.close()
        return heard

    heard = asyncio.run(run())
    full = [b"".join(answer._last) for answer in (PASTED_BUSY, BUSY)]
    good = [b"".join(said[Verdict.ACCEPTED]._last) for said in (PASTED, CELLS)]
    assert heard == [*full, good[0], *good, *good]
    assert taken == [L.wire_length, *[P.wire_length] * 4]


POSTED: Final = st.lists(
    st.sampled_from([b"cell=", b"\r\n", b"-----BEGIN VELADORA CELL-----", b"-----END VELADORA CELL-----", b"A" * 64])
    | st.binary(max_size=60),
    max_size=12,
).map(b"".join)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(POSTED, st.sampled_from([0, *(span.start for span in pasted.LENGTHS.values())]))
def test_any_form_is_answered_with_the_same_page(node: Running, start: bytes, length: int) -> None:
    assert _paste(node, start.ljust(length, b"A") or b"x") == REFUSED


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_paste_are_answered_with_constants(node: Running, sent: bytes) -> None:
    pid = node.keeper.pid
    heard = say(node.socket, b"POST /paste HTTP/1.1\r\n" + sent, seconds=0.03)
    assert set(split(heard)) <= CONSTANTS
    node.keeper.look()
    assert node.keeper.pid == pid


@pytest.mark.parametrize(
    ("rounds_later", "frozen", "verdict"),
    [
        (0, False, Verdict.ACCEPTED),
        (1, False, Verdict.ACCEPTED),
        (2, False, Verdict.ROTATED),
        (0, True, Verdict.FULL),
    ],
)
def test_each_verdict_has_its_page(tmp_path: Path, rounds_later: int, *, frozen: bool, verdict: Verdict) -> None:
    async def run(intake: Intake) -> bytes:
        key = intake.turn_to(RoundNumber(1_000)).key.sealing_key
        intake.turn_to(RoundNumber(1_000 + rounds_later))
        intake.refusing = frozen
        body = form(armour(wrap(letter.top_up(L, relays=1), route=[key])))
        path = tmp_path / "door.sock"
        async with serve_on(door(accept=intake.accept, said=Little()), path, refusals=REFUSALS):
            return await exchange(path, request("POST", "/paste", body))

    with memory(REAL) as fd, attached(fd, REAL) as spool:
        heard = asyncio.run(run(Intake(spool)))
    assert heard == b"".join(PASTED[verdict]._last)
    assert heard.split(b"\r\n\r\n", 1)[1] == site.pasted(verdict.value)
