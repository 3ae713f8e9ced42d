"""Why a report did not leave, or was not seen to leave; each says who must act and that nothing was lost.

Nothing of a report is on a disk when one of these is raised: what was not sent is still only in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onion_service.errors import OnionServiceError

if TYPE_CHECKING:
    from crypto.layers import RoundNumber
    from onion_service.writing import Sealed


class ReporterError(OnionServiceError):
    """The reporter's side stopped."""


class CannotSend(ReporterError):
    """The report cannot be sent as it is written. Its writer must change it."""

    hint = "change the report; nothing was sent"


class Uncleanable(CannotSend):
    """A file may say who made it, where and when, and we cannot take that out."""

    hint = (
        "send a photo (JPEG, PNG, WebP, GIF) or a plain text instead, such as a screenshot of it; "
        "or allow it explicitly (--allow-uncleaned) if what it says of its maker does no harm"
    )


class WrongRelay(ReporterError):
    """The signed directory does not name the onion address that answered. Do not send to it."""

    hint = "the card is old or was tampered with: get it again from a place you trust"


class ClockWrong(ReporterError):
    """The relay's round key is not of now. The reporter's clock is wrong, or the relay's."""

    hint = "set this machine's date, time and time zone; if they are right, tell the relay's operator"


class DoorBroken(ReporterError):
    """The relay answers what no relay answers. Its operator must act."""

    hint = "try again later; if it stays so, tell the relay's operator"


class CellRefused(ReporterError):
    """The door says that the cell is not one for it (400). Sending it again would change nothing."""

    hint = (
        "this program and the relay do not understand each other: install the newest veladora; "
        "if it is the newest, tell the relay's operator"
    )


class RouteChanged(ReporterError):
    """A newer directory sends letters over another number of relays. What was sealed must be sealed anew."""

    hint = "send the report again; it will be sealed for the new route"


class OutOfPatience(ReporterError):
    """The relay did not take a cell, or did not answer, for as long as we were told to try."""

    hint = "try again later; the relay may be full, or down"


class NotAllSent(ReporterError):
    """Sending stopped early. What was sent is safe, and `unsent` may be sent later: the report stays the same one."""

    def __init__(
        self, *, sent: int, unsent: tuple[Sealed, ...], first_round: RoundNumber | None, because: Exception
    ) -> None:
        super().__init__(f"{sent} of {sent + len(unsent)} cells were sent, {len(unsent)} were not: {because}")
        self.sent = sent
        self.unsent = unsent
        self.first_round = first_round
        self.hint = getattr(because, "hint", "try again later; if it stays so, tell the relay's operator")


class NotSeen(ReporterError):
    """No hash list showed the cells in time. The relay may have lost its open round; send again."""

    hint = "send the report again: the relay may have lost it to a power cut. If both arrive, the desk shows it twice"

    def __init__(self, *, seen: int, unseen: int, first_round: int, last_round: int, unread: int = 0) -> None:
        """`unread`: of so many of these rounds the list could not be had, so the cells may stand there."""
        told = f"{unseen} of {seen + unseen} cells are in no bundle of rounds {first_round} to {last_round}"
        super().__init__(
            f"{told}; {unread} of their lists could not be read, and they may be there" if unread else told
        )
        self.unread = unread
        self.seen = seen
        self.unseen = unseen


class HeldDirectoryBroken(ReporterError):
    """The directory kept from the last time cannot be read, so an older one could not be told from a newer."""

    hint = "find out who changed it; delete it only if you know why, because then an old directory is not noticed"
