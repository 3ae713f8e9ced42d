"""Vectors for docs/spec/bundle.md: bundles and hash lists."""

import hashlib
from typing import Final

from tests.vectors.cell_cases import case
from tests.vectors.derandomised import LETTER_LENGTHS, PARCEL_LENGTHS
from tests.vectors.letter_cases import BUNDLE_LABEL, LETTER, OTHER_RELAY, PARCEL, RELAY, ROUND, ROUND_KEY_LABEL
from tests.vectors.recipes import Case, Recipe, changed, field, hexed, join, make, repeat, stream

HEADER_LEN: Final = 4 + 1 + 32 + 8 + 2 + 4


def header(
    *,
    cell_class: int = LETTER,
    number: int = ROUND,
    count: int = 3,
    length: int = LETTER_LENGTHS[1],
    magic: bytes = b"VLB1",
) -> bytes:
    """The 51 bytes that a bundle begins with."""
    return b"".join(
        (
            magic,
            bytes([cell_class]),
            RELAY.public,
            number.to_bytes(8, "big"),
            count.to_bytes(2, "big"),
            length.to_bytes(4, "big"),
        )
    )


def cells(count: int = 3, length: int = LETTER_LENGTHS[1]) -> list[Recipe]:
    """Cells in ascending order; a bundle does not look inside them."""
    return sorted((stream(f"cell {number}", length) for number in range(count)), key=make)


def signature(head: bytes, of: list[Recipe], *, label: bytes = BUNDLE_LABEL) -> bytes:
    """The one signature of a bundle and of its hash list."""
    return RELAY.sign(label, head + hashlib.sha256(b"".join(_hashes(of))).digest())


def bundle(head: bytes, of: list[Recipe], *, label: bytes = BUNDLE_LABEL) -> Recipe:
    """A whole bundle."""
    return join(hexed(head), *of, hexed(signature(head, of, label=label)))


def hash_list(head: bytes, of: list[Recipe]) -> Recipe:
    """What the public sees of it."""
    return join(hexed(head), *(hexed(digest) for digest in _hashes(of)), hexed(signature(head, of)))


def bundle_cases() -> dict[str, Case]:
    """Which bytes are a bundle of one relay's round."""
    relay = {"relay": RELAY.public.hex()}
    good, three, head = field("bundle/ok.json", "bundle"), cells(), header()
    end = HEADER_LEN + 3 * LETTER_LENGTHS[1]
    deep, parcels = cells(2, LETTER_LENGTHS[2]), cells(2, PARCEL_LENGTHS[1])
    deep_head = header(count=2, length=LETTER_LENGTHS[2])
    parcel_head = header(cell_class=PARCEL, count=2, length=PARCEL_LENGTHS[1])
    swapped = [three[1], three[0], three[2]]
    twice = [three[0], three[0], three[2]]
    return _bad_headers(three) | {
        "ok": case(
            "ok",
            "three letters that have passed one relay",
            **relay,
            round=ROUND,
            **{"class": "letter"},
            cells=three,
            bundle=bundle(head, three),
        ),
        "two-relays": case(
            "ok",
            "two letters that have passed two",
            **relay,
            round=ROUND,
            **{"class": "letter"},
            cells=deep,
            bundle=bundle(deep_head, deep),
        ),
        "parcels": case(
            "ok",
            "two parcels",
            **relay,
            round=ROUND,
            **{"class": "parcel"},
            cells=parcels,
            bundle=bundle(parcel_head, parcels),
        ),
        "order": case("malformed", "signed, but the cells do not ascend", **relay, bundle=bundle(head, swapped)),
        "twice": case("malformed", "signed, but one cell is there twice", **relay, bundle=bundle(head, twice)),
        "flipped-cell": case(
            "forged", "the last bit of the last cell", **relay, bundle=changed(good, flip=[end - 1, 0])
        ),
        "flipped-round": case("forged", "the round", **relay, bundle=changed(good, flip=[44, 0])),
        "flipped-signature": case("forged", "the last bit", **relay, bundle=changed(good, flip=[end + 63, 0])),
        "label": case("forged", "signed as a round key", **relay, bundle=bundle(head, three, label=ROUND_KEY_LABEL)),
        "other-relay": case("malformed", "asked for another relay's", relay=OTHER_RELAY.public.hex(), bundle=good),
        "cut": case("malformed", "one byte short", **relay, bundle=changed(good, cut=end + 63)),
        "long": case("malformed", "one byte more", **relay, bundle=join(good, hexed(b"\x00"))),
        "nothing": case("malformed", "no bytes", **relay, bundle=hexed(b"")),
    }


