"""Who publishes, as the feeds name them.

Pure: no clock, no disk, no chance.
"""

import re
from dataclasses import dataclass
from typing import Final

from forwarder.desk.publish.errors import NotAnAlert

NAME_MAX: Final = 400
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Publisher:
    """The partner's id and name, as they stand in the directory. Raises NotAnAlert on anything else."""

    id: str
    name: str

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.id):
            raise NotAnAlert("the publisher's id: small letters, digits and hyphens")
        if not (0 < len(self.name) <= NAME_MAX and self.name.isprintable()):
            raise NotAnAlert(f"the publisher's name: 1 to {NAME_MAX} characters on one line")
