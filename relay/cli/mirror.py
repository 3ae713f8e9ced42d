"""`veladora mirror`: fetch what somebody publishes, over Tor, and keep and serve a copy that its key vouches for."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crypto.errors import CryptoError, Expired, Forged, Malformed, RolledBack
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError
from relay.cli.audit import parse_span
from relay.cli.console import MISUSED, Bar, answer, fail, progress, say
from relay.cli.explain import explain
from relay.cli.road import SocksOption, StateOption, dialled

if TYPE_CHECKING:
    from crypto.minisign import PublicKey
    from forwarder.mirror import Mirror
    from onion_service.torrc import OnionTor

# What came must not be used; the copy that is held is as it was.
REFUSED: Final = 4
# Nothing newer came, and what is held is past its time: readers would take for today's what nobody renewed.
EXPIRED: Final = 5
SERVED_EVERY: Final = "1h"
# So that not all mirrors come at once.
_UNEVEN: Final = (0.9, 1.1)

_NEXT_STEP: Final[dict[type[CryptoError], str]] = {
    Malformed: "it is not a list of alerts, or of a newer kind than this program knows; the copy you have stays",
    Forged: "do not use what came from there; the copy you have stays. If it stays so, tell the publisher",
    RolledBack: "somebody serves an old list; the copy you have stays. Fetch it from another mirror",
    Expired: "the publisher has not renewed the list; the copy you have stays. Fetch from another place, or ask them",
}

UrlArgument = Annotated[
    str, typer.Argument(metavar="URL", help="Where it is published: http://ADDRESS.onion/alerts/, or another mirror.")
]
KeyOption = Annotated[
    str,
    typer.Option("--key", metavar="RW…", help="The publisher's minisign key, as they gave it to you and not from URL."),
]
IntoOption = Annotated[
    Path,
    typer.Option("--into", metavar="FOLDER", help="Where the copy is kept; let a web server serve FOLDER/current."),
]
EveryOption = Annotated[
    str, typer.Option("--every", metavar="SPAN", help="Fetch again about every 30m, 1h or 1d, until interrupted.")
]
ServeOption = Annotated[
    bool,
    typer.Option(
        "--serve",
        help="Serve the copy too, at an onion address of its own, until interrupted. The address's key is kept in the "
        "folder of --state. Fetches every 1h when --every is left out.",
    ),
]


def mirror(
    url: UrlArgument,
    key: KeyOption,
    into: IntoOption,
    every: EveryOption = "",
    serve: ServeOption = False,
    socks: SocksOption = "",
    state: StateOption = None,
) -> None:
    """Keep a copy of published alerts, so that they stay readable when their publisher cannot be reached.

    All of it comes over Tor. A copy is taken only when the key signed its list, the list is not older than the one you
    have, and every file is the one in the list; else what you have stays as it is. Readers can check the same with
    minisign: `manifest.json` is signed, and holds the SHA-256 of each file.

    With --serve readers find the copy at an onion address, which is printed; give it to them. A copy past its time is
    not served. It is not the publisher's address, and who reads there is written down nowhere:

        veladora mirror http://<address>.onion/alerts/ --key RW… --into alerts --serve --state mirror

    Exit codes: 0 the copy is up to date; 1 nothing came; 2 typed wrongly; 4 what came must not be used; 5 nothing newer
    came, and the copy you have is past its time: take it down, or write beside it that it is old.
    """
    if serve and state is None:
        fail(
            "--serve without --state", hint="name a folder with --state: the address's key is kept there", code=MISUSED
        )
    every = every or (SERVED_EVERY if serve else "")
    span = parse_span(every) if every else None
    place, pinned = _parsed(url, key)
    try:
        with progress() as bar, dialled(socks, state, bar) as dialler, _own_onion(state if serve else None) as onion:
            from forwarder.mirror import Mirror

            asyncio.run(_work(Mirror(place, pinned, into, dialler.get), span, bar, onion))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("interrupted: the copy is as the last line says")
        _fail_if_old(into, pinned, "interrupted")
    except CryptoError as error:
        _fail_if_old(into, pinned, error)
        fail(str(error), hint=_NEXT_STEP.get(type(error), "the copy you have stays"), code=REFUSED)
    except (ForwarderError, OnionServiceError, OSError) as error:
        _fail_if_old(into, pinned, error)
        explain(error)


def _fail_if_old(into: Path, key: "PublicKey", error: object) -> None:
    """End with a code of its own where what is held is past its time."""
    if old := _old(into, key):
        fail(
            f"{error}; {old}",
            hint="do not show it as what is published now: take it down, or write beside it that it is old",
            code=EXPIRED,
        )


def _old(into: Path, key: "PublicKey") -> str:
    """Since when the copy is past its time, in words; empty while it is good, or where there is none."""
    from forwarder.mirror import expired_since

    since = expired_since(into, key, now=int(time.time()))
    if not since:
        return ""
    return f"the copy in {into / 'current'} is past its time since {datetime.fromtimestamp(since, UTC):%Y-%m-%d}"


def _parsed(url: str, key: str) -> "tuple[str, PublicKey]":
    """The place, ending in `/`, and the key that was pinned."""
    from crypto.minisign import PublicKey
    from onion_service.dial import OnionUrl

    try:
        pinned = PublicKey.parse(key)
    except CryptoError as error:
        fail(f"--key: {error}", hint="paste the line that begins with RW, as the publisher gave it", code=MISUSED)
    place = url if url.endswith("/") else f"{url}/"
    try:
        OnionUrl.parse(place)
    except OnionServiceError as error:
        fail(f"{url}: {error}", hint="write http://<56 characters>.onion/alerts/", code=MISUSED)
    if "?" in place:
        fail(f"{url}: a query", hint="write http://<56 characters>.onion/alerts/", code=MISUSED)
    return place, pinned


@contextmanager
def _own_onion(state: Path | None) -> Iterator["OnionTor | None"]:
    """The settings of the tor that holds our onion, whose sockets lie in memory until the block is left; None where
    nothing is served."""
    if state is None:
        yield None
        return
    from onion_service import memory
    from onion_service.torrc import OnionTor, UnixSocket

    state = state.absolute()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="veladora-", dir=memory.place()) as name:
        door, control = (UnixSocket(Path(name) / one) for one in ("door", "control"))
        yield OnionTor(state / "tor-onion", state / "onion", target=door, control=control)


async def _work(kept: "Mirror", span: int | None, bar: Bar, onion: "OnionTor | None") -> None:
    """Fetch, and serve what is held if there is an onion for it; then SIGTERM, by which services are told to stop, ends
    it as SIGINT does, so that no file of its tors stays in memory."""
    if onion is None:
        await _keep(kept, span, bar, after=_nothing)
        return
    from forwarder.shelf import FOR_READERS, Shelf, serving

    shelf = Shelf(kept.folder, kept.key, now=time.time)
    shelf.refresh()
    fetches = asyncio.create_task(_keep(kept, span, bar, after=shelf.refresh), name="fetching")
    serves = asyncio.create_task(
        serving(
            shelf,
            onion,
            limits=FOR_READERS,
            told=lambda address: answer(f"served at {address}"),
            failed=lambda words: say(f"not served, and tried again: {words}"),
        ),
        name="serving",
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, fetches.cancel)
    try:
        await fetches
    finally:
        serves.cancel()
        await asyncio.wait([serves])


def _nothing() -> None:
    """Nothing is served."""


async def _keep(kept: "Mirror", span: int | None, bar: Bar, *, after: Callable[[], None]) -> None:
    """Once, or again and again; then what goes wrong is said and does not end it. `after` is called after each."""
    while True:
        try:
            bar.step("fetching the list")
            fetched = await kept.fetch(now=int(time.time()))
            news = "taken" if fetched.new else "held already"
            answer(f"version {fetched.version}, {fetched.files} files, {news}: {kept.folder / 'current'}")
        except (CryptoError, ForwarderError) as error:
            if span is None:
                raise
            say(f"{error}; {_old(kept.folder, kept.key) or 'the copy stays as it was'}")
        await asyncio.to_thread(after)
        if span is None:
            return
        await asyncio.sleep(span * SystemRandom().uniform(*_UNEVEN))
