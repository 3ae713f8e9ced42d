"""What is said to cost so many bytes has so many bytes."""

import pytest

from crypto import directory as directories
from crypto import letter
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundKey, RoundNumber
from crypto.signing import SigningKey
from onion_service import site
from relay.simulator.bandwidth import Counted, bandwidth, bundle_bytes
from tests.rig import Rig

NOTHING = Counted(visits=0, cells=0, turns=0)


@pytest.mark.parametrize("cell_class", list(CellClass))
def test_a_bundle_has_the_length_of_a_real_one(cell_class: CellClass) -> None:
    cells = [letter.top_up(cell_class, relays=1) for _ in range(3)]
    real = Bundle.sign(cells, cell_class=cell_class, round_number=RoundNumber(7), relay=SigningKey.generate())
    assert bundle_bytes(cell_class, 3) == len(real.wire)


def test_a_partner_s_day_is_the_one_that_operators_are_told() -> None:
    cost = bandwidth(BundleSizes(), period=900, partners=3, loops=0, days=1, counted=NOTHING)
    assert cost.partner_day == 596_466_792
    assert cost.relay_out_day == 3 * cost.partner_day
    assert cost.relay_in_day == 0


def test_a_page_s_hour_is_its_cells_its_keys_and_its_lists(tmp_path_factory: pytest.TempPathFactory) -> None:
    rig = Rig(tmp_path_factory.mktemp("relay"))
    root, relay = rig.root.signing, rig.relay.signing
    answer = directories.write_answer(
        directories.sign(rig.directory(), rig.root), [RoundKey.generate(RoundNumber(1)).announce(relay)]
    )
    cells = [letter.top_up(CellClass.LETTER, relays=1) for _ in range(8)]
    listed = Bundle.sign(cells, cell_class=CellClass.LETTER, round_number=RoundNumber(1), relay=relay).hash_list.wire
    sizes = BundleSizes(letters=8, parcels=8, parcel_every=4)
    cost = bandwidth(sizes, period=900, partners=0, loops=0, days=1, counted=NOTHING)
    assert cost.page_open == len(site.served(root.verifying_key)) + len(answer)
    # Letters' lists at four edges, parcels' of the same length at one of them.
    assert cost.page_hour == 60 * CellClass.LETTER.wire_length + 4 * len(answer) + 5 * len(listed)


def test_the_relay_carries_its_visitors_and_its_loops() -> None:
    counted = Counted(visits=10, cells=110, turns=6)
    cost = bandwidth(BundleSizes(), period=900, partners=0, loops=48, days=2, counted=counted)
    looped = 96 * 48 * 32_768
    assert cost.relay_in_day == looped + 110 * 32_768 / 2
    assert looped + 5 * cost.page_open < cost.relay_out_day < looped + 6.5 * cost.page_open


def test_short_rounds_cost_more() -> None:
    costs = [bandwidth(BundleSizes(), period=at, partners=1, loops=48, days=1, counted=NOTHING) for at in (30, 60, 900)]
    assert [one.partner_day for one in costs] == sorted((one.partner_day for one in costs), reverse=True)
    # Keys are asked for at ticks, once a minute at most.
    assert costs[0].page_hour - costs[1].page_hour < 60 * 65_536
