"""`make demo`: three reports leave over a real onion service, pass the relay's rounds, and are read at two desks.

It ends with 0 only when every text and every photo arrived byte for byte as it was cleaned, and nowhere else.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import NotForUs
from crypto.keys import PartnerKey, unlock
from crypto.letter import open_letter
from crypto.signing import VerifyingKey
from crypto.suite import OpeningKey
from deploy.demo.stage import LETTERS, PARCELS, PASSPHRASE, REPORTS, ROUND_SECONDS, DemoFailed, Partner, Stage, Told
from forwarder.bundles import BundleStore
from onion_service.clean.photo import clean_photo
from onion_service.clean.text import clean_text
from onion_service.torrc import SocksAddress
from tests.tor.private_network import PrivateNetwork

ARRIVAL_SECONDS: Final = 120.0
# More rounds than a demonstration has, so that telling of bundles removes none.
KEEP_ROUNDS: Final = 100_000
# Shorter lines of a report could stand anywhere.
MARKER_LENGTH: Final = 20

_console: Final = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line of the story."""
    _console.print(f"  {text}", markup=False)


def title(text: str) -> None:
    """A new chapter."""
    _console.print(f"\n{text}", style="bold")


class Bundles:
    """Tells of every bundle that the relay has closed, once, as an observer with the desks' keys could check it."""

    def __init__(self, stage: Stage) -> None:
        self._store: Final = BundleStore(stage.relay / "state" / "bundles", keep_rounds=KEEP_ROUNDS)
        self._relay: Final = VerifyingKey(bytes.fromhex(stage.relay_id))
        self._keys: Final = {partner.id: _opening_key(partner) for partner in stage.partners}
        self._told: set[tuple[CellClass, int]] = set()
        self.lengths: dict[CellClass, set[int]] = {cell_class: set() for cell_class in CellClass}

    def tell(self) -> None:
        """Tell of the new ones. Raises a CryptoError when a signature or the order does not hold."""
        for cell_class in CellClass:
            for number in self._store.rounds(cell_class):
                if (cell_class, number) not in self._told:
                    self._told.add((cell_class, number))
                    self._tell(self._store.read(cell_class, number))

    def _tell(self, wire: bytes) -> None:
        bundle = Bundle.parse(wire, relay=self._relay)
        header = bundle.header
        self.lengths[header.cell_class].add(len(wire))
        opened = {partner: sum(_opens(cell, key) for cell in bundle.cells) for partner, key in self._keys.items()}
        name = header.cell_class.name.lower()
        say(
            f"round {header.round_number}: {len(bundle.cells)} {name}s, {len(wire):,} bytes, in order, signed; "
            + ", ".join(f"{partner} opens {count}" for partner, count in opened.items())
        )


