"""A cell built from docs/spec alone, sent or pasted, is accepted by a relay that runs and comes out of its bundle.

Its page is the one that the directory names.
"""

import time
from pathlib import Path

import pytest

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from tests.contract import second
from tests.rig import Rig

pytestmark = pytest.mark.slow  # a relay starts

TEXT = "Retén en la salida a San Fernando. Áéíñ ¿sí?"
PASTED = "Sin programas en el navegador."


def test_a_running_relay_takes_the_second_implementation_s_cell_and_bundles_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    root, relay, partner = rig.root.public, rig.relay.public, rig.partners[0]
    with rig.running() as running:
        answer = running.ask("GET", "/directory").body
        now = int(time.time())
        route = second.read_answer(answer, root=root, now=now)
        assert b"<html" in second.read_page(running.ask("GET", "/").body, route=route, root=root)
        number = running.announced()[0].round_number
        sent, pasted = (
            second.report_envelope(answer, root=root, now=now, to=["partner-0"], text=text) for text in (TEXT, PASTED)
        )
        assert running.post(sent) == 202
        assert running.ask("POST", "/paste", second.form(pasted)).status == 202
        reports = []
        for after in range(2):
            one = RoundNumber(number + after)
            running.wait_round(one)
            wire = rig.store().read(CellClass.LETTER, one)
            reports += second.reports_for(wire, relay=relay, seed=partner.opening.secret_seed())
            lists = second.read_hash_lists(running.ask("GET", f"/rounds/{one}").body, relay=relay)
            assert lists[0][1] == one
            assert len(lists[0][2]) == rig.sizes.letters
    assert sorted(report["text"] for report in reports) == sorted([TEXT, PASTED])
