"""Vectors for docs/spec/keys.md: key files and fingerprint words."""

import base64
import unicodedata
from typing import Any, Final

from nacl import pwhash
from nacl.secret import Aead

from tests.vectors.cell_cases import ANA, BETO, case
from tests.vectors.derandomised import chance
from tests.vectors.directory_cases import ROOT
from tests.vectors.letter_cases import RELAY, canonical
from tests.vectors.recipes import Case, Recipe, changed, field, hexed, join, text

PASSPHRASE: Final = "cinco lámparas en la contraseña"
# The least that Argon2id takes, so that the vectors are quick; a real key file costs more.
MEMORY: Final = 8_192
OPERATIONS: Final = 1
LABEL: Final = b"veladora v1 key file\x00"

Json = dict[str, Any]


def open_file(**fields: Any) -> Json:  # noqa: ANN401 - plain JSON
    """A partner's key file without a passphrase."""
    return {"box": _base64(ANA.seed), "kdf": None, "kind": "partner", "public": _base64(ANA.public), "v": 1} | fields


def locked_file(kind: str, seed: bytes, public: bytes) -> Json:
    """A key file under the passphrase."""
    salt = chance(f"salt {kind}", 16)
    kdf = {"memory": MEMORY, "operations": OPERATIONS, "salt": _base64(salt)}
    typed = unicodedata.normalize("NFC", PASSPHRASE).encode()
    stretched = pwhash.argon2id.kdf(32, typed, salt, opslimit=OPERATIONS, memlimit=MEMORY)
    bound = LABEL + canonical({"kdf": kdf, "kind": kind, "public": _base64(public)}).encode()
    box = bytes(Aead(stretched).encrypt(seed, aad=bound, nonce=chance(f"nonce {kind}", 24)))
    return {"box": _base64(box), "kdf": kdf, "kind": kind, "public": _base64(public), "v": 1}


def key_file_cases() -> dict[str, Case]:
    """Which files open, with which passphrase."""
    phrase, none = {"passphrase": PASSPHRASE}, {"passphrase": None}
    locked = locked_file("partner", ANA.seed, ANA.public)
    good = field("key-file/locked-partner.json", "file")
    opened = {
        "open-partner": _ok("without a passphrase", open_file(), ANA.seed, **none),
        "open-root": _ok(
            "a root key", open_file(box=_base64(ROOT.seed), kind="root", public=_base64(ROOT.public)), ROOT.seed, **none
        ),
        "open-relay": _ok(
            "a relay's key",
            open_file(box=_base64(RELAY.seed), kind="relay", public=_base64(RELAY.public)),
            RELAY.seed,
            **none,
        ),
        "locked-partner": _ok("locked", locked, ANA.seed, **phrase),
        "locked-root": _ok("locked", locked_file("root", ROOT.seed, ROOT.public), ROOT.seed, **phrase),
        "locked-relay": _ok("locked", locked_file("relay", RELAY.seed, RELAY.public), RELAY.seed, **phrase),
        "passphrase-other-form": case(
            "ok",
            "the passphrase typed with separate accents",
            kind="partner",
            seed=ANA.seed.hex(),
            file=good,
            passphrase=unicodedata.normalize("NFD", PASSPHRASE),
        ),
        "line-end": case(
            "ok",
            "white space around the file",
            kind="partner",
            seed=ANA.seed.hex(),
            file=join(good, hexed(b"\n")),
            **phrase,
        ),
    }
    return opened | _unopened_files() | _refused_files()


