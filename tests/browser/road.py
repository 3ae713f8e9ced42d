"""A route of one or two relays whose keys the test holds, and the answer that its door would give."""

import base64
import time
from dataclasses import dataclass, field

from crypto import directory as directories
from crypto import keys
from crypto.directory import BundleSizes, Directory, Partner, Relay, Words
from crypto.keys import KeyKind, RootKey
from crypto.layers import Kind, RoundKey, RoundNumber, peel
from crypto.signing import SigningKey
from crypto.suite import OpeningKey
from tests.rig import ONION

PERIOD = 900


def _root() -> RootKey:
    key = keys.generate(KeyKind.ROOT)
    assert isinstance(key, RootKey)
    return key


@dataclass(frozen=True, slots=True)
class Road:
    """The keys of everybody on the way."""

    relays: tuple[SigningKey, ...]
    round_keys: tuple[RoundKey, ...]
    now: int
    root: RootKey = field(default_factory=_root)
    partners: tuple[OpeningKey, ...] = field(default_factory=lambda: tuple(OpeningKey.generate() for _ in range(3)))

    @classmethod
    def fresh(cls, relays: int) -> "Road":
        """New keys, of this round."""
        now = int(time.time())
        number = RoundNumber(now // PERIOD)
        return cls(
            relays=tuple(SigningKey.generate() for _ in range(relays)),
            round_keys=tuple(RoundKey.generate(number) for _ in range(relays)),
            now=now,
        )

    def card(self) -> str:
        """The card of the first relay."""
        return f"{ONION}#{self.root.public.hex()}"

    def answer(self) -> bytes:
        """What the door answers to `GET /directory`."""
        directory = Directory(
            expires=self.now + 3_600,
            version=1,
            round_seconds=PERIOD,
            bundle=BundleSizes(letters=8, parcels=4, parcel_every=2),
            route=[Relay(id=relay.verifying_key.wire.hex(), name="relay", onion=ONION) for relay in self.relays],
            partners=[
                Partner(
                    id=f"partner-{number}",
                    name=f"Partner {number}",
                    about=Words(es="", en=""),
                    key=base64.b64encode(partner.sealing_key.wire).decode(),
                )
                for number, partner in enumerate(self.partners)
            ],
        )
        announcements = [key.announce(relay) for key, relay in zip(self.round_keys, self.relays, strict=True)]
        return directories.write_answer(directories.sign(directory, self.root), announcements)

    def through(self, envelope: bytes) -> tuple[Kind, bytes]:
        """The last layer's kind and what is in it, after every relay has peeled."""
        kind, cell = Kind.PASS, envelope
        for key in self.round_keys:
            assert kind is Kind.PASS
            peeled = peel(cell, key)
            kind, cell = peeled.kind, peeled.inner
        return kind, cell
