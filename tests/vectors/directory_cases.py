"""Vectors for docs/spec/directory.md: signed directories, answers of the door, cards."""

import base64
import json
from typing import Any, Final

from tests.vectors.cell_cases import ANA, BETO, case
from tests.vectors.derandomised import Pair, Signer, chance
from tests.vectors.layer_cases import announcement_cases
from tests.vectors.letter_cases import BUNDLE_LABEL, OTHER_RELAY, RELAY, canonical
from tests.vectors.recipes import Case, Recipe, changed, field, hexed, join, make, repeat, text

ROOT: Final = Signer(chance("root", 32))
OTHER_ROOT: Final = Signer(chance("other root", 32))
SPEAKER: Final = Signer(chance("a desk's signing key", 32))
NOW: Final = 1_785_600_000
LABEL: Final = b"veladora v1 directory\x00"
FIRST_LINE: Final = b"veladora-directory-v1\n"
STEP: Final = 65_536
ONION: Final = "a" * 55 + "d.onion"

Json = dict[str, Any]


def relay(**fields: Any) -> Json:  # noqa: ANN401 - plain JSON
    """An entry of the route."""
    return {"id": RELAY.public.hex(), "name": "Primer relevo", "onion": ONION} | fields


def partner(pair: Pair = ANA, **fields: Any) -> Json:  # noqa: ANN401 - plain JSON
    """An entry of the partners."""
    about = {"en": "Looks for the disappeared.", "es": "Busca a los desaparecidos."}
    return {
        "about": about,
        "id": "ana",
        "key": base64.b64encode(pair.public).decode(),
        "name": "Colectivo Ana",
    } | fields


def directory(**fields: Any) -> Json:  # noqa: ANN401 - plain JSON
    """The plainest directory, with these fields in place."""
    return {
        "attachments_max": 16_777_216,
        "bundle": {"letters": 64, "parcel_every": 4, "parcels": 16},
        "expires": NOW + 1,
        "partners": [partner()],
        "places": [],
        "round_seconds": 900,
        "route": [relay()],
        "site": {},
        "topics": [],
        "v": 1,
        "version": 7,
    } | fields


def signed(body: str, *, root: Signer = ROOT, label: bytes = LABEL, first_line: bytes = FIRST_LINE) -> Recipe:
    """The directory file of a body."""
    wire = body.encode()
    signature = base64.b64encode(root.sign(label, wire))
    return text((first_line + signature + b"\n" + wire).decode())


def good_directories() -> dict[str, Case]:
    """Read, and read as news of an older one."""
    full = directory(
        partners=[partner(), partner(BETO, id="beto", name="Red Beto", signing=SPEAKER.public.hex())],
        places=[{"id": "mx-oax-juchitan", "name": "Juchitán de Zaragoza, Oaxaca"}],
        route=[relay(), relay(id=OTHER_RELAY.public.hex(), name="Segundo relevo", onion="b" * 55 + "d.onion")],
        site={"/": "0" * 64, "/app.js": "1" * 64},
        topics=[{"id": "desaparicion", "name": {"en": "Disappearance", "es": "Desaparición"}}],
    )
    held = {"held": field("directory/ok.json", "signed")}
    return {
        "ok": _case("ok", "the plainest directory", directory()),
        "full": _case("ok", "two relays, two partners, topics, places, site", full),
        "newer": _case("ok", "a newer one than the one held", directory(version=8), **held),
        "same": case("ok", "the one held, again", root=ROOT.public.hex(), now=NOW, signed=held["held"], **held),
        "older": _case("rolled-back", "an older one than the one held", directory(version=6), **held),
        "same-version": _case(
            "rolled-back", "another one under the version held", directory(round_seconds=901), **held
        ),
        "expired": _case("expired", "read in the second it expires", directory(expires=NOW)),
    }


