"""Every vector file ends as it says; the browser's client is held to the same files (tests/vectors/README.md)."""

import hashlib
import json
from collections.abc import Callable
from typing import Final

import pytest

from crypto.bundle import Bundle, HashList
from crypto.cells import CellClass, armour, dearmour, pad, unpad
from crypto.directory import Card, TrustedDirectory, read_answer, sign, write_answer
from crypto.errors import CryptoError, Expired, Forged, Malformed, NotForUs, RolledBack, WrongPassphrase
from crypto.keys import KeyKind, PartnerKey, RootKey, fingerprint_words, is_locked, lock, unlock
from crypto.layers import AnnouncedKey, Kind, RoundKey, RoundNumber, peel
from crypto.letter import open_content, open_letter
from crypto.report import Report
from crypto.signing import SigningKey, VerifyingKey
from crypto.suite import OpeningKey, SealingKey
from crypto.word import Word
from tests.vectors.generate import FOLDERS, differences
from tests.vectors.recipes import Case, Recipe, files, load, make

ERRORS: Final[dict[str, type[CryptoError]]] = {
    "malformed": Malformed,
    "forged": Forged,
    "not-for-us": NotForUs,
    "expired": Expired,
    "rolled-back": RolledBack,
    "wrong-passphrase": WrongPassphrase,
}


def bytes_of(case: Case, name: str) -> bytes:
    """A field's bytes, checked against the hash beside them."""
    recipe: Recipe = case[name]
    data = make(recipe)
    if name in case.get("sha256", {}):
        assert hashlib.sha256(data).hexdigest() == case["sha256"][name]
    return data


def run_public_key(case: Case) -> None:
    key = SealingKey(bytes_of(case, "public"))
    assert OpeningKey(bytes.fromhex(case["seed"])).sealing_key == key


def run_seal(case: Case) -> None:
    key = OpeningKey(bytes.fromhex(case["seed"]))
    opened = key.open(bytes_of(case, "sealed"), purpose=bytes.fromhex(case["purpose"]))
    assert opened == bytes_of(case, "plaintext")


def run_pad(case: Case) -> None:
    padded = bytes_of(case, "padded")
    content = unpad(padded)
    assert content == bytes_of(case, "content")
    assert pad(content, len(padded)) == padded


def run_armour(case: Case) -> None:
    text = bytes_of(case, "text").decode()
    envelope = dearmour(text)
    assert envelope == bytes_of(case, "envelope")
    assert dearmour(armour(envelope)) == envelope


def run_letter(case: Case) -> None:
    cell, keys = bytes_of(case, "cell"), [OpeningKey(bytes.fromhex(seed)) for seed in case["keys"]]
    opened = open_letter(cell, keys)
    content = bytes_of(case, "content")
    assert open_content(cell, keys) == content
    assert (opened.encode() if isinstance(opened, Report) else opened) == content[1:]


def run_envelope(case: Case) -> None:
    peeled = peel(bytes_of(case, "cell"), RoundKey(RoundNumber(0), OpeningKey(bytes.fromhex(case["seed"]))))
    assert peeled.kind is Kind[case["kind"].upper()]
    assert peeled.inner == bytes_of(case, "inner")


def run_announcement(case: Case) -> None:
    announced = AnnouncedKey.parse(bytes_of(case, "announcement"), relay=_verifying(case["relay"]))
    assert announced.round_number == case["round"]
    assert announced.key.wire == bytes_of(case, "public")


def run_bundle(case: Case) -> None:
    wire = bytes_of(case, "bundle")
    bundle = Bundle.parse(wire, relay=_verifying(case["relay"]))
    assert bundle.wire == wire
    assert (bundle.header.round_number, bundle.header.cell_class) == (case["round"], CellClass[case["class"].upper()])
    assert bundle.cells == tuple(make(cell) for cell in case["cells"])


