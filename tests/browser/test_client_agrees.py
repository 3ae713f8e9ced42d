"""The client and Python agree beyond the vectors: on altered photos, marked texts, bent reports, keys, signatures."""

import base64
import hashlib
import json
import re
import zlib
from random import Random
from typing import Any, Final

import pytest

from crypto.errors import CryptoError, Forged, Malformed
from crypto.keys import fingerprint_words
from crypto.report import Report
from crypto.signing import SigningKey, Use, VerifyingKey
from crypto.suite import MLKEM_PUBLIC_LEN, OpeningKey, SealingKey
from onion_service.clean.errors import CleanError
from onion_service.clean.identify import identifying
from onion_service.clean.photo import clean_photo
from onion_service.clean.text import clean_text
from tests.browser import client
from tests.vectors.generate_identify import utf16_length
from tests.vectors.recipes import FOLDER, files, load

pytestmark = pytest.mark.slow  # node starts for each question

SEED: Final = 20_240_601
# The order of the group of Ed25519 (RFC 8032, section 5.1).
L: Final = 2**252 + 27_742_317_777_372_353_535_851_937_790_883_648_493
# Encodings of points of order 1, 2, 4 and 8, and two that are not canonical.
SMALL: Final = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def based(data: bytes) -> str:
    return base64.b64encode(data).decode()


