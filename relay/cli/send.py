"""`veladora send`: a report leaves over Tor, or its writer hears what did not leave and why."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli import compose
from relay.cli.console import answer, confirm, fail, interactive, progress, say
from relay.cli.directory import parse_card
from relay.cli.road import SocksOption, StateOption, surroundings, trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crypto.directory import Directory
    from onion_service.reporter import Sender, Sent, Surroundings
    from onion_service.writing import Prepared, Sealed


def send(
    card: compose.CardArgument,
    text: compose.TextArgument = "",
    attach: compose.AttachOption = None,
    to: compose.ToOption = None,
    topic: compose.TopicOption = "",
    place: compose.PlaceOption = "",
    where: compose.WhereOption = "",
    when: compose.WhenOption = "unsaid",
    lang: compose.LangOption = "es",
    allow_uncleaned: compose.AllowOption = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the round's public list shows every cell.")] = False,
    hashes: Annotated[bool, typer.Option("--hashes", help="Print the public hash of each cell.")] = False,
    pace: Annotated[float, typer.Option("--pace", min=0, help="Pause up to so many seconds between cells.")] = 2.0,
    patience: Annotated[float, typer.Option("--patience", min=0, help="Seconds to go on trying for each cell.")] = 1800,
    socks: SocksOption = "",
    state: StateOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before sending.")] = False,
) -> None:
    """Write a report, clean it, seal it for the organisations you choose, and send it over Tor.

    Nothing is written to this machine's disk. Interrupting is safe: what was not sent is gone.
    """
    from onion_service.reporter import Sender
    from onion_service.writing import prepare

    parsed = parse_card(card)
    draft, files = compose.written(
        text, attach or [], topic=topic, place=place, where=where, when=when, lang=lang, allow_uncleaned=allow_uncleaned
    )
    with progress() as bar, surroundings(socks, state, bar) as around:
        sender = Sender(trust(parsed, state), around, patience=patience)
        directory = asyncio.run(sender.directory())
        with bar.paused():
            report, partners = compose.completed(draft, files, to or [], directory)
            compose.show(report, partners, directory)
            prepared = prepare(report, directory=directory, to=partners)
            if interactive() and not yes and not confirm("Send it?"):
                fail("nothing was sent", hint="run the command again when you are ready")
        sent = _send_all(sender, prepared.cells, pace=pace, ask=interactive() and not yes)
        rounds = _watch(sent, directory, around) if wait else ()
    _done(prepared, sent, rounds, waited=wait, hashes=hashes)


def _send_all(sender: "Sender", cells: "Sequence[Sealed]", *, pace: float, ask: bool) -> "Sent":
    """Send every cell; a person may have what was not sent tried again for as long as they like."""
    from onion_service.refusals import NotAllSent
    from onion_service.reporter import Sent

    left, first = tuple(cells), None
    while True:
        try:
            sent = asyncio.run(sender.send(left, pace=pace))
        except NotAllSent as error:
            first = error.first_round if first is None else first
            left = error.unsent
            say(str(error))
            if not ask or not confirm("It is still in memory. Try the rest again?"):
                raise
        except KeyboardInterrupt:
            fail("interrupted; some of it may have been sent", hint="run the command again to send all of it", code=130)
        else:
            return Sent(tuple(cells), sent.first_round if first is None else first, sent.last_round)


def _watch(sent: "Sent", directory: "Directory", around: "Surroundings") -> tuple[int, ...]:
    from onion_service.watching import await_rounds

    return asyncio.run(await_rounds(sent, directory, around)).rounds


def _done(prepared: "Prepared", sent: "Sent", rounds: tuple[int, ...], *, waited: bool, hashes: bool) -> None:
    answer(f"sent: 1 letter, {len(prepared.parcels)} parcels, to {', '.join(prepared.partners)}")
    if rounds:
        answer(f"left in round {', '.join(str(number) for number in rounds)}")
    if hashes:
        for sealed in prepared.cells:
            answer(f"{sealed.cell_class.name.lower()} {sealed.hash.hex()}")
    if not waited:
        say(f"The relay has it. It leaves at the end of round {sent.last_round}; with --wait you see that it did.")
    say("Nothing was kept on this machine but what your terminal shows: clear it, and your shell's history.")
