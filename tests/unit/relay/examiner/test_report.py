"""A row passes only when something of it was looked at; hits, orders and places become findings as chance says."""

import struct
from pathlib import PurePosixPath
from random import Random

from relay.examiner import file_checks, layout, order
from relay.examiner.counting import Counted
from relay.examiner.entries import Entry, FileKind
from relay.examiner.findings import ROWS, Outcome, Report, exit_code
from relay.examiner.layout import Place
from relay.examiner.masked import Masked
from relay.examiner.moments import Window
from relay.examiner.needles import Needles
from relay.examiner.scan import Located, Scan
from relay.examiner.sources import CHUNK, Nature, Source, held, is_core, nature_of, row_of
from relay.examiner.times import Clock, Hit

START = 1_800_000_000.0
WINDOW = Window(START, START + 3_600, 900, 15)


def test_a_row_of_which_nothing_was_looked_at_never_passes() -> None:
    report = Report()
    report.looked("T1")
    outcomes = {row.id: row.outcome for row in report.rows()}
    assert outcomes.pop("T1") is Outcome.PASS
    assert set(outcomes.values()) == {Outcome.COULD_NOT_LOOK}
    assert set(outcomes) == set(ROWS) - {"T1"}


def test_a_failure_outweighs_what_could_not_be_looked_at() -> None:
    report = Report()
    report.could_not(["T1"], "it is closed")
    report.could_not(["T1"], "it is closed")
    assert len(report.unseen) == 1
    assert exit_code(report.rows()) == 3
    report.found("T2", "marker", "here")
    assert exit_code(report.rows()) == 1
    gentle = Report()
    gentle.could_not(["T1"], "nobody asked", asked=False)
    assert exit_code(gentle.rows()) == 0


def test_a_thousand_places_are_counted_and_a_few_are_told() -> None:
    report = Report()
    for place in range(1_000):
        report.found("T1", "marker", f"x at {place}")
    found = report.rows()[0].findings
    assert len(found) == 9
    assert sum(one.count for one in found) == 1_000


def counted(weights: list[tuple[int, int]], *, window: Window = WINDOW) -> Report:
    """`(bytes, hits)` of 32-bit seconds, place by place."""
    report, clock = Report(), Clock(window)
    all_hits = Counted(clock)
    for number, (weight, hits) in enumerate(weights):
        some = [Hit("32-bit seconds, big-endian", at, START + 100, START + 100.9) for at in range(hits)]
        all_hits.add(row="T2", where=f"file {number}", form="", weight=weight, hits=some)
    all_hits.conclude(report)
    return report


def test_as_many_hits_as_chance_gives_are_no_finding() -> None:
    assert counted([(CHUNK, 1)] * 50).findings == []


def test_a_few_hits_in_a_small_file_are_a_finding() -> None:
    report = counted([(CHUNK, 1)] * 50 + [(8_192, 12)])
    assert [(one.row, one.where, one.count) for one in report.findings] == [("T2", "file 50", 12)]


def test_a_few_too_many_everywhere_are_a_finding() -> None:
    report = counted([(CHUNK, 2)] * 300)
    assert [one.where for one in report.findings] == ["in all that was looked at"]
    assert report.figures["T2"]["moments found"] == 600
    assert report.figures["T2"]["moments that chance gives"] < 700


def test_a_hit_that_matches_an_arrival_is_counted_by_itself() -> None:
    window = Window(START, START + 3_600, 900, 15, (START + 100.5,))
    assert counted([(CHUNK, 1)] * 50, window=window).findings != []


def scanned(data: bytes, nature: Nature = Nature.PLAIN) -> Report:
    report = Report()
    scan = Scan(report, needles=Needles([]), clock=Clock(WINDOW), progress=lambda *_: None)
    scan.look(Source("x", len(data), lambda at, length: data[at : at + length], nature))
    scan.conclude()
    return report


def test_what_lies_across_two_pieces_is_counted_once() -> None:
    data = bytearray(2 * CHUNK + 99)
    moment = struct.pack(">d", START + 100.5)
    data[CHUNK - 4 : CHUNK + 4] = moment
    data[CHUNK + 5_000 : CHUNK + 5_008] = moment
    report = scanned(bytes(data))
    assert sum(one.count for one in report.findings) == 2
    assert {one.where for one in report.findings} == {"x at 0x0", f"x at {CHUNK:#x}"}


def test_bytes_of_chance_pass() -> None:
    assert scanned(Random(17).randbytes(4 * CHUNK)).findings == []


def test_each_nature_answers_for_its_own_promise() -> None:
    moment = b" " + str(START + 100.5).encode() + b" "
    for nature, row in (
        (Nature.PLAIN, "T2"),
        (Nature.JOURNAL, "T8"),
        (Nature.TOR, "T9"),
        (Nature.FIGURES, "T10"),
        (Nature.SWAP, "T12"),
        (Nature.CORE, "T12"),
    ):
        assert {one.row for one in scanned(moment, nature).findings} == {row}
    assert scanned(moment, Nature.PUBLIC).findings == []
    assert row_of(Nature.SWAP, "T1") == "T12"


def orders(places: list[float]) -> Report:
    report = Report()
    located = [Located(number, "cell", "x", "memory", int(place)) for number, place in enumerate(places)]
    order.judge(report, order.orders_of(located, {}))
    return report


def test_an_order_of_arrival_is_a_finding_and_chance_is_none() -> None:
    assert [one.row for one in orders(list(range(200))).findings] == ["T3"]
    assert [one.row for one in orders(list(range(200, 0, -1))).findings] == ["T3"]
    shuffled = orders(Random(1).sample(range(200), 200))
    assert shuffled.findings == []
    assert shuffled.figures["T3"]["band of cell, by address in memory"] == 0.185
    assert [one.asked for one in orders([1, 2, 3]).unseen] == [False]


