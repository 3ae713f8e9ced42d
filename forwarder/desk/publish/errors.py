"""Everything publishing raises on purpose, each with the remedy for the person in front of it."""

from collections.abc import Sequence
from pathlib import Path

from forwarder.desk.errors import DeskError


class NotAnAlert(DeskError):
    """What was given cannot be said in an alert; nothing was published."""

    hint = "mend what the message names, and look at the preview again"


class NotInThisState(DeskError):
    """An alert that was withdrawn stays withdrawn."""

    hint = "publish a new alert; it gets an id of its own"


class NoPlace(DeskError):
    """It is not known where the incident is; nothing was published."""

    hint = "name a place of the gazetteer by its id: --place mx-monterrey; `veladora directory places` shows Mexico's"


class NotConfirmed(DeskError):
    """More organisations, or fewer, are said to have confirmed it than the desk knows of; nothing was published."""

    def __init__(self, asked: int, *, least: int, most: int) -> None:
        super().__init__(f"{asked} organisation(s) cannot have confirmed it")
        self.hint = f"here it is {least} to {most}; `veladora desk mark` and `veladora desk also` say who knows what"


class MissingLanguage(DeskError):
    """The words are not in the languages that this desk publishes in; nothing was published."""

    hint = "write title and text in each of them, or change `languages` under [publish] in desk.toml"

    def __init__(self, languages: Sequence[str]) -> None:
        super().__init__(f"an alert of this desk is written in: {', '.join(languages)}, and in no other language")


class NotPublic(DeskError):
    """There is no alert of this incident; nothing was changed."""

    hint = "`veladora desk published` shows what is out; `veladora desk publish` makes the first version"

    def __init__(self, incident: int) -> None:
        super().__init__(f"nothing of incident {incident} is published")


class AlreadyPublic(DeskError):
    """There is an alert of this incident already; nothing was changed."""

    hint = "`veladora desk correct` changes what is out, `veladora desk withdraw` takes it back"

    def __init__(self, incident: int) -> None:
        super().__init__(f"an alert of incident {incident} is out already")


class MayNotLeave(DeskError):
    """Nothing of the incident may leave; nothing was published."""

    hint = "`veladora desk preview` says what it takes"


class ChangedMeanwhile(DeskError):
    """What would leave is no longer what a person saw; nothing was published."""

    hint = "look at the preview again"

    def __init__(self) -> None:
        super().__init__("since the preview something has changed, and other things would leave")


class StillWaits(DeskError):
    """It comes from one source and its wait is not over; nothing was published."""

    hint = "wait (a first version leaves by itself with --wait), or say why not: --hurry 'people are going there now'"

    def __init__(self, until: str) -> None:
        super().__init__(f"all of it comes from one source, so it waits until {until}")


class DoesNotWait(DeskError):
    """Only the first version of an alert, and only one that must wait, can leave by itself; nothing was changed."""

    hint = "publish it now, or look at the preview again"


class TooMuchToPublish(DeskError):
    """All alerts together are more, or larger, than a list can hold; the folder is as it was."""

    hint = "what is public stays so; old alerts should have been left out by themselves: tell us how many there are"

    def __init__(self, reason: str) -> None:
        super().__init__(f"what is published does not fit into one list: {reason}")


class NoAlertsKey(DeskError):
    """The key that signs what is published is not at hand; what was decided is kept, and the folder is as it was."""

    hint = "`veladora desk release` makes or opens it and signs; it needs the desk's passphrase"


class OtherAlertsKey(DeskError):
    """The key file is not that of the key this desk has published with; nothing was signed."""

    hint = (
        "put the right file back from a copy of the folder; readers trust that key and no other. Only if it is lost or"
        " stolen: `veladora desk new-alerts-key`"
    )


class BadPlaces(DeskError):
    """The gazetteer cannot be used."""

    hint = "mend the file that `places` in desk.toml names, or remove it: then the list of Mexico counts"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