def run_hash_list(case: Case) -> None:
    wire = bytes_of(case, "list")
    found, rest = HashList.take(wire, relay=_verifying(case["relay"]))
    assert found.wire + rest == wire
    assert rest == bytes_of(case, "rest")
    assert (found.header.round_number, found.header.cell_class) == (case["round"], CellClass[case["class"].upper()])
    assert [digest.hex() for digest in found.hashes] == case["hashes"]


def run_report(case: Case) -> None:
    wire = bytes_of(case, "report")
    assert Report.decode(wire).encode() == wire


def run_directory(case: Case) -> None:
    root, signed, now = _verifying(case["root"]), bytes_of(case, "signed"), case["now"]
    if "held" in case:
        found = TrustedDirectory.read(bytes_of(case, "held"), root=root, now=now).updated(signed, now=now)
    else:
        found = TrustedDirectory.read(signed, root=root, now=now)
    assert found.signed == signed
    assert found.directory.version == json.loads(signed.splitlines()[2])["version"]


def run_answer(case: Case) -> None:
    answer = bytes_of(case, "answer")
    signed, round_keys = read_answer(answer)
    assert signed == bytes_of(case, "signed")
    assert round_keys == [make(key) for key in case["round_keys"]]
    assert write_answer(signed, round_keys) == answer


def run_card(case: Case) -> None:
    card = Card.parse(bytes_of(case, "text").decode())
    assert (card.onion, card.root) == (case["onion"], _verifying(case["root"]))
    assert Card.parse(str(card)) == card


def run_key_file(case: Case) -> None:
    file = bytes_of(case, "file")
    key = unlock(file, passphrase=case["passphrase"])
    secret = key.opening.secret_seed() if isinstance(key, PartnerKey) else key.signing.secret_seed()
    assert secret.hex() == case["seed"]
    assert json.loads(file)["kind"] == KeyKind(case["kind"]).value
    if not is_locked(file):
        assert lock(key, passphrase=None) == file


def run_word(case: Case) -> None:
    wire = bytes_of(case, "word")
    word = Word.decode(wire)
    word.verify(key=VerifyingKey(bytes.fromhex(case["key"])), recipient=bytes.fromhex(case["recipient"]))
    assert word.encode() == wire


def run_words(case: Case) -> None:
    assert fingerprint_words(bytes.fromhex(case["fingerprint"])) == case["words"]


RUNNERS: Final[dict[str, Callable[[Case], None]]] = {
    "announcement": run_announcement,
    "answer": run_answer,
    "armour": run_armour,
    "bundle": run_bundle,
    "card": run_card,
    "directory": run_directory,
    "envelope": run_envelope,
    "hash-list": run_hash_list,
    "key-file": run_key_file,
    "letter": run_letter,
    "pad": run_pad,
    "public-key": run_public_key,
    "report": run_report,
    "seal": run_seal,
    "word": run_word,
    "words": run_words,
}


@pytest.mark.parametrize("path", [path for folder in sorted(RUNNERS) for path in files(folder)])
def test_a_vector_ends_as_it_says(path: str) -> None:
    case, run = load(path), RUNNERS[path.partition("/")[0]]
    if case["expect"] == "ok":
        run(case)
        return
    with pytest.raises(CryptoError) as raised:
        run(case)
    assert raised.type is ERRORS[case["expect"]], f"{raised.type.__name__}: {raised.value}"


def test_every_folder_of_vectors_is_run() -> None:
    assert RUNNERS.keys() == FOLDERS


@pytest.mark.slow
def test_the_files_are_what_their_generator_writes() -> None:
    assert differences() == []


def test_a_directory_that_we_sign_is_the_vector_byte_for_byte() -> None:
    case = load("directory/full.json")
    trusted = TrustedDirectory.read(make(case["signed"]), root=_verifying(case["root"]), now=case["now"])
    root = SigningKey(hashlib.shake_256(b"veladora vectors: root").digest(32))
    assert sign(trusted.directory, RootKey(root)) == trusted.signed


def _verifying(digits: str) -> VerifyingKey:
    return VerifyingKey(bytes.fromhex(digits))
