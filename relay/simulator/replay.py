"""Moments of real events, and bursts, as somebody typed them: all of it is taken, or nothing (docs/simulate.md).

Pure: a text goes in; moments come out, in seconds from midnight of the first day.
"""

import re
from typing import Final

from relay.examiner.moments import NotAMoment, parse_moment
from relay.simulator.errors import NotTraffic
from relay.simulator.traffic import DAY, Burst

TEXT_MAX: Final = 4 << 20
MOMENTS_MAX: Final = 100_000
_HEAD: Final = "moment"
_MOMENT: Final = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?|[0-9]{4}-[0-9T :.Z+-]{6,32}", re.ASCII)
_BURST: Final = re.compile(r"([1-9][0-9]{0,4})@([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def parse_replay(raw: bytes) -> tuple[float, ...]:
    """The moments in a file of one column: a moment a line, under a head `moment` or none; in their order.

    A moment is 2026-11-22T20:15Z (UTC where no zone is said) or seconds since 1970. Raises NotTraffic, which names the
    line.
    """
    if len(raw) > TEXT_MAX:
        raise NotTraffic(f"longer than {TEXT_MAX} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotTraffic("not UTF-8 text") from error
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        written = line.removesuffix("\r").strip(" \t")
        if not written or (number == 1 and written.lower() == _HEAD):
            continue
        found.append(_moment(written, number))
        if len(found) > MOMENTS_MAX:
            raise NotTraffic(f"more than {MOMENTS_MAX} moments")
    if not found:
        raise NotTraffic("holds no moment")
    midnight = min(found) // DAY * DAY
    return tuple(sorted(moment - midnight for moment in found))


def days_of(replay: tuple[float, ...]) -> int:
    """How many days must be simulated for all of them to fall into the time."""
    return int(replay[-1] // DAY) + 1 if replay else 1


def parse_burst(text: str) -> Burst:
    """`200@20:00`: so many more reports in the half hour from then on, every day. Raises NotTraffic."""
    match = _BURST.fullmatch(text)
    if match is None:
        raise NotTraffic(f"not a burst: {text}; write 200@20:00, at most 99999")
    return Burst(count=int(match[1]), second=int(match[2]) * 3_600 + int(match[3]) * 60)


def _moment(written: str, number: int) -> float:
    if not _MOMENT.fullmatch(written):
        raise NotTraffic(f"line {number} is not a moment alone; write 2026-11-22T20:15Z, or seconds since 1970")
    try:
        moment = parse_moment(written, now=0.0)
    except (NotAMoment, OverflowError) as error:
        raise NotTraffic(f"line {number}: no such moment; write 2026-11-22T20:15Z, or seconds since 1970") from error
    if moment < 0:
        raise NotTraffic(f"line {number}: before 1970")
    return moment
