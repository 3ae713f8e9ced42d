"""`veladora audit`: whether a relay gives every visitor the same page and directory, and how sure that is."""

import asyncio
import math
import re
import time
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crypto.errors import CryptoError
from onion_service.errors import OnionServiceError
from relay.cli import compose
from relay.cli.console import MISUSED, Bar, answer, fail, progress, say
from relay.cli.directory import parse_card
from relay.cli.explain import explain
from relay.cli.road import SocksOption, StateOption, dialled, trust

if TYPE_CHECKING:
    from onion_service.auditing import Auditor
    from onion_service.evidence import Audit, Digest, Finding

# Nothing was found, and nothing was learned either; a program that watches must not take it for a good sign.
INCONCLUSIVE: Final = 3

_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SPAN_MAX: Final = 30 * 86_400
# So that nobody can tell from the hour that it is the auditor who comes.
_UNEVEN: Final = (0.75, 1.25)
_INDENT: Final = " " * 12


TimesOption = Annotated[int, typer.Option("--times", min=1, max=100_000, help="How many visits to make.")]
EveryOption = Annotated[
    str,
    typer.Option(
        "--every",
        metavar="SPAN",
        help="Make as many visits again about every 30m, 1h or 1d, until interrupted or until something is found; "
        "what is said at the end is about all of them.",
    ),
]
PaceOption = Annotated[float, typer.Option("--pace", min=0, help="Pause up to so many seconds between visits.")]
KeepOption = Annotated[
    Path | None,
    typer.Option(
        "--keep",
        metavar="FOLDER",
        help="When answers differ, save them here, byte for byte, for others to see. Left out: nothing is kept.",
    ),
]
AllowOption = Annotated[
    bool,
    typer.Option(
        "--allow-unpublished", help="Be content with equal pages where the directory publishes no hash of the page."
    ),
]


def audit(
    card: compose.CardArgument,
    times: TimesOption = 10,
    every: EveryOption = "",
    pace: PaceOption = 5.0,
    keep: KeepOption = None,
    allow_unpublished: AllowOption = False,
    socks: SocksOption = "",
    state: StateOption = None,
) -> None:
    """Visit a relay as different browsers over different circuits, and compare what each of them gets.

    A relay that means to harm one visitor gives that one another page, or a round key of their own. So each visit has
    new circuits, another system and language, and sometimes a cookie or the like that must change nothing. Every page
    is compared with the others and with the hash that the root key signed; directories are compared within a round.

    It shows what the visits of an auditor got, not what one person got whom the relay knew by other means. How
    small a share of altered visits it would have caught depends on how many visits there were: 300 catch one in a
    hundred with 95 %.

    Exit codes: 0 all that was compared is equal; 1 something differed; 2 typed wrongly; 3 nothing could be fetched, or
    no hash is published to compare with.
    """
    parsed = parse_card(card)
    span = parse_span(every) if every else None
    if keep is not None and keep.exists() and not keep.is_dir():
        fail(f"{keep} is not a folder", hint="name a folder, or one that is to be made", code=MISUSED)
    try:
        with progress() as bar, dialled(socks, state, bar) as dialler:
            from onion_service.auditing import Auditor, Surroundings

            chance = SystemRandom()
            around = Surroundings(dialler, time.time, asyncio.sleep, chance, lambda done, of: _tell(bar, done, of))
            auditor = Auditor(trust(parsed, state), around, pace=pace)
            try:
                asyncio.run(_visit(auditor, times, span, chance, bar))
            except KeyboardInterrupt:
                bar.step("interrupted; this is what was seen until then")
    except (CryptoError, OnionServiceError, OSError) as error:
        explain(error, code=INCONCLUSIVE)
    found = auditor.audit()
    for line in lines(found):
        answer(line)
    if keep is not None and found.findings:
        _keep(auditor, found, keep)
    _conclude(found, allow_unpublished=allow_unpublished, kept=keep is not None)


def parse_span(text: str, *, option: str = "--every") -> int:
    """Seconds in `30m`, `1h`, `1d`; ends the command as mistyped when it is anything else."""
    match = _SPAN.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _SPAN_MAX:
        fail(f"{option} {text}: not a span of time", hint="write 30m, 1h or 1d; at most 30d", code=MISUSED)
    return seconds


async def _visit(auditor: "Auditor", times: int, span: int | None, chance: SystemRandom, bar: Bar) -> None:
    """Until it is done; with a span, until something is found, because an alarm must be heard."""
    while True:
        await auditor.visit(times)
        seen = auditor.audit()
        if span is None or seen.findings:
            return
        bar.step(f"{seen.visits} visits, nothing differed; {times} more in about {span // 60 or 1} minutes")
        await asyncio.sleep(span * chance.uniform(*_UNEVEN))


def _tell(bar: Bar, done: int, of: int) -> None:
    if done < of:
        bar.step(f"visit {done + 1} of {of}", done=done, of=of)


# --- what it showed ----------------------------------------------------------------------------------------------