def bad_values() -> dict[str, Case]:
    """Signed right, and refused for what it says."""
    low = base64.b64encode(ANA.public[:1_184] + bytes(32)).decode()
    words = {"en": "a" * 401, "es": ""}
    refused: dict[str, tuple[str, Json]] = {
        "route-empty": ("no relay", {"route": []}),
        "route-three": ("three relays", {"route": [relay(id=digit * 64) for digit in "abc"]}),
        "relay-twice": ("one relay twice", {"route": [relay(), relay()]}),
        "relay-id-capital": ("hexadecimal in capital letters", {"route": [relay(id="A" * 64)]}),
        "relay-onion": ("not an onion address", {"route": [relay(onion="veladora.example")]}),
        "relay-unknown-key": ("a port", {"route": [relay(port=80)]}),
        "partners-empty": ("no partner", {"partners": []}),
        "partners-33": ("33 partners", {"partners": [partner(id=f"p{number}") for number in range(33)]}),
        "partner-twice": ("one id twice", {"partners": [partner(), partner(BETO)]}),
        "partner-id": ("an id with a capital letter", {"partners": [partner(id="Ana")]}),
        "partner-key-classical": (
            "an X25519 key",
            {"partners": [partner(key=base64.b64encode(ANA.public[1_184:]).decode())]},
        ),
        "partner-key-small-order": ("not a key", {"partners": [partner(key=low)]}),
        "partner-key-lines": (
            "base64 with a line end",
            {"partners": [partner(key=partner()["key"][:64] + "\n" + partner()["key"][64:])]},
        ),
        "partner-signing-short": ("62 hexadecimal digits", {"partners": [partner(signing="ab" * 31)]}),
        "partner-signing-capital": ("capital letters", {"partners": [partner(signing="AB" * 32)]}),
        "partner-signing-null": ("not a string", {"partners": [partner(signing=None)]}),
        "partner-unknown-key": ("a key that a partner does not have", {"partners": [partner(pull_key="A" * 52)]}),
        "partner-about-long": ("401 characters", {"partners": [partner(about=words)]}),
        "version-zero": ("version 0", {"version": 0}),
        "version-large": ("version 2^53", {"version": 2**53}),
        "format-version": ("format 2", {"v": 2}),
        "round-short": ("a round of 4 seconds", {"round_seconds": 4}),
        "round-long": ("a round of more than a day", {"round_seconds": 86_401}),
        "attachments-large": ("over 64 MiB of attachments", {"attachments_max": 67_108_865}),
        "bundle-zero": ("a bundle of no letters", {"bundle": {"letters": 0, "parcel_every": 4, "parcels": 16}}),
        "bundle-1025": ("a bundle of 1 025 parcels", {"bundle": {"letters": 64, "parcel_every": 4, "parcels": 1_025}}),
        "site-path": ("a path that is not plain ASCII", {"site": {"/ñ": "0" * 64}}),
        "site-hash": ("a short hash", {"site": {"/": "0" * 63}}),
        "topics-65": ("65 topics", {"topics": [{"id": f"t{n}", "name": {"en": "", "es": ""}} for n in range(65)]}),
        "unknown-key": ("a field that does not exist", {"motd": "hola"}),
        "expires-fraction": ("a fraction of a second", {"expires": NOW + 1.5}),
    }
    return {name: _case("malformed", comment, directory(**fields)) for name, (comment, fields) in refused.items()}


def bad_files() -> dict[str, Case]:
    """Altered, or not signed by the root key for this use."""
    good, body = field("directory/ok.json", "signed"), canonical(directory())
    asked: Json = {"root": ROOT.public.hex(), "now": NOW}
    whole = make(signed(body))
    missing = canonical({key: value for key, value in directory().items() if key != "site"})
    spare = _second_spelling(whole)
    return {
        "other-root": case("forged", "signed by another root key", **asked, signed=signed(body, root=OTHER_ROOT)),
        "label": case("forged", "signed as a bundle", **asked, signed=signed(body, label=BUNDLE_LABEL)),
        "flipped-body": case("forged", "one bit of the body", **asked, signed=changed(good, flip=[130, 0])),
        "flipped-signature": case(
            "forged", "one bit of the signature", **asked, signed=changed(good, put=[22, _other(whole)])
        ),
        "cut": case("forged", "one byte short", **asked, signed=changed(good, cut=len(whole) - 1)),
        "line-end": case("forged", "a line end more", **asked, signed=join(good, hexed(b"\n"))),
        "spaces": case(
            "malformed", "signed, in another spelling", **asked, signed=signed(json.dumps(directory(), sort_keys=True))
        ),
        "key-missing": case("malformed", "signed, without site", **asked, signed=signed(missing)),
        "first-line": case(
            "malformed", "another format", **asked, signed=signed(body, first_line=b"veladora-directory-v2\n")
        ),
        "signature-spare-bits": case("malformed", "a second spelling of the signature", **asked, signed=hexed(spare)),
        "signature-missing": case("malformed", "no second line", **asked, signed=join(hexed(FIRST_LINE), text(body))),
        "too-long": case("malformed", "over 262 144 bytes", **asked, signed=join(good, repeat(b" ", 262_144))),
        "nothing": case("malformed", "no bytes", **asked, signed=hexed(b"")),
    }


def answer_cases() -> dict[str, Case]:
    """What `GET /directory` answers."""
    file, key = make(signed(canonical(directory()))).decode(), field("announcement/ok.json", "announcement")
    from_announcement = _announcement_base64()
    body = canonical({"directory": file, "round_keys": [from_announcement]})
    size = len(body.encode())
    assert size < STEP
    extra = canonical({"directory": file, "round_keys": [], "visitor": 1})
    good = field("answer/ok.json", "answer")
    return {
        "ok": case(
            "ok",
            "filled with spaces to 65 536",
            signed=field("directory/ok.json", "signed"),
            round_keys=[key],
            answer=join(text(body), repeat(b" ", STEP - size)),
        ),
        "cut": case("malformed", "one byte short", answer=changed(good, cut=STEP - 1)),
        "not-filled": case("malformed", "without the spaces", answer=text(body)),
        "filled-twice": case("malformed", "65 536 spaces too many", answer=join(good, repeat(b" ", STEP))),
        "zeros": case("malformed", "filled with zeros", answer=join(text(body), repeat(b"\x00", STEP - size))),
        "unknown-key": case(
            "malformed",
            "a field that does not exist",
            answer=join(text(extra), repeat(b" ", STEP - len(extra.encode()))),
        ),
        "spaces-alone": case("malformed", "no JSON", answer=repeat(b" ", STEP)),
        "too-long": case("malformed", "over 2 × 262 144 + 65 536 bytes", answer=repeat(b" ", 10 * STEP)),
        "nothing": case("malformed", "no bytes", answer=hexed(b"")),
    }


def card_cases() -> dict[str, Case]:
    """What a reporter copies from a place they trust."""
    good = f"{ONION}#{ROOT.public.hex()}"
    refused = {
        "no-root": ("the address alone", ONION),
        "capital": ("hexadecimal in capital letters", f"{ONION}#{ROOT.public.hex().upper()}"),
        "scheme": ("with http://", f"http://{good}"),
        "short-onion": ("55 characters", good[1:]),
        "short-root": ("63 digits", good[:-1]),
        "digit-one": ("a character that base32 does not have", "1" + good[1:]),
        "two": ("two cards", f"{good} {good}"),
        "empty": ("nothing", ""),
    }
    return {
        "ok": case("ok", "as it is written", text=text(good), onion=ONION, root=ROOT.public.hex()),
        "spaces": case(
            "ok",
            "white space around it does not matter",
            text=text(f" {good}\r\n"),
            onion=ONION,
            root=ROOT.public.hex(),
        ),
    } | {name: case("malformed", comment, text=text(value)) for name, (comment, value) in refused.items()}


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    folders = {
        "directory": good_directories() | bad_values() | bad_files(),
        "answer": answer_cases(),
        "card": card_cases(),
    }
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


def _case(expect: str, comment: str, value: Json, **fields: object) -> Case:
    return case(expect, comment, root=ROOT.public.hex(), now=NOW, signed=signed(canonical(value)), **fields)


def _announcement_base64() -> str:
    return str(announcement_cases()["ok"]["announcement"]["base64"])


def _other(whole: bytes) -> str:
    """Another first character of the signature, in hexadecimal."""
    return (b"B" if whole[22:23] != b"B" else b"C").hex()


def _second_spelling(whole: bytes) -> bytes:
    """The same file with a spare bit set in the signature's last character before its equals signs."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = 22 + 88 - 3
    character = alphabet[alphabet.index(whole[at : at + 1]) | 1]
    return whole[:at] + bytes([character]) + whole[at + 1 :]
