"""From alerts to a signed folder: every publication is whole, newer than the last one, and good for a time.

Neither its version nor its end tells the second at which somebody was at the desk.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crypto.keys import AlertsKey
from crypto.minisign import PublicKey
from forwarder.copies import Copy, read_signed, write_copy
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.feeds import feeds, sign
from forwarder.desk.publish.publisher import Publisher
from forwarder.errors import NoCopy

HOUR_SECONDS: Final = 3_600
# Long enough for a desk that is closed for a week, short enough that a mirror cannot be kept old for months.
VALID_SECONDS: Final = 14 * 86_400


def publish_all(folder: Path, alerts: Iterable[Alert], publisher: Publisher, *, key: AlertsKey, now: int) -> Copy:
    """`folder/current` holds every feed of these alerts, signed, when this returns; `now` in seconds since 1970.

    Also to be called when nothing changed, before the time of the last list is over. Raises NotAnAlert or Malformed on
    alerts that cannot be published together, NotWritten, or BadCopy when what lies there is not what `key` signed;
    whatever is raised, what was published stays as it was.
    """
    files = feeds(alerts, publisher)
    hour = now // HOUR_SECONDS
    # By the hour, so that it rises too when the folder was lost and with it the last number.
    version = max(_last_version(folder, key) + 1, hour)
    signed = sign(files, version=version, valid_until=hour * HOUR_SECONDS + VALID_SECONDS, key=key)
    copy = Copy(signed, files)
    write_copy(folder, copy)
    return copy


def _last_version(folder: Path, key: AlertsKey) -> int:
    try:
        return read_signed(folder, key=PublicKey.of(key.signing)).manifest.version
    except NoCopy:
        return 0
