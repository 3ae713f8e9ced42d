"""`veladora release`: the operator lets a frozen relay go; nobody else can, and nothing else does."""

from pathlib import Path
from typing import Annotated, Final

import typer

from relay.cli.console import fail, say

_MODE: Final = 0o600


def release(
    settings: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="The relay's folder, or its relay.toml.")],
) -> None:
    """Let a frozen relay go, on its own machine, once you know why it froze. It hears of it at the next edge.

    A relay freezes when too many of the cells that it sends to itself do not come back: then somebody may be letting
    one person's report through and holding all others back, to learn whose it is. It goes on accepting, and sends
    nothing but top-up. What waits leaves after the release, once a round's loops have come back.
    """
    from relay import config, telemetry

    try:
        read = config.read(settings / "relay.toml" if settings.is_dir() else settings)
    except config.ConfigError as error:
        fail(str(error), hint="name the folder or the file that `veladora run` was started with")
    try:
        figures = telemetry.read(read.state / "figures.json")
    except FileNotFoundError:
        fail("this relay has not closed a round yet", hint="wait for `round … is closed` in its journal")
    if not figures.frozen:
        fail(
            f"this relay was not frozen at the edge of round {figures.round}",
            hint="nothing is to be done; `gate` in state/figures.json says how it stands",
        )
    try:
        read.release_file.touch(mode=_MODE, exist_ok=False)
    except FileExistsError:
        fail("it was released already", hint="it hears of it at the next edge; is it running?")
    say(f"It goes on at the next edge, that of round {figures.round + 1}: the journal says so.")
    say("Does it freeze again, somebody is still holding others back, or its tor cannot reach it.")
