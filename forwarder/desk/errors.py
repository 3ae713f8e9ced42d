"""Everything the desk raises on purpose, each with the remedy for the person in front of it."""

from collections.abc import Sequence
from pathlib import Path

from forwarder.errors import ForwarderError


class DeskError(ForwarderError):
    """The desk cannot do what was asked."""


class BadSettings(DeskError):
    """The desk's settings cannot be used; nothing was started."""

    hint = "mend desk.toml: docs/partner.md says what each line means"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class AlreadyThere(DeskError):
    """There is something where a new thing should be made; it was not touched."""

    hint = "choose another folder, or give that one another name; what is there was not changed, and may hold reports"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already")
        self.path = path


class NotOpened(DeskError):
    """The inbox does not open with this passphrase."""

    hint = "type the passphrase again; the inbox is unchanged"


class Busy(DeskError):
    """Another program has the inbox to itself for longer than we wait; nothing was changed."""

    hint = "end what else works at this desk (a backup, another command), and try again"


class NotStored(DeskError):
    """The inbox could not be written; it is as it was before."""

    hint = "free space on this disk; the relay offers the bundle again by itself"


class Unreadable(DeskError):
    """The inbox opened, but a page of it does not hold; the disk is failing or somebody changed the file."""

    hint = "copy the folder away, check the disk, and go on with the last good copy"


class NoSuchReport(DeskError):
    """There is no report of that number."""

    hint = "`veladora desk list` shows the numbers"

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no report {number}")


class NoSuchIncident(DeskError):
    """There is no incident of that number."""

    hint = "`veladora desk incidents` shows the numbers"

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no incident {number}")


class NoSuchState(DeskError):
    """There is no state of that name; nothing was changed."""

    def __init__(self, name: str, *, known: Sequence[str]) -> None:
        super().__init__(f"there is no state {name[:40]!r}")
        self.hint = f"the states are: {', '.join(known)}"


class NoSuchStep(DeskError):
    """That step is not in the table of steps; nothing was changed."""

    def __init__(self, before: str, after: str, *, possible: Sequence[str]) -> None:
        super().__init__(f"what is {before} cannot become {after}")
        self.hint = f"from {before} it can become: {', '.join(possible)}"


class ReasonMissing(DeskError):
    """That step must say why; nothing was changed."""

    hint = "say why in a few words: --note 'two neighbours saw it too'"

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"from {before} to {after} needs a reason")


class BadWords(DeskError):
    """A note, tag or name cannot be kept as typed; nothing was changed."""

    hint = "type it again, shorter or in plain letters"


class NothingToSearch(DeskError):
    """A search without a word."""

    hint = "type at least one word of letters or digits, and no more than a sentence"

    def __init__(self) -> None:
        super().__init__("there is no word to search for, or there are too many")


class NotMerged(DeskError):
    """These reports cannot become one incident; nothing was changed."""

    hint = "name each report once; of two incidents that are public, withdraw one first"


class MergedAway(DeskError):
    """That incident has become a part of another one; nothing was changed."""

    def __init__(self, number: int, into: int) -> None:
        super().__init__(f"incident {number} has become part of incident {into}")
        self.hint = f"name incident {into}"


class NoSuchAttachment(DeskError):
    """The report has no whole attachment of that number."""

    hint = "`veladora desk show` lists the attachments; parts that are missing may still come"

    def __init__(self, number: int, place: int) -> None:
        super().__init__(f"report {number} has no whole attachment {place}")


class NoSandbox(DeskError):
    """This system gives no way to shut in the program that opens what strangers sent; nothing was opened."""

    hint = "install bubblewrap (apt-get install bubblewrap) and try again; see 'Open what came' in docs/partner.md"


class BadAnswer(DeskError):
    """The program that opens things did not answer as it must; its answer was dropped."""

    hint = "what it was given stays sealed; nothing of the answer was used"


class NotOpenedSafely(DeskError):
    """The program that opens things stopped before it had answered; what it was given stays sealed."""

    hint = "try again; if it happens with one report only, it may have been made to do this: tell us"


class NotAcknowledged(DeskError):
    """The original stays sealed until somebody says that they have read the warning."""

    hint = "read the warning; if you still need the original, say so with --acknowledge"


class DeskRuns(DeskError):
    """The desk is receiving, with the keys it was started with; or its keys are being changed."""

    hint = "stop `veladora desk run` or `receive`, do this, and start it again; what is missed is offered again"

    def __init__(self) -> None:
        super().__init__("the desk is running, or its keys are being changed")


class TooManyKeys(DeskError):
    """There are as many older keys as a desk tries, or one was made today."""

    hint = "`veladora desk forget-keys` destroys those that are no longer needed; one new key a day is enough"

    def __init__(self) -> None:
        super().__init__("this desk has too many older keys, or a new key was made today already")


class NotDestroyed(DeskError):
    """An older key is still there."""

    hint = "remove that file yourself, and every copy of it"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the key {path} was not destroyed: {reason}")
        self.path = path


class NoSuchPost(DeskError):
    """There is no post of that number in the queue."""

    hint = "`veladora desk channel posts` shows what is on its way"

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no post {number}")


class NoSuchChannel(DeskError):
    """There is no channel of that name."""

    hint = "`veladora desk channel list` shows the names"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no channel {name[:40]!r}")


class BadChannel(DeskError):
    """A channel cannot be used as it was given; nothing was changed."""

    hint = "mend what the message names; see 'Channels' in docs/partner.md"


class NoOutlet(DeskError):
    """What speaks to services cannot be shut in here, or is not installed; nothing was sent."""

    hint = "install bubblewrap, and the parts in requirements/channels.txt; docs/partner.md says how"


class NotSaid(DeskError):
    """A channel could not be spoken to; it is tried again later."""

    hint = "`veladora desk channel posts` shows what is on its way"


class BadForm(DeskError):
    """What came is not a form of one of our pages; nothing was changed."""

    hint = "go back, load the page again, and send it from there"


class DeskLocked(DeskError):
    """The desk was locked meanwhile; nothing was changed."""

    hint = "unlock it and do it again"

    def __init__(self) -> None:
        super().__init__("the desk is locked")


class TryLater(DeskError):
    """A passphrase was wrong several times; the next one must wait."""

    hint = "wait a little, then type it once more"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} second(s)")
        self.seconds = seconds


class NothingToTell(DeskError):
    """This incident is not one that another desk may be told of; nothing will be sent."""

    hint = "a word is about an incident that you confirmed or are checking, whose reports name a topic and a place"


class SingleReport(DeskError):
    """One report alone stands behind this incident, and a word about it may point at its writer."""

    hint = "think of who else could know; if you still want to tell them, say so with --single"

    def __init__(self, number: int) -> None:
        super().__init__(f"behind incident {number} there is one report alone; to tell of it may point at its writer")


class NobodyToTell(DeskError):
    """That partner cannot be told, or would not know that the word is ours; nothing will be sent."""

    hint = (
        "the relay's directory must name both desks, and the `signing` key of this one: give the card to the operator"
    )


class NotHeard(DeskError):
    """No desk has said that, or not about this; nothing was changed."""

    hint = "`veladora desk heard` lists what other desks said; `veladora desk also N NAME` notes what they told you"
