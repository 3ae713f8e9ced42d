"""What a person wrote leaves cleaned and sealed, or not at all (docs/spec/report.md, docs/spec/cleaning.md).

Text and bytes go in, letters come out. File names stay here; they are for the messages to the writer only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from crypto import letter
from crypto.cells import SLOTS, CellClass, cell_hash
from crypto.directory import Directory
from crypto.errors import Malformed
from crypto.report import Attachment, Report, When, attach
from onion_service.clean.errors import CleanError
from onion_service.clean.kinds import UNKNOWN, kind_of, media_type_of
from onion_service.clean.photo import clean_photo
from onion_service.clean.text import clean_text
from onion_service.refusals import CannotSend, Uncleanable

TEXT: Final = "text/plain"

Removed = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was given. `name` is told to nobody but the writer."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file as it will leave, and what was taken out of it. `cleaned` False: it leaves as it was given."""

    name: str
    media: str
    data: bytes = field(repr=False)
    cleaned: bool
    removed: Removed


@dataclass(frozen=True, slots=True)
class Draft:
    """What the writer says; only the text is required. `topic` and `place` are ids of the directory."""

    text: str
    lang: str = "es"
    topic: str = ""
    place: str = ""
    where: str = ""
    when: When = When.UNSAID


@dataclass(frozen=True, slots=True)
class CleanDraft:
    """A draft and files with nothing left that betrays, and what was removed from the words, by kind."""

    draft: Draft
    files: tuple[CleanFile, ...]
    removed: Removed


@dataclass(frozen=True, slots=True)
class Sealed:
    """One letter or parcel as it will stand in a bundle; its hash is public once its round has ended."""

    cell: bytes = field(repr=False)
    cell_class: CellClass

    @property
    def hash(self) -> bytes:
        """The SHA-256 by which the round's public hash list shows it."""
        return cell_hash(self.cell)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report sealed to its partners: one letter, and a parcel for each part of each attachment."""

    report: Report
    partners: tuple[str, ...]
    letter: Sealed
    parcels: tuple[Sealed, ...]

    @property
    def cells(self) -> tuple[Sealed, ...]:
        """All of it, the letter first."""
        return (self.letter, *self.parcels)


def clean(draft: Draft, files: Sequence[File] = (), *, allow_uncleaned: bool = False) -> CleanDraft:
    """The draft and files as they will leave. Raises Uncleanable for a file that could betray its maker, unless the
    writer allowed it explicitly, and CannotSend for an empty text or file."""
    text, where = clean_text(draft.text), clean_text(draft.where)
    if not text.text.strip():
        raise CannotSend("the text is empty")
    cleaned = Draft(
        text=text.text,
        lang=draft.lang,
        topic=draft.topic,
        place=draft.place,
        where=" ".join(where.text.split()),
        when=draft.when,
    )
    counts = dict(text.removed)
    for kind, number in where.removed:
        counts[kind] = counts.get(kind, 0) + number
    cleaned_files = tuple(clean_file(file, allow_uncleaned=allow_uncleaned) for file in files)
    return CleanDraft(cleaned, cleaned_files, tuple(sorted(counts.items())))


def clean_file(file: File, *, allow_uncleaned: bool = False) -> CleanFile:
    """The file as it will leave. Raises as `clean` does."""
    if not file.data:
        raise CannotSend(f"{file.name} is empty")
    plain = _plain_text(file)
    if plain is not None:
        words = clean_text(plain)
        if not words.text:
            raise CannotSend(f"{file.name} is empty once cleaned")
        return CleanFile(file.name, TEXT, words.text.encode(), cleaned=True, removed=words.removed)
    try:
        photo = clean_photo(file.data)
    except CleanError as error:
        if not allow_uncleaned:
            raise Uncleanable(f"{file.name} cannot be cleaned: {error}") from error
        return CleanFile(file.name, media_type_of(file.data), file.data, cleaned=False, removed=())
    return CleanFile(file.name, photo.media_type, photo.data, cleaned=True, removed=photo.removed)


def prepare(written: CleanDraft, *, directory: Directory, to: Sequence[str]) -> Prepared:
    """The report sealed to the partners named in `to`, for the directory's route.

    Raises CannotSend when the directory knows no such partner, topic or place, when there are too many partners or
    attachments, or when it does not fit; its writer must change it.
    """
    draft = written.draft
    _check_names(draft, directory, to)
    total = sum(len(file.data) for file in written.files)
    if total > directory.attachments_max:
        raise CannotSend(f"the attachments have {total} bytes; this relay takes {directory.attachments_max}")
    keys = [directory.partner(partner).sealing_key for partner in to]
    relays = len(directory.route)
    try:
        attachments, parts = _attach(written.files)
        report = Report(
            text=draft.text,
            attachments=attachments,
            lang=draft.lang,
            place=draft.place,
            topic=draft.topic,
            when=draft.when,
            where=draft.where,
        )
        sealed = letter.seal_report(report, to=keys, relays=relays)
        parcels = tuple(Sealed(letter.seal_part(part, to=keys, relays=relays), CellClass.PARCEL) for part in parts)
    except (Malformed, ValueError) as error:
        raise CannotSend(str(error)) from error
    return Prepared(report, tuple(to), Sealed(sealed, CellClass.LETTER), parcels)


def _attach(files: Sequence[CleanFile]) -> tuple[list[Attachment], list[bytes]]:
    attachments: list[Attachment] = []
    parts: dict[bytes, None] = {}
    for file in files:
        attachment, its_parts = attach(file.data, media=file.media, cleaned=file.cleaned)
        attachments.append(attachment)
        # A part that stands in two files is known by one hash and leaves once.
        parts.update(dict.fromkeys(its_parts))
    return attachments, list(parts)


def _check_names(draft: Draft, directory: Directory, to: Sequence[str]) -> None:
    partners = [partner.id for partner in directory.partners]
    if not 1 <= len(to) <= SLOTS or len(set(to)) != len(to):
        raise CannotSend(f"a report is for one to {SLOTS} different partners")
    for partner in to:
        if partner not in partners:
            raise CannotSend(f"no partner {partner!r}; the directory lists: {', '.join(partners)}")
    for what, given, known in (
        ("topic", draft.topic, [topic.id for topic in directory.topics]),
        ("place", draft.place, [place.id for place in directory.places]),
    ):
        if given and given not in known:
            listed = ", ".join(known[:20]) or "none"
            raise CannotSend(f"no {what} {given!r}; the directory lists: {listed}")


def _plain_text(file: File) -> str | None:
    """The text of a `.txt` file, or None. Its name must say so: other files of characters (maps, drawings, mails,
    pages) hold facts about their maker that their reader does not see."""
    if not file.name.lower().endswith(".txt") or kind_of(file.data) != UNKNOWN or b"\x00" in file.data:
        return None
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        return None
