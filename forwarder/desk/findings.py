"""What was taken out of an attachment, what is still in it, and what nobody could check; closed lists, short texts.

Pure: no clock, no disk. A person at the desk reads these before looking at a file; what is not in a list was not done.
"""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What became of an attachment. Only what was cleaned has a copy; the original stays sealed either way."""

    CLEANED = "cleaned"
    REBUILT = "rebuilt from its pixels"
    NOT_CLEANED = "not cleaned"


class Removed(Enum):
    """Something that was in the original and is not in the copy."""

    CAMERA = "camera data: place, time, device (Exif)"
    XMP = "an editor's notes (XMP)"
    CAPTION = "captions and names (IPTC)"
    THUMBNAIL = "a small second picture"
    EXTRA_PICTURE = "further pictures"
    COMMENT = "comments"
    COLOUR = "colour profile"
    TIME = "a time"
    TRAILING = "bytes behind the picture"
    OTHER = "other parts that no viewer needs"
    CODING = "the original's own coding: every pixel was written anew"
    ANIMATION = "movement: the pictures after the first"
    ACTIVE = "text layer, links, forms, scripts and files inside: every page is a picture now"
    PAGES = "pages after the last that is shown"
    METADATA = "metadata: authors, times, programs, titles"
    HIDDEN = "hidden, look-alike and control characters"


class Remains(Enum):
    """Something that is still in the copy and may betray or mislead."""

    PICTURE = "what can be seen, and the camera's own noise"
    WORDS = "what it says, and how"
    SOUND = "voices and what is heard behind them"
    CODING = "the recorder's own coding, which may name its program"
    FORMATTING = "fonts, styles and the way it was laid out"
    LINKS = "links: do not follow them from here"
    TAGS = "fields that a second program still finds"


class Unchecked(Enum):
    """Something that nobody looked for, or could not."""

    WATERMARK = "marks hidden in the picture, the sound or the wording itself"
    JUDGE = "a second program (exiftool) was not there to look at the copy"
    MEDIA = "why it was sent as another kind of file than it is"
    ORIGINAL = "everything: it was not opened"


class Reason(Enum):
    """Why an attachment was not cleaned, and what would change that."""

    KIND = "there is no cleaner for this kind of file"
    TOOL = "the program that cleans this kind is not installed (docs/partner.md, Opening)"
    BROKEN = "it is cut off, damaged, or not what its beginning says"
    LARGE = "it is larger than what is opened here"
    LIMIT = "opening it used up its memory or time, or broke the program that opened it"
    ACTIVE = "it holds programs, or parts that call out to the network"
    TAGS = "a second program still found hidden fields in the copy"


@dataclass(frozen=True, slots=True)
class Findings:
    """The list that goes with each attachment. `reason` is there exactly when it was not cleaned."""

    outcome: Outcome
    removed: tuple[Removed, ...] = ()
    remains: tuple[Remains, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.NOT_CLEANED) != (self.reason is not None):
            raise ValueError("a reason goes with what was not cleaned, and only with that")

    def spoken(self) -> dict[str, str | list[str]]:
        """The same as plain words, for a page or report.json."""
        return {
            "outcome": self.outcome.value,
            "removed": [one.value for one in self.removed],
            "remains": [one.value for one in self.remains],
            "not_checked": [one.value for one in self.unchecked],
            "reason": self.reason.value if self.reason else "",
        }


@dataclass(frozen=True, slots=True)
class CleanCopy:
    """The list of an attachment, and its copy with its media type; `office` is an office document's ending.

    No bytes and no media type when there is no copy.
    """

    findings: Findings
    media: str = ""
    office: str = ""
    data: bytes = b""


def not_cleaned(reason: Reason) -> Findings:
    """The findings of an attachment that has no copy."""
    return Findings(Outcome.NOT_CLEANED, unchecked=(Unchecked.ORIGINAL,), reason=reason)