def _unopened_files() -> dict[str, Case]:
    phrase, none = {"passphrase": PASSPHRASE}, {"passphrase": None}
    locked, good = locked_file("partner", ANA.seed, ANA.public), field("key-file/locked-partner.json", "file")
    return {
        "wrong-passphrase": case("wrong-passphrase", "another passphrase", file=good, passphrase="cinco lámparas"),
        "no-passphrase": case("wrong-passphrase", "locked, and none was given", file=good, **none),
        "altered-box": _bad("wrong-passphrase", "the box is another", locked | {"box": _base64(bytes(72))}, **phrase),
        "short-box": _bad(
            "wrong-passphrase", "too short for a nonce and a tag", locked | {"box": _base64(bytes(30))}, **phrase
        ),
        "altered-kind": _bad("wrong-passphrase", "called a relay's", locked | {"kind": "relay"}, **phrase),
        "altered-public": _bad(
            "wrong-passphrase", "beside another public key", locked | {"public": _base64(BETO.public)}, **phrase
        ),
        "open-other-public": _bad(
            "forged", "the public key of another", open_file(public=_base64(BETO.public)), **none
        ),
        "open-other-kind": _bad("forged", "called a root key", open_file(kind="root"), **none),
    }


def _refused_files() -> dict[str, Case]:
    phrase, none = {"passphrase": PASSPHRASE}, {"passphrase": None}
    locked, good = locked_file("partner", ANA.seed, ANA.public), field("key-file/locked-partner.json", "file")
    kdf = locked["kdf"]
    refused: dict[str, tuple[str, Json]] = {
        "kind": ("a kind that does not exist", open_file(kind="round")),
        "version": ("version 2", open_file(v=2)),
        "seed-short": ("31 bytes", open_file(box=_base64(ANA.seed[:31]))),
        "seed-lines": ("base64 with a line end", open_file(box=_base64(ANA.seed)[:20] + "\n" + _base64(ANA.seed)[20:])),
        "unknown-key": ("a field that does not exist", open_file(hint="lámparas")),
        "memory-large": ("asks for over 1 GiB", locked | {"kdf": kdf | {"memory": 2**30 + 1}}),
        "memory-small": ("asks for under 8 192 bytes", locked | {"kdf": kdf | {"memory": 8_191}}),
        "operations-large": ("asks for 17 passes", locked | {"kdf": kdf | {"operations": 17}}),
        "operations-zero": ("asks for none", locked | {"kdf": kdf | {"operations": 0}}),
        "salt-short": ("a salt of 15 bytes", locked | {"kdf": kdf | {"salt": _base64(bytes(15))}}),
    }
    found = {name: _bad("malformed", comment, value, **phrase) for name, (comment, value) in refused.items()}
    found["spaces"] = case(
        "malformed", "another spelling", file=text(canonical(open_file()).replace(":", ": ")), **none
    )
    found["cut"] = case("malformed", "cut off", file=changed(good, cut=100), **phrase)
    found["too-long"] = case(
        "malformed", "over 16 384 bytes", file=text(canonical(open_file(hint="a" * 16_384))), **none
    )
    return found


def words_cases() -> dict[str, Case]:
    """Fingerprints as words."""
    return {
        "zeros": case("ok", "the first word, twelve times", fingerprint="00" * 32, words=" ".join(["ábaco"] * 12)),
        "ones": case("ok", "the last word, twelve times", fingerprint="ff" * 32, words=" ".join(["zurdo"] * 12)),
        "counting": case(
            "ok",
            "words 0 to 11: 132 bits, the rest says nothing",
            fingerprint=_counting().hex(),
            words="ábaco abdomen abeja abierto abogado abono aborto abrazo abrir abuelo abuso acabar",
        ),
        "last-bits": case(
            "ok",
            "bits behind the 132nd do not matter",
            fingerprint=(_counting()[:16] + b"\xbf" + b"\xff" * 15).hex(),
            words="ábaco abdomen abeja abierto abogado abono aborto abrazo abrir abuelo abuso acabar",
        ),
    }


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    folders = {"key-file": key_file_cases(), "words": words_cases()}
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


def _ok(comment: str, value: Json, seed: bytes, *, passphrase: str | None) -> Case:
    return case("ok", comment, kind=value["kind"], seed=seed.hex(), file=_file(value), passphrase=passphrase)


def _bad(expect: str, comment: str, value: Json, *, passphrase: str | None) -> Case:
    return case(expect, comment, file=_file(value), passphrase=passphrase)


def _file(value: Json) -> Recipe:
    return text(canonical(value))


def _counting() -> bytes:
    number = 0
    for index in range(12):
        number = number << 11 | index
    return (number << (256 - 132)).to_bytes(32, "big")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
