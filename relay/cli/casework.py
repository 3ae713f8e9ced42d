"""`veladora desk mark`, `note`, `tag`, `assign`, `incidents`, `merge`, `apart`, `split`: checking reports together.
A number is a report's, or with --incident an incident's; every change is kept with its day and who made it.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.console import answer, plain, say
from relay.cli.listing import history_of, in_words
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, explained, unlocked

if TYPE_CHECKING:
    from forwarder.desk.casework import By, Subject
    from forwarder.desk.corroboration import Proposal
    from forwarder.desk.incidents import Incident
    from forwarder.desk.program import Desk

Number = Annotated[int, typer.Argument(metavar="N", help="The number in `veladora desk list` (or `incidents`).")]
Numbers = Annotated[list[int], typer.Argument(metavar="N...", help="Numbers of reports.")]
OfIncident = Annotated[bool, typer.Option("--incident", help="N is the number of an incident.")]
Colleague = Annotated[
    str, typer.Option("--by", envvar="VELADORA_COLLEAGUE", help="Your name, for your colleagues' eyes only.")
]
_DAYS: Final = 28
# Written out, since what is imported to be helped slows every command; a test holds that it is all of them.
STATES: Final = "new, checking, confirmed, unconfirmed, false, published, corrected or withdrawn."


def mark(
    number: Number,
    state: Annotated[str, typer.Argument(metavar="STATE", help=STATES)],
    incident: OfIncident = False,
    note: Annotated[str, typer.Option(help="Why, in a few words; some steps ask for it.")] = "",
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Say how far a report or an incident has been looked into.

    new → checking → confirmed, unconfirmed or false → published → corrected or withdrawn. A step that is not possible
    is refused, and the answer says which are. Marking something as published does not publish it.
    """
    from forwarder.desk.casework import Casework
    from forwarder.desk.triage import possible, state_named

    with explained():
        after, hand = state_named(state), by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        Casework(desk.inbox.database).mark(_subject(number, incident), after, by=hand, note=note)
    say(f"{_called(number, incident)} is {after.value}. It can become: {', '.join(s.value for s in possible(after))}.")


