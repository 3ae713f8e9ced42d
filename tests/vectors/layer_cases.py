"""Vectors for docs/spec/layers.md: envelopes, announcements."""

from typing import Final

from tests.vectors.cell_cases import case
from tests.vectors.derandomised import LETTER_LENGTHS, Pair, Signer, chance, layer
from tests.vectors.letter_cases import BUNDLE_LABEL, LETTER, OTHER_RELAY, PARCEL, RELAY, ROUND, ROUND_KEY_LABEL
from tests.vectors.recipes import Case, Recipe, based, changed, field, hexed, join, repeat, stream

FIRST: Final = Pair(chance("first relay's round key", 32))
SECOND: Final = Pair(chance("second relay's round key", 32))


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
    return (
        _bad_envelopes(one)
        | _more_layers()
        | {
            "one-relay": case(
                "ok",
                "a letter for one relay",
                **first,
                kind="pass",
                inner=inner,
                cell=_envelope(inner, kind=1, name="one"),
            ),
            "two-relays": case(
                "ok",
                "the first of two relays",
                **first,
                kind="pass",
                inner=middle,
                cell=_envelope(middle, kind=1, name="two"),
            ),
            "two-relays-second": case(
                "ok", "the second of two relays", **second, kind="pass", inner=deep, cell=passing
            ),
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
        }
    )


def _more_layers() -> dict[str, Case]:
    first, second = {"seed": FIRST.seed.hex()}, {"seed": SECOND.seed.hex()}
    parcel, throwaway = field("letter/parcel.json", "cell"), Pair(chance("throw-away", 32))
    return {
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
    folders = {"envelope": envelope_cases(), "announcement": announcement_cases()}
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


def _layer(inner: Recipe, *, kind: int, to: Pair, depth: int, name: str, cell_class: int = LETTER) -> Recipe:
    return layer(inner, kind=bytes([kind]), to=to.public, cell_class=cell_class, depth=depth, name=name)


def _envelope(inner: Recipe, *, kind: int, name: str, cell_class: int = LETTER) -> Recipe:
    return join(_tag(FIRST), _layer(inner, kind=kind, to=FIRST, depth=0, name=name, cell_class=cell_class))


def _tag(pair: Pair) -> Recipe:
    return hexed(pair.fingerprint[:16])


def _announce(number: int, public: bytes, *, signer: Signer = RELAY, label: bytes = ROUND_KEY_LABEL) -> bytes:
    body = RELAY.public + number.to_bytes(8, "big") + public
    return body + signer.sign(label, body)