def altered(data: bytes, chance: Random) -> bytes:
    """The bytes with one thing done to them."""
    at, copy = chance.randrange(len(data)), bytearray(data)
    match chance.randrange(5):
        case 0:
            copy[at] ^= 1 << chance.randrange(8)
        case 1:
            copy[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        case 2:
            del copy[at : at + chance.randrange(1, 9)]
        case 3:
            copy[at:at] = chance.randbytes(chance.randrange(1, 5))
        case _:
            other = chance.randrange(len(data))
            copy[at:at] = data[other : other + chance.randrange(1, 40)]
    return bytes(copy)


def cleaned(photo: bytes) -> dict[str, Any]:
    try:
        clean = clean_photo(photo)
    except CleanError as error:
        return {"error": type(error).__name__}
    return {
        "photo": based(clean.data),
        "media_type": clean.media_type,
        "width": clean.width,
        "height": clean.height,
        "removed": dict(clean.removed),
    }


def test_altered_photos_come_out_alike() -> None:
    chance = Random(SEED)
    seeds = [base64.b64decode(load(path)["photo"]) for path in files("clean-photo") if "refused" not in path]
    photos = [altered(chance.choice(seeds), chance) for _ in range(4_000)]
    answers = client.ask("photos", photos=[based(photo) for photo in photos])
    kept = 0
    for photo, answer in zip(photos, answers, strict=True):
        assert answer == cleaned(photo), based(photo)
        kept += "photo" in answer
    assert kept > 400


def png(packed: bytes, *, width: int, height: int, colour: int, interlaced: bool) -> bytes:
    """A PNG of eight bits around this stream, its checksums right."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, interlaced])
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in chunks
    )


def packed_picture(chance: Random, length: int) -> bytes:
    """So many bytes, some with a pattern, packed in one of the ways that there are."""
    unit = chance.randbytes(chance.choice((1, 2, 7, 300, 40_000)))
    rows = (unit * (length // len(unit) + 1))[:length]
    noise = chance.randbytes(length) if chance.random() < 0.5 else bytes(length)
    body = bytes(one if chance.random() < 0.8 else other for one, other in zip(rows, noise, strict=True))
    way = chance.choice((zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE))
    packer = zlib.compressobj(chance.choice((0, 1, 6, 9)), zlib.DEFLATED, chance.choice((9, 12, 15)), 8, way)
    return packer.compress(body) + packer.flush()


def test_streams_of_pictures_are_followed_alike() -> None:
    chance = Random(SEED)
    photos = []
    for number in range(400):
        width, height = (260, 260) if number % 40 == 0 else (chance.randrange(1, 40), chance.randrange(1, 40))
        packed = packed_picture(chance, height * (1 + 3 * width) + chance.choice((0, 0, 0, 0, 0, 0, -1, 1)))
        # Seven in eight are altered where the stream begins, because that is where its codes are told.
        if number % 8:
            start = packed[: chance.randrange(8, 200)]
            packed = altered(start, chance) + packed[len(start) :]
        photos.append(png(packed, width=width, height=height, colour=2, interlaced=False))
        if number % 8 == 0:
            behind = b"" if width == 260 else b"more"
            photos.append(png(packed + behind, width=width, height=height, colour=2, interlaced=False))
            photos.append(png(packed, width=width, height=height, colour=2, interlaced=True))
            photos.append(png(packed[:-1], width=width, height=height, colour=2, interlaced=False))
    answers = client.ask("photos", photos=[based(photo) for photo in photos])
    kept = 0
    for photo, answer in zip(photos, answers, strict=True):
        assert answer == cleaned(photo), based(photo)
        kept += "photo" in answer
    assert 60 < kept < len(photos) // 2


def characters() -> list[str]:
    """Every character that a table speaks of, and their neighbours."""
    tables = json.loads((FOLDER / "clean-tables.json").read_text(encoding="utf-8"))
    found: set[int] = set()

    def take(value: object) -> None:
        if isinstance(value, str):
            found.update(map(ord, value))
        elif isinstance(value, int):
            found.update((value - 1, value, value + 1))
        elif isinstance(value, dict):
            take([*value.keys(), *value.values()])
        elif isinstance(value, list):
            for entry in value:
                take(entry)

    take(tables)
    return [chr(code) for code in sorted(found) if 0 <= code < 0x110000 and not 0xD800 <= code < 0xE000]


def test_marked_texts_come_out_alike() -> None:
    chance, known = Random(SEED), characters()
    texts = [chance.choice(known) + "a" + chance.choice(known) for _ in range(500)] + known
    plain = "abc ABC áé 123\n\r\n .,;"
    for _ in range(3_000):
        length = chance.randrange(1, 40)
        texts.append("".join(chance.choice(known if chance.random() < 0.6 else plain) for _ in range(length)))
    texts += ["".join(chr(chance.randrange(0xD800)) for _ in range(12)) for _ in range(500)]
    answers = client.ask("texts", texts=texts)
    for text, answer in zip(texts, answers, strict=True):
        clean = clean_text(text)
        assert answer == {"text": clean.text, "removed": dict(clean.removed)}, ascii(text)


def test_what_identifies_is_found_alike() -> None:
    chance = Random(SEED)
    cases = [case for path in files("identify") for case in load(path)["cases"]]
    pieces = [part for case in cases for *_, mark in case["found"] for part in (mark, *re.split(r"(?<=[ .-])", mark))]
    pieces += [case["text"] for case in cases] + list("@#.,-_/:()+°'\"\n 0123456789áÑñſK😀\u0301")
    texts = ["".join(chance.choices(pieces, k=chance.randrange(1, 20))) for _ in range(1_500)]
    texts += [" ".join(chance.choices(pieces, k=chance.randrange(1, 20))) for _ in range(1_500)]
    texts += ["".join(chr(chance.randrange(0xD800)) for _ in range(30)) for _ in range(300)]
    marked = 0
    for text, answer in zip(texts, client.ask("identify", texts=texts), strict=True):
        ends = [(mark.kind, text[: mark.start], text[: mark.end]) for mark in identifying(text)]
        assert answer == [[kind, utf16_length(start), utf16_length(end)] for kind, start, end in ends], ascii(text)
        marked += bool(answer)
    assert marked > 1_500


def test_bent_reports_are_refused_alike() -> None:
    chance = Random(SEED)
    whole = [Report(text="Vi la camioneta. “Ñ” 👁 \\ \"").encode(), *(
        base64.b64decode(case["report"]["base64"]) if "base64" in case["report"] else case["report"]["utf8"].encode()
        for case in map(load, files("report"))
        if case["expect"] == "ok" and {"base64", "utf8"} & case["report"].keys()
    )]  # fmt: skip
    reports = whole + [altered(chance.choice(whole), chance) for _ in range(3_000)]
    for report, answer in zip(reports, client.ask("reports", reports=[*map(based, reports)]), strict=True):
        try:
            Report.decode(report)
        except Malformed:
            assert answer == {"error": "malformed"}, report
        else:
            assert answer == "ok", report


def test_keys_are_taken_and_refused_alike() -> None:
    chance = Random(SEED)
    whole = [OpeningKey.generate().sealing_key.wire for _ in range(20)]
    low_order = [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**256 - 1, 2**255]
    keys = [*whole, *(altered(chance.choice(whole), chance) for _ in range(200))]
    keys += [whole[0][:MLKEM_PUBLIC_LEN] + number.to_bytes(32, "little") for number in low_order]
    for key, answer in zip(keys, client.ask("keys", keys=[*map(based, keys)]), strict=True):
        try:
            assert answer == fingerprint_words(SealingKey(key).fingerprint)
        except CryptoError:
            assert answer == {"error": "malformed"}


def test_signatures_hold_and_fail_alike() -> None:
    chance, message, use = Random(SEED), b"un mensaje", Use.BUNDLE
    signer = SigningKey(bytes(32))
    right, key = signer.sign(message, use=use), signer.verifying_key.wire
    tries = [(key, right), (key, right[:-1]), (key, right[:32] + _plus_order(right[32:]))]
    tries += [(key, altered(right, chance)) for _ in range(100)]
    for point in map(bytes.fromhex, SMALL):
        tries += [(point, right), (key, point + right[32:]), (key, point + bytes(32)), (point, point + bytes(32))]
        # A scalar for which an equation with these points would hold, were they allowed.
        tries.append((key, point + _answering(point, key, message, use)))
    asked = [
        {"key": based(key), "use": use.value.decode(), "message": based(message), "signature": based(signature)}
        for key, signature in tries
    ]
    for (key, signature), answer in zip(tries, client.ask("verify", signatures=asked), strict=True):
        try:
            VerifyingKey(key).verify(signature, message, use=use)
        except Forged:
            assert answer == {"error": "forged"}, (key.hex(), signature.hex())
        else:
            assert answer == "ok", (key.hex(), signature.hex())


def _plus_order(scalar: bytes) -> bytes:
    return (int.from_bytes(scalar, "little") + L).to_bytes(32, "little")


def _answering(point: bytes, key: bytes, message: bytes, use: Use) -> bytes:
    """The s of a signature by the key of seed zero whose R is `point` plus nothing: h times the secret scalar."""
    secret = hashlib.sha512(bytes(32)).digest()[:32]
    scalar = int.from_bytes(secret, "little") & ((1 << 254) - 8) | (1 << 254)
    challenge = int.from_bytes(hashlib.sha512(point + key + use.value + message).digest(), "little")
    return (challenge * scalar % L).to_bytes(32, "little")
