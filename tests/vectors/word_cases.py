"""Vectors for docs/spec/also.md: words between desks."""

import base64
from typing import Any, Final

from tests.vectors.cell_cases import ANA, BETO, case
from tests.vectors.derandomised import Signer, chance
from tests.vectors.directory_cases import SPEAKER
from tests.vectors.letter_cases import BUNDLE_LABEL, canonical
from tests.vectors.recipes import Case, changed, field, text

LABEL: Final = b"veladora v1 word\x00"
OTHER_SPEAKER: Final = Signer(chance("another desk's signing key", 32))

Json = dict[str, Any]


def plain(**fields: Any) -> Json:  # noqa: ANN401 - plain JSON
    """The plainest word, not signed yet."""
    return {
        "bucket": 83_000,
        "from": "red-norte",
        "nonce": base64.b64encode(bytes(range(16))).decode(),
        "place": "mx-monterrey",
        "several": True,
        "topic": "desaparicion",
        "v": 1,
    } | fields


def word(
    value: Json,
    *,
    recipient: bytes = ANA.fingerprint,
    signer: Signer = SPEAKER,
    label: bytes = LABEL,
    changes: Json | None = None,
) -> str:
    """It, signed for this recipient; `changes` are made after that."""
    signature = base64.b64encode(signer.sign(label, recipient + canonical(value).encode())).decode()
    return canonical(value | {"signature": signature} | (changes or {}))


def words() -> dict[str, Case]:
    """Who said what to whom, and what counts for nothing."""
    nobody = base64.b64encode(bytes(64)).decode()
    return {
        "ok": _case("ok", "several reports", word(plain())),
        "one-report": _case("ok", "a single report", word(plain(several=False))),
        "bucket-zero": _case("ok", "the first six hours of 1970", word(plain(bucket=0))),
        "for-another": _case("forged", "said to another, passed on", word(plain(), recipient=BETO.fingerprint)),
        "not-signed": _case("forged", "anybody can seal a letter", word(plain(), changes={"signature": nobody})),
        "signed-by-another": _case("forged", "another desk's key", word(plain(), signer=OTHER_SPEAKER)),
        "label": _case("forged", "a signature for another use", word(plain(), label=BUNDLE_LABEL)),
        "several-changed": _case(
            "forged", "one report was signed", word(plain(several=False), changes={"several": True})
        ),
        "place-changed": _case("forged", "another place was signed", word(plain(), changes={"place": "mx-saltillo"})),
        "from-changed": _case("forged", "in another partner's name", word(plain(), changes={"from": "red-sur"})),
        "bucket-changed": _case("forged", "other six hours were signed", word(plain(), changes={"bucket": 83_001})),
    }


def bad_words() -> dict[str, Case]:
    """Signed right, and refused for their form."""
    refused: dict[str, tuple[str, str]] = {
        "place-empty": ("no place", word(plain(place=""))),
        "topic-empty": ("no topic", word(plain(topic=""))),
        "place-capital": ("not an id", word(plain(place="Monterrey"))),
        "from-empty": ("nobody says it", word(plain(**{"from": ""}))),
        "bucket-negative": ("before 1970", word(plain(bucket=-1))),
        "bucket-large": ("a time past 2^53 seconds", word(plain(bucket=2**53 // 21_600 + 1))),
        "bucket-fraction": ("not a whole number", word(plain(bucket=1.5))),
        "several-number": ("a count", word(plain(several=2))),
        "nonce-short": ("15 bytes", word(plain(nonce=base64.b64encode(bytes(15)).decode()))),
        "nonce-spelling": ("base64 without padding", word(plain(nonce=base64.b64encode(bytes(16)).decode()[:-2]))),
        "signature-short": ("63 bytes", word(plain(), changes={"signature": base64.b64encode(bytes(63)).decode()})),
        "version": ("version 2", word(plain(v=2))),
        "text": ("with words in it", word(plain(text="fue ayer"))),
        "spaces": ("another spelling", word(plain()).replace(":", ": ")),
        "long": ("over 1 024 bytes", word(plain()) + " " * 1_024),
        "nothing": ("no bytes", ""),
    }
    missing = plain()
    del missing["several"]
    found = {name: _case("malformed", comment, wire) for name, (comment, wire) in refused.items()}
    found["key-missing"] = _case("malformed", "a key is missing", word(missing))
    flipped = changed(field("word/ok.json", "word"), flip=[0, 0])
    found["flipped"] = case("malformed", "the first byte is another", **_trust(), word=flipped)
    return found


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    return {f"word/{name}.json": found for name, found in (words() | bad_words()).items()}


def _trust() -> Json:
    return {"key": SPEAKER.public.hex(), "recipient": ANA.fingerprint.hex()}


def _case(expect: str, comment: str, wire: str) -> Case:
    return case(expect, comment, **_trust(), word=text(wire))
