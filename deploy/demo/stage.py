"""Everybody in the demonstration, set up as docs/operate.md and docs/partner.md say, with the commands they would type.

The one difference: all tors belong to a private network on this machine's loopback, and rounds are short.
"""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from onion_service.torrc import PrivateNet
from relay import telemetry

ROUND_SECONDS: Final = 10
LETTERS: Final = 16
PARCELS: Final = 4
PARCEL_EVERY: Final = 2
AFTER_EDGE: Final = 1
# Few, because rounds are short here; a relay freezes at four of six missing.
LOOPS: Final = 6
# The work of an edge is done so many seconds later, also on a machine with much to do.
SLACK: Final = 4
PASSPHRASE: Final = "una vela encendida toda la noche"  # noqa: S105 - it guards keys that live for minutes
REPORTS: Final = Path(__file__).parent / "reports"
READY_SECONDS: Final = 150.0

# What `veladora examine` ends with when nothing failed and not all could be looked at.
_NOT_ALL_SEEN: Final = 3
_VELADORA: Final = str(Path(sys.executable).with_name("veladora"))


class DemoFailed(Exception):
    """Something that must not happen happened; the text says what."""


@dataclass(frozen=True, slots=True)
class Told:
    """One report as its writer typed it."""

    name: str
    text: str
    to: tuple[str, ...]
    attach: tuple[Path, ...]
    options: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Told":
        """A report of `deploy/demo/reports/`."""
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        options = [
            item for key in ("topic", "place", "where", "when") if key in found for item in (f"--{key}", found[key])
        ]
        return cls(
            path.stem,
            found["text"],
            tuple(found["to"]),
            tuple(REPORTS / name for name in found.get("attach", ())),
            tuple(options),
        )


@dataclass(frozen=True, slots=True)
class Partner:
    """One NGO of the demonstration, and its desk's folder."""

    id: str
    name: str
    about: str
    folder: Path


