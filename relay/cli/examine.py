"""`veladora examine`: whether a disk, a folder or a running relay holds what a seizure must not find."""

import json
import os
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli.console import MISUSED, answer, fail, progress, say

if TYPE_CHECKING:
    from relay.examiner.findings import Row
    from relay.examiner.given import Given

# Not asked for by a wrong option, and not a failure either: a part of the answer is missing.
UNSEEN: Final = 3
_INDENT: Final = " " * 6

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders, files, disk images or block devices.", show_default=False),
]
LiveOption = Annotated[
    list[int] | None,
    typer.Option("--live", metavar="PID", min=1, help="A running relay: its supervisor, or one of its processes."),
]
WindowOption = Annotated[
    str,
    typer.Option(
        "--window",
        metavar="FROM..TO",
        help="When reports came, so that moments in between are looked for: 2026-11-22T20:15Z..now, -2h..now, or "
        "seconds since 1970. Let it begin after the relay was started and set up.",
    ),
]
KeysOption = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FOLDER",
        help="Cells and round keys to look for: *.cell, open-*.seed, past-*.seed. With --live, those of the open round "
        "are taken from the relay itself.",
    ),
]
MarkersOption = Annotated[
    Path | None,
    typer.Option("--markers", metavar="FILE", help="Texts that were sent: one a line, or hex:… or base64:…"),
]
ArrivalsOption = Annotated[
    Path | None,
    typer.Option(
        "--arrivals",
        metavar="FILE",
        help="When cells really came: seconds since 1970 and, if known, the cell's SHA-256, one a line.",
    ),
]
RoundOption = Annotated[int, typer.Option("--round", metavar="SECONDS", min=1, help="How long a round is.")]
SlackOption = Annotated[
    float | None,
    typer.Option("--slack", metavar="SECONDS", min=0, help="How long the work after a round's edge may take."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="The table as JSON.")]


def examine(
    paths: PathsArgument = None,
    live: LiveOption = None,
    window: WindowOption = "",
    keys: KeysOption = None,
    markers: MarkersOption = None,
    arrivals: ArrivalsOption = None,
    round_seconds: RoundOption = 900,
    slack: SlackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a relay as whoever takes the machine would, and say where something lies that should not.

    It reads everything and changes nothing: names, sizes, contents and all times of files, the inodes and the journal
    of an ext4 image, free space, swap, cores, tor's files, the memory and settings of running processes. It prints a
    row for each promise. **It never prints what it finds**, only where it lies and of what kind it is.

    What it can tell depends on what it is told. Without `--window` no moment can be judged; without `--markers`,
    `--keys` or `--live` it does not know what a report of yours looks like. Such rows say "could not look", which is
    not a pass. Numbers that happen to look like a time are counted against chance: a hit or two is no failure.

    Your own relay, as root, after an hour of running; PID is its main process (`systemctl show -P MainPID …`):

        veladora examine /var/lib/veladora-relay --live PID --window=-50m..now

    The disk of a machine that was switched off, from another one:

        veladora examine /dev/sdb1 --markers markers.txt --arrivals arrivals.txt --keys keys

    Exit codes: 0 nothing failed; 1 a row failed; 2 typed wrongly; 3 nothing failed, but something that was asked for
    could not be looked at.
    """
    from relay.examiner.examining import Question, examine
    from relay.examiner.findings import exit_code
    from relay.examiner.moments import NotAMoment, parse_span

    if not paths and not live:
        fail("nothing to examine", hint="name a folder, an image or a device, or a process with --live", code=MISUSED)
    # What is looked for passes through this process; it must not end in a core file of it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    now = time.time()
    try:
        span = parse_span(window, now=now) if window else None
        question = Question(
            paths=tuple(os.fspath(path) for path in paths or ()),
            pids=tuple(live or ()),
            given=_given(keys, markers, arrivals),
            span=span,
            round_seconds=round_seconds,
            slack=slack,
        )
        question.window  # noqa: B018 - a wrong one is told before the work begins
        with progress() as bar:
            rows = examine(replace(question, progress=lambda name, done, of: bar.step(name, done=done, of=of)))
    except NotAMoment as error:
        fail(str(error), hint="write --window 2026-11-22T20:15Z..2026-11-22T21:00Z, or -2h..now", code=MISUSED)
    for line in _json(rows) if as_json else table(rows):
        answer(line)
    _end(rows, exit_code(rows))


def table(rows: "list[Row]") -> list[str]:
    """The rows for people: outcome, what was found and where, what was not looked at, and the figures."""
    lines = []
    for row in rows:
        lines.append(f"{row.id.ljust(len(_INDENT))}{row.outcome.value.ljust(16)}{row.promise}")
        for found in row.findings:
            count = f", {found.count} of them" if found.count != 1 else ""
            lines.append(f"{_INDENT}FOUND  {found.kind}{count}: {found.where}")
        lines += [f"{_INDENT}could not look, because {unseen.because}" for unseen in row.unseen]
        lines += [f"{_INDENT}{name}: {_number(value)}" for name, value in row.figures.items()]
    return lines


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if value == int(value) else f"{value:g}"


def _json(rows: "list[Row]") -> list[str]:
    plain = [
        {
            "id": row.id,
            "promise": row.promise,
            "outcome": row.outcome.value,
            "findings": [{"kind": one.kind, "where": one.where, "count": one.count} for one in row.findings],
            "could_not_look": [{"because": one.because, "asked": one.asked} for one in row.unseen],
            "figures": row.figures,
        }
        for row in rows
    ]
    return [json.dumps({"rows": plain}, indent=2)]


def _given(keys: Path | None, markers: Path | None, arrivals: Path | None) -> "Given":
    from relay.examiner import given

    try:
        found = given.Given() if keys is None else given.read_keys(keys)
        return replace(
            found,
            markers=() if markers is None else given.read_markers(markers),
            arrivals=() if arrivals is None else given.read_arrivals(arrivals),
        )
    except given.BadGiven as error:
        fail(str(error), hint="`veladora examine --help` says what these files hold", code=MISUSED)


def _end(rows: "list[Row]", code: int) -> None:
    failed = [row.id for row in rows if row.findings]
    if code == 1:
        fail(
            f"{', '.join(failed)} failed",
            hint="keep the disk as it is and look at the places named above; tell us, without what lies there",
        )
    if code == UNSEEN:
        fail(
            "nothing failed, but not all that was asked for could be looked at",
            hint="the rows above say what and why; root may read more",
            code=UNSEEN,
        )
    say("nothing failed; a row that could not be looked at is not a pass")
