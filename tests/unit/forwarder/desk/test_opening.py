"""A desk opens what is for it, with any of its keys, and nothing in a cell can stop the others."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.layers import RoundNumber
from crypto.letter import seal, seal_report
from crypto.report import Report
from forwarder.desk.opening import open_bundle
from tests.unit.forwarder.desk.given import OLDER, OURS, THEIRS, letters, parcels
from tests.unit.forwarder.given import RELAY

REPORT = Report(text="Vi una camioneta blanca sin placas")
SEALED = seal_report(REPORT, to=[OURS.sealing_key], relays=1)


def flipped(cell: bytes, at: int) -> bytes:
    return cell[:at] + bytes([cell[at] ^ 1]) + cell[at + 1 :]


def sealed(content: bytes) -> bytes:
    return seal(content, to=[OURS.sealing_key], cell_class=CellClass.LETTER, relays=1)


def test_reports_and_parts_for_us_are_opened_and_the_rest_leaves_no_trace() -> None:
    theirs = seal_report(REPORT, to=[THEIRS.sealing_key], relays=1)
    opened = open_bundle(letters(1, REPORT, others=[theirs]), [OURS])
    assert (opened.reports, opened.parts, opened.forged, opened.malformed) == ((REPORT,), (), 0, 0)
    assert open_bundle(parcels(3, b"part"), [OURS]).parts == (b"part",)
    assert open_bundle(parcels(3, b"part"), [THEIRS]).parts == ()


def test_a_letter_to_four_is_opened_by_each() -> None:
    bundle = letters(1, REPORT, to=[OURS.sealing_key, THEIRS.sealing_key, OLDER.sealing_key])
    assert [open_bundle(bundle, [key]).reports for key in (OURS, THEIRS, OLDER)] == [(REPORT,)] * 3


def test_a_letter_to_an_older_key_still_opens() -> None:
    assert open_bundle(letters(1, REPORT, to=[OLDER.sealing_key]), [OURS, OLDER]).reports == (REPORT,)


def test_altered_and_foreign_content_is_counted_and_does_not_stop_the_rest() -> None:
    others = [flipped(SEALED, 20_000), sealed(b""), sealed(b"\x09?"), sealed(b'\x01{"text":1}'), sealed(b"\x02")]
    opened = open_bundle(letters(1, REPORT, others=others), [OURS])
    assert (opened.reports, opened.forged, opened.malformed) == ((REPORT,), 1, 4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=60))
def test_any_cell_is_opened_counted_or_dropped(at: int, junk: bytes) -> None:
    cell = (SEALED[:at] + junk + SEALED[at + len(junk) :])[: len(SEALED)]
    bundle = Bundle.sign([cell], cell_class=CellClass.LETTER, round_number=RoundNumber(1), relay=RELAY)
    opened = open_bundle(bundle, [OURS])
    assert len(opened.reports) + opened.forged + opened.malformed <= 1