def main() -> int:
    """Run the demonstration; the number is the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    keep = parser.parse_args().keep
    signal.signal(signal.SIGTERM, _interrupted)
    started = time.monotonic()
    told = [Told.read(path) for path in sorted(REPORTS.glob("*.toml"))]
    arrived = 0
    try:
        with _stage() as (stage, socks):
            arrived = _play(stage, socks, told)
            title(f"Done in {time.monotonic() - started:.0f} seconds.")
            if keep:
                _keep(stage, socks)
    except DemoFailed as error:
        _console.print(f"\nthe demonstration failed: {error}", style="bold red", markup=False)
    except KeyboardInterrupt:
        _console.print("\ninterrupted; everything is stopped", markup=False)
    _console.print(f"delivered: {arrived} of {len(told)} reports", markup=False)
    return 0 if arrived == len(told) else 1


@contextmanager
def _stage() -> Iterator[tuple[Stage, SocksAddress]]:
    # A short path, because the sockets in it have one.
    folder = Path(tempfile.mkdtemp(prefix="veladora-demo-"))
    title("1. A private Tor network on this machine: three authorities, three relays, nothing leaves it")
    try:
        with PrivateNetwork(progress=_steps()) as network:
            stage = Stage(folder, network.net, say)
            try:
                title("2. A relay and two partners, made with the commands they would type")
                stage.set_up()
                title("3. Everybody starts; tor publishes three onion services")
                with ThreadPoolExecutor(1) as pool:
                    dialling: Future[Any] = pool.submit(network.launch_dial, "reporter")
                    stage.start()
                    socks = dialling.result()[1]
                yield stage, socks
            finally:
                stage.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(stage: Stage, socks: SocksAddress, told: list[Told]) -> int:
    since = time.time()
    title("4. Three people write; each report leaves as cells of one size, over a circuit of its own")
    bundles = Bundles(stage)
    with ThreadPoolExecutor(len(told)) as pool:
        sent = {report.name: pool.submit(_send, stage, socks, report) for report in told}
        while not all(future.done() for future in sent.values()):
            bundles.tell()
            stage.look_after_the_relay()
            time.sleep(0.3)
    for name, future in sent.items():
        _tell_sent(name, future.result())
    title("5. The rounds go on; each desk tries every cell with its key")
    deadline = time.monotonic() + ARRIVAL_SECONDS
    missing: list[str] = []
    while True:
        found = {partner.id: _read_desk(stage, partner) for partner in stage.partners}
        bundles.tell()
        stage.look_after_the_relay()
        missing = [problem for report in told for problem in _problems(report, found)]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(1)
    _tell_bundles(bundles)
    title("6. What the desks read")
    exported = {partner.id: _export(stage, partner) for partner in stage.partners}
    arrived = sum(_tell_arrival(report, exported) for report in told)
    _tell_examination(stage, told, since)
    title("8. Everything the relay said")
    for line in (stage.folder / "relay.log").read_text(encoding="utf-8").splitlines():
        say(line)
    return arrived


def _send(stage: Stage, socks: SocksAddress, report: Told) -> str:
    attached = [item for path in report.attach for item in ("--attach", str(path))]
    to = [item for partner in report.to for item in ("--to", partner)]
    return stage.run(
        *("send", stage.card, "-", *to, *attached, *report.options),
        *("--socks", str(socks), "--yes", "--wait", "--hashes", "--pace", "1"),
        stdin=report.text,
    )


def _tell_sent(name: str, answer: str) -> None:
    kinds = [line.split()[0] for line in answer.splitlines() if line.startswith(("letter ", "parcel "))]
    bodies = " and ".join(f"{CellClass[kind.upper()].wire_length:,}" for kind in kinds)
    left = next((line for line in answer.splitlines() if line.startswith("left in round")), "")
    say(f"{name}: the door saw {len(kinds)} bodies of {bodies} bytes and answered 202; it {left}")


def _tell_bundles(bundles: Bundles) -> None:
    for cell_class, room in ((CellClass.LETTER, LETTERS), (CellClass.PARCEL, PARCELS)):
        lengths = bundles.lengths[cell_class]
        if len(lengths) > 1:
            raise DemoFailed(f"bundles of {cell_class.name.lower()}s had different lengths: {sorted(lengths)}")
        say(f"every bundle had {room} {cell_class.name.lower()}s and one length, whether or not anybody wrote")


def _read_desk(stage: Stage, partner: Partner) -> list[dict[str, Any]]:
    listed = stage.run("desk", "list", "--folder", str(partner.folder), "--json", "--passphrase-fd", "0")
    reports: list[dict[str, Any]] = json.loads(listed)["reports"]
    return reports


def _problems(report: Told, found: dict[str, list[dict[str, Any]]]) -> list[str]:
    wanted = clean_text(report.text).text
    problems = []
    for partner in report.to:
        arrived = [one for one in found[partner] if one["text"] == wanted]
        if not arrived:
            problems.append(f"{report.name} is not at {partner}")
        elif any(attachment["missing_parts"] for attachment in arrived[0]["attachments"]):
            problems.append(f"{report.name} is at {partner} without its photo")
    return problems


def _export(stage: Stage, partner: Partner) -> Path:
    into = stage.folder / "exported" / partner.id
    into.mkdir(parents=True)
    stage.run("desk", "export", str(into), "--folder", str(partner.folder), "--passphrase-fd", "0")
    return into


def _tell_arrival(report: Told, exported: dict[str, Path]) -> bool:
    """Whether this report lies at each desk it is for, its text byte for byte, its photos rebuilt, and at no other."""
    text = clean_text(report.text).text.encode() + b"\n"
    photos = [clean_photo(path.read_bytes()).data for path in report.attach]
    whole = True
    for partner, folder in exported.items():
        copies = [path.parent for path in folder.glob("*/text.txt") if path.read_bytes() == text]
        if partner not in report.to:
            say(f"{report.name}: {partner} could not open it" if not copies else f"{report.name}: LEAKED to {partner}")
            whole &= not copies
            continue
        found = [[path.read_bytes() for path in sorted(copy.glob("attachment-*"))] for copy in copies]
        right = [[_shape(photo) for photo in one] for one in found] == [[_shape(photo) for photo in photos]]
        whole &= right
        first = report.text.strip().splitlines()[0]
        say(f"{report.name}: {partner} reads “{first[:70]}…”" if right else f"{report.name}: not whole at {partner}")
    for path, photo in zip(report.attach, photos, strict=True):
        taken = path.stat().st_size - len(photo)
        say(f"{report.name}: {path.name} arrived without the {taken:,} bytes that said where, when and with what")
    return whole


def _shape(photo: bytes) -> tuple[str, list[int], bool]:
    """What a desk keeps of a photo that it has written anew: its kind, its size, and nothing that could be cleaned."""
    clean = clean_photo(photo)
    return clean.media_type, sorted((clean.width, clean.height)), clean.data == photo


def _tell_examination(stage: Stage, told: list[Told], since: float) -> None:
    title("7. What whoever takes the relay's disk and memory now would find: veladora examine")
    markers = [line for report in told for line in report.text.splitlines() if len(line) >= MARKER_LENGTH]
    for line in stage.examine(markers, since=since).splitlines():
        say(line)


def _keep(stage: Stage, socks: SocksAddress) -> None:
    title("Everything goes on running. Ctrl-C ends it.")
    say(f"the relay's card:   {stage.card}")
    say(f"send a report:      veladora send '{stage.card}' --socks '{socks}'")
    for partner in stage.partners:
        say(f"read at {partner.id}: veladora desk list --folder {partner.folder}")
    say(f"the passphrase of every key here: {PASSPHRASE}")
    say(f"rounds last {ROUND_SECONDS} seconds; what the programs say is in {stage.folder}/*.log")
    while True:
        signal.pause()


def _opening_key(partner: Partner) -> OpeningKey:
    key = unlock((partner.folder / "partner.key").read_bytes(), passphrase=PASSPHRASE)
    if not isinstance(key, PartnerKey):
        raise DemoFailed(f"{partner.id} has no partner's key")
    return key.opening


def _opens(cell: bytes, key: OpeningKey) -> bool:
    try:
        open_letter(cell, [key])
    except NotForUs:
        return False
    return True


def _steps() -> Callable[[str], None]:
    last = ""

    def tell(step: str) -> None:
        nonlocal last
        if step != last and (" 100 %" in step or "consensus" in step):
            say(step)
        last = step

    return tell


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