def lines(found: "Audit") -> list[str]:
    """All that an audit showed, for people."""
    said = [
        _line("visits", f"{found.visits}, each over circuits of its own"),
        _line("pages", _pages(found)),
        *(_line("", f"sha256 {digest}") for digest in found.page_hashes[:3]),
        _line("directories", _directories(found)),
        _line("unanswered", _missing(found)),
    ]
    for finding in found.findings:
        said += _finding(finding)
    return said if found.findings else [*said, *_sure(found)]


def _line(name: str, text: str) -> str:
    return f"{name.ljust(len(_INDENT))}{text}"


def _pages(found: "Audit") -> str:
    if not found.pages:
        return "none came"
    if found.findings:
        return f"{found.pages} came, {found.published} could be compared with a published hash"
    if found.published == found.pages:
        return f"{found.pages}, each as the root key signed it, byte for byte under the same headers"
    if found.published:
        return f"{found.pages} without a difference; only {found.published} had a published hash to be compared with"
    return f"{found.pages}, equal to each other; no published hash says that it is the right page"


def _directories(found: "Audit") -> str:
    if not found.directories:
        return "none came"
    rounds = f"{found.directories} in {len(found.rounds)} round{'s' if len(found.rounds) != 1 else ''}"
    return rounds if found.findings else f"{rounds}: signed by the root key, and the same for everybody within a round"


def _missing(found: "Audit") -> str:
    counted = [f"{path}: {count} {why.value}" for path, whys in found.missing.items() for why, count in whys.items()]
    return "; ".join(counted) or "none"


def _sure(found: "Audit") -> list[str]:
    """What n fetches without a finding are worth; rounded so that it is never more than it is."""
    from onion_service.evidence import assurance, assurance_by_comparing, smallest_share

    if not found.pages:
        return []
    n = found.pages
    said = []
    if found.published == n:
        low, high = (_up(smallest_share(n, confidence)) for confidence in (0.95, 0.99))
        said = [
            f"{n} fetches catch an alteration of 1 % of visits with {_down(assurance(n, 0.01))} %",
            f"with 95 % they catch one of {low} % of visits or more, with 99 % one of {high} % or more",
        ]
    else:
        caught = _down(assurance_by_comparing([n], 0.01))
        said = [
            f"{n} fetches catch an alteration of 1 % of visits with {caught} %",
            "they do not catch a page that is wrong for everybody",
        ]
    directories = _down(assurance_by_comparing(found.rounds, 0.01))
    said.append(f"the directories catch a round key of their own for 1 % of visitors with {directories} %")
    return [_line("how sure" if not at else "", text) for at, text in enumerate(said)]


def _down(share: float) -> str:
    return f"{math.floor(share * 1_000) / 10:.1f}"


def _up(share: float) -> str:
    return f"{math.ceil(share * 1_000) / 10:.1f}"


def _finding(finding: "Finding") -> list[str]:
    visits = ", ".join(map(str, finding.visits[:10])) + (", …" if len(finding.visits) > 10 else "")
    said = [finding.kind.value, f"{finding.where}, in {len(finding.visits)} visits ({visits})"]
    said += [f"got       {_digest(finding.found)}"] if finding.found else []
    said += [f"others    {_digest(finding.others)}"] if finding.others else []
    said += [finding.words] if finding.words else []
    return [_line("FOUND" if not at else "", text) for at, text in enumerate(said)]


def _digest(digest: "Digest") -> str:
    return f"sha256 {digest.body} (head {digest.head[:16]}…)"


# --- how it ends -------------------------------------------------------------------------------------------------


def _keep(auditor: "Auditor", found: "Audit", folder: Path) -> None:
    """The answers of every finding, as they were on the wire; what is there already stays."""
    from onion_service import durable

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved = 0
    for digest in {digest for finding in found.findings for digest in (finding.found, finding.others)} - {None}:
        sample = auditor.sample(digest) if digest else None
        if digest and sample is not None:
            path = folder / f"{digest.body[:16]}-{digest.head[:16]}.http"
            if not path.exists():
                durable.write_new(path, sample)
            saved += 1
    say(f"kept in {folder}: {saved} of the answers that differ. Whoever finds them knows that you audited this relay.")


def _conclude(found: "Audit", *, allow_unpublished: bool, kept: bool) -> None:
    """End the command unless all is well."""
    from onion_service.evidence import Kind

    if found.findings:
        if {finding.kind for finding in found.findings} == {Kind.KEYS_DIFFER}:
            say("A relay that is started anew within a round announces a second key, once. Audit again in a later one.")
        fail(
            "visitors did not all get what the root key signed, or not all the same",
            hint="do not use this address. Tell the organisation that gave you the card, not through this relay, and "
            "show them the lines above"
            + ("" if kept else "; with --keep FOLDER the next audit saves the answers that differ"),
        )
    if not found.pages:
        fail(
            f"nothing could be compared: no page came in {found.visits} visits",
            hint="this says nothing about the relay but that it did not answer: try again later",
            code=INCONCLUSIVE,
        )
    if found.published < found.pages and not (allow_unpublished and found.rounds and found.pages > 1):
        hint = (
            "ask the operator to publish the page's hash in the directory; --allow-unpublished is content without it"
            if found.rounds
            else "no directory came, which would say it: try again later"
        )
        fail(
            "no published hash says that this is the right page: only equality was compared",
            hint=hint,
            code=INCONCLUSIVE,
        )