def note(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note, in quotes.")],
    incident: OfIncident = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Add a note, which is never changed or removed. `veladora desk list WORD` finds the report, or the reports of the
    incident; `veladora desk show N`, with --incident for an incident, shows it.
    """
    from forwarder.desk.casework import Casework

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        Casework(desk.inbox.database).note(_subject(number, incident), text, by=hand)
    say(f"Noted on {_called(number, incident)}.")


def tag(
    number: Number,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Letters, digits and hyphens.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags off.")] = False,
    incident: OfIncident = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Put tags on, or take them off with --remove."""
    from forwarder.desk.casework import Casework, tag_name

    with explained():
        hand, names = by_hand(by), [tag_name(one) for one in tags]
    with unlocked(folder, passphrase_fd) as desk:
        casework, subject = Casework(desk.inbox.database), _subject(number, incident)
        for name in names:
            (casework.untag if remove else casework.tag)(subject, name, by=hand)
        found = casework.standing(subject).tags
    say(f"The tags of {_called(number, incident)}: {', '.join(found) or 'none'}.")


def assign(
    number: Number,
    colleague: Annotated[str, typer.Argument(help="Who looks after it from now on; leave it out for nobody.")] = "",
    incident: OfIncident = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Say which colleague looks after it."""
    from forwarder.desk.casework import Casework

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        casework, subject = Casework(desk.inbox.database), _subject(number, incident)
        casework.assign(subject, colleague, by=hand)
        name = casework.standing(subject).assigned
    say(f"{_called(number, incident)} is looked after by {name or 'nobody'}.")


def incidents(
    proposed: Annotated[bool, typer.Option("--proposed", help="Only what may belong together.")] = False,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Compare the reports of so many days.")] = _DAYS,
    after: Annotated[int, typer.Option(min=0, help="Go on after incident N.")] = 0,
    folder: FolderOption = HERE,
    json: Json = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Show the incidents, and which reports may be about the same thing.

    You decide: `veladora desk merge 12 15` makes them one incident, `veladora desk apart 12 15` keeps them apart for
    good. Many reports are not many witnesses: one person can write twice.
    """
    from forwarder.desk.escapes import in_json
    from forwarder.desk.incidents import Incidents

    with unlocked(folder, passphrase_fd) as desk:
        kept, seconds = Incidents(desk.inbox.database), desk.settings.relay.round_seconds
        found = [] if proposed else kept.page(after=after)
        since = desk.inbox.rounds_back(days * 86_400 // seconds)
        maybe = kept.proposals(round_seconds=seconds, since=since)
        words = desk.words(now=time.time())
        waiting = sum(said.incident is None and bool(words.like(said)) for said in words.heard())
    if json:
        answer(in_json({"incidents": [_told(one) for one in found], "proposed": [_asked(one) for one in maybe]}))
        return
    for line in (*map(incident_line, found), *(line for one in maybe for line in _question(one))):
        answer(plain(line))
    if not found and not maybe:
        say("No incidents, and no reports that look alike.")
    if waiting:
        say(f"{waiting} word(s) of other desks may be about an incident of yours: `veladora desk heard`")


def merge(
    reports: Numbers, by: Colleague = "", folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None
) -> None:
    """Make reports one incident; a report may also be one alone. Incidents they belong to become one with it."""
    from forwarder.desk.incidents import Incidents

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        kept = Incidents(desk.inbox.database)
        found = kept.incident(kept.merge(reports, by=hand))
    answer(plain(incident_line(found)))
    say(f"Next: `veladora desk mark {found.number} STATE --incident`; a mistake is mended by `veladora desk split`.")


def apart(
    reports: Numbers, by: Colleague = "", folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None
) -> None:
    """Keep reports apart: they are not about the same thing, and are not proposed together again."""
    from forwarder.desk.incidents import Incidents

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        Incidents(desk.inbox.database).keep_apart(reports, by=hand)
    say("Kept apart. `veladora desk merge` puts them together if that was a mistake.")


def split(number: Number, by: Colleague = "", folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Take a report out of its incident."""
    from forwarder.desk.incidents import Incidents

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        Incidents(desk.inbox.database).split(number, by=hand)
    say(f"Report {number} stands alone again.")


COMMANDS: Final[tuple[Callable[..., None], ...]] = (mark, note, tag, assign, incidents, merge, apart, split)


def by_hand(colleague: str) -> "By":
    """Who does it, today."""
    from forwarder.desk.casework import By

    return By(datetime.now(UTC).date(), colleague)


def _subject(number: int, incident: bool) -> "Subject":
    from forwarder.desk.casework import Kind, Subject

    return Subject(Kind.INCIDENT if incident else Kind.REPORT, number)


def _called(number: int, incident: bool) -> str:
    return f"{'incident' if incident else 'report'} {number}"


def incident_line(one: "Incident") -> str:
    """An incident on one line."""
    line = f"incident {one.number}: {one.state.value}, {len(one.counting)} report(s) from {one.partners} partner(s)"
    if one.reports:
        line += f"; reports {', '.join(map(str, one.reports))}"
    if one.also:
        line += f"; also {', '.join(one.also)}"
    if one.assigned:
        line += f"; looked after by {one.assigned}"
    return line + (f"; tags {', '.join(one.tags)}" if one.tags else "")


def show_incident(desk: "Desk", number: int, *, json: bool) -> None:
    """An incident, and what was done with it and with those that became a part of it."""
    from forwarder.desk.casework import Kind, Subject
    from forwarder.desk.escapes import in_json
    from forwarder.desk.incidents import Incidents

    found = Incidents(desk.inbox.database).incident(number)
    history = history_of(desk, Subject(Kind.INCIDENT, number))
    if json:
        answer(in_json(_told(found) | {"history": history}))
        return
    answer(plain(incident_line(found)))
    for line in history:
        answer(f"  {in_words(line)}")


def _question(one: "Proposal") -> Iterator[str]:
    joins = f" with incident {', '.join(map(str, one.incidents))}" if one.incidents else ""
    yield f"the same? reports {' '.join(map(str, one.reports))}{joins} (score {one.score:.2f}): {one.in_words()}"


def _told(one: "Incident") -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state.value,
        "assigned": one.assigned,
        "tags": list(one.tags),
        "reports": list(one.reports),
        "counting": list(one.counting),
        "partners": one.partners,
        "also": list(one.also),
    }


def _asked(one: "Proposal") -> dict[str, Any]:
    return {
        "reports": list(one.reports),
        "incidents": list(one.incidents),
        "score": one.score,
        "reasons": [reason.value for reason in one.reasons],
        "words": list(one.words),
    }
