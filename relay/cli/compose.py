"""A person's words and files, from a prompt, a file or a pipe, are shown as they will leave before anything leaves."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli.console import MISUSED, ask, fail, interactive, say
from relay.cli.keys import read_at_most

if TYPE_CHECKING:
    from crypto.directory import Directory
    from onion_service.writing import CleanDraft, CleanFile, Draft, File

TEXT_FILE_MAX: Final = 262_144
# More than any relay takes; the directory's own limit is checked once it is known.
ATTACHMENTS_READ_MAX: Final = 67_108_864
# Without its line end; the kernel drops the rest of a longer one (termios(3), canonical mode).
TERMINAL_LINE_MAX: Final = 4_095

CardArgument = Annotated[
    str, typer.Argument(metavar="CARD", help="The relay's card, from a place you trust: ADDRESS.onion#ROOT_KEY.")
]
TextArgument = Annotated[
    str, typer.Argument(metavar="[FILE|-]", help="The text: a file, or - for a pipe. Left out: you are asked.")
]
AttachOption = Annotated[
    list[Path] | None, typer.Option("--attach", metavar="FILE", help="A photo or text to attach; may be repeated.")
]
ToOption = Annotated[
    list[str] | None, typer.Option("--to", metavar="PARTNER", help="Whom it is for: up to four; may be repeated.")
]
TopicOption = Annotated[str, typer.Option("--topic", metavar="ID", help="What it is about, from the directory.")]
PlaceOption = Annotated[str, typer.Option("--place", metavar="ID", help="Where, from the directory.")]
WhereOption = Annotated[str, typer.Option("--where", metavar="WORDS", help="Where, in your own words.")]
WhenOption = Annotated[str, typer.Option("--when", metavar="WHEN", help="now, today, this_week or earlier.")]
LangOption = Annotated[str, typer.Option("--lang", metavar="ISO639", help="The language of the text.")]
AllowOption = Annotated[
    bool, typer.Option("--allow-uncleaned", help="Send files as they are when they cannot be cleaned.")
]


def written(
    text: str,
    attach: Sequence[Path],
    *,
    topic: str,
    place: str,
    where: str,
    when: str,
    lang: str,
    allow_uncleaned: bool,
) -> "tuple[Draft, tuple[CleanFile, ...]]":
    """What was given on the command line: files are read and cleaned before anybody is called. The text stays empty
    when it is to be asked for."""
    from crypto.report import When
    from onion_service.writing import Draft, clean_file

    try:
        said = When(when)
    except ValueError:
        known = ", ".join(option.value for option in When if option is not When.UNSAID)
        fail(f"--when {when!r} is not known", hint=f"one of: {known}", code=MISUSED)
    draft = Draft(text=_given_text(text), lang=lang, topic=topic, place=place, where=where, when=said)
    return draft, tuple(clean_file(file, allow_uncleaned=allow_uncleaned) for file in _files(attach))


def completed(
    draft: "Draft", files: "tuple[CleanFile, ...]", to: Sequence[str], directory: "Directory"
) -> "tuple[CleanDraft, list[str]]":
    """The report with whatever was missing asked for, cleaned. Ends the command when it cannot ask."""
    from onion_service.writing import clean

    partners = list(to) or _whom(directory)
    if not draft.text:
        draft = replace(
            draft,
            topic=draft.topic or _which("What is it about", [(t.id, t.name.es) for t in directory.topics]),
            text=_typed_text(),
        )
    words = clean(draft)
    return replace(words, files=files), partners


def show(report: "CleanDraft", partners: Sequence[str], directory: "Directory") -> None:
    """Tell the writer, on stderr, exactly what will leave and what was taken out."""
    draft = report.draft
    names = [f"{directory.partner(p).name} ({p})" for p in partners if p in {x.id for x in directory.partners}]
    say(f"To       {', '.join(names) or ', '.join(partners)}")
    for label, value in (("Topic", draft.topic), ("Place", draft.place), ("Where", draft.where)):
        if value:
            say(f"{label:8} {value}")
    if draft.when.value != "unsaid":
        say(f"When     {draft.when.value}")
    say(f"Text     {len(draft.text)} characters, language {draft.lang}{_removed(report.removed)}")
    if interactive():
        for line in draft.text.splitlines():
            say(f"         {line}")
    _point_out(draft)
    for file in report.files:
        state = f"cleaned{_removed(file.removed)}" if file.cleaned else "NOT cleaned: it may say who made it and where"
        say(f"File     {file.name}: {file.media}, {len(file.data)} bytes, {state}; its name is not sent")


def _point_out(draft: "Draft") -> None:
    """Tell the writer what may identify somebody; in which words, only to a person, because a pipe may be a log."""
    from onion_service.clean.identify import identifying

    found: dict[str, list[str]] = {}
    for words in (draft.text, draft.where):
        for finding in identifying(words):
            found.setdefault(finding.kind, []).append(" ".join(words[finding.start : finding.end].split()))
    if not found:
        return
    say("Look at  what may tell who you are, or who others are. It stays as you wrote it; you decide:")
    for kind, parts in found.items():
        shown = f": {', '.join(dict.fromkeys(parts))}" if interactive() else ""
        say(f"         {kind} ×{len(parts)}{shown}")
    say("         Leave out what points at you. What is about those you report may be why you write.")


def _given_text(source: str) -> str:
    if source in ("", "-"):
        if source == "" and sys.stdin.isatty():
            return ""
        wire = sys.stdin.buffer.read(TEXT_FILE_MAX + 1)
        name = "the text on stdin"
        if len(wire) > TEXT_FILE_MAX:
            fail(f"{name} is longer than {TEXT_FILE_MAX} bytes", hint="shorten it, or attach it as a .txt file")
    else:
        wire, name = read_at_most(Path(source), TEXT_FILE_MAX), source
    try:
        text = wire.decode()
    except UnicodeDecodeError:
        fail(f"{name} is not UTF-8 text", hint="save it as UTF-8; photos are given with --attach", code=MISUSED)
    if not text.strip():
        fail(f"{name} is empty", hint="write the report into a file, or type it on a terminal", code=MISUSED)
    return text


def _files(paths: Sequence[Path]) -> "list[File]":
    from onion_service.writing import File

    left = ATTACHMENTS_READ_MAX
    files = []
    for path in paths:
        data = read_at_most(path, left)
        left -= len(data)
        files.append(File(path.name, data))
    return files


def _whom(directory: "Directory") -> list[str]:
    if len(directory.partners) == 1:
        return [directory.partners[0].id]
    listed = ", ".join(partner.id for partner in directory.partners)
    if not interactive():
        fail("several organisations read here; say whom it is for", hint=f"--to one of: {listed}", code=MISUSED)
    say("Who shall read it? Everybody else, the relay too, cannot.")
    for partner in directory.partners:
        say(f"  {partner.id}: {partner.name}. {partner.about.es}")
    return ask("Ids, with spaces between").split()


def _which(question: str, known: list[tuple[str, str]]) -> str:
    if not known:
        return ""
    for slug, name in known:
        say(f"  {slug}: {name}")
    return ask(f"{question} (an id, or nothing)")


def _typed_text() -> str:
    if not interactive():
        fail("there is no text", hint="give a file, or - and a pipe", code=MISUSED)
    say("Write what you saw. End with a line that holds a single dot.")
    # Readline edits lines, and takes more than a terminal gives at once. It writes to stdout, so it must be a terminal.
    read = _edited_line if sys.stdout.isatty() else _plain_line
    lines: list[str] = []
    while (line := read()) is not None and line != ".":
        lines.append(line)
    return "\n".join(lines)


def _edited_line() -> str | None:
    import readline

    readline.set_auto_history(False)
    try:
        return input()
    except EOFError:
        return None


def _plain_line() -> str | None:
    line = sys.stdin.readline()
    if len(line.encode(errors="surrogateescape")) > TERMINAL_LINE_MAX:
        fail("that line is longer than a terminal gives, and was cut", hint="write it into a file, and give the file")
    return line.removesuffix("\n") if line else None


def _removed(counts: tuple[tuple[str, int], ...]) -> str:
    return f", removed or made plain: {', '.join(f'{kind} ×{number}' for kind, number in counts)}" if counts else ""