def _bad_headers(three: list[Recipe]) -> dict[str, Case]:
    heads = {
        "magic": ("another format", header(magic=b"VLB2"), three),
        "class": ("class 3", header(cell_class=3), three),
        "class-of-parcel": ("letters called parcels", header(cell_class=PARCEL), three),
        "count-one-less": ("says 2, has 3", header(count=2), three),
        "count-zero": ("a bundle of nothing", header(count=0), []),
        "count-1025": ("more than 1 024", header(count=1_025), []),
        "length-of-envelope": ("cells that have passed no relay", header(length=LETTER_LENGTHS[0]), three),
        "length-one-less": ("a length that no cell has", header(length=LETTER_LENGTHS[1] - 1), three),
        "past-last-round": ("a round number of 2^53", header(number=2**53), three),
    }
    return {
        f"header-{name}": case("malformed", comment, relay=RELAY.public.hex(), bundle=bundle(head, of))
        for name, (comment, head, of) in heads.items()
    }


def hash_list_cases() -> dict[str, Case]:
    """What `GET /rounds/<n>` holds."""
    relay = {"relay": RELAY.public.hex()}
    three, parcels = cells(), cells(2, PARCEL_LENGTHS[1])
    parcel_head = header(cell_class=PARCEL, count=2, length=PARCEL_LENGTHS[1])
    good, second = field("hash-list/ok.json", "list"), hash_list(parcel_head, parcels)
    hashes, length = [digest.hex() for digest in _hashes(three)], HEADER_LEN + 3 * 32 + 64
    return {
        "ok": case(
            "ok",
            "of bundle/ok.json",
            **relay,
            round=ROUND,
            **{"class": "letter"},
            hashes=hashes,
            list=hash_list(header(), three),
            rest=hexed(b""),
        ),
        "with-parcels": case(
            "ok",
            "a second list follows",
            **relay,
            round=ROUND,
            **{"class": "letter"},
            hashes=hashes,
            list=join(good, second),
            rest=second,
        ),
        "parcels": case(
            "ok",
            "the list that follows",
            **relay,
            round=ROUND,
            **{"class": "parcel"},
            hashes=[digest.hex() for digest in _hashes(parcels)],
            list=second,
            rest=hexed(b""),
        ),
        "flipped-hash": case("forged", "one hash is another", **relay, list=changed(good, flip=[HEADER_LEN, 0])),
        "flipped-signature": case("forged", "the last bit", **relay, list=changed(good, flip=[length - 1, 0])),
        "other-relay": case("malformed", "asked for another relay's", relay=OTHER_RELAY.public.hex(), list=good),
        "cut": case("malformed", "one byte short", **relay, list=changed(good, cut=length - 1)),
        "header-alone": case("malformed", "says three hashes, has none", **relay, list=hexed(header())),
        "zeros": case("malformed", "a header's length of zeros", **relay, list=repeat(b"\x00", HEADER_LEN)),
        "nothing": case("malformed", "no bytes", **relay, list=hexed(b"")),
    }


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    folders = {"bundle": bundle_cases(), "hash-list": hash_list_cases()}
    return {f"{folder}/{name}.json": found for folder, group in folders.items() for name, found in group.items()}


def _hashes(of: list[Recipe]) -> list[bytes]:
    return [hashlib.sha256(make(cell)).digest() for cell in of]
