"""What a browser sends from a form: read once, within limits, as text; anything else is refused whole.

What was typed stays as it was typed, so that a page can show it again beside its fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from forwarder.desk.errors import BadForm

BODY_MAX: Final = 262_144
FIELDS_MAX: Final = 1_200
NAME_MAX: Final = 64
VALUE_MAX: Final = 65_536
CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
# SQLite's largest number has 19 digits; a number of a report has fewer.
_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form or of a query, each with all its values in their order."""

    fields: Mapping[str, tuple[str, ...]]

    @classmethod
    def parse(cls, wire: bytes) -> "Form":
        """Raises BadForm on anything that is not a form in UTF-8 within the limits."""
        if len(wire) > BODY_MAX:
            raise BadForm(f"more than {BODY_MAX} bytes")
        try:
            pairs = parse_qsl(
                wire.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX, separator="&"
            )
        except ValueError as error:
            raise BadForm("it is not a form, or has too many fields") from error
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if len(name) > NAME_MAX or len(value) > VALUE_MAX:
                raise BadForm("a field is too long")
            # Browsers end lines in CR LF, whatever was typed.
            found.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n"))
        return cls(MappingProxyType({name: tuple(values) for name, values in found.items()}))

    def text(self, name: str) -> str:
        """The first value as it was typed; empty when there is none."""
        return self.fields.get(name, ("",))[0]

    def word(self, name: str) -> str:
        """The first value without the spaces around it."""
        return self.text(name).strip()

    def has(self, name: str) -> bool:
        """Whether the field came and is not empty: a box that was ticked."""
        return bool(self.text(name))

    def number(self, name: str) -> int | None:
        """The first value as a number, or None when it is none."""
        return whole_number(self.word(name))

    def numbers(self, name: str) -> list[int]:
        """Every value as a number, each once. Raises BadForm when one is none."""
        found = [whole_number(value.strip()) for value in self.fields.get(name, ())]
        if None in found:
            raise BadForm("a number was expected")
        return sorted({number for number in found if number is not None})


EMPTY: Final = Form(MappingProxyType({}))


def whole_number(typed: str) -> int | None:
    """A number of plain digits, or None."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _DIGITS_MAX else None
