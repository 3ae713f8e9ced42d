"""From alerts to a signed folder: every publication is whole, newer than the last one, and good for a time.

Neither its version nor its end tells the second at which somebody was at the desk.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from crypto.keys import AlertsKey
from crypto.manifest import FILES_MAX, TOTAL_MAX
from crypto.minisign import PublicKey
from forwarder.copies import Copy, read_signed, write_copy
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.feeds import feeds, sign
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.room import carried, longest
from forwarder.desk.publish.site import NO_NAMES, Room, site
from forwarder.desk.publish.site.texts import NAMED_MAX
from forwarder.errors import BadCopy, NoCopy
from forwarder.places.gazetteer import Gazetteer
from forwarder.places.shipped import shipped

HOUR_SECONDS: Final = 3_600
# Long enough for a desk that is closed for a week, short enough that a mirror cannot be kept old for months.
VALID_SECONDS: Final = 14 * 86_400


def publish_all(
    folder: Path,
    alerts: Iterable[Alert],
    publisher: Publisher,
    *,
    key: AlertsKey,
    now: int,
    last: int = 0,
    gazetteer: Gazetteer | None = None,
    topics: Mapping[str, Mapping[str, str]] = NO_NAMES,
) -> Copy:
    """`folder/current` holds every feed of these alerts and the site, signed, when this returns.

    `now`: seconds since 1970. `last`: the version that was published last, as far as it is known; 0 when none was.
    `gazetteer`: which places there are; without one, those that come with Veladora. `topics`: names of topics by id and
    language. Also to be called when nothing changed, before the time of the last list is over. Raises NotAnAlert or
    Malformed on alerts that cannot be published together, NotWritten, or BadCopy when nothing was published yet and
    what lies there is somebody else's; whatever is raised, what was published stays as it was.
    """
    hour = now // HOUR_SECONDS
    issue = Issue(at=hour * HOUR_SECONDS, until=hour * HOUR_SECONDS + VALID_SECONDS)
    files = published_files(
        alerts, publisher, key=PublicKey.of(key.signing), gazetteer=gazetteer or shipped(), issue=issue, topics=topics
    )
    # By the hour, so that it rises too when the folder was lost and with it the last number.
    version = max(_last_version(folder, key, known=last) + 1, hour)
    signed = sign(files, version=version, valid_until=issue.until, key=key)
    copy = Copy(signed, files)
    write_copy(folder, copy)
    return copy


def published_files(
    alerts: Iterable[Alert],
    publisher: Publisher,
    *,
    key: PublicKey,
    gazetteer: Gazetteer,
    issue: Issue,
    topics: Mapping[str, Mapping[str, str]] = NO_NAMES,
) -> dict[str, bytes]:
    """Every file that a publication of these alerts has, by its name: the feeds, and a site in the room they leave.

    However many alerts there are, a manifest can list it: the newest ones are there, and old ones are left out.
    """
    names = gazetteer.full_names().values()
    named = NAMED_MAX * (max(map(longest, names)) + len("; "))
    shown = carried(alerts, now=issue.day, named=named)
    files = feeds(shown, publisher, gazetteer)
    room = Room(FILES_MAX - len(files), TOTAL_MAX - sum(map(len, files.values())))
    return files | site(shown, publisher, gazetteer, key=key, issue=issue, room=room, topics=topics)


def _last_version(folder: Path, key: AlertsKey, *, known: int) -> int:
    try:
        return max(known, read_signed(folder, key=PublicKey.of(key.signing)).manifest.version)
    except NoCopy:
        return known
    except BadCopy:
        # A list of our own that is damaged is written anew: else nothing could be taken back any more.
        if not known:
            raise
        return known
