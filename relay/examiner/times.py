"""Every integer and text in a run of bytes that decodes to a moment which would tell something.

Pure: bytes and a window go in, places come out. Numbers of seconds, milliseconds, microseconds and nanoseconds in both
byte orders, as whole numbers and as floating point; decimal digits; ISO 8601, RFC 2822, HTTP, ctime and syslog texts,
read as UTC when they name no zone.
"""

import math
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from typing import Final

from relay.examiner.moments import Window

_PREFIXES_MAX: Final = 4
_PRINTABLE: Final = frozenset([9, 10, 13, *range(32, 127)])
# No window that anybody types holds more months than this; a longer one is searched by its years' texts no more.
_MONTHS_MAX: Final = 600
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_JULIAN_EPOCH: Final = 2_440_587.5
_DAY: Final = 86_400
_CLOCK: Final = rb"(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
_ZONE: Final = rb"(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_ISO: Final = re.compile(rb"(\d{4})[-/](\d\d)[-/](\d\d)[T _]" + _CLOCK + _ZONE)
_BASIC: Final = re.compile(rb"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?" + _ZONE)
_MAIL: Final = re.compile(rb"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) " + _CLOCK + _ZONE)
_WEB_LOG: Final = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):" + _CLOCK + _ZONE)
_SYSLOG: Final = re.compile(rb"([A-Z][a-z]{2}) ([ 0-3]\d) " + _CLOCK + rb"(?: (\d{4}))?")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that decodes to a moment between `earliest` and `latest`; never what stands there."""

    kind: str
    offset: int
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write a moment as a number: so many bytes, one order, whole units or floating point.

    `padded`: the kind when the rest of eight bytes is zero, as in a 64-bit number.
    """

    kind: str
    unit: float
    width: int
    order: str
    floating: bool = False
    julian: bool = False
    padded: str = ""

    def number(self, moment: float, *, up: bool) -> int:
        """The bit pattern of a moment, as a number that grows with time."""
        value = moment / _DAY + _JULIAN_EPOCH if self.julian else moment / self.unit
        if self.floating:
            return int(struct.unpack(">Q", struct.pack(">d", value))[0])
        return math.ceil(value) if up else math.floor(value)

    def moment(self, number: int) -> float:
        """The earliest moment of a bit pattern."""
        if not self.floating:
            return number * self.unit
        value = float(struct.unpack(">d", struct.pack(">Q", number))[0])
        return (value - _JULIAN_EPOCH) * _DAY if self.julian else value * self.unit

    @property
    def span(self) -> float:
        """How long a moment of this shape lasts."""
        return 0.0 if self.floating else self.unit


def _shapes() -> Iterator[Shape]:
    for order in ("big", "little"):
        yield Shape(f"32-bit seconds, {order}-endian", 1.0, 4, order, padded=f"64-bit seconds, {order}-endian")
        yield Shape(
            f"48-bit milliseconds, {order}-endian", 1e-3, 6, order, padded=f"64-bit milliseconds, {order}-endian"
        )
        yield Shape(f"64-bit microseconds, {order}-endian", 1e-6, 8, order)
        yield Shape(f"64-bit nanoseconds, {order}-endian", 1e-9, 8, order)
        yield Shape(f"floating-point seconds, {order}-endian", 1.0, 8, order, floating=True)
        yield Shape(f"floating-point milliseconds, {order}-endian", 1e-3, 8, order, floating=True)
        yield Shape(f"floating-point days, {order}-endian", _DAY, 8, order, floating=True, julian=True)


