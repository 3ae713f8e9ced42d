"""Vectors for docs/spec/letter.md and layers.md: letters, envelopes, announcements."""

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
    layer,
    letter,
    padded,
)
from tests.vectors.recipes import Case, Recipe, based, changed, field, hexed, join, make, repeat, stream, text

CARLA: Final = Pair(chance("partner carla", 32))
DINA: Final = Pair(chance("partner dina", 32))
FIRST: Final = Pair(chance("first relay's round key", 32))
SECOND: Final = Pair(chance("second relay's round key", 32))
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
    liar = [(ANA.public, chance("key one", 32)), (BETO.public, chance("key two", 32))]
    part = stream("a part of an attachment", PART_MAX)
    return _bad_content() | {
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
        "two-partners-second": case("ok", "the same letter, opened by the second", **beto, content=report, cell=both),
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
        "top-up": case(
            "not-for-us", "four throw-away keys, no content", **ana, cell=_letter(hexed(b""), to=[], name="top-up")
        ),
        "other-partner": case("not-for-us", "for another partner", **beto, cell=one),
        "no-keys": case("not-for-us", "a desk without keys", keys=[], cell=one),
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


def envelope_cases() -> dict[str, Case]:
    """What a relay's round key peels."""
    inner, deep = field("letter/one-partner.json", "cell"), field("letter/two-relays.json", "cell")
    first, second = {"seed": FIRST.seed.hex()}, {"seed": SECOND.seed.hex()}
    passing = _layer(deep, kind=1, to=SECOND, depth=1, name="two")
    drop = _layer(stream("cover", LETTER_LENGTHS[2]), kind=2, to=SECOND, depth=1, name="two cover")
    middle, cover = (
        field("envelope/two-relays-second.json", "cell"),
        field("envelope/two-relays-cover-second.json", "cell"),
    )
    one = field("envelope/one-relay.json", "cell")
    parcel, throwaway = field("letter/parcel.json", "cell"), Pair(chance("throw-away", 32))
    return _bad_envelopes(one) | {
        "one-relay": case(
            "ok", "a letter for one relay", **first, kind="pass", inner=inner, cell=_envelope(inner, kind=1, name="one")
        ),
        "two-relays": case(
            "ok",
            "the first of two relays",
            **first,
            kind="pass",
            inner=middle,
            cell=_envelope(middle, kind=1, name="two"),
        ),
        "two-relays-second": case("ok", "the second of two relays", **second, kind="pass", inner=deep, cell=passing),
        "cover": case(
            "ok",
            "cover for one relay",
            **first,
            kind="cover",
            inner=stream("cover one", LETTER_LENGTHS[1]),
            cell=_envelope(stream("cover one", LETTER_LENGTHS[1]), kind=2, name="cover"),
        ),
        "two-relays-cover": case(
            "ok",
            "cover for two relays: the first passes it on",
            **first,
            kind="pass",
            inner=cover,
            cell=_envelope(cover, kind=1, name="two cover"),
        ),
        "two-relays-cover-second": case(
            "ok",
            "cover for two relays: the second drops it",
            **second,
            kind="cover",
            cell=drop,
            inner=stream("cover", LETTER_LENGTHS[2]),
        ),
        "top-up-layer": case(
            "not-for-us",
            "what the first of two relays tops up with",
            **second,
            cell=_layer(repeat(b"\x00", LETTER_LENGTHS[2]), kind=0, to=throwaway, depth=1, name="filler"),
        ),
        "parcel": case(
            "ok",
            "the second layer of a parcel",
            **second,
            kind="pass",
            inner=parcel,
            cell=_layer(parcel, kind=1, to=SECOND, depth=1, name="parcel", cell_class=PARCEL),
        ),
        "parcel-first": case(
            "ok",
            "the first layer of the same parcel",
            **first,
            kind="pass",
            inner=field("envelope/parcel.json", "cell"),
            cell=_envelope(field("envelope/parcel.json", "cell"), kind=1, name="parcel", cell_class=PARCEL),
        ),
    }


def _bad_envelopes(one: Recipe) -> dict[str, Case]:
    first = {"seed": FIRST.seed.hex()}
    inner = stream("an inner cell", LETTER_LENGTHS[1])
    return {
        "other-key": case("not-for-us", "sealed to another round key", seed=SECOND.seed.hex(), cell=one),
        "flipped-round-tag": case(
            "not-for-us", "the first bit, of the round tag, is flipped", **first, cell=changed(one, flip=[0, 7])
        ),
        "other-round-tag": case(
            "not-for-us",
            "sealed to this key under another key's tag",
            **first,
            cell=changed(one, put=[0, SECOND.fingerprint[:16].hex()]),
        ),
        "flipped-encapsulation": case(
            "not-for-us", "a bit of the encapsulation is flipped", **first, cell=changed(one, flip=[16, 0])
        ),
        "flipped-ciphertext": case(
            "not-for-us", "a bit of the ciphertext is flipped", **first, cell=changed(one, flip=[20_000, 3])
        ),
        "flipped-tag": case("not-for-us", "the last bit is flipped", **first, cell=changed(one, flip=[32_767, 0])),
        "cut": case("malformed", "one byte short", **first, cell=changed(one, cut=32_767)),
        "nothing": case("malformed", "no bytes", **first, cell=hexed(b"")),
        "letter": case(
            "malformed", "of the length that has no layer left", **first, cell=changed(one, cut=LETTER_LENGTHS[2])
        ),
        "kind-zero": case(
            "malformed", "a kind that does not exist", **first, cell=_envelope(inner, kind=0, name="kind zero")
        ),
        "kind-three": case(
            "malformed", "a kind that does not exist", **first, cell=_envelope(inner, kind=3, name="kind three")
        ),
        "class-of-parcel": case(
            "not-for-us",
            "a letter labelled as a parcel",
            **first,
            cell=join(_tag(FIRST), _layer(inner, kind=1, to=FIRST, depth=0, name="class", cell_class=PARCEL)),
        ),
        "depth-of-second": case(
            "not-for-us",
            "a first layer labelled as a second",
            **first,
            cell=join(_tag(FIRST), _layer(inner, kind=1, to=FIRST, depth=1, name="depth")),
        ),
    }


def announcement_cases() -> dict[str, Case]:
    """Which bytes make a round key known."""
    relay = {"relay": RELAY.public.hex()}
    good = field("announcement/ok.json", "announcement")
    small = FIRST.public[:1_184] + bytes(32)
    return {
        "ok": case(
            "ok",
            "relay, round, key, signature",
            **relay,
            round=ROUND,
            public=based(FIRST.public),
            announcement=based(_announce(ROUND, FIRST.public)),
        ),
        "last-round": case(
            "ok",
            "the largest round number",
            **relay,
            round=2**53 - 1,
            public=based(FIRST.public),
            announcement=based(_announce(2**53 - 1, FIRST.public)),
        ),
        "past-last-round": case(
            "malformed", "a round number of 2^53", **relay, announcement=based(_announce(2**53, FIRST.public))
        ),
        "small-order": case("malformed", "signed, but not a key", **relay, announcement=based(_announce(ROUND, small))),
        "other-relay": case(
            "malformed", "announced by another relay", relay=OTHER_RELAY.public.hex(), announcement=good
        ),
        "signed-by-other": case(
            "forged",
            "another relay signed it",
            **relay,
            announcement=based(_announce(ROUND, FIRST.public, signer=OTHER_RELAY)),
        ),
        "label": case(
            "forged",
            "signed as a bundle",
            **relay,
            announcement=based(_announce(ROUND, FIRST.public, label=BUNDLE_LABEL)),
        ),
        "flipped-round": case("forged", "another round", **relay, announcement=changed(good, flip=[39, 0])),
        "flipped-key": case("forged", "another key", **relay, announcement=changed(good, flip=[1_255, 0])),
        "flipped-signature": case("forged", "another signature", **relay, announcement=changed(good, flip=[1_256, 0])),
        "cut": case("malformed", "one byte short", **relay, announcement=changed(good, cut=1_319)),
        "long": case("malformed", "one byte more", **relay, announcement=join(good, hexed(b"\x00"))),
    }


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    folders = {"letter": letter_cases(), "envelope": envelope_cases(), "announcement": announcement_cases()}
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


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


def _layer(inner: Recipe, *, kind: int, to: Pair, depth: int, name: str, cell_class: int = LETTER) -> Recipe:
    return layer(inner, kind=bytes([kind]), to=to.public, cell_class=cell_class, depth=depth, name=name)


def _envelope(inner: Recipe, *, kind: int, name: str, cell_class: int = LETTER) -> Recipe:
    return join(_tag(FIRST), _layer(inner, kind=kind, to=FIRST, depth=0, name=name, cell_class=cell_class))


def _tag(pair: Pair) -> Recipe:
    return hexed(pair.fingerprint[:16])


def _announce(number: int, public: bytes, *, signer: Signer = RELAY, label: bytes = ROUND_KEY_LABEL) -> bytes:
    body = RELAY.public + number.to_bytes(8, "big") + public
    return body + signer.sign(label, body)
