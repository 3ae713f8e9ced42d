"""`veladora seal`: as `send`, but the envelopes are printed, to be pasted into the page or carried elsewhere."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli import compose
from relay.cli.console import answer, progress, say
from relay.cli.directory import parse_card
from relay.cli.keys import read_at_most
from relay.cli.road import SocksOption, StateOption, surroundings, trust

if TYPE_CHECKING:
    from crypto.directory import Directory
    from onion_service.trust import Trust


def seal(
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
    directory: Annotated[
        Path | None,
        typer.Option("--directory", metavar="FILE", help="What GET /directory answered. Left out: fetched over Tor."),
    ] = None,
    socks: SocksOption = "",
    state: StateOption = None,
) -> None:
    """Write a report and print its sealed envelopes; send nothing.

    An envelope is good for the round it was sealed in and the next: paste it soon.
    """
    from crypto.cells import armour
    from onion_service.writing import prepare

    believed = trust(parse_card(card), state)
    draft, files = compose.written(
        text, attach or [], topic=topic, place=place, where=where, when=when, lang=lang, allow_uncleaned=allow_uncleaned
    )
    found = _fetched(believed, socks, state) if directory is None else _from_file(believed, directory)
    report, partners = compose.completed(draft, files, to or [], found)
    compose.show(report, partners, found)
    prepared = prepare(report, directory=found, to=partners)
    for sealed in prepared.cells:
        answer(armour(believed.wrap(sealed)).rstrip("\n"))
    until = time.strftime("%H:%M:%S", time.gmtime((believed.key_round + 2) * found.round_seconds))
    say(f"{len(prepared.cells)} envelopes. Paste each, from BEGIN to END, before {until} UTC; then seal anew.")


def _fetched(believed: "Trust", socks: str, state: Path | None) -> "Directory":
    from onion_service.reporter import Sender

    with progress() as bar, surroundings(socks, state, bar) as around:
        return asyncio.run(Sender(believed, around).directory())


def _from_file(believed: "Trust", file: Path) -> "Directory":
    from crypto.directory import answer_max

    return believed.take(read_at_most(file, answer_max()), now=time.time())
