"""The way to the relay: a running tor's SOCKS port, or a tor of our own that ends with the command."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli.console import MISUSED, Bar, fail

if TYPE_CHECKING:
    from crypto.directory import Card
    from onion_service.control import Bootstrap
    from onion_service.dial import Dialler
    from onion_service.reporter import News, Surroundings
    from onion_service.trust import Trust

BOOTSTRAP_SECONDS: Final = 300.0

SocksOption = Annotated[
    str,
    typer.Option(
        "--socks",
        metavar="HOST:PORT",
        help="A running tor's SOCKS port (127.0.0.1:9050, or unix:/path). Left out: a tor of our own is started.",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Keep tor's guards and the last directory here, so that an old directory is noticed. Left out: nothing "
        "is kept, because the folder shows that Veladora was used.",
    ),
]


def trust(card: "Card", state: Path | None) -> "Trust":
    """What we believe of the relay, beginning with what the state folder holds."""
    from onion_service.held import HeldDirectory
    from onion_service.trust import Trust

    return Trust(card, held=None if state is None else HeldDirectory(state, card.root))


@contextmanager
def surroundings(socks: str, state: Path | None, bar: Bar) -> Iterator["Surroundings"]:
    """All that a sender needs; a tor of our own is stopped, and its files in memory are removed, on the way out."""
    import asyncio

    from onion_service.reporter import Surroundings

    with dialled(socks, state, bar) as dialler:
        yield Surroundings(
            dialler=dialler, now=time.time, rest=asyncio.sleep, chance=SystemRandom(), told=lambda news: tell(bar, news)
        )


def tell(bar: Bar, news: "News") -> None:
    """One line of progress."""
    count = f" {min(news.done + 1, news.of)} of {news.of}" if news.of else ""
    words = f": {news.words}" if news.words else ""
    bar.step(f"{news.doing.value}{count}{words}", done=news.done, of=news.of or None)


@contextmanager
def dialled(socks: str, state: Path | None, bar: Bar) -> Iterator["Dialler"]:
    """The dialler alone; a tor of our own is stopped, and its files in memory are removed, on the way out."""
    from onion_service.dial import Dialler
    from onion_service.errors import UnsafeSetting
    from onion_service.torrc import socks_address

    if socks:
        try:
            address = socks_address(socks)
        except UnsafeSetting as error:
            fail(str(error), hint="write 127.0.0.1:9050 or unix:/path", code=MISUSED)
        yield Dialler(socks=address)
        return
    with _own_tor(state, bar) as dialler:
        yield dialler


@contextmanager
def _own_tor(state: Path | None, bar: Bar) -> Iterator["Dialler"]:
    from onion_service import control, memory
    from onion_service.dial import Dialler
    from onion_service.torrc import DialTor, UnixSocket

    with tempfile.TemporaryDirectory(prefix="veladora-", dir=memory.place()) as name:
        folder = Path(name)
        data = folder / "tor" if state is None else state.absolute() / "tor"
        settings = DialTor(data, UnixSocket(folder / "socks"), UnixSocket(folder / "control"))
        bar.step("starting tor")
        with control.launch(settings) as tor:
            tor.wait_bootstrapped(seconds=BOOTSTRAP_SECONDS, progress=lambda at: _bootstrapping(bar, at))
            yield Dialler(socks=settings.socks)


def _bootstrapping(bar: Bar, at: "Bootstrap") -> None:
    bar.step(f"connecting to tor: {at.summary}", done=at.percent, of=100)
