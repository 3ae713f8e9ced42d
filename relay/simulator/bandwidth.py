"""What a round length and a bundle size cost, in bytes that the formats fix (docs/simulate.md, "What it costs").

Bodies only: HTTP's heads and Tor's own framing come on top. Attachments that people send are not in it, but the bundles
that would carry them are: they leave full, always.
"""

from dataclasses import dataclass
from typing import Final

from crypto.bundle import HEADER_LEN
from crypto.cells import CELL_HASH_LEN, CellClass
from crypto.directory import ANSWER_STEP, BundleSizes
from crypto.signing import SIGNATURE_LEN
from onion_service.pace import PACE_SECONDS
from onion_service.site import PAGE_LEN
from relay.simulator.traffic import DAY
from relay.start import RELAYS

_HOUR: Final = 3_600
_ENVELOPE: Final = CellClass.LETTER.wire_length


@dataclass(frozen=True, slots=True)
class Counted:
    """What all visits of the simulated time asked for and sent: pages opened, cells, ticks with a new round."""

    visits: int
    cells: int
    turns: int


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Bytes. The relay's are what it sends and gets in a day, to and from partners, visitors and itself."""

    partner_day: float
    page_hour: float
    page_open: float
    relay_out_day: float
    relay_in_day: float


def bundle_bytes(cell_class: CellClass, count: int) -> int:
    """One bundle of so many cells."""
    return HEADER_LEN + count * cell_class.length_after(RELAYS) + SIGNATURE_LEN


def bandwidth(sizes: BundleSizes, *, period: int, partners: int, loops: int, days: int, counted: Counted) -> Bandwidth:
    """What such a relay costs its partners, its visitors and itself. `period`: seconds of a round; `loops`: a round."""
    rounds = DAY / period
    letters = bundle_bytes(CellClass.LETTER, sizes.letters)
    parcels = bundle_bytes(CellClass.PARCEL, sizes.parcels) / sizes.parcel_every
    partner_day = rounds * (letters + parcels)
    lists = _list_bytes(sizes.letters) + _list_bytes(sizes.parcels) / sizes.parcel_every
    # The keys of a round are asked for once at most, and at a tick; the lists of all rounds.
    page_hour = _HOUR / PACE_SECONDS * _ENVELOPE
    page_hour += _HOUR / max(period, PACE_SECONDS) * ANSWER_STEP + _HOUR / period * lists
    page_open = PAGE_LEN + ANSWER_STEP
    rounds_a_turn = max(1.0, PACE_SECONDS / period)
    visitors = counted.visits * page_open + counted.turns * (ANSWER_STEP + rounds_a_turn * lists)
    looped = rounds * loops * _ENVELOPE
    return Bandwidth(
        partner_day=partner_day,
        page_hour=page_hour,
        page_open=page_open,
        relay_out_day=partners * partner_day + visitors / days + looped,
        relay_in_day=counted.cells * _ENVELOPE / days + looped,
    )


def _list_bytes(count: int) -> int:
    return HEADER_LEN + count * CELL_HASH_LEN + SIGNATURE_LEN
