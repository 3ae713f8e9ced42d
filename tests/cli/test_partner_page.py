"""The page for partners: its commands work, typed one after the other as they stand there, on a desk with reports."""

import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from typer.testing import CliRunner, Result

from crypto.directory import TrustedDirectory, sign
from crypto.letter import seal_word
from crypto.report import Report
from crypto.word import BUCKET_SECONDS, say
from forwarder.desk.config import Config, parse_settings
from forwarder.desk.own_keys import signing_key
from forwarder.partner_card import PartnerCard
from onion_service.address import OnionAddress
from relay.cli.desk import app
from tests.architecture_rules import ROOT as REPOSITORY
from tests.cli.test_desk import desk
from tests.cli.test_publishing import with_secret
from tests.cli.typed import run
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, attached, key_of, letters, new_desk, parcels
from tests.unit.forwarder.desk.speakers import NOW, ONION, ROOT, SUR, directory
from tests.unit.forwarder.given import ROUND_SECONDS

pytestmark = pytest.mark.slow  # every command of the page opens a desk

PAGE: Final = (REPOSITORY / "docs/partner.md").read_text(encoding="utf-8")
# What goes on until it is stopped, or speaks to others over Tor; and a desk, which is made here at less cost.
ELSEWHERE: Final = {("run",), ("receive",), ("channel", "send"), ("init",)}
# The one command that is there to be refused.
REFUSED: Final = "veladora desk original 12 1 ~/work --folder ~/desk"
SECRETS: Final = {"add": "jsons://example.org/?token=nadie", "wiki": "clave"}
BARE: Final = '[partner]\nid = "red-norte"\nname = "Red Norte"\n'
REAL_ONION: Final = OnionAddress.of_public_key(SUR.verifying_key.wire)
BUCKET_ROUNDS: Final = BUCKET_SECONDS // ROUND_SECONDS


def lines() -> Iterator[str]:
    """The desk's commands in the page's blocks, without what stands behind a #."""
    for line in PAGE.replace("\\\n", " ").splitlines():
        if line.startswith("    ") and line.lstrip().startswith("veladora desk "):
            yield " ".join(re.sub(r"\s#\s.*", "", line).split())


def block(holding: str) -> str:
    """The block of the page in which this stands."""
    found = [one for one in re.split(r"\n(?! {4}|\n)", PAGE) if holding in one]
    return "\n".join(line[4:] for line in found[0].splitlines() if line.startswith("    "))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk with eighteen reports of two days ago, two incidents, and a word of another organisation."""
    place = tmp_path / "desk"
    first = (int(time.time()) // ROUND_SECONDS - 200) // BUCKET_ROUNDS * BUCKET_ROUNDS
    file, parts = attached(b"a note", media="text/plain")
    with new_desk(place, relay=msgspec.structs.replace(RELAY_SETTINGS, card=f"{ONION}#{ROOT.public.hex()}")) as made:
        listed = directory(signing_key(made.inbox.database))
        own = [msgspec.structs.replace(one, key=made.card.key) for one in listed.partners if one.id == "red-norte"]
        others = [one for one in listed.partners if one.id != "red-norte"]
        signed = sign(msgspec.structs.replace(listed, partners=[*own, *others]), ROOT)
        made.directory.keep(TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=NOW))
        key = key_of(made)
        for number in range(1, 19):
            files = [file] if number == 12 else []
            report = Report(text=f"Camión {number} en Hidalgo", topic="reten", place="mx-monterrey", attachments=files)
            made.take(letters(first + number - 1, report, to=[key]))
        made.take(parcels(first + 19, *parts, to=[key]))
        word = say(
            bucket=first // BUCKET_ROUNDS, place="mx-monterrey", topic="reten", several=True, sender="red-sur",
            recipient=key.fingerprint, key=SUR,
        )  # fmt: skip
        made.take(letters(first + 20, to=[key], others=[seal_word(word, to=key, relays=1)]))
    for one in ("1", "2"):
        assert desk("merge", one, "--folder", str(place)).exit_code == 0
    return place


def typed(line: str, home: Path) -> Result:
    """A line of the page, typed at this home; what a person would be asked is agreed to."""
    line, _, into = line.partition(" > ")
    words = [word.replace("~", str(home), 1) if word.startswith("~/") else word for word in shlex.split(line)[2:]]
    if words[0] == "channel" and words[1] in SECRETS:
        place = Path(words.pop(words.index("--folder") + 1))
        words.remove("--folder")
        return with_secret(place, SECRETS[words[1]], *words[1:])
    if words[0] == "forget-keys":
        return CliRunner().invoke(app, [*words, "--yes"], catch_exceptions=False)
    agreed = ["--yes"] if words[0] in {"publish", "correct", "withdraw"} else []
    done = desk(*words, *agreed)
    if into:
        (home / into).write_text(done.stdout, encoding="utf-8")
    return done


def test_the_commands_of_the_page_work_in_the_order_of_the_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alert = block("Retén en la carretera a Reynosa")
    for name, title in (("alert.toml", "Retén"), ("better.toml", "Paso libre"), ("why.toml", "No era cierto")):
        (tmp_path / name).write_text(alert.replace("Retén", title), encoding="utf-8")
    walked = []
    for line in lines():
        words = tuple(shlex.split(line)[2:])
        if words[:1] in ELSEWHERE or words[:2] in ELSEWHERE:
            continue
        done = typed(line, tmp_path)
        assert done.exit_code == (1 if line == REFUSED else 0), (line, done.stdout[-500:], done.stderr)
        walked.append(words[0])
    assert len(walked) > 30
    assert {"export", "merge", "tell", "also", "publish", "withdraw", "channel", "export-alerts"} <= {*walked}
    sent = tmp_path / "red-norte.txt"
    read_aloud = PartnerCard.read(sent.read_text(encoding="utf-8")).words
    assert run("directory", "partner", sent).out.splitlines()[0] == f"words     {read_aloud}"


def test_the_settings_that_the_page_shows_are_accepted_and_are_the_defaults() -> None:
    relay = block("[relay]").replace('"..."', f'"{RELAY_SETTINGS.identity}"', 1)
    relay = relay.replace('"...onion#..."', f'"{RELAY_SETTINGS.card}"').replace('"...onion"', f'"{REAL_ONION}"')
    whole, plain = parsed(f"{block('older_keys = []')}\n{relay}"), parsed(BARE)
    assert (whole.partner, whole.tor, whole.web, whole.publish) == (plain.partner, plain.tor, plain.web, plain.publish)
    assert whole.relay is not None
    assert parsed(f"{BARE}{block('resolution = 7')}").publish == plain.publish


def parsed(text: str) -> Config:
    return parse_settings(text.encode(), path=Path("desk.toml"))
