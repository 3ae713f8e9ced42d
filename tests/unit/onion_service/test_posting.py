"""No password and no text goes to a service in clear, whatever its address asks for."""

import pytest

from onion_service.posting import Said, Service, describe

# Apprise's own imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ONION = f"{'a' * 56}.onion"
TELEPHONE = "12025550123"


@pytest.mark.parametrize(
    "url",
    [
        "json://example.org/alerts",
        "form://example.org",
        "mailto://ana:clave@example.org",
        "mailto://ana:clave@example.org:587?mode=ssl",
        "mailtos://ana:clave@example.org:587?mode=insecure",
        "mailtos://ana:clave@example.org?mode=Insecure&smtp=smtp.example.org",
        f"mailto://ana:clave@{ONION}:587?smtp=smtp.example.org",
        f"mailtos://ana:clave@{ONION}:587?smtp=smtp.example.org&mode=insecure",
        "irc://irc.example.org/alertas",
        "aprs://DF1JSL-15:12345@DF1ABC",
        "dapnet://ana:clave@DF1ABC",
        f"kavenegar://abcdefghij/{TELEPHONE}",
    ],
)
def test_what_would_be_called_in_clear_outside_of_tor_is_refused(url: str) -> None:
    assert describe(url) is Said.NOT_ENCRYPTED


@pytest.mark.parametrize(
    "url",
    [
        "jsons://example.org/alerts",
        f"json://{ONION}/alerts",
        "mailtos://ana:clave@example.org",
        "mailtos://ana:clave@example.org?smtp=smtp.example.org&mode=ssl",
        f"mailto://ana:clave@{ONION}",
        f"mailtos://ana:clave@example.org?mode=insecure&smtp={ONION}",
        f"mailtos://ana:clave@{ONION}?smtp=smtp.example.org&mode=starttls",
        "tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/-100123/",
    ],
)
def test_what_is_called_encrypted_or_inside_of_tor_is_taken(url: str) -> None:
    assert isinstance(describe(url), Service)


def test_who_does_not_check_certificates_is_refused() -> None:
    assert describe("jsons://example.org/alerts?verify=no") is Said.NOT_CHECKED
