"""`veladora desk list`: the reports a person looks for, one page at a time. Nothing in them can act on the terminal."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.console import MISUSED, fail, plain, say
from relay.cli.rounds import say_what_is_missing
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, explained, safe_opening, unlocked

if TYPE_CHECKING:
    from forwarder.desk.casework import Subject
    from forwarder.desk.program import Desk
    from forwarder.desk.searching import Filter, Found

OPENING: Final = 60
_TITLES: Final = ("N", "round", "until (UTC)", "state", "topic", "place", "files", "tags", "text")
# What a narrow terminal does without, the first of it first, so that of a text at least so many letters are seen.
_GIVEN_UP: Final = ("round", "tags", "files", "topic", "place", "until (UTC)")
_TEXT_LEAST: Final = 24


def list_reports(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="Only reports, or notes on them, with words that begin so."),
    ] = None,
    state: Annotated[str, typer.Option(help="Only those in this state: new, checking, confirmed, ...")] = "",
    topic: Annotated[str, typer.Option(help="Only this topic's id.")] = "",
    place: Annotated[str, typer.Option(help="Only this place's id.")] = "",
    tag: Annotated[str, typer.Option(help="Only those with this tag.")] = "",
    assigned: Annotated[str, typer.Option(help="Only what this colleague looks after.")] = "",
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only what nobody looks after.")] = False,
    attachments: Annotated[
        bool | None, typer.Option("--with-files/--without-files", help="Only with, or without, attachments.")
    ] = None,
    incident: Annotated[int | None, typer.Option(min=1, help="Only the reports of this incident.")] = None,
    from_round: Annotated[int | None, typer.Option(min=0, help="Only from this round on.")] = None,
    to_round: Annotated[int | None, typer.Option(min=0, help="Only up to this round.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Go on after report N.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 100,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    folder: FolderOption = HERE,
    json: Json = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """List the reports, oldest first, and say what is missing.

    Accents and capitals need not be typed: `veladora desk list camion --state new` finds «CAMIÓN» and «camioneta».
    """
    from forwarder.desk.searching import page

    if assigned and unassigned:
        fail("--assigned and --unassigned exclude each other", hint="give one of them", code=MISUSED)
    with explained():
        wanted = _filter(
            words=words,
            state=state,
            topic=topic,
            place=place,
            tag=tag,
            assigned="" if unassigned else assigned or None,
            attachments=attachments,
            incident=incident,
            rounds=(from_round, to_round),
        )
    with unlocked(folder, passphrase_fd) as desk:
        found = page(desk.inbox.database, wanted, after=after, limit=limit, newest_first=newest)
        if json:
            _print_json(desk, [one.number for one in found.found], after=found.after)
            return
        _table(desk, found.found)
        if found.after is not None:
            say(f"There are more: add --after {found.after}")
        _say_what_is_missing(desk)


def standing_of(desk: "Desk", number: int) -> dict[str, Any]:
    """What people at the desk made of a report, for JSON."""
    from forwarder.desk.casework import Casework, Kind, Subject

    found = Casework(desk.inbox.database).standing(Subject(Kind.REPORT, number))
    return {
        "state": found.state.value,
        "assigned": found.assigned,
        "tags": list(found.tags),
        "incident": found.incident,
    }


def standing_lines(found: dict[str, Any]) -> Iterator[str]:
    """The same, for a person."""
    yield f"  state: {found['state']}"
    if found["assigned"]:
        yield f"  looked after by: {plain(found['assigned'])}"
    if found["tags"]:
        yield f"  tags: {plain(', '.join(found['tags']))}"
    if found["incident"] is not None:
        yield f"  part of incident {found['incident']}"


def history_of(desk: "Desk", subject: "Subject") -> list[dict[str, Any]]:
    """What was done with a report or an incident, for JSON."""
    from forwarder.desk.casework import Casework

    return [
        {"day": line.day.isoformat(), "by": line.colleague, "did": line.deed.value, "what": line.detail}
        | ({} if line.of is None else {"incident": line.of})
        for line in Casework(desk.inbox.database).history(subject)
    ]


def in_words(line: dict[str, Any]) -> str:
    """A line of history on one line, marked so that no note can look like one of ours."""
    what = plain(line["what"]).replace("\n", " / ")
    of = f" (incident {line['incident']})" if "incident" in line else ""
    return f"· {line['day']} {plain(line['by']) or 'somebody'}{of}: {line['did']} {what}".rstrip()


def _filter(
    *,
    words: list[str] | None,
    state: str,
    topic: str,
    place: str,
    tag: str,
    assigned: str | None,
    attachments: bool | None,
    incident: int | None,
    rounds: tuple[int | None, int | None],
) -> "Filter":
    from crypto.layers import RoundNumber
    from forwarder.desk.casework import colleague_name, tag_name
    from forwarder.desk.searching import Filter, expression
    from forwarder.desk.triage import state_named

    first, last = (None if number is None else RoundNumber(number) for number in rounds)
    typed = " ".join(words) if words else None
    if typed is not None:
        expression(typed)
    return Filter(
        words=typed,
        state=state_named(state) if state else None,
        topic=topic or None,
        place=place or None,
        tag=tag_name(tag) if tag else None,
        assigned=colleague_name(assigned) if assigned else assigned,
        attachments=attachments,
        incident=incident,
        first=first,
        last=last,
    )


def _print_json(desk: "Desk", numbers: Sequence[int], *, after: int | None) -> None:
    from forwarder.desk.escapes import in_json
    from forwarder.desk.reading import documents

    seconds = desk.settings.relay.round_seconds
    entries = [desk.inbox.entry(number) for number in numbers]
    opened = documents(desk.inbox, entries, round_seconds=seconds, sandbox=safe_opening())
    found = [document | standing_of(desk, number) for document, number in zip(opened, numbers, strict=True)]
    typer.echo(in_json({"reports": found, "after": after, "gaps": list(_gaps(desk))}))


def _table(desk: "Desk", found: Sequence["Found"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        say("No reports yet." if desk.inbox.empty else "No report is like that.")
        return
    openings = safe_opening().list_of_texts([one.opening for one in found])
    period = desk.settings.relay.round_seconds
    rows = [_cells(one, opening, round_seconds=period) for one, opening in zip(found, openings, strict=True)]
    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else 160, emoji=False, markup=False)
    shown, room = _fitting(rows, console.width) if terminal else (_TITLES, None)
    table = Table(highlight=False)
    for title in shown:
        # On a terminal a report is one line, and a text that is longer than its room is cut.
        text = title == "text"
        table.add_column(title, no_wrap=terminal or not text, max_width=room if text else None)
    for row in rows:
        # Text, never a string: a string would be read for markup.
        table.add_row(*(Text(cell) for title, cell in zip(_TITLES, row, strict=True) if title in shown))
    console.print(table)
    if left_out := [title for title in _TITLES if title not in shown]:
        say(f"The terminal is too narrow for {', '.join(left_out)}: make it wider, or write --json.")


def _fitting(rows: Sequence[tuple[str, ...]], width: int) -> tuple[tuple[str, ...], int]:
    """The columns that a terminal of this width has room for, and the room for text. Number, state and text are always
    among them: without its number no report can be shown."""
    columns = zip(_TITLES, zip(*rows, strict=True), strict=True)
    # Each column has a border and two spaces.
    widths = {title: max(map(len, (title, *cells))) + 3 for title, cells in columns if title != "text"}
    shown = list(_TITLES)
    room = width - 4 - sum(widths.values())
    for title in _GIVEN_UP:
        if room < _TEXT_LEAST:
            shown.remove(title)
            room += widths[title]
    return tuple(shown), max(1, room)


def _cells(one: "Found", opening: str, *, round_seconds: int) -> tuple[str, ...]:
    from forwarder.desk.reading import edges

    opening = " ".join(opening.split())
    return (
        str(one.number),
        str(one.round_number),
        edges(one, round_seconds=round_seconds)[1],
        one.state.value if one.incident is None else f"{one.state.value} in {one.incident}",
        one.topic,
        one.place,
        f"{one.whole}/{one.attachments}" if one.attachments else "",
        plain(" ".join(one.tags)),
        opening if len(opening) <= OPENING else f"{opening[: OPENING - 1]}…",
    )


def _gaps(desk: "Desk") -> Iterator[dict[str, str]]:
    from crypto.cells import CellClass
    from forwarder.webhook import bundle_id

    for cell_class in CellClass:
        for gap in desk.inbox.gaps(cell_class, step=desk.settings.relay.step(cell_class)):
            yield {"first": bundle_id(cell_class, gap.first), "last": bundle_id(cell_class, gap.last)}


def _say_what_is_missing(desk: "Desk") -> None:
    say_what_is_missing(desk)
    if orphans := desk.inbox.orphans():
        say(f"{orphans} part(s) of attachments came whose report has not come.")
    damage = desk.inbox.damage()
    if damage.forged or damage.malformed:
        say(f"{damage.forged} cell(s) for this desk were altered on the way, {damage.malformed} not in our format.")
