"""Every leak that is planted in an otherwise clean folder is found, and its row is the only one that fails."""

import base64
import gzip
import hashlib
import os
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crypto.layers import round_tag
from crypto.suite import OpeningKey
from relay.examiner.examining import Question, examine
from relay.examiner.findings import Outcome, exit_code
from relay.examiner.given import Given
from tests.unit.relay.examiner.given_relay import Ran, failing, kinds, row

pytestmark = pytest.mark.slow

Plant = Callable[[Ran], None]


def test_a_clean_relay_passes_every_row_that_can_be_looked_at(ran_once: Ran) -> None:
    rows = ran_once.rows()
    assert failing(rows) == set(), [found for one in rows for found in one.findings]
    assert {one.id for one in rows if one.outcome is Outcome.PASS} == {"T1", "T2", "T3", "T4", "T8", "T10", "T12"}
    assert exit_code(rows) == 0
    assert row(rows, "T1").figures["bytes looked at"] > 500_000
    assert row(rows, "T2").figures["arrivals"] == len(ran_once.given.arrivals)


def test_a_copy_of_it_passes_too(ran: Ran) -> None:
    assert failing(ran.rows()) == set()


def touch(ran: Ran) -> None:
    os.utime(ran.folder / "relay.toml", (time.time(), ran.moment))


def read_at(ran: Ran) -> None:
    os.utime(ran.folder / "state" / "figures.json", (ran.moment, 1_000_000_000))


def table(column: Callable[[float], object]) -> Plant:
    def plant(ran: Ran) -> None:
        with sqlite3.connect(ran.folder / "notes.sqlite") as store:
            store.execute("create table came (key blob primary key, at) without rowid")
            for place in range(20):
                store.execute("insert into came values (?, ?)", (os.urandom(16), column(ran.moment + place / 30)))
        store.close()

    return plant


def written(name: str, make: Callable[[Ran], bytes]) -> Plant:
    def plant(ran: Ran) -> None:
        with (ran.folder / name).open("ab") as stream:
            stream.write(make(ran))

    return plant


def iso(ran: Ran) -> bytes:
    return datetime.fromtimestamp(ran.moment, UTC).isoformat().encode()


def numbered(ran: Ran) -> None:
    (ran.folder / "queue").mkdir()
    for number in range(12):
        (ran.folder / "queue" / f"report-{number:04}.txt").write_bytes(b"")


def in_order(ran: Ran) -> None:
    """The cells' places follow their arrival; they are cells as well, so T1 fails with it."""
    (ran.folder / "dump.bin").write_bytes(b"".join(ran.given.cells))


def swap(ran: Ran) -> bytes:
    page = bytes(4_086) + b"SWAPSPACE2"
    return page + os.urandom(5_000) + ran.given.markers[0] + os.urandom(3_000)


def core(ran: Ran) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 4, 62) + bytes(4_000)


def counting(ran: Ran) -> None:
    figures = '{"round": 1, "bundles_kept": 2, "gate": "none", "no_space": false, "partners": {}, "accepted": 3}'
    (ran.folder / "state" / "figures.json").write_text(figures)


def longer_bundle(ran: Ran) -> None:
    folder = ran.folder / "state" / "bundles"
    some = next(folder.glob("letters-*.bundle"))
    (folder / "letters-1.bundle").write_bytes(some.read_bytes()[:-1])


def tag(ran: Ran) -> bytes:
    return round_tag(OpeningKey(ran.given.open_keys[0]).sealing_key)


def cell_hash(ran: Ran) -> bytes:
    return hashlib.sha256(ran.given.cells[3]).digest()


