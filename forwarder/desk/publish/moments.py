"""Moments as the formats write them; every one is of an alert, so none is finer than its bucket or its hour.

Pure: no clock of its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from forwarder.desk.publish.safety import BUCKET_SECONDS

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Issue:
    """When a list is made, and until when it is good, in seconds since 1970. What is in the files tells the days only,
    so files made on one day are the same."""

    at: int
    until: int

    @property
    def day(self) -> int:
        """The beginning of the day (UTC)."""
        return self.at - self.at % DAY_SECONDS


def zulu(seconds: int) -> str:
    """RFC 3339, in UTC."""
    return f"{_plain(seconds)}Z"


def cap_time(seconds: int) -> str:
    """As CAP 1.2 (3.3.2) wants it: UTC is -00:00, and Z is not allowed."""
    return f"{_plain(seconds)}-00:00"


def span(when: int) -> tuple[str, str]:
    """Beginning and end of a bucket, RFC 3339."""
    return zulu(when), zulu(when + BUCKET_SECONDS)


def _plain(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").zfill(19)
