"""Every command in one place, and the text that tells the whole story to whoever types `veladora --help`.

Commands import what they need when they run, so that help and mistakes are answered at once.
"""

from importlib import metadata
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from crypto.errors import CryptoError
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError
from relay.cli import (
    audit,
    cover,
    desk,
    directory,
    doctor,
    examine,
    init,
    keys,
    mirror,
    partner_lines,
    release,
    run,
    seal,
    send,
    simulate,
)
from relay.cli.explain import explain

DISTRIBUTION: Final = "veladora"

STORY: Final = """
Veladora carries what a person has seen to the organisations that can act on it, and nobody in between can say what
was written, for whom, when, or that it was written at all.

**You have seen something.** Get the relay's card (`<address>.onion#<root key>`) from a place you trust, then:

    veladora send CARD

**You are an organisation that reads reports.** Open your desk in a browser; it guides you from the first start on:

    veladora desk run --folder desk

Without a browser: make a desk, give its card to the operator of the relay and read its words aloud to compare; then
keep it receiving:

    veladora desk init --folder desk --id red-norte --name "Red Norte"

    veladora desk receive --folder desk

**You operate a relay.** Make the root key on a machine that is never online; make the relay; write its partners into
the draft, sign that where the root key is, and start:

    veladora keys new root --out root.key

    veladora doctor

    veladora init FOLDER --root <root public key>

    veladora directory sign draft.toml --key root.key --out directory.signed

    veladora simulate --compare round=300,900,1800

    veladora partner-lines FOLDER PARTNER

    veladora run FOLDER

    veladora examine FOLDER

**You want to help, or keep your own visits company.** Whoever writes alone is easily found; send cover, which says
nothing and looks like everything else:

    veladora cover CARD

**You want to know whether a relay treats its visitors alike.** Anybody with its card may look, as often as they like:

    veladora audit CARD --times 300

**You want published alerts to stay readable.** Keep a copy, checked with the publisher's key, and serve it:

    veladora mirror http://<address>.onion/alerts/ --key RW… --into FOLDER --serve --state STATE

Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed (the last line says what to do), 2 typed
wrongly. Passphrases are asked for on the terminal; programs give them with `--passphrase-fd`.
"""


class Explained(TyperGroup):
    """A group in which every foreseeable failure ends as one sentence and a next step, never as a traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the signature of the group it extends
        """Run the command; the errors of our packages and of the operating system are explained."""
        try:
            return super().invoke(ctx)
        except (CryptoError, ForwarderError, OnionServiceError, OSError) as error:
            explain(error)


app = typer.Typer(
    name="veladora",
    cls=Explained,
    help=STORY,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("send", rich_help_panel="Reporting")(send.send)
app.command("seal", rich_help_panel="Reporting")(seal.seal)
app.command("cover", rich_help_panel="Reporting")(cover.cover)
app.add_typer(desk.app, name="desk", rich_help_panel="Reading reports")
app.command("mirror", rich_help_panel="Reading alerts")(mirror.mirror)
app.command("init", rich_help_panel="Running a relay")(init.init)
app.command("run", rich_help_panel="Running a relay")(run.run)
app.command("doctor", rich_help_panel="Running a relay")(doctor.doctor)
app.command("examine", rich_help_panel="Running a relay")(examine.examine)
app.command("partner-lines", rich_help_panel="Running a relay")(partner_lines.partner_lines)
app.command("release", rich_help_panel="Running a relay")(release.release)
app.command("simulate", rich_help_panel="Running a relay")(simulate.simulate)
app.command("audit", rich_help_panel="Keys and trust")(audit.audit)
app.add_typer(keys.app, name="keys", rich_help_panel="Keys and trust")
app.add_typer(directory.app, name="directory", rich_help_panel="Keys and trust")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"veladora {metadata.version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass
