"""A second implementation, written from docs/spec alone: it imports nothing of ours.

It seals and wraps a report for the route of a directory's answer, and verifies and opens a bundle. Whatever it and the
product do not agree on is an error in one of them or in the spec.
"""

import base64
import hashlib
import hmac
import json
import os
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

# cells.md, "Suite", "Classes and lengths"
SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
SEAL: Final = 1_088 + 32 + 16
LETTER: Final = 1
PARCEL: Final = 2
DEPTH_0: Final = {LETTER: 32_768, PARCEL: 1_048_576}
DEPTH_1: Final = {name: length - 16 - SEAL - 1 for name, length in DEPTH_0.items()}
DEPTH_2: Final = {name: length - SEAL - 1 for name, length in DEPTH_1.items()}
LENGTHS: Final = (DEPTH_0, DEPTH_1, DEPTH_2)
SLOT: Final = SEAL + 32
HEAD: Final = 4 * SLOT + 32
PART: Final = DEPTH_2[PARCEL] - HEAD - 16 - 4 - 1


class Refused(Exception):
    """What was read is not what the spec allows."""


@dataclass(frozen=True)
class Route:
    """What a directory's answer tells a reporter: whom to seal to, and the round keys to wrap for."""

    directory: dict[str, Any]
    round_keys: list[bytes]

    def partner(self, partner_id: str) -> bytes:
        """The public key of a partner."""
        return next(base64.b64decode(entry["key"]) for entry in self.directory["partners"] if entry["id"] == partner_id)


