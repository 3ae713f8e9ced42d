"""The headers around a bundle on its way to a partner: Standard Webhooks, asymmetric (docs/spec/delivery.md).

Pure, and the same for every partner: an id that names the round and the class, the round's edge as the timestamp, and
the relay's signature. Source: github.com/standard-webhooks/standard-webhooks, "Webhook signatures" (`v1a`).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from crypto.cells import CellClass
from crypto.errors import Forged
from crypto.layers import ROUND_MAX, RoundNumber
from crypto.signing import SIGNATURE_LEN, SigningKey, Use, VerifyingKey
from forwarder.errors import BadWebhook

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
CONTENT_TYPE: Final = "application/octet-stream"
PLURALS: Final = {CellClass.LETTER: "letters", CellClass.PARCEL: "parcels"}

_SCHEME: Final = "v1a"
_HEADER_MAX: Final = 1_024
_CLASSES: Final = {plural: cell_class for cell_class, plural in PLURALS.items()}
_ID: Final = re.compile(r"(letters|parcels)-(0|[1-9][0-9]{0,15})")


def bundle_id(cell_class: CellClass, round_number: RoundNumber) -> str:
    """`letters-<round>` or `parcels-<round>`: the name of a bundle in a header and on a relay's disk."""
    return f"{PLURALS[cell_class]}-{round_number}"


def parse_bundle_id(text: str) -> tuple[CellClass, RoundNumber]:
    """The class and round that `text` names. Raises BadWebhook."""
    match = _ID.fullmatch(text)
    if match is None or int(match[2]) > ROUND_MAX:
        raise BadWebhook("the id is not letters-<round> or parcels-<round>")
    return _CLASSES[match[1]], RoundNumber(int(match[2]))


def edge(round_number: RoundNumber, *, round_seconds: int) -> int:
    """The second (since 1970, UTC) at which the round ends and its bundle is made."""
    return (round_number + 1) * round_seconds


def webhook_headers(
    body: bytes, *, cell_class: CellClass, round_number: RoundNumber, round_seconds: int, relay: SigningKey
) -> dict[str, str]:
    """The headers of a delivery; a function of the bundle, so the same whenever and to whomever it goes."""
    name = bundle_id(cell_class, round_number)
    timestamp = str(edge(round_number, round_seconds=round_seconds))
    signature = relay.sign(_signed(name, timestamp, body), use=Use.DELIVERY)
    return {
        "Content-Type": CONTENT_TYPE,
        ID_HEADER: name,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: f"{_SCHEME},{base64.b64encode(signature).decode()}",
    }


def claimed(headers: Mapping[str, str], *, round_seconds: int) -> tuple[CellClass, RoundNumber]:
    """Which bundle the headers say they bring, before the body is read. Raises BadWebhook when the timestamp is not
    the edge of that round."""
    cell_class, round_number = parse_bundle_id(_header(headers, ID_HEADER))
    if _header(headers, TIMESTAMP_HEADER) != str(edge(round_number, round_seconds=round_seconds)):
        raise BadWebhook("the timestamp is not the edge of the round")
    return cell_class, round_number


def verify(headers: Mapping[str, str], body: bytes, *, relay: VerifyingKey) -> None:
    """Return when one of the signatures in the headers is the relay's. Raises BadWebhook or Forged."""
    message = _signed(_header(headers, ID_HEADER), _header(headers, TIMESTAMP_HEADER), body)
    for signature in _signatures(_header(headers, SIGNATURE_HEADER)):
        try:
            return relay.verify(signature, message, use=Use.DELIVERY)
        except Forged:
            continue
    raise Forged("no signature of the relay over this delivery")


def _signatures(text: str) -> list[bytes]:
    """The `v1a` signatures of a list divided by spaces; those of other schemes are not for us."""
    found = []
    for entry in text.split(" "):
        scheme, _, encoded = entry.partition(",")
        if scheme != _SCHEME:
            continue
        try:
            signature = base64.b64decode(encoded.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise BadWebhook("a signature is not base64") from None
        if len(signature) != SIGNATURE_LEN:
            raise BadWebhook(f"a signature is {SIGNATURE_LEN} bytes")
        found.append(signature)
    if len(found) > 2:
        raise BadWebhook("more signatures than a relay that changes its key would send")
    return found


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not 0 < len(value) <= _HEADER_MAX:
        raise BadWebhook(f"no {name} header, or an overlong one")
    return value


def _signed(name: str, timestamp: str, body: bytes) -> bytes:
    return b"".join((name.encode(errors="replace"), b".", timestamp.encode(errors="replace"), b".", body))