@dataclass(slots=True)
class Program:
    """A command that goes on running, and what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, words: str, *, seconds: float = READY_SECONDS) -> str:
        """The first line with `words` in it. Raises DemoFailed when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if words in line:
                    return line
            if self.process.poll() is not None:
                raise DemoFailed(f"{self.name} ended: {self.last_words()}")
            time.sleep(0.2)
        raise DemoFailed(f"{self.name} did not say {words!r} in {seconds:.0f} s: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it said."""
        return " / ".join(self.log.read_text(encoding="utf-8").splitlines()[-4:])

    def stop(self) -> None:
        """End it, by its own process id."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Stage:
    """The folders and running programs of the demonstration. `stop` ends them all."""

    folder: Path
    net: PrivateNet
    say: Callable[[str], None]
    programs: list[Program] = field(default_factory=list)
    card: str = ""
    relay_id: str = ""
    released: int = -1

    @property
    def relay(self) -> Path:
        """The relay's folder."""
        return self.folder / "relay"

    @property
    def _root_key(self) -> Path:
        return self.folder / "root.key"

    @property
    def partners(self) -> tuple[Partner, ...]:
        """The two NGOs."""
        return (
            Partner("red-norte", "Red Norte", "Personas desaparecidas y retenes", self.folder / "red-norte"),
            Partner("voces-del-sur", "Voces del Sur", "Extorsión y corrupción", self.folder / "voces-del-sur"),
        )

    def set_up(self) -> None:
        """Keys, onion addresses, cards, the signed directory: everything before anybody is started."""
        self.make_relay()
        self.admit([self._make_desk(partner) for partner in self.partners])

    def make_relay(self) -> None:
        """The root's and the relay's keys, the relay's onion address and its card."""
        made = self.run("keys", "new", "root", "--out", str(self._root_key), "--passphrase-fd", "0")
        root = next(word for word in made.split() if len(word) == 64)
        self.say(f"the root key is made; its public half is {root[:16]}…")
        init = _fields(self.run("init", str(self.relay), "--root", root, "--name", "Veladora de prueba"))
        self.card, self.relay_id = init["card"], init["relay"]
        self.say(f"the relay is made; its onion address is {init['onion']}")

    def admit(self, cards: Sequence[dict[str, str]]) -> None:
        """These partners are in the relay's settings and in its signed directory."""
        self._write_relay_settings(cards)
        self._sign_directory(cards)

    def start_relay(self) -> Program:
        """Start the relay; its onion service is not published yet when this returns."""
        return self.start_program("relay", "run", str(self.relay))

    def start(self) -> None:
        """Start the relay and both desks; returns when their onion services are published."""
        relay = self.start_relay()
        desks = [
            self.start_program(partner.id, "desk", "receive", "--folder", str(partner.folder), "--passphrase-fd", "0")
            for partner in self.partners
        ]
        relay.wait_for("the onion service is published")
        self.say("the relay's onion service is published")
        for desk in desks:
            desk.wait_for("receiving at")
            self.say(f"the desk of {desk.name} can be reached")

    def look_after_the_relay(self) -> None:
        """What its operator does: release it where it froze. Rounds are short here, and a machine that stands still for
        some seconds takes as many of its loops as somebody would who holds others back."""
        try:
            figures = telemetry.read(self.relay / "state" / "figures.json")
        except FileNotFoundError:
            return
        if figures.frozen and figures.round != self.released:
            self.run("release", str(self.relay))
            self.released = figures.round
            self.say(f"the relay froze in round {figures.round}, as too little of what it sends itself came back")
            self.say("its operator, who knows that nobody holds anything back here, let it go: `veladora release`")

    def examine(self, markers: Sequence[str], *, since: float) -> str:
        """The examiner's table of the relay that runs: its folder and its memory. Raises DemoFailed when a row failed.

        `markers`: texts that were sent; `since`: when the first could have come, in seconds since 1970.
        """
        wanted = self.folder / "markers.txt"
        wanted.write_text("\n".join(markers) + "\n", encoding="utf-8")
        relay = next(program for program in self.programs if program.name == "relay")
        return self.run(
            *("examine", str(self.relay), str(relay.log), "--live", str(relay.process.pid), "--markers", str(wanted)),
            *("--round", str(ROUND_SECONDS), "--slack", str(SLACK), f"--window={since:.3f}..now"),
            accepted=(0, _NOT_ALL_SEEN),
        )

    def stop(self) -> None:
        """End every program that was started here."""
        for program in reversed(self.programs):
            program.stop()
        self.programs.clear()

    def run(self, *arguments: str, stdin: str = f"{PASSPHRASE}\n", accepted: Sequence[int] = (0,)) -> str:
        """Run one command to its end and return what it answered. Raises DemoFailed with its words."""
        done = subprocess.run(
            [_VELADORA, *arguments], input=stdin.encode(), capture_output=True, env=_environment(), timeout=300
        )
        if done.returncode not in accepted:
            answered, said = (part.decode(errors="replace").strip() for part in (done.stdout, done.stderr))
            raise DemoFailed(f"veladora {arguments[0]}: {answered}\n{said}".strip())
        return done.stdout.decode()

    def start_program(self, name: str, *arguments: str) -> Program:
        """Start a command that goes on; what it says goes into a log in our folder."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [_VELADORA, *arguments], stdin=subprocess.PIPE, stdout=said, stderr=said, env=_environment()
            )
        program = Program(name, process, log)
        self.programs.append(program)
        if process.stdin is not None:
            with process.stdin as typed:
                typed.write(f"{PASSPHRASE}\n".encode())
        return program

    def _make_desk(self, partner: Partner) -> dict[str, str]:
        made = self.run(
            *("desk", "init", "--folder", str(partner.folder), "--id", partner.id, "--name", partner.name),
            *("--relay-identity", self.relay_id, "--relay-card", self.card),
            *("--round-seconds", str(ROUND_SECONDS), "--letters", str(LETTERS)),
            *("--parcels", str(PARCELS), "--parcel-every", str(PARCEL_EVERY), "--passphrase-fd", "0"),
        )
        card = _fields(made)
        with (partner.folder / "desk.toml").open("a", encoding="utf-8") as settings:
            settings.write(self.authorities())
        self.say(f"the desk of {partner.name} is made; its card in words: {card['words']}")
        return card

    def _write_relay_settings(self, cards: Sequence[dict[str, str]]) -> None:
        blocks = [f'[[partner]]\nid = "{card["id"]}"\nendpoint = "{card["endpoint"]}"\n' for card in cards]
        with (self.relay / "relay.toml").open("a", encoding="utf-8") as settings:
            settings.write(
                "\n".join(["", *blocks, f"[delivery]\nafter_edge = {AFTER_EDGE}\n", f"[loops]\nper_round = {LOOPS}\n"])
            )
            settings.write(self.authorities())

    def _sign_directory(self, cards: Sequence[dict[str, str]]) -> None:
        abouts = {partner.id: partner.about for partner in self.partners}
        lines = [
            f"round_seconds = {ROUND_SECONDS}",
            (self.relay / "draft.toml").read_text(encoding="utf-8"),
            f"[bundle]\nletters = {LETTERS}\nparcels = {PARCELS}\nparcel_every = {PARCEL_EVERY}",
            *(
                f'[[partners]]\nid = "{card["id"]}"\nname = "{card["name"]}"\nkey = "{card["key"]}"\n'
                f'about = {{ es = "{abouts.get(card["id"], "")}", en = "" }}'
                for card in cards
            ),
            *(f'[[topics]]\nid = "{name}"\nname = {{ es = "{name}", en = "" }}' for name in ("reten", "extorsion")),
            '[[topics]]\nid = "desaparicion"\nname = { es = "desaparición", en = "" }',
            '[[places]]\nid = "mx-reynosa"\nname = "Reynosa, Tamaulipas"',
            '[[places]]\nid = "mx-juchitan-de-zaragoza"\nname = "Juchitán de Zaragoza, Oaxaca"',
        ]
        draft = self.folder / "draft.toml"
        draft.write_text("\n\n".join(lines), encoding="utf-8")
        out = self.relay / "directory.signed"
        self.run(
            "directory", "sign", str(draft), "--key", str(self._root_key), "--out", str(out), "--passphrase-fd", "0"
        )
        self.say("the directory is signed by the root key")

    def authorities(self) -> str:
        """The private network, as the settings of a relay or a desk name it."""
        return "".join(
            f'\n[[tor.authority]]\nnickname = "{one.nickname}"\nor_port = {one.or_port}\ndir_port = {one.dir_port}\n'
            f'v3_identity = "{one.v3_identity}"\nfingerprint = "{one.fingerprint}"\n'
            for one in self.net.authorities
        )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(" ") for line in text.splitlines())
    return {name.removesuffix(":"): value.strip() for name, _, value in pairs}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