def canonical(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """report.md, "Canonical JSON"."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_answer(answer: bytes, *, root: bytes, now: int) -> Route:
    """directory.md, "Answer" and "Trust"; layers.md, "Round keys"."""
    if len(answer) % 65_536 or len(answer) > 589_824:
        raise Refused("length of the answer")
    found = json.loads(answer)
    if canonical(found).ljust(len(answer)) != answer or len(answer) - len(canonical(found)) >= 65_536:
        raise Refused("filling or spelling of the answer")
    signed = found["directory"].encode()
    first, line, body = signed.split(b"\n", 2)
    if first != b"veladora-directory-v1" or len(line) != 88:
        raise Refused("directory")
    _verify(root, base64.b64decode(line), b"veladora v1 directory\x00" + body)
    directory = json.loads(body)
    if canonical(directory) != body or now >= directory["expires"] or directory["v"] != 1:
        raise Refused("directory")
    keys = [base64.b64decode(text) for text in found["round_keys"]]
    if len(keys) != len(directory["route"]):
        raise Refused("one round key for each relay")
    for relay, announcement in zip(directory["route"], keys, strict=True):
        if len(announcement) != 32 + 8 + 1_216 + 64 or announcement[:32].hex() != relay["id"]:
            raise Refused("announcement")
        _verify(announcement[:32], announcement[-64:], b"veladora v1 round key\x00" + announcement[:-64])
    return Route(directory, [announcement[40:-64] for announcement in keys])


def read_page(page: bytes, *, route: Route, root: bytes) -> bytes:
    """door.md, "The page"; directory.md, "site": the page without its filling."""
    if len(page) != 262_144 or hashlib.sha256(page).hexdigest() != route.directory["site"]["/"]:
        raise Refused("not the page that the directory names")
    if page.count(b'data-root="' + root.hex().encode() + b'"') != 1:
        raise Refused("the root key of the page")
    return page.rstrip(b"\n")


def form(cell: bytes) -> bytes:
    """cells.md, "Armour"; door.md, "POST /paste"."""
    text = base64.b64encode(cell).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    armoured = ["-----BEGIN VELADORA CELL-----", *lines, "-----END VELADORA CELL-----", ""]
    return b"cell=" + "\r\n".join(armoured).encode() + b"\r\n"


def report(text: str, **said: Any) -> bytes:  # noqa: ANN401 - JSON
    """report.md, "Fields"."""
    plain = {
        "attachments": [],
        "lang": "es",
        "nonce": base64.b64encode(os.urandom(16)).decode(),
        "place": "",
        "text": text,
        "topic": "",
        "v": 1,
        "when": "unsaid",
        "where": "",
    }
    return canonical(plain | said)


def attachment(data: bytes, *, media: str, cleaned: bool) -> tuple[dict[str, Any], list[bytes]]:
    """report.md, "Parts"."""
    parts = [data[at : at + PART] for at in range(0, len(data), PART)]
    names = [hashlib.sha256(part).hexdigest() for part in parts]
    return {"cleaned": cleaned, "media": media, "parts": names, "size": len(data)}, parts


def letter(payload: bytes, *, kind: int, to: list[bytes], relays: int, cell_class: int) -> bytes:
    """letter.md."""
    content_key, content = os.urandom(32), bytes([kind]) + payload
    publics = to + [_throw_away() for _ in range(4 - len(to))]
    random.SystemRandom().shuffle(publics)
    slots = b"".join(_seal(public, b"letter slot", content_key) for public in publics)
    head = slots + _expand(content_key, b"commitment")
    room = LENGTHS[relays][cell_class] - HEAD - 16
    padded = (len(content).to_bytes(4, "big") + content).ljust(room, b"\x00")
    assert len(padded) == room
    return head + ChaCha20Poly1305(_expand(content_key, b"body")).encrypt(bytes(12), padded, head)


def envelope(inner: bytes, *, round_keys: list[bytes], cell_class: int, cover: bool = False) -> bytes:
    """layers.md."""
    last = len(round_keys) - 1
    for depth in range(last, -1, -1):
        kind = b"\x02" if cover and depth == last else b"\x01"
        inner = _seal(round_keys[depth], b"layer " + bytes([cell_class, depth]), kind + inner)
    cell = hashlib.sha256(round_keys[0]).digest()[:16] + inner
    assert len(cell) == DEPTH_0[cell_class]
    return cell


def report_envelope(answer: bytes, *, root: bytes, now: int, to: list[str], text: str) -> bytes:
    """All of a reporter's way: from the door's answer to the body of `POST /cells`."""
    route = read_answer(answer, root=root, now=now)
    cell = letter(
        report(text),
        kind=1,
        to=[route.partner(partner_id) for partner_id in to],
        relays=len(route.round_keys),
        cell_class=LETTER,
    )
    return envelope(cell, round_keys=route.round_keys, cell_class=LETTER)


def read_bundle(wire: bytes, *, relay: bytes) -> tuple[int, int, list[bytes]]:
    """bundle.md, "Reading": class, round, cells."""
    cell_class, number, count, length = _header(wire, relay)
    if len(wire) != 51 + count * length + 64:
        raise Refused("length of the bundle")
    cells = [wire[51 + place * length :][:length] for place in range(count)]
    if any(first >= second for first, second in pairwise(cells)):
        raise Refused("order")
    hashes = b"".join(hashlib.sha256(cell).digest() for cell in cells)
    _verify(relay, wire[-64:], b"veladora v1 bundle\x00" + wire[:51] + hashlib.sha256(hashes).digest())
    return cell_class, number, cells


def read_hash_lists(wire: bytes, *, relay: bytes) -> list[tuple[int, int, list[bytes]]]:
    """door.md, "GET /rounds/<n>": class, round and hashes of each list."""
    found: list[tuple[int, int, list[bytes]]] = []
    while wire:
        cell_class, number, count, _ = _header(wire, relay)
        end = 51 + count * 32
        signature = wire[end : end + 64]
        message = wire[:51] + hashlib.sha256(wire[51:end]).digest()
        _verify(relay, signature, b"veladora v1 bundle\x00" + message)
        if found and (cell_class <= found[-1][0] or number != found[-1][1]):
            raise Refused("the lists of one round, letters first")
        found.append((cell_class, number, [wire[at : at + 32] for at in range(51, end, 32)]))
        wire = wire[end + 64 :]
    return found


def open_letter(cell: bytes, *, seed: bytes) -> tuple[int, bytes] | None:
    """letter.md, "Opening": kind and payload, or None when the letter is not for this key."""
    private, public = _private(seed)
    content_key = next(
        (key for place in range(4) if (key := _open(private, public, cell[place * SLOT :][:SLOT])) is not None), None
    )
    if content_key is None:
        return None
    head, body = cell[:HEAD], cell[HEAD:]
    if not hmac.compare_digest(head[-32:], _expand(content_key, b"commitment")):
        raise Refused("commitment")
    try:
        padded = ChaCha20Poly1305(_expand(content_key, b"body")).decrypt(bytes(12), body, head)
    except InvalidTag as error:
        raise Refused("body") from error
    length = int.from_bytes(padded[:4], "big")
    content, filling = padded[4 : 4 + length], padded[4 + length :]
    if len(content) != length or any(filling) or not content:
        raise Refused("padding")
    return content[0], content[1:]


def reports_for(wire: bytes, *, relay: bytes, seed: bytes) -> list[dict[str, Any]]:
    """All of a desk's way: the reports in a bundle that are for this key."""
    _, _, cells = read_bundle(wire, relay=relay)
    opened = [found for cell in cells if (found := open_letter(cell, seed=seed)) is not None]
    return [json.loads(payload) for kind, payload in opened if kind == 1]


def public_key(seed: bytes) -> bytes:
    """cells.md, "Suite"."""
    return _private(seed)[1]


def _private(seed: bytes) -> tuple[hpke.MLKEM768X25519PrivateKey, bytes]:
    expanded = hashlib.shake_256(seed).digest(96)
    first = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    second = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    public = first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(first, second), public


def _throw_away() -> bytes:
    return _private(os.urandom(32))[1]


def _label(purpose: bytes, public: bytes) -> bytes:
    return b"veladora v1 " + purpose + b"\x00" + hashlib.sha256(public).digest()


def _seal(public: bytes, purpose: bytes, plaintext: bytes) -> bytes:
    key = hpke.MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(public[:1_184]),
        x25519.X25519PublicKey.from_public_bytes(public[1_184:]),
    )
    return SUITE.encrypt(plaintext, key, info=_label(purpose, public))


def _open(private: hpke.MLKEM768X25519PrivateKey, public: bytes, sealed: bytes) -> bytes | None:
    try:
        return SUITE.decrypt(sealed, private, info=_label(b"letter slot", public))
    except InvalidTag:
        return None


def _expand(content_key: bytes, use: bytes) -> bytes:
    return hmac.digest(content_key, b"veladora v1 letter " + use + b"\x01", "sha256")


def _header(wire: bytes, relay: bytes) -> tuple[int, int, int, int]:
    cell_class, number = wire[4], int.from_bytes(wire[37:45], "big")
    count, length = int.from_bytes(wire[45:47], "big"), int.from_bytes(wire[47:51], "big")
    if wire[:4] != b"VLB1" or wire[5:37] != relay or not 1 <= count <= 1_024 or number >= 2**53:
        raise Refused("header")
    if length not in (DEPTH_1.get(cell_class), DEPTH_2.get(cell_class)):
        raise Refused("length of a cell")
    return cell_class, number, count, length


def _verify(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        VerifyKey(public).verify(message, signature)
    except BadSignatureError as error:
        raise Refused("signature") from error
