"""Everything `forwarder` raises on purpose, each with the remedy for whoever must act."""

from pathlib import Path


class ForwarderError(Exception):
    """A bundle could not be kept or handed over."""

    hint = ""


class NotWritten(ForwarderError):
    """A file could not be written; what was there before is unchanged and nothing was left behind."""

    hint = "look at the disk, and at who owns the folder: it must be writable by this program"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write {path}: {reason}")
        self.path = path


class NoSpace(NotWritten):
    """There is no room on the disk; what was there before is unchanged and nothing was left behind."""

    hint = "free space on this disk, or keep fewer rounds; nothing is lost as long as the program keeps running"


class Damaged(ForwarderError):
    """A file that we wrote is not what we wrote; the disk is failing or somebody changed it."""

    hint = "check the disk; remove the file, and partners will see a gap for that round"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is damaged: {reason}")
        self.path = path


class NotAGazetteer(ForwarderError):
    """A file of places is not one; nothing was taken from it."""

    hint = "mend the file as the message says; `veladora directory places` prints one that is right"


class NotACard(ForwarderError):
    """What should be a partner's card is not one, or not as it was made. Nothing was taken from it."""

    hint = "ask the partner for it again (`veladora desk card`, or the file that its page saves), and call them"


class NotMirrored(ForwarderError):
    """Published files did not come whole; the copy that is held is as it was."""

    hint = "nothing to do now: the copy you have stays; try again later"


class NoCopy(ForwarderError):
    """There is no copy of published files in this folder."""

    hint = "`veladora mirror` makes one; name the folder that was given there"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no copy of published alerts")
        self.folder = folder


class BadCopy(ForwarderError):
    """What lies in the folder of a copy is not what its publisher signed, or cannot be read."""

    hint = "check the disk, and who else writes there; then remove the folder and fetch again"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the copy in {folder} is of no use: {reason}")
        self.folder = folder


class NotDelivered(ForwarderError):
    """A partner did not acknowledge a bundle; it will be offered again in a later round."""

    hint = "nothing to do now; if it stays so for a day, tell the partner that their desk does not answer"


class Unreachable(NotDelivered):
    """Nobody answered at the partner's endpoint."""


class Refused(NotDelivered):
    """The partner's endpoint answered, but did not take the bundle."""

    hint = "ask the partner what their desk says; most often it has another relay's identity key in its settings"

    def __init__(self, status: int) -> None:
        super().__init__(f"the partner's endpoint answered {status}")
        self.status = status


class BadWebhook(ForwarderError):
    """The headers of a delivery are missing, are not ours, or disagree with the bundle. Refuse it."""

    hint = "compare the relay's identity key and the length of a round with what the relay's operator says"
