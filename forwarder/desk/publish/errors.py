"""Everything publishing raises on purpose, each with the remedy for the person in front of it."""

from forwarder.desk.errors import DeskError


class NotAnAlert(DeskError):
    """What was given cannot be said in an alert; nothing was published."""

    hint = "mend what the message names, and look at the preview again"


class NotInThisState(DeskError):
    """An alert that was withdrawn stays withdrawn."""

    hint = "publish a new alert; it gets an id of its own"
