"""`veladora cover`: company for those who write; visits like theirs, over Tor, with nothing in them."""

import asyncio
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli import compose
from relay.cli.audit import parse_span
from relay.cli.console import MISUSED, Bar, fail, progress, say
from relay.cli.directory import parse_card
from relay.cli.road import SocksOption, StateOption, dialled, trust

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from crypto.directory import Card
    from onion_service.covering import Doing, Surroundings
    from onion_service.dial import Dialler

_EVERY_LEAST: Final = 30

EveryOption = Annotated[
    str,
    typer.Option(
        "--every",
        metavar="SPAN",
        help="Begin a visit about so often, by chance: 30s, 10m, 1h. A visit lasts eleven minutes on average and "
        "brings a cell a minute, so at 10m one is open, on average, and a cell leaves each minute.",
    ),
]
ForOption = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="SPAN",
        help="Begin no more after 30m, 2h or 1d; what is open then ends by itself. Left out: go on until interrupted.",
    ),
]


def cover(
    card: compose.CardArgument,
    every: EveryOption = "10m",
    lasting: ForOption = "",
    socks: SocksOption = "",
    state: StateOption = None,
) -> None:
    """Keep those company who write through this relay, for as long as you like.

    With few reports a day, whoever writes is alone. This opens the relay's page as a browser does, again and again
    and by chance, stays for some minutes, and sends what a page sends while nobody writes in it: one cell a minute with
    nothing in it. From outside a visit with a report looks the same. It never sends anything else, and keeps nothing.

    It costs some 5 MB an hour. Your provider sees that you use Tor. Run it at hours at which people write, not only at
    yours, and from more than one place: many senders are company, many cells of one are not.
    """
    parsed = parse_card(card)
    seconds = parse_span(every)
    if seconds < _EVERY_LEAST:
        fail(
            f"--every {every}: too often",
            hint="write 30s or more; other places help more than more from one",
            code=MISUSED,
        )
    ends = parse_span(lasting, option="--for") if lasting else None
    try:
        with progress() as bar, dialled(socks, state, bar) as dialler:
            from onion_service.covering import Surroundings, keep_company

            around = Surroundings(time.time, asyncio.sleep, SystemRandom())
            visit = _visit(parsed, state, dialler, around)
            asyncio.run(_kept(keep_company(visit, around, every=seconds, seconds=ends, told=_told(bar))))
    except KeyboardInterrupt:
        say("interrupted: every visit that was open is over")


def _visit(
    card: "Card", state: "Path | None", dialler: "Dialler", around: "Surroundings"
) -> "Callable[[], Awaitable[bool]]":
    """What makes one visit, on circuits of its own and knowing nothing of the others."""
    from onion_service.covering import Lines, Visit
    from onion_service.socks import Login

    url = f"http://{card.onion}/"

    async def one() -> bool:
        login = Login()
        async with dialler.line(url, login=login) as page, dialler.line(url, login=login) as script:
            visit = Visit(onion=card.onion, trust=trust(card, state), lines=Lines(page, script), around=around)
            return await visit.make()

    return one


async def _kept(company: "Awaitable[None]") -> None:
    """Wait for it; what ended it is the first thing that went wrong, as itself."""
    try:
        await company
    except ExceptionGroup as failed:
        error: Exception = failed
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def _told(bar: Bar) -> "Callable[[int, Doing], None]":
    return lambda number, doing: bar.step(f"visit {number} {doing.value}")
