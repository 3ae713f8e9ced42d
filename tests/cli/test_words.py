"""`veladora desk tell`, `heard` and `also`: what leaves is shown first, and a word counts when a person accepts it."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crypto.cells import CellClass
from crypto.directory import TrustedDirectory, sign
from crypto.layers import ROUND_MAX
from crypto.letter import seal_word, top_up
from crypto.report import Report
from crypto.suite import OpeningKey
from crypto.word import BUCKET_SECONDS, say
from forwarder.desk.own_keys import signing_key
from tests.cli.test_desk import desk
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, key_of, letters, new_desk, open_desk
from tests.unit.forwarder.desk.speakers import BUCKET, NOW, ONION, ROOT, ROUND, SUR, directory

pytestmark = pytest.mark.slow  # a desk is made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A desk with two reports in incident 1, one in incident 2, and a word of the other organisation."""
    with new_desk(tmp_path, relay=msgspec.structs.replace(RELAY_SETTINGS, card=f"{ONION}#{ROOT.public.hex()}")) as made:
        listed = directory(signing_key(made.inbox.database))
        partners = [
            msgspec.structs.replace(one, key=made.card.key) if one.id == "red-norte" else one for one in listed.partners
        ]
        signed = sign(msgspec.structs.replace(listed, partners=partners), ROOT)
        made.directory.keep(TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=NOW))
        key = key_of(made)
        mine = [Report(text=f"Vi algo {one}", topic="desaparicion", place="mx-monterrey") for one in range(3)]
        word = say(
            bucket=BUCKET, place="mx-monterrey", topic="desaparicion", several=True, sender="red-sur", key=SUR,
            recipient=key.fingerprint,
        )  # fmt: skip
        stranger = seal_word(word, to=OpeningKey(bytes(32)).sealing_key, relays=1)
        cells = [seal_word(word, to=key, relays=1), stranger, top_up(CellClass.LETTER, relays=1)]
        made.take(letters(ROUND, *mine, to=[key], others=cells))
    for arguments in (("merge", "1", "2"), ("merge", "3")):
        assert desk(*arguments, "--folder", str(tmp_path)).exit_code == 0
    for incident in ("1", "2"):
        assert desk("mark", incident, "checking", "--incident", "--folder", str(tmp_path)).exit_code == 0
    yield tmp_path
    assert open_desk(tmp_path).inbox.entry(1)


def test_a_word_that_came_is_listed_beside_incidents_and_counts_when_accepted(folder: Path) -> None:
    shown = desk("heard", "--folder", str(folder))
    assert shown.exit_code == 0
    assert shown.stdout.startswith(
        "word 1: Red Sur has several reports of desaparicion, mx-monterrey, 2027-01-15 06:00"
    )
    assert "like incident 1, 2: `veladora desk also 1 --accept 1` if it is the same" in shown.stdout
    told = json.loads(desk("heard", "--json", "--folder", str(folder)).stdout)["heard"]
    assert [(one["from"], one["accepted"], one["like"]) for one in told] == [("red-sur", None, [1, 2])]
    assert "1 word(s) of other desks" in desk("incidents", "--folder", str(folder)).stderr
    accepted = desk("also", "1", "--accept", "1", "--folder", str(folder))
    assert "2 report(s) from 2 partner(s)" in accepted.stdout
    assert "accepted for incident 1" in desk("heard", "--folder", str(folder)).stdout
    assert "of other desks" not in desk("incidents", "--folder", str(folder)).stderr
    again = desk("also", "2", "--accept", "1", "--folder", str(folder))
    assert again.exit_code == 1
    assert "veladora desk heard" in again.stderr


def test_a_word_of_hours_that_no_calendar_has_is_listed_like_any(folder: Path) -> None:
    with open_desk(folder) as made:
        key = key_of(made)
        last = 2**53 // BUCKET_SECONDS - 1
        word = say(
            bucket=last, place="mx-monterrey", topic="desaparicion", several=True, sender="red-sur", key=SUR,
            recipient=key.fingerprint,
        )  # fmt: skip
        # As an inbox may hold it since before such rounds were refused.
        made.take(letters(ROUND_MAX, others=[seal_word(word, to=key, relays=1), top_up(CellClass.LETTER, relays=1)]))
    shown = desk("heard", "--folder", str(folder))
    assert shown.exit_code == 0
    assert "word 2: Red Sur has several reports of desaparicion, mx-monterrey, unknown; no incident" in shown.stdout
    assert desk("list", "--folder", str(folder)).exit_code == 0
    rounds = json.loads(desk("rounds", "--json", "--folder", str(folder)).stdout)
    assert rounds["letters"]["ahead"] == [{"first": one, "last": one, "count": 1} for one in (ROUND, ROUND_MAX)]
    assert f"here too soon: letters-{ROUND_MAX};" in desk("rounds", "--folder", str(folder)).stdout


def test_what_leaves_is_shown_and_one_report_alone_needs_a_word_more(folder: Path) -> None:
    shown = desk("tell", "1", "red-sur", "--folder", str(folder))
    assert shown.exit_code == 0
    said = " ".join(shown.stderr.split())
    assert "all that red-sur gets to know: desaparicion, mx-monterrey, 2027-01-15 06:00 to 12:00 UTC, more than" in said
    alone = desk("tell", "2", "red-sur", "--folder", str(folder))
    assert alone.exit_code == 1
    assert "one report alone" in alone.stderr
    assert "--single" in alone.stderr
    assert desk("tell", "2", "red-sur", "--single", "--folder", str(folder)).exit_code == 0
    nobody = desk("tell", "1", "nadie", "--folder", str(folder))
    assert nobody.exit_code == 1
    assert "red-sur, red-oeste" in " ".join(nobody.stderr.split())


@pytest.mark.parametrize("arguments", [("also", "1"), ("also", "1", "Red Sur", "--accept", "1")])
def test_also_wants_a_name_or_a_word(folder: Path, arguments: tuple[str, ...]) -> None:
    assert desk(*arguments, "--folder", str(folder)).exit_code == 2
