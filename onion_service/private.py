"""A private tor network, as settings files name it; only tests and the demonstration do (onion_service/torrc.py)."""

from collections.abc import Sequence

import msgspec

from onion_service.torrc import Authority, PrivateNet


class AuthoritySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One directory authority, on this machine."""

    nickname: str
    or_port: int
    dir_port: int
    v3_identity: str
    fingerprint: str


def private_net(authorities: Sequence[AuthoritySettings]) -> PrivateNet | None:
    """The network of these authorities, or None, the public one, when there are none. Raises UnsafeSetting."""
    made = tuple(Authority(**msgspec.structs.asdict(settings)) for settings in authorities)
    return PrivateNet(made) if made else None
