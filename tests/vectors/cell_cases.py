"""Vectors for docs/spec/cells.md: public keys, seals, padding, armour."""

import base64
from typing import Final

from tests.vectors.derandomised import Pair, chance, classical_context, context, label, seal
from tests.vectors.recipes import (
    Case,
    Recipe,
    based,
    changed,
    field,
    hexed,
    join,
    make,
    repeat,
    stream,
    text,
)

ANA: Final = Pair(chance("partner ana", 32))
BETO: Final = Pair(chance("partner beto", 32))
PURPOSE: Final = b"letter slot"
BEGIN: Final = "-----BEGIN VELADORA CELL-----"
END: Final = "-----END VELADORA CELL-----"


def case(expect: str, comment: str, **fields: object) -> Case:
    """One vector."""
    return {"comment": comment, "expect": expect, **fields}


def public_key_cases() -> dict[str, Case]:
    """Which bytes are a public key."""
    good = field("public-key/ok.json", "public")
    small = "a point of small order in the X25519 half; every shared secret with it is zero"
    return {
        "ok": case("ok", "made from the seed", seed=ANA.seed.hex(), public=based(ANA.public)),
        "cut": case("malformed", "one byte short", public=changed(good, cut=1_215)),
        "long": case("malformed", "one byte more", public=join(good, hexed(b"\x00"))),
        "x25519-alone": case("malformed", "a classical key", public=hexed(ANA.public[1_184:])),
        "ml-kem-alone": case("malformed", "half of the hybrid", public=changed(good, cut=1_184)),
        "ml-kem-coefficient": case("malformed", "a coefficient of q or more", public=changed(good, put=[0, "ffffff"])),
        "x25519-zero": case("malformed", small, public=changed(good, put=[1_184, "00" * 32])),
        "x25519-one": case("malformed", small, public=changed(good, put=[1_184, "01" + "00" * 31])),
        "empty": case("malformed", "nothing", public=hexed(b"")),
    }


def seal_cases() -> dict[str, Case]:
    """What opens, with which key and purpose."""
    plaintext = text("lo que vi")
    made = seal(plaintext, to=ANA.public, purpose=PURPOSE, eseed=chance("seal ok", 64))
    good = field("seal/ok.json", "sealed")
    to_ana = {"seed": ANA.seed.hex(), "purpose": PURPOSE.hex()}
    return _altered_seals() | {
        "ok": case(
            "ok",
            "sealed with this eseed",
            eseed=chance("seal ok", 64).hex(),
            **to_ana,
            sealed=based(make(made)),
            plaintext=plaintext,
        ),
        "empty": case(
            "ok",
            "an empty plaintext",
            **to_ana,
            plaintext=hexed(b""),
            sealed=seal(hexed(b""), to=ANA.public, purpose=PURPOSE, eseed=chance("seal empty", 64)),
        ),
        "other-key": case(
            "not-for-us", "opened with another key", seed=BETO.seed.hex(), purpose=PURPOSE.hex(), sealed=good
        ),
        "other-purpose": case(
            "not-for-us",
            "opened for another purpose",
            seed=ANA.seed.hex(),
            purpose=b"layer \x01\x00".hex(),
            sealed=good,
        ),
        "no-label": case(
            "not-for-us",
            "sealed with an empty info",
            **to_ana,
            sealed=context(ANA.public, info=b"", eseed=chance("seal no label", 64)).seal(plaintext),
        ),
        "cut": case("not-for-us", "one byte short", **to_ana, sealed=changed(good, cut=1_144)),
        "enc-alone": case(
            "not-for-us", "an encapsulation and nothing after it", **to_ana, sealed=changed(good, cut=1_120)
        ),
        "nothing": case("not-for-us", "no bytes", **to_ana, sealed=hexed(b"")),
        "x25519-alone": case(
            "not-for-us",
            "sealed to the X25519 half with DHKEM(X25519), the classical suite 0x0020",
            **to_ana,
            sealed=_classical(plaintext),
        ),
        "x25519-point-of-small-order": case(
            "not-for-us", "the share is zero", **to_ana, sealed=changed(good, put=[1_088, "00" * 32])
        ),
    }