def entry(path: str, *, moment: float = 0.0, size: int = 1, inode: int = 7) -> Entry:
    times = dict.fromkeys(("time of access", "time of change", "time of writing", "time of birth"), moment)
    return Entry(PurePosixPath(path), FileKind.FILE, size, inode, times)


STATE = [Entry(PurePosixPath("state/bundles"), FileKind.FOLDER, 0, 1, {})]


def test_a_folder_of_state_holds_a_closed_list_of_names() -> None:
    roots = layout.states(STATE)
    known = {
        "state/bundles/letters-7.bundle": Place.BUNDLE,
        "state/bundles/.unfinished-parcels-8.bundle": Place.BUNDLE,
        "state/partners/red-norte.acknowledged": Place.OURS,
        "state/tor-onion/state": Place.TOR,
        "state/figures.json": Place.OURS,
        "state/run/door.sock": Place.OURS,
        "state/onion/hostname": Place.OURS,
        "state/run/partners.sock": Place.OURS,
        "state/partners-onion": Place.OURS,
        "state/partners-onion/hs_ed25519_secret_key": Place.OURS,
        "state/partners-onion/authorized_clients/red-norte.auth": Place.OURS,
        "state/partners-onion/authorized_clients/.unfinished-red-norte.auth": Place.OURS,
        "state": Place.OURS,
        "state/onion/authorized_clients/red-norte.auth": Place.UNKNOWN,
        "state/partners-onion/authorized_clients/Red.auth": Place.UNKNOWN,
        "state/bundles/letters-7.bundle.old": Place.UNKNOWN,
        "state/queue": Place.UNKNOWN,
        "state/run/0001": Place.UNKNOWN,
    }
    assert {path: layout.place_of(PurePosixPath(path), roots) for path in known} == known
    assert layout.place_of(PurePosixPath("relay.toml"), roots) is None


def test_all_but_a_bundle_s_reading_is_at_the_edge() -> None:
    def failed(path: str, at: float) -> bool:
        report = Report()
        file_checks.inode_times(report, "x", [*STATE, entry(path, moment=START + at)], WINDOW)
        return bool(report.findings)

    assert not failed("state/partners/a.acknowledged", 3)
    assert failed("state/partners/a.acknowledged", 60)
    assert failed("state/figures.json", 60)
    assert not failed("state/figures.json", 900)
    assert not failed("state/figures.json", -1)


def test_a_bundle_is_read_when_it_is_sent_on_and_written_at_the_edge() -> None:
    path = PurePosixPath("state/bundles/letters-7.bundle")
    for at, kinds in ((60, {"time of writing"}), (300, {"time of access", "time of writing"}), (3, set())):
        report = Report()
        times = {"time of access": START + at, "time of writing": START + at}
        file_checks.inode_times(report, "x", [*STATE, Entry(path, FileKind.FILE, 1, 7, times)], WINDOW)
        assert {one.kind for one in report.findings} == kinds


def test_times_of_tor_s_files_are_judged_by_the_arrivals_only() -> None:
    arrivals = tuple(START + 70 * place + 33.3 for place in range(50))
    window = Window(START, START + 3_600, 900, 15, arrivals)
    for moments, rows in (([START + 55.5] * 3, set()), ([*arrivals[:9]], {"T9"})):
        report = Report()
        entries = [entry(f"state/tor-dial/{at}", moment=moment) for at, moment in enumerate(moments)]
        file_checks.inode_times(report, "x", [*STATE, *entries], window)
        assert {one.row for one in report.findings} == rows
    alone = Report()
    file_checks.inode_times(alone, "x", [*STATE, entry("state/tor-dial/x", moment=START + 99)], WINDOW)
    assert [(one.row, one.asked) for one in alone.unseen] == [("T9", False)]


def test_numbers_that_rise_with_the_files_are_found_and_others_not() -> None:
    def failed(numbers: list[int]) -> bool:
        report = Report()
        entries = [entry(f"q/{number}.bin", moment=START + at, inode=50 + at) for at, number in enumerate(numbers)]
        file_checks.numbering(report, "x", entries)
        return bool(report.findings)

    assert failed(list(range(12)))
    assert failed(list(range(12, 0, -1)))
    assert not failed(Random(3).sample(range(12), 12))
    assert not failed(list(range(7)))


def test_swap_and_cores_are_known_by_what_they_begin_with() -> None:
    assert nature_of(bytes(4_086) + b"SWAPSPACE2" + bytes(99)) is Nature.SWAP
    assert nature_of(bytes(65_526) + b"SWAPSPACE2") is Nature.SWAP
    assert is_core(b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x04")
    assert not is_core(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00")
    assert nature_of(b"\x7fELF") is Nature.PLAIN
    for name in ("core", "core.123", "core.node.1000.zst", "node.core", "vmcore-1", "_usr_bin_x.0.crash"):
        assert layout.is_core_name(name)
    assert not layout.is_core_name("score.txt")


def test_what_is_masked_is_zeros_and_nothing_else_is() -> None:
    data = bytes(range(1, 201))
    masked = Masked()
    masked.add(50, 10)
    masked.add(100, 30)
    masked.add_fields(140, 24, step=8, fields=[(2, 3)])
    read = masked.reading(held("x", data, Nature.IMAGE).read)
    whole = bytearray(data[:50] + bytes(10) + data[60:100] + bytes(30) + data[130:])
    for record in (142, 150, 158):
        whole[record : record + 3] = bytes(3)
    for start in range(0, 200, 3):
        for length in (1, 5, 40, 300):
            assert read(start, length) == whole[start : start + length]
