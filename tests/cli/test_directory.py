"""A directory is signed from what people can read, and never goes backwards."""

import base64
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.directory import Card, TrustedDirectory
from crypto.keys import KeyKind, generate, lock
from forwarder.places.shipped import shipped
from onion_service.address import OnionAddress
from onion_service.durable import write_new
from onion_service.site import site_hashes
from relay import config
from relay.cli.draft import DraftRefused, read_draft
from tests.cli.typed import PASSPHRASE, Ended, run
from tests.loopback_relay import partner_key, relay_key, root_key
from tests.unit.forwarder.test_partner_card import card as a_card

pytestmark = pytest.mark.slow  # keys are locked at full cost

ROOT = root_key()
RELAY = relay_key()
PARTNER = partner_key()
CARD = replace(a_card(1), id="norte")
STRANGER = replace(a_card(2), id="sur")
ONION = str(OnionAddress.of_public_key(RELAY.public))
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%d")


def draft(**changed: str) -> str:
    """A draft that is right, but for what a test changes."""
    said = {
        "expires": NEXT_YEAR,
        "onion": f'"{ONION}"',
        "id": f'"{RELAY.public.hex()}"',
        "key": 'key_file = "norte.pub"',
        "more": "",
        "partner": '"norte"',
    } | changed
    return f"""
expires = {said["expires"]}
{said["more"]}
[[relays]]
name = "Veladora"
onion = {said["onion"]}
id = {said["id"]}

[[partners]]
id = {said["partner"]}
name = "Red Norte"
about = {{ es = "Lee", en = "Reads" }}
{said["key"]}

[[topics]]
id = "desaparicion"
name = {{ es = "Desaparición", en = "Disappearance" }}

[[places]]
id = "sonora"
name = "Sonora"
"""


@pytest.fixture(scope="module")
def locked_root() -> bytes:
    return lock(ROOT, passphrase=PASSPHRASE)


@pytest.fixture
def folder(tmp_path: Path, locked_root: bytes) -> Path:
    (tmp_path / "root.key").write_bytes(locked_root)
    (tmp_path / "norte.pub").write_text(base64.b64encode(PARTNER.public).decode() + "\n")
    (tmp_path / "draft.toml").write_text(draft())
    return tmp_path


def sign(folder: Path, *, key: str = "root.key", passphrase: str | None = PASSPHRASE) -> Ended:
    return run(
        "directory",
        "sign",
        folder / "draft.toml",
        "--key",
        folder / key,
        "--out",
        folder / "directory",
        passphrase=passphrase,
    )


def signed(folder: Path) -> TrustedDirectory:
    wire = (folder / "directory").read_bytes()
    return TrustedDirectory.read(wire, root=ROOT.signing.verifying_key, now=int(time.time()))


def test_a_draft_becomes_a_directory_and_its_card_the_answer(folder: Path) -> None:
    done = sign(folder)
    assert done.code == 0, done.err
    assert Card.parse(done.out) == Card(ONION, ROOT.signing.verifying_key)
    found = signed(folder).directory
    assert (found.version, found.partners[0].sealing_key.wire) == (1, PARTNER.public)
    assert found.partners[0].words in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["directory", "draft.toml", "norte.pub", "root.key"]


def test_the_places_of_a_gazetteer_come_before_those_of_the_draft(folder: Path) -> None:
    printed = run("directory", "places")
    assert printed.code == 0
    assert "CC BY 4.0" in printed.err
    (folder / "mexico.json").write_text(printed.out, encoding="utf-8")
    assert run("directory", "places", folder / "mexico.json").err == printed.err
    (folder / "draft.toml").write_text(draft(more='places_file = "mexico.json"'), encoding="utf-8")
    assert sign(folder).code == 0
    found = signed(folder).directory.places
    assert [place.id for place in found[-1:]] == ["sonora"]
    assert found[:-1] == shipped().directory_places()
    assert ("mx-monterrey", "Monterrey, Nuevo León") in [(place.id, place.name) for place in found]


@pytest.mark.parametrize("text", ["", "{}", '{"v":1}'])
def test_a_file_that_is_no_gazetteer_signs_nothing(folder: Path, text: str) -> None:
    (folder / "mine.json").write_text(text)
    (folder / "draft.toml").write_text(draft(more='places_file = "mine.json"'))
    refused = sign(folder)
    assert refused.code == 1
    assert "places_file" in refused.err
    assert "mine.json" in refused.err
    assert not (folder / "directory").exists()
    looked = run("directory", "places", folder / "mine.json")
    assert (looked.code, looked.out) == (1, "")
    assert "mine.json" in looked.err


def test_signing_again_is_one_version_higher(folder: Path) -> None:
    for version in (1, 2):
        assert sign(folder).code == 0
        assert signed(folder).directory.version == version


