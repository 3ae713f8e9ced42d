"""The headers of a delivery can be made and checked by anybody's Standard Webhooks and OpenSSL."""

import base64
import hmac
import os
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from crypto.cells import CellClass
from crypto.errors import Forged
from crypto.layers import ROUND_MAX, RoundNumber
from crypto.signing import Use
from forwarder.errors import BadWebhook
from forwarder.webhook import bundle_id, claimed, edge, parse_bundle_id, verify, webhook_headers
from tests.unit.forwarder.given import OTHER_RELAY, RELAY, ROUND_SECONDS, number

BODY = b"any bytes"
HEADERS = webhook_headers(
    BODY, cell_class=CellClass.PARCEL, round_number=number(1_999_999), round_seconds=ROUND_SECONDS, relay=RELAY
)


def altered(**changes: str) -> dict[str, str]:
    return HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}


def test_the_headers_are_those_of_standard_webhooks() -> None:
    assert HEADERS["webhook-id"] == "parcels-1999999"
    assert HEADERS["webhook-timestamp"] == "1800000000" == str(edge(number(1_999_999), round_seconds=ROUND_SECONDS))
    assert HEADERS["webhook-signature"].startswith("v1a,")
    assert HEADERS["Content-Type"] == "application/octet-stream"


def test_cryptography_verifies_the_signature() -> None:
    signed = f"{HEADERS['webhook-id']}.{HEADERS['webhook-timestamp']}.".encode() + BODY
    signature = base64.b64decode(HEADERS["webhook-signature"].removeprefix("v1a,"))
    Ed25519PublicKey.from_public_bytes(RELAY.verifying_key.wire).verify(signature, signed)


def recipe() -> str:
    """The commands under "Checking with OpenSSL" in the spec."""
    text = Path("docs/spec/delivery.md").read_text()
    lines = text.partition("**Checking with OpenSSL 3.**")[2].partition("##")[0].splitlines()
    return "\n".join(line for line in lines if line.startswith("    "))


def test_openssl_verifies_the_signature_by_the_recipe_of_the_spec(tmp_path: Path) -> None:
    variables = {
        "ID": HEADERS["webhook-id"],
        "TIMESTAMP": HEADERS["webhook-timestamp"],
        "SIGNATURE": HEADERS["webhook-signature"],
        "RELAY_ID": RELAY.verifying_key.wire.hex(),
    }
    for body, code in ((BODY, 0), (BODY + b"!", 1)):
        (tmp_path / "body").write_bytes(body)
        done = subprocess.run(["sh", "-ec", recipe()], env=os.environ | variables, cwd=tmp_path, capture_output=True)
        assert done.returncode == code, done.stderr


def test_the_signed_bytes_are_those_of_the_standard_webhooks_library() -> None:
    text, key = "any text", b"shared by nobody"
    moment = datetime.fromtimestamp(1_800_000_000, UTC)
    theirs = Webhook(key).sign(msg_id="parcels-1999999", timestamp=moment, data=text)
    ours = hmac.digest(key, b"parcels-1999999.1800000000." + text.encode(), "sha256")
    assert theirs == "v1," + base64.b64encode(ours).decode()
    signature = RELAY.sign(b"parcels-1999999.1800000000." + BODY, use=Use.DELIVERY)
    assert HEADERS["webhook-signature"] == "v1a," + base64.b64encode(signature).decode()


def test_our_own_check_agrees() -> None:
    verify(HEADERS, BODY, relay=RELAY.verifying_key)
    assert claimed(HEADERS, round_seconds=ROUND_SECONDS) == (CellClass.PARCEL, 1_999_999)


def test_a_second_signature_from_a_key_change_does_not_hide_ours() -> None:
    other = webhook_headers(
        BODY, cell_class=CellClass.PARCEL, round_number=number(1_999_999), round_seconds=ROUND_SECONDS,
        relay=OTHER_RELAY,
    )["webhook-signature"]  # fmt: skip
    both = altered(webhook_signature=f"v1,c2VjcmV0 {other} {HEADERS['webhook-signature']}")
    verify(both, BODY, relay=RELAY.verifying_key)


@pytest.mark.parametrize(
    "headers",
    [
        altered(webhook_id="parcels-2000000"),
        altered(webhook_id="letters-1999999"),
        altered(webhook_timestamp="1800000001"),
        altered(webhook_signature="v1," + HEADERS["webhook-signature"].removeprefix("v1a,")),
        altered(webhook_signature="v1a," + base64.b64encode(bytes(64)).decode()),
    ],
)
def test_what_another_signed_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        verify(headers, BODY, relay=RELAY.verifying_key)


def test_another_body_or_another_relay_is_forged() -> None:
    with pytest.raises(Forged):
        verify(HEADERS, BODY + b"!", relay=RELAY.verifying_key)
    with pytest.raises(Forged):
        verify(HEADERS, BODY, relay=OTHER_RELAY.verifying_key)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        altered(webhook_id="reports-1"),
        altered(webhook_id="letters-01"),
        altered(webhook_id="letters-9999999999999999"),
        altered(webhook_timestamp="1800000000.0"),
        altered(webhook_timestamp="1799999100"),
        altered(webhook_id="letters-1999999" + "9" * 2_000),
    ],
)
def test_headers_that_name_no_round_are_refused_before_the_body(headers: dict[str, str]) -> None:
    with pytest.raises(BadWebhook):
        claimed(headers, round_seconds=ROUND_SECONDS)


@pytest.mark.parametrize("signature", ["v1a,!", "v1a,ñ", "v1a,AAAA", " ".join([HEADERS["webhook-signature"]] * 3)])
def test_a_signature_header_of_another_form_is_refused(signature: str) -> None:
    with pytest.raises(BadWebhook):
        verify(altered(webhook_signature=signature), BODY, relay=RELAY.verifying_key)


@given(st.sampled_from(CellClass), st.integers(0, ROUND_MAX).map(RoundNumber))
def test_an_id_reads_back(cell_class: CellClass, round_number: RoundNumber) -> None:
    assert parse_bundle_id(bundle_id(cell_class, round_number)) == (cell_class, round_number)


@given(st.text(max_size=40) | st.from_regex(r"(letters|parcels)-\d{1,20}", fullmatch=True))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    with suppress(BadWebhook):
        assert bundle_id(*parse_bundle_id(text)) == text


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_any_headers_are_refused_with_our_errors(headers: dict[str, str]) -> None:
    with pytest.raises((BadWebhook, Forged)):
        verify(headers, BODY, relay=RELAY.verifying_key)
    with pytest.raises(BadWebhook):
        claimed(headers, round_seconds=ROUND_SECONDS)