PLANTED: dict[str, tuple[Plant, str, str]] = {
    "a touched file": (touch, "T2", "time of writing"),
    "a file that was read": (read_at, "T2", "time of access"),
    "a table with seconds": (table(int), "T2", "seconds, big-endian"),
    "a table with milliseconds": (table(lambda at: int(at * 1e3)), "T2", "milliseconds, big-endian"),
    "a table with floating point": (table(float), "T2", "floating-point seconds, big-endian"),
    "a table with days": (table(lambda at: at / 86_400 + 2_440_587.5), "T2", "floating-point days, big-endian"),
    "a table with texts": (table(lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"), "T2", "text"),
    "nanoseconds": (written("x", lambda ran: b"\0" + struct.pack("<q", int(ran.moment * 1e9))), "T2", "nanoseconds"),
    "decimals": (written("x", lambda ran: f"at={ran.moment:.3f};".encode()), "T2", "decimal digits"),
    "a date": (written("x", iso), "T2", "text"),
    "a base64 time": (written("x", lambda ran: base64.b64encode(iso(ran))), "T2", "in base64"),
    "a base64 number": (
        written("x", lambda ran: base64.b64encode(struct.pack(">Q", int(ran.moment * 1e3)))),
        "T2",
        "milliseconds, big-endian, in base64",
    ),
    "a time in hexadecimal": (
        written("x", lambda ran: struct.pack(">Q", int(ran.moment * 1e6)).hex().encode()),
        "T2",
        "microseconds, big-endian, in base64 or hexadecimal",
    ),
    "a compressed time": (written("x", lambda ran: gzip.compress(b"so it came at " + iso(ran))), "T2", "compressed"),
    "a line of the journal": (written("journal", lambda _: b"veladora: accepted a cell\n"), "T8", "no event"),
    "a line with a time": (written("journal", lambda ran: b"veladora: came " + iso(ran) + b"\n"), "T8", "no event"),
    "a log of another name": (
        written("notes.txt", lambda _: b"veladora: stopped\nveladora: 7 cells\n"),
        "T8",
        "no event",
    ),
    "numbers in names": (numbered, "T3", "numbers in names"),
    "a leftover cell": (written("x", lambda ran: b"?" * 77 + ran.given.cells[0]), "T1", "cell of an open round"),
    "a part of a cell": (written("x", lambda ran: ran.given.cells[0][9_999:10_500]), "T1", "cell of an open round"),
    "a cell in base64": (
        written("x", lambda ran: b"{'cell': '" + base64.b64encode(b"1" + ran.given.cells[0])),
        "T1",
        "cell of an open round in base64",
    ),
    "a cell in hexadecimal": (
        written("x", lambda ran: ran.given.cells[0].hex().encode()),
        "T1",
        "cell of an open round in hexadecimal",
    ),
    "a compressed cell": (written("x", lambda ran: zlib.compress(ran.given.cells[0])), "T1", "round, compressed"),
    "an envelope": (written("x", lambda ran: tag(ran) + os.urandom(32_752)), "T1", "envelope for an open round"),
    "a hash": (written("x", cell_hash), "T1", "hash of a cell of an open round"),
    "a hash in hexadecimal": (written("x", lambda ran: cell_hash(ran).hex().encode()), "T1", "round in hexadecimal"),
    "a hash in base64": (
        written("x", lambda ran: base64.b64encode(b"a:" + cell_hash(ran))),
        "T1",
        "hash of a cell of an open round in base64",
    ),
    "a marker": (written("x", lambda ran: b"-" * 5 + ran.given.markers[0]), "T1", "marker"),
    "a marker in UTF-16": (
        written("x", lambda ran: ran.given.markers[0].decode().encode("utf-16")),
        "T1",
        "marker in UTF-16",
    ),
    "a file that no relay makes": (written("state/queue", lambda _: b""), "T1", "file that no relay makes"),
    "a bundle of another length": (longer_bundle, "T1", "bundles of letters of different lengths"),
    "the key of the open round": (written("x", lambda ran: ran.given.open_keys[0]), "T4", "key of an open round"),
    "a key of a past round": (written("x", lambda ran: ran.given.past_keys[0]), "T4", "key of a past round"),
    "a swap page": (written("pages", swap), "T12", "marker"),
    "a core file": (written("x", core), "T12", "core file"),
    "the name of a core file": (written("core.4711", lambda _: b""), "T12", "name of a core file"),
    "a heartbeat": (
        written("tor.log", lambda _: b"Heartbeat: Tor's uptime is 6:00 hours, with 7 circuits open.\n"),
        "T9",
        "heartbeat line",
    ),
    "a dated heartbeat": (
        written(
            "tor.log",
            lambda ran: (
                f"{datetime.fromtimestamp(ran.moment, UTC):%b %d %H:%M:%S.000} [notice] Heartbeat: Our onion "
                "service received 3 v3 INTRODUCE2 cells and attempted to launch 3 rendezvous circuits.\n".encode()
            ),
        ),
        "T9",
        "count of introductions",
    ),
    "build times": (
        written("state/tor-onion/state", lambda _: b"# Tor state file last\nCircuitBuildTimeBin 525 3\n"),
        "T9",
        "circuit build times",
    ),
    "when tor wrote its state": (
        written(
            "state/tor-onion/state",
            lambda ran: f"# Tor state file\nLastWritten {datetime.fromtimestamp(ran.moment, UTC):%F %T}\n".encode(),
        ),
        "T9",
        "date and time as text",
    ),
    "a figure of the reports": (
        counting,
        "T10",
        "figures that are not those of a round",
    ),
    "other measurements": (written("metrics.prom", lambda _: b"cells 3\n"), "T10", "file of measurements"),
}


@pytest.mark.parametrize("leak", PLANTED)
def test_a_planted_leak_is_the_only_row_that_fails(ran: Ran, leak: str) -> None:
    plant, expected, kind = PLANTED[leak]
    (ran.folder / "state" / "tor-onion").mkdir()
    plant(ran)
    rows = ran.rows()
    assert failing(rows) == {expected}, [found for one in rows for found in one.findings]
    assert exit_code(rows) == 1
    assert any(kind in found for found in kinds(rows)), kinds(rows)


def test_cells_in_the_order_of_arrival_fail_that_row_too(ran: Ran) -> None:
    in_order(ran)
    rows = ran.rows()
    assert failing(rows) == {"T1", "T3"}
    assert "addresses in the order of arrival" in kinds(rows)


def test_files_in_the_order_of_arrival_are_noticed_by_their_inodes(ran: Ran) -> None:
    for cell in ran.given.cells:
        (ran.folder / os.urandom(8).hex()).write_bytes(cell)
    assert "inodes in the order of arrival" in kinds(ran.rows())


def test_a_birth_tells_when_everything_else_is_set_back(ran: Ran) -> None:
    began = time.time()
    # The clock of the file system is a few milliseconds late.
    time.sleep(0.05)
    while not 2.5 < time.time() % 5 < 4:
        time.sleep(0.05)
    path = ran.folder / "x"
    path.write_bytes(b"")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    rows = ran.rows(span=(began, time.time() + 1))
    assert failing(rows) == {"T2"}
    assert "time of birth" in kinds(rows)


def test_what_was_found_is_never_said(ran: Ran) -> None:
    marker = ran.given.markers[0]
    written("x", lambda _: marker + iso(ran) + cell_hash(ran).hex().encode())(ran)
    rows = ran.rows()
    assert failing(rows) == {"T1", "T2"}
    said = repr(rows)
    for secret in (marker.decode(), iso(ran).decode()[:16], cell_hash(ran).hex(), str(int(ran.moment))):
        assert secret not in said


def test_without_a_window_a_time_cannot_be_judged_and_that_is_said(ran: Ran) -> None:
    touch(ran)
    rows = ran.rows(span=None, given=Given())
    assert row(rows, "T2").outcome is Outcome.COULD_NOT_LOOK
    assert exit_code(rows) == 0


def test_what_is_not_there_could_not_be_looked_at(ran: Ran) -> None:
    rows = examine(Question(paths=(str(ran.folder / "nowhere"),), pids=(2**22 + 1,)))
    assert exit_code(rows) == 3
    assert row(rows, "T1").outcome is Outcome.COULD_NOT_LOOK