def test_a_draft_never_goes_backwards(folder: Path) -> None:
    (folder / "draft.toml").write_text(draft(more="version = 5"))
    assert sign(folder).code == 0
    before = (folder / "directory").read_bytes()
    for version in (4, 5):
        (folder / "draft.toml").write_text(draft(more=f"version = {version}"))
        refused = sign(folder)
        assert refused.code == 1
        assert "not above 5" in refused.err
    assert (folder / "directory").read_bytes() == before


def test_another_roots_directory_is_not_overwritten(folder: Path) -> None:
    other = generate(KeyKind.ROOT)
    assert sign(folder).code == 0
    before = (folder / "directory").read_bytes()
    (folder / "other.key").write_bytes(lock(other, passphrase=None))
    refused = sign(folder, key="other.key", passphrase=None)
    assert refused.code == 1
    assert "another root key" in refused.err
    assert (folder / "directory").read_bytes() == before


def test_a_file_that_is_no_directory_is_not_overwritten(folder: Path) -> None:
    (folder / "directory").write_text("my diary")
    refused = sign(folder)
    assert refused.code == 1
    assert "not a signed directory" in refused.err
    assert (folder / "directory").read_text() == "my diary"


def test_only_a_root_key_signs(folder: Path) -> None:
    (folder / "relay.key").write_bytes(lock(RELAY, passphrase=None))
    refused = sign(folder, key="relay.key", passphrase=None)
    assert refused.code == 1
    assert "not a root key" in refused.err
    assert not (folder / "directory").exists()


def test_a_wrong_passphrase_signs_nothing(folder: Path) -> None:
    assert "does not open" in sign(folder, passphrase="otra").err
    assert not (folder / "directory").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (draft(more="rounds_seconds = 3"), "rounds_seconds"),
        (draft(partner='"Norte"'), "small letters"),
        (draft(more='version = "x"'), "version"),
        (draft(expires="2001-01-01"), "past"),
        (draft(expires="2041-01-01T00:00:00"), "time zone"),
        (draft(expires='"soon"'), "expires"),
        (draft(onion='"abc.onion"'), "onion address"),
        (draft(onion=f'"{ONION[:10]}{"a" if ONION[10] != "a" else "b"}{ONION[11:]}"'), "checksum"),
        (draft(id='"00"'), "64 hexadecimal"),
        (draft(key=""), "`key` or `key_file`"),
        (draft(key='key = "AAAA"'), "1216 bytes"),
        (draft(key='key_file = "none.pub"'), "none.pub"),
        (draft(key='key_file = "root.key"'), "never list a key file"),
        (draft(more="round_seconds = 1"), "5 seconds"),
        (draft() + draft().partition("[[partners]]")[0].partition("[[relays]]")[1] + "x", "line"),
        ("expires = [", "Invalid"),
        ("", "expires"),
    ],
)
def test_a_wrong_draft_says_where(text: str, said: str, folder: Path) -> None:
    (folder / "draft.toml").write_text(text)
    refused = sign(folder)
    assert refused.code == 1
    assert said in refused.err
    assert "directory example" in refused.err
    assert not (folder / "directory").exists()


def test_a_draft_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "draft.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in sign(folder).err


def test_show_prints_what_stands_there_and_says_that_it_is_not_checked(folder: Path) -> None:
    sign(folder)
    shown = run("directory", "show", folder / "directory")
    assert shown.code == 0
    assert ONION in shown.out
    assert "Red Norte" in shown.out
    assert "not checked" in shown.err


def test_verify_takes_a_root_or_a_card(folder: Path) -> None:
    card = sign(folder).out.strip()
    assert run("directory", "verify", folder / "directory", "--card", card).out.startswith("good: version 1")
    assert run("directory", "verify", folder / "directory", "--root", ROOT.public.hex()).code == 0
    for wrong in (["--root", "00"], ["--card", "x.onion#00"], [], ["--card", card, "--root", ROOT.public.hex()]):
        assert run("directory", "verify", folder / "directory", *wrong).code == 2
    stranger = f"{OnionAddress.of_public_key(bytes(32))}#{ROOT.public.hex()}"
    assert "first relay" in run("directory", "verify", folder / "directory", "--card", stranger).err


def test_verify_fails_for_another_root_and_for_every_altered_byte(folder: Path) -> None:
    sign(folder)
    path, root = folder / "directory", ROOT.public.hex()
    other = run("directory", "verify", path, "--root", root_key().public.hex())
    assert (other.code, other.out) == (1, "")
    wire = path.read_bytes()
    for place in (0, 30, 100, 200, len(wire) - 1):
        path.write_bytes(wire[:place] + bytes([wire[place] ^ 1]) + wire[place + 1 :])
        assert run("directory", "verify", path, "--root", root).code == 1
    path.write_bytes(wire[:50])
    assert run("directory", "verify", path, "--root", root).code == 1
    assert run("directory", "show", path).code == 1


def test_an_expired_directory_is_not_good(folder: Path) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=3)
    (folder / "draft.toml").write_text(draft(expires=soon.strftime("%Y-%m-%dT%H:%M:%SZ")))
    assert sign(folder).code == 0
    time.sleep(3.1)
    expired = run("directory", "verify", folder / "directory", "--root", ROOT.public.hex())
    assert expired.code == 1
    assert "expired" in expired.err
    (folder / "draft.toml").write_text(draft())
    assert sign(folder).code == 0
    assert signed(folder).directory.version == 2


