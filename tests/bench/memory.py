"""How much memory a node takes beyond its slots, and that it stays so however many reports it has seen.

The real node in its own process. The slots are shared memory that is taken whole at the start, so they are left out.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from crypto.directory import BundleSizes
from crypto.layers import wrap
from relay.start import geometry, read_directory
from tests.bench.door import load
from tests.rig import Rig, Running, any_cell

REPORTS: Final = 20_000
AIM_MIB: Final = 80.0

BATCH: Final = 2_000
# Room for all of them: what has not left yet must weigh nothing outside its slot.
_SLOTS: Final = REPORTS
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Figures:
    """MiB beyond the slots: before any report, after the first batch, and after all of them."""

    slots: float
    idle: float
    after_a_batch: float
    after_all: float


def measure(reports: int = REPORTS) -> Figures:
    """The figures, over as many rounds as the reports take. Raises RuntimeError when one is not accepted."""
    sizes = BundleSizes(letters=64, parcels=16, parcel_every=4)
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder) / "relay", sizes=sizes, letters=_SLOTS, parcels=64)
        settings = rig.write(more_settings="[bundles]\nkeep_rounds = 4\n")
        trusted = read_directory(
            settings.directory_file,
            root=settings.config.root,
            identity=rig.relay.signing.verifying_key,
            now=int(time.time()),
        )
        with rig.running(settings) as running:
            _next_round(running)
            _next_round(running)
            at = [_beyond_slots(running)]
            for _ in range(reports // BATCH):
                _send(running)
                _next_round(running)
                at.append(_beyond_slots(running))
    return Figures(geometry(settings, trusted).total / _MIB, at[0], at[1], at[-1])


def _send(running: Running) -> None:
    route = running.route()
    cells = [wrap(any_cell(), route=route) for _ in range(BATCH)]
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    _, accepted = uvloop.run(load(str(running.socket), cells))
    if accepted != BATCH:
        raise RuntimeError(f"{accepted} of {BATCH} cells were answered 202")


def _next_round(running: Running) -> None:
    running.wait_round(running.announced()[0].round_number)


def _beyond_slots(running: Running) -> float:
    pid = running.keeper.pid
    if pid is None:
        raise RuntimeError("the node does not run")
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return (int(fields["VmRSS"].split()[0]) - int(fields["RssShmem"].split()[0])) / 1_024
