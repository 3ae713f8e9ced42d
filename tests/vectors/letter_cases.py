"""Vectors for docs/spec/letter.md."""

import base64
import json
from typing import Any, Final

from tests.vectors.cell_cases import ANA, BETO, case
from tests.vectors.derandomised import (
    HEAD_LEN,
    LETTER_LENGTHS,
    PARCEL_LENGTHS,
    Pair,
    Signer,
    chance,
    letter,
    padded,
)
from tests.vectors.recipes import Case, Recipe, based, changed, field, hexed, join, make, repeat, stream, text

CARLA: Final = Pair(chance("partner carla", 32))
DINA: Final = Pair(chance("partner dina", 32))
RELAY: Final = Signer(chance("relay identity", 32))
OTHER_RELAY: Final = Signer(chance("other relay's identity", 32))
ROUND_KEY_LABEL: Final = b"veladora v1 round key\x00"
BUNDLE_LABEL: Final = b"veladora v1 bundle\x00"
PART_MAX: Final = PARCEL_LENGTHS[2] - HEAD_LEN - 16 - 4 - 1
ROUND: Final = 1_984_000
LETTER: Final = 1
PARCEL: Final = 2


def report_text(**fields: Any) -> str:  # noqa: ANN401 - plain JSON
    """A report's canonical JSON with these fields in place of the plainest ones."""
    plain = {
        "attachments": [],
        "lang": "es",
        "nonce": base64.b64encode(bytes(range(16))).decode(),
        "place": "",
        "text": "Vi la camioneta otra vez.",
        "topic": "",
        "v": 1,
        "when": "unsaid",
        "where": "",
    }
    return canonical(plain | fields)


