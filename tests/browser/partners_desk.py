"""A partner's real desk that is handed the bundles of a relay, and asked what it shows with its own commands."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from typer.testing import CliRunner, Result

from crypto import keys
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.keys import PartnerKey
from forwarder.desk.config import PartnerSettings, RelaySettings
from forwarder.desk.program import create
from relay.cli.desk import app
from tests.rig import Rig
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, open_desk


@dataclass(frozen=True, slots=True)
class PartnersDesk:
    """A desk in a folder."""

    folder: Path

    @classmethod
    def of(cls, rig: Rig, key: PartnerKey, folder: Path) -> Self:
        """The desk of the partner with this key."""
        relay = RelaySettings(
            identity=rig.relay.public.hex(),
            card=rig.card,
            round_seconds=rig.round_seconds,
            letters=rig.sizes.letters,
            parcels=rig.sizes.parcels,
            parcel_every=rig.sizes.parcel_every,
        )
        partner = PartnerSettings(id="partner-0", name="Red Norte")
        create(folder, partner, relay=relay, passphrase=PASSPHRASE, cost=CHEAP)
        (folder / partner.key).write_bytes(keys.lock(key, passphrase=PASSPHRASE, cost=CHEAP))
        return cls(folder)

    def take(self, rig: Rig) -> None:
        """Every bundle that has left the relay, as it would have come to the desk's endpoint."""
        store = rig.store()
        with open_desk(self.folder) as desk:
            for cell_class in CellClass:
                for number in store.rounds(cell_class):
                    wire = store.read(cell_class, number)
                    desk.take(Bundle.parse(wire, relay=rig.relay.signing.verifying_key))

    def listed(self) -> list[dict[str, Any]]:
        """What `veladora desk list` says of each report."""
        reports: list[dict[str, Any]] = json.loads(self._run("list", "--json").stdout)["reports"]
        return reports

    def shown(self, number: int) -> str:
        """What `veladora desk show` writes."""
        return self._run("show", str(number)).stdout

    def exported(self, number: int, *, into: Path) -> Path:
        """The folder that `veladora desk export` makes."""
        self._run("export", str(number), str(into))
        return into / f"report-{number:06}"

    def _run(self, *arguments: str) -> Result:
        read, write = os.pipe()
        os.write(write, PASSPHRASE.encode() + b"\n")
        os.close(write)
        try:
            done = CliRunner().invoke(
                app,
                [*arguments, "--folder", str(self.folder), "--passphrase-fd", str(read)],
                catch_exceptions=False,
            )
        finally:
            os.close(read)
        assert done.exit_code == 0, done.stderr
        return done