def _altered_seals() -> dict[str, Case]:
    to_ana, good = {"seed": ANA.seed.hex(), "purpose": PURPOSE.hex()}, field("seal/ok.json", "sealed")
    altered = {
        "ml-kem-ciphertext": ("a bit of the ML-KEM ciphertext", [0, 0]),
        "x25519-share": ("a bit of the X25519 share", [1_088, 0]),
        "ciphertext": ("a bit of the ciphertext", [1_120, 7]),
        "tag": ("the last bit of the tag", [1_144, 0]),
    }
    return {
        f"flipped-{name}": case("not-for-us", f"{comment} is flipped", **to_ana, sealed=changed(good, flip=flip))
        for name, (comment, flip) in altered.items()
    }


def pad_cases() -> dict[str, Case]:
    """Content behind its length, then zeros."""
    return {
        "ok": case("ok", "5 of 16 bytes", padded=hexed(b"\x00\x00\x00\x05velar" + bytes(7)), content=text("velar")),
        "empty": case("ok", "no content", padded=hexed(bytes(16)), content=hexed(b"")),
        "full": case("ok", "no filling", padded=hexed(b"\x00\x00\x00\x02ve"), content=text("ve")),
        "zeros-in-content": case(
            "ok", "zeros inside the content stay", padded=hexed(b"\x00\x00\x00\x02" + bytes(8)), content=hexed(bytes(2))
        ),
        "short": case("malformed", "three bytes cannot say a length", padded=hexed(bytes(3))),
        "longer-than-it-is": case("malformed", "says 6, has 5", padded=hexed(b"\x00\x00\x00\x06velar")),
        "length-of-4-gib": case("malformed", "says 4 294 967 295", padded=hexed(b"\xff" * 8)),
        "filling": case("malformed", "the last byte of the filling is one", padded=hexed(bytes(15) + b"\x01")),
    }


def armour_cases() -> dict[str, Case]:
    """Envelopes as text."""
    envelope = stream("armoured envelope", 32_768)
    lines = _lines(make(envelope))
    whole = "\n".join([BEGIN, *lines, END, ""])
    good = field("armour/ok.json", "text")
    zeros = join(text(f"{BEGIN}\n"), repeat(b"AAAA", 10_922), text("AAA=\n" + END))
    return {
        "ok": case("ok", "as it is written", text=text(whole), envelope=envelope),
        "one-line": case("ok", "without line ends inside", text=zeros, envelope=repeat(b"\x00", 32_768)),
        "crlf-and-spaces": case(
            "ok",
            "spaces, tabs and CR LF do not matter",
            envelope=repeat(b"\x00", 32_768),
            text=join(text(f"\r\n  {BEGIN}\r\n \t"), repeat(b"AAAA\r\n", 10_922), text(f"AA A=\r\n{END}\r\n\r\n")),
        ),
        "no-begin": case("malformed", "the first line is missing", text=text("\n".join([*lines[:2], END]))),
        "no-end": case("malformed", "the last line is missing", text=changed(good, cut=len(whole) - len(END) - 1)),
        "line-missing": case("malformed", "one line was not copied", text=text("\n".join([BEGIN, *lines[1:], END]))),
        "not-base64": case("malformed", "an asterisk in the text", text=changed(good, put=[40, b"*".hex()])),
        "url-base64": case(
            "malformed", "the other alphabet", text=join(text(BEGIN), repeat(b"_-__", 10_922), text("AAA=" + END))
        ),
        "spare-bits": case(
            "malformed",
            "the last character has a bit that says nothing",
            text=join(text(BEGIN), repeat(b"AAAA", 10_922), text("AAB=" + END)),
        ),
        "not-an-envelope": case(
            "malformed",
            "the length of a letter without its envelope",
            text=join(text(f"{BEGIN}\n"), text(base64.b64encode(bytes(31_615)).decode()), text(END)),
        ),
        "too-long": case(
            "malformed", "over 1 500 000 characters", text=join(text(BEGIN), repeat(b" ", 1_500_000), text(END))
        ),
        "empty": case("malformed", "nothing", text=text("")),
    }


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    folders = {"public-key": public_key_cases(), "seal": seal_cases(), "pad": pad_cases(), "armour": armour_cases()}
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


def _lines(data: bytes) -> list[str]:
    spelling = base64.b64encode(data).decode()
    return [spelling[at : at + 64] for at in range(0, len(spelling), 64)]


def _classical(plaintext: Recipe) -> Recipe:
    info = label(PURPOSE, ANA.public)
    return classical_context(ANA.public[1_184:], info=info, eseed=chance("classical", 32)).seal(plaintext)
