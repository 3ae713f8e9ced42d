"""A cell built from docs/spec alone is accepted by a relay that runs, and comes out of its bundle whole."""

import time
from pathlib import Path

from crypto.cells import CellClass, cell_hash
from crypto.layers import RoundNumber
from tests.contract import second
from tests.rig import Rig

TEXT = "Retén en la salida a San Fernando. Áéíñ ¿sí?"


def test_a_running_relay_takes_the_second_implementation_s_cell_and_bundles_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    root, relay, partner = rig.root.public, rig.relay.public, rig.partners[0]
    with rig.running() as running:
        answer = running.ask("GET", "/directory").body
        envelope = second.report_envelope(answer, root=root, now=int(time.time()), to=["partner-0"], text=TEXT)
        number = running.announced()[0].round_number
        assert running.post(envelope) == 202
        rounds = [RoundNumber(number), RoundNumber(number + 1)]
        public = {one: running.wait_round(one) for one in rounds}
        store = rig.store()
        found = []
        for one in rounds:
            bundle = second.read_bundle(store.read(CellClass.LETTER, one), relay=relay)
            assert {cell_hash(cell) for cell in bundle.cells} <= public[one]
            found += second.reports_for(bundle.cells, partner.opening.secret_seed())
    assert [report["text"] for report in found] == [TEXT]