SHAPES: Final = tuple(_shapes())
DECIMAL: Final = "decimal digits"
TEXT: Final = "date and time as text"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one shape is looked for: the fixed high bytes, then the exact range."""

    shape: Shape
    low: int
    high: int
    needles: tuple[bytes, ...]


class Clock:
    """Looks for the moments of one window; made once, used for every run of bytes."""

    def __init__(self, window: Window) -> None:
        self.window: Final = window
        self._plans: Final = [_plan(shape, window) for shape in SHAPES]
        self._digits: Final = _digit_prefixes(int(window.start), int(window.end))

    @cached_property
    def chance(self) -> dict[str, float]:
        """For each kind, how many telling hits a byte of chance gives."""
        share = self.window.telling / (self.window.end - self.window.start)
        return self._chance(lambda plan: (plan.high - plan.low + 1) * share)

    @cached_property
    def chance_of_arrival(self) -> dict[str, float]:
        """For each kind, how many hits near an arrival a byte of chance gives."""
        around = self.window.recovering

        def numbers(plan: _Plan) -> float:
            if plan.shape.span == 1.0:
                return self.window.recovering_seconds
            return (plan.high - plan.low + 1) * around / (self.window.end - self.window.start)

        return self._chance(numbers)

    def hits(self, data: bytes) -> Iterator[Hit]:
        """Every place in `data` that decodes to a telling moment."""
        for plan in self._plans:
            yield from self._numbers(plan, data)
        yield from self._decimals(data)
        yield from self._texts(data)

    def _chance(self, numbers: Callable[[_Plan], float]) -> dict[str, float]:
        found = {DECIMAL: 0.0, TEXT: 0.0}
        for plan in self._plans:
            found[plan.shape.kind] = numbers(plan) / 256**plan.shape.width
            if plan.shape.padded:
                found[plan.shape.padded] = numbers(plan) / 256**8
        return found

    def _numbers(self, plan: _Plan, data: bytes) -> Iterator[Hit]:
        shape, width = plan.shape, plan.shape.width
        big = shape.order == "big"
        for needle in plan.needles:
            fixed = needle if big else needle[::-1]
            back = 0 if big else width - len(needle)
            at = data.find(fixed)
            while at >= 0:
                start = at - back
                raw = data[start : start + width] if start >= 0 else b""
                at = data.find(fixed, at + 1)
                if len(raw) < width:
                    continue
                number = int.from_bytes(raw, "big" if big else "little")
                if not plan.low <= number <= plan.high:
                    continue
                moment = shape.moment(number)
                if self.window.tells(moment, moment + shape.span * 0.999) and not _is_writing(data, start, width):
                    yield Hit(_kind(shape, data, start), start, moment, moment + shape.span * 0.999)

    def _decimals(self, data: bytes) -> Iterator[Hit]:
        for prefix in self._digits:
            for found in re.finditer(re.escape(prefix) + rb"\d*(?:[.,](\d{1,9})(?!\d))?", data):
                if found.start() and data[found.start() - 1 : found.start()].isdigit():
                    continue
                digits, _, rest = found[0].replace(b",", b".").partition(b".")
                if len(digits) not in (10, 13, 16, 19):
                    continue
                step = 10.0 ** (10 - len(digits))
                moment = int(digits) * step
                if rest and len(digits) == 10:
                    step = 10.0 ** -len(rest)
                    moment += int(rest) * step
                if self.window.tells(moment, moment + step * 0.999):
                    yield Hit(DECIMAL, found.start(), moment, moment + step * 0.999)

    def _texts(self, data: bytes) -> Iterator[Hit]:
        for needle, back, shape in self._text_needles:
            at = data.find(needle)
            while at >= 0:
                for start in range(max(0, at - back), at + 1):
                    if (found := shape.match(data, start)) and (span := _span(shape, found, self.window)):
                        if self.window.tells(*span):
                            yield Hit(TEXT, start, *span)
                        break
                at = data.find(needle, at + 1)

    @cached_property
    def _text_needles(self) -> list[tuple[bytes, int, re.Pattern[bytes]]]:
        needles: list[tuple[bytes, int, re.Pattern[bytes]]] = []
        # A local date may be the day before or after.
        first = datetime.fromtimestamp(self.window.start - _DAY, UTC)
        last = datetime.fromtimestamp(self.window.end + _DAY, UTC)
        month = first.year * 12 + first.month - 1
        for number in range(month, min(last.year * 12 + last.month, month + _MONTHS_MAX)):
            year, name = number // 12, _MONTHS[number % 12]
            needles += [
                (b"%d-%02d-" % (year, number % 12 + 1), 0, _ISO),
                (b"%d/%02d/" % (year, number % 12 + 1), 0, _ISO),
                (b"%d%02d" % (year, number % 12 + 1), 0, _BASIC),
                (b" %s %d " % (name.encode(), year), 2, _MAIL),
                (b"/%s/%d:" % (name.encode(), year), 2, _WEB_LOG),
            ]
            if (syslog := (name.encode() + b" ", 0, _SYSLOG)) not in needles:
                needles.append(syslog)
        return needles


def _plan(shape: Shape, window: Window) -> _Plan:
    low, high = shape.number(window.start, up=False), shape.number(window.end, up=False)
    low, high = max(0, low), min(high, 256**shape.width - 1)
    if low > high:
        # Seconds do not fit into 32 bits for ever.
        return _Plan(shape, 1, 0, ())
    kept = shape.width
    while kept > 1 and (high >> 8 * (shape.width - kept)) - (low >> 8 * (shape.width - kept)) >= _PREFIXES_MAX:
        kept -= 1
    shift = 8 * (shape.width - kept)
    needles = tuple(top.to_bytes(kept, "big") for top in range(low >> shift, (high >> shift) + 1))
    return _Plan(shape, low, high, needles)


def _digit_prefixes(low: int, high: int) -> tuple[bytes, ...]:
    shift = 1
    while high // shift - low // shift >= _PREFIXES_MAX:
        shift *= 10
    return tuple(b"%d" % top for top in range(low // shift, high // shift + 1))


def _is_writing(data: bytes, start: int, width: int) -> bool:
    # Words of a text are numbers too: 'i"' and two letters are a second of 2025. Chance does not write texts.
    around = data[max(0, start - 1) : start + width + 1]
    return len(around) >= width and all(byte in _PRINTABLE for byte in around)


def _kind(shape: Shape, data: bytes, start: int) -> str:
    if not shape.padded:
        return shape.kind
    missing = 8 - shape.width
    beside = data[max(0, start - missing) : start] if shape.order == "big" else data[start + shape.width :][:missing]
    return shape.padded if beside == bytes(missing) else shape.kind


def _span(shape: re.Pattern[bytes], found: re.Match[bytes], window: Window) -> tuple[float, float] | None:
    """The moments that a text may mean; None when there is no such date."""
    parts = found.groups()
    try:
        if shape in (_ISO, _BASIC):
            year, month, day = (int(part) for part in parts[:3])
            clock, zone = parts[3:7], parts[7]
        elif shape is _SYSLOG:
            month, day, clock, zone = _MONTHS.index(parts[0].decode()) + 1, int(parts[1]), parts[2:6], None
            year = int(parts[6]) if parts[6] else datetime.fromtimestamp(window.start, UTC).year
        else:
            day, month, year = int(parts[0]), _MONTHS.index(parts[1].decode()) + 1, int(parts[2])
            clock, zone = parts[3:7], parts[7]
        hour, minute = int(clock[0]), int(clock[1])
        second = int(clock[2]) if clock[2] else 0
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone)).timestamp()
    except (ValueError, OverflowError):
        return None
    if clock[2] is None:
        return moment, moment + 59.999
    if clock[3] is None:
        return moment, moment + 0.999
    step = 10.0 ** -len(clock[3])
    return moment + int(clock[3]) * step, moment + (int(clock[3]) + 0.999) * step


def _zone(text: bytes | None) -> timezone:
    if text is None or text in (b"Z", b"UTC", b"GMT"):
        return UTC
    digits = text[1:].replace(b":", b"")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[:1] == b"-" else away)