def test_the_words_of_a_card_are_those_of_what_came_and_not_those_that_stand_on_it(folder: Path) -> None:
    (folder / "norte.txt").write_text(CARD.text)
    shown = run("directory", "partner", folder / "norte.txt")
    assert shown.code == 0, shown.err
    assert shown.out.splitlines()[:2] == [f"words     {CARD.words}", f"alerts    {CARD.alerts}"]
    assert CARD.key_words not in shown.out, "there is one line of words to read"
    assert "Never read words from the card" in shown.err
    forged = replace(CARD, key=STRANGER.key)
    (folder / "kept.txt").write_text(forged.text.replace(forged.words, CARD.words))
    refused = run("directory", "partner", folder / "kept.txt")
    assert (refused.code, refused.out) == (1, "")
    assert "somebody changed it" in refused.err
    (folder / "bare.txt").write_text(re.sub(r"(?m)^(key_)?words .*\n", "", forged.text))
    told = run("directory", "partner", folder / "bare.txt").out
    assert CARD.words not in told
    assert told.startswith(f"words     {forged.words}\n")


def test_what_is_printed_of_a_card_is_what_draft_and_relay_take(folder: Path) -> None:
    hostile = replace(CARD, name='Red "Norte" \\ ]')
    (folder / "norte.txt").write_text(hostile.text)
    printed = run("directory", "partner", folder / "norte.txt").out.partition("# draft.toml")[2]
    for_draft, _, for_relay = printed.partition("# relay.toml")
    head, rest = draft().split("[[partners]]")
    topics = rest[rest.index("[[topics]]") :]
    (folder / "draft.toml").write_text(f"{head}{for_draft}{topics}", encoding="utf-8")
    done = sign(folder)
    assert done.code == 0, done.err
    assert f"card        norte: {hostile.words}" in done.err
    found = signed(folder).directory.partners[0]
    assert (found.key, found.signing, found.name) == (hostile.key, hostile.signing, hostile.name)
    (partner,) = config.parse(f'[relay]\nroot = "{"0" * 64}"\n{for_relay}').partner
    assert (partner.id, partner.endpoint, partner.pull_key) == ("norte", hostile.endpoint, hostile.pull_key)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('card_file = "norte.txt"\nkey_file = "norte.pub"', "one of them"),
        (f'card_file = "norte.txt"\nsigning = "{"0" * 64}"', "stands on its card"),
        ('card_file = "norte.pub"', "none of a card's"),
        ('card_file = "stranger.txt"', "is the card of 'sur'"),
        ('card_file = "none.txt"', "No such file"),
        ('card_file = "long.txt"', "longer than"),
    ],
)
def test_a_draft_takes_a_partners_own_card_or_is_refused(changed: str, said: str, folder: Path) -> None:
    (folder / "norte.txt").write_text(CARD.text)
    (folder / "stranger.txt").write_text(STRANGER.text)
    (folder / "long.txt").write_text(CARD.text + "\n" * 20_000)
    (folder / "draft.toml").write_text(draft(key=changed))
    refused = sign(folder)
    assert refused.code == 1
    assert said in refused.err
    assert not (folder / "directory").exists()


def test_a_word_key_that_no_card_vouches_for_is_named(folder: Path) -> None:
    (folder / "draft.toml").write_text(draft(key=f'key_file = "norte.pub"\nsigning = "{CARD.signing}"'))
    done = sign(folder)
    assert done.code == 0
    assert "norte: its `signing` is of no card" in done.err


def test_the_example_names_every_table() -> None:
    shown = run("directory", "example").out
    for table in ("[[relays]]", "[[partners]]", "[[topics]]", "[[places]]", "[bundle]", "[site]"):
        assert table in shown


def test_the_site_table_is_what_a_draft_takes(folder: Path) -> None:
    without = sign(folder)
    assert without.code == 0
    assert "will not start with it" in without.err
    table = run("directory", "site", ROOT.public.hex())
    assert table.code == 0
    (folder / "draft.toml").write_text(f"{draft()}\n{table.out}")
    done = sign(folder)
    assert done.code == 0, done.err
    assert "will not start with it" not in done.err
    assert signed(folder).directory.site == site_hashes(ROOT.signing.verifying_key)


@pytest.mark.parametrize("root", ["", "00", "g" * 64, "a" * 65])
def test_a_site_is_asked_for_with_a_root(root: str) -> None:
    refused = run("directory", "site", root)
    assert (refused.code, refused.out) == (2, "")
    assert "64 hexadecimal digits" in refused.err


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@given(st.text(max_size=300))
def test_any_text_is_a_draft_or_refused(text: str) -> None:
    with pytest.raises(DraftRefused):
        read_draft(text, folder=Path("/nonexistent"), held_version=0, now=0)