def canonical(value: object) -> str:
    """The spelling of RFC 8785, for values whose keys are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def letter_cases() -> dict[str, Case]:
    """Who opens a letter, and what is refused."""
    report = join(hexed(b"\x01"), text(report_text()))
    ana, beto = {"keys": [ANA.seed.hex()]}, {"keys": [BETO.seed.hex()]}
    both, one = field("letter/two-partners.json", "cell"), field("letter/one-partner.json", "cell")
    part = stream("a part of an attachment", PART_MAX)
    return (
        _bad_content()
        | _altered_letters()
        | _unopened_letters()
        | _two_content_keys()
        | {
            "one-partner": case(
                "ok",
                "for one partner, after one relay; bytes in full",
                **ana,
                content=report,
                cell=based(make(_letter(report, to=[ANA], name="one"))),
            ),
            "two-partners": case(
                "ok",
                "for two partners, opened by the first",
                **ana,
                content=report,
                cell=_letter(report, to=[ANA, BETO], name="two"),
            ),
            "two-partners-second": case(
                "ok", "the same letter, opened by the second", **beto, content=report, cell=both
            ),
            "four-partners": case(
                "ok",
                "no slot is left over; opened by the last",
                keys=[DINA.seed.hex()],
                content=report,
                cell=_letter(report, to=[ANA, BETO, CARLA, DINA], name="four"),
            ),
            "two-relays": case(
                "ok", "after two relays", **ana, content=report, cell=_letter(report, to=[ANA], name="deep", relays=2)
            ),
            "two-keys-held": case(
                "ok",
                "a partner that holds last period's key too",
                content=report,
                cell=one,
                keys=[BETO.seed.hex(), ANA.seed.hex()],
            ),
            "parcel": case(
                "ok",
                "the largest part, after two relays",
                **ana,
                content=join(hexed(b"\x02"), part),
                cell=_letter(join(hexed(b"\x02"), part), to=[ANA], name="parcel", lengths=PARCEL_LENGTHS, relays=2),
            ),
        }
    )


def _two_content_keys() -> dict[str, Case]:
    ana, beto = {"keys": [ANA.seed.hex()]}, {"keys": [BETO.seed.hex()]}
    report = join(hexed(b"\x01"), text(report_text()))
    liar = [(ANA.public, chance("key one", 32)), (BETO.public, chance("key two", 32))]
    return {
        "two-content-keys": case(
            "forged",
            "a sender who means to show two partners two texts",
            **beto,
            cell=_letter(
                report,
                name="liar",
                slots=liar,
                to=[],
                content_key=chance("key one", 32),
            ),
        ),
        "two-content-keys-other": case(
            "ok",
            "the same letter at the partner it commits to",
            **ana,
            content=report,
            cell=field("letter/two-content-keys.json", "cell"),
        ),
    }


def _unopened_letters() -> dict[str, Case]:
    ana, beto, one = {"keys": [ANA.seed.hex()]}, {"keys": [BETO.seed.hex()]}, field("letter/one-partner.json", "cell")
    return {
        "top-up": case(
            "not-for-us", "four throw-away keys, no content", **ana, cell=_letter(hexed(b""), to=[], name="top-up")
        ),
        "other-partner": case("not-for-us", "for another partner", **beto, cell=one),
        "no-keys": case("not-for-us", "a desk without keys", keys=[], cell=one),
    }


def _altered_letters() -> dict[str, Case]:
    ana, both = {"keys": [ANA.seed.hex()]}, field("letter/two-partners.json", "cell")
    return {
        "flipped-own-slot": case("not-for-us", "our slot is altered", **ana, cell=changed(both, flip=[1_167, 0])),
        "flipped-other-slot": case(
            "forged", "the last slot, not ours, is altered", **ana, cell=changed(both, flip=[4 * 1_168 - 1, 0])
        ),
        "flipped-commitment": case(
            "forged", "the commitment is altered", **ana, cell=changed(both, flip=[4 * 1_168, 0])
        ),
        "flipped-body": case("forged", "the body is altered", **ana, cell=changed(both, flip=[HEAD_LEN, 0])),
        "flipped-tag": case("forged", "the last bit is altered", **ana, cell=changed(both, flip=[31_614, 0])),
        "cut": case("malformed", "one byte short", **ana, cell=changed(both, cut=31_614)),
        "other-depth": case("forged", "cut to the length after two relays", **ana, cell=changed(both, cut=30_478)),
        "in-envelope": case("malformed", "of an envelope's length", **ana, cell=repeat(b"\x00", 32_768)),
        "nothing": case("malformed", "no bytes", **ana, cell=hexed(b"")),
    }


def _bad_content() -> dict[str, Case]:
    plain = report_text()
    contents = {
        "empty": ("no content, yet sealed to somebody", hexed(b"")),
        "kind-zero": ("a kind that does not exist", join(hexed(b"\x00"), text(plain))),
        "kind-three": ("the kind that is kept for desks", join(hexed(b"\x03"), text(plain))),
        "report-with-space": ("a second spelling of a report", join(hexed(b"\x01"), text(plain.replace(",", ", ", 1)))),
        "report-missing": ("the kind of a report and no report", hexed(b"\x01")),
        "part-empty": ("the kind of a part and no part", hexed(b"\x02")),
    }
    found = {
        f"content-{name}": case("malformed", comment, keys=[ANA.seed.hex()], cell=_letter(content, to=[ANA], name=name))
        for name, (comment, content) in contents.items()
    }
    room = LETTER_LENGTHS[1] - HEAD_LEN - 16
    filling = {
        "padding-not-zero": (
            "the last byte of the filling is one",
            join(hexed((5).to_bytes(4, "big") + b"\x01{}  "), repeat(b"\x00", room - 10), hexed(b"\x01")),
        ),
        "padding-lies": (
            "the length says one byte more than there is",
            join(hexed((room - 3).to_bytes(4, "big")), repeat(b"\x01", room - 4)),
        ),
    }
    for name, (comment, inside) in filling.items():
        assert len(make(inside)) == room
        cell = letter(inside, slots=_slots([ANA], name), content_key=chance(f"{name} content key", 32), name=name)
        found[name] = case("malformed", comment, keys=[ANA.seed.hex()], cell=cell)
    return found


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    return {f"letter/{name}.json": found for name, found in letter_cases().items()}


def _letter(
    content: Recipe,
    *,
    to: list[Pair],
    name: str,
    relays: int = 1,
    lengths: tuple[int, ...] = LETTER_LENGTHS,
    slots: list[tuple[bytes, bytes]] | None = None,
    content_key: bytes | None = None,
) -> Recipe:
    content_key = content_key or chance(f"{name} content key", 32)
    filled = _slots(to, name) if slots is None else [*slots, *_slots([], name)[len(slots) :]]
    room = lengths[relays] - HEAD_LEN - 16
    return letter(padded(content, room), slots=filled, content_key=content_key, name=name)


def _slots(to: list[Pair], name: str) -> list[tuple[bytes, bytes]]:
    spare = [Pair(chance(f"{name} throw-away {place}", 32)) for place in range(len(to), 4)]
    return [(pair.public, chance(f"{name} content key", 32)) for pair in [*to, *spare]]
