"""`veladora desk`: what a partner's staff types. Nothing in a report can act on the terminal that shows it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli import casework, channels, exporting, listing, publishing, web_desk, words
from relay.cli.console import MISUSED, ask_passphrase, confirm, fail, interactive, say
from relay.cli.rounds import rounds
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, explained, safe_opening, settings_of, unlocked

if TYPE_CHECKING:
    from forwarder.desk.inbox import Entry
    from forwarder.desk.program import Desk
    from forwarder.partner_card import PartnerCard

app = typer.Typer(
    name="desk",
    help="Receive, read and check reports: the partner's desk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def init(
    partner_id: Annotated[str, typer.Option("--id", help="Short id: small letters, digits, hyphens.")],
    name: Annotated[str, typer.Option("--name", help="The organisation's name, as reporters will see it.")],
    folder: FolderOption = HERE,
    relay_identity: Annotated[str, typer.Option(help="The relay's id: 64 hexadecimal digits.")] = "",
    relay_card: Annotated[str, typer.Option(help="The relay's card: ADDRESS.onion#ROOT_KEY.")] = "",
    round_seconds: Annotated[int, typer.Option(help="Length of a round, as the relay has it.")] = 900,
    letters: Annotated[int, typer.Option(help="Letters in a bundle, as the relay has it.")] = 64,
    parcels: Annotated[int, typer.Option(help="Parcels in a bundle, as the relay has it.")] = 16,
    parcel_every: Annotated[int, typer.Option(help="Parcels leave every so many rounds.")] = 4,
    partners_onion: Annotated[str, typer.Option(help="The relay's onion for partners: ADDRESS.onion.")] = "",
    keep_rounds: Annotated[int, typer.Option(help="For how many rounds the relay keeps bundles.")] = 672,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Make a desk: a key, an empty inbox and an onion address. Prints the card to give to the relay's operator."""
    from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings
    from forwarder.desk.errors import BadSettings
    from forwarder.desk.passphrases import flaw
    from forwarder.desk.program import create

    with explained():
        try:
            partner = PartnerSettings(id=partner_id, name=name)
            relay = None
            if relay_identity or relay_card:
                relay = RelaySettings(
                    identity=relay_identity,
                    card=relay_card,
                    round_seconds=round_seconds,
                    letters=letters,
                    parcels=parcels,
                    parcel_every=parcel_every,
                    partners_onion=partners_onion,
                    keep_rounds=keep_rounds,
                )
        except ValueError as error:
            raise BadSettings(folder / SETTINGS_NAME, str(error)) from error
        passphrase = ask_passphrase("Passphrase for this desk (write it down on paper)", confirm=True, fd=passphrase_fd)
        if (wrong := flaw(passphrase)) is not None:
            fail(
                f"this passphrase is not taken: {wrong.value}", hint="choose six or more random words; nothing was made"
            )
        card = create(folder, partner, relay=relay, passphrase=passphrase)
    _show_card(card)
    say(f"Made the desk in {folder}. Send the card above to the relay's operator, and call them. They read you twelve")
    say("words that their own program computed: they must be those after `words`. Do not read yours to them.")
    if relay is None:
        say(f"Next: fill in [relay] in {folder / SETTINGS_NAME}, then `veladora desk run --folder {folder}`.")
    else:
        say(f"Next: `veladora desk run --folder {folder}` opens it in a browser; `veladora desk receive` needs none.")


@app.command()
def card(folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Print the card to give to the relay's operator, and the words that they must read to you."""
    with unlocked(folder, passphrase_fd) as desk:
        _show_card(desk.card)


@app.command("new-key")
def new_key(folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Begin a new period: make a new key and print the new card. The key that was opens what is still on its way."""
    from datetime import UTC, datetime

    from forwarder.desk.periods import new_period
    from forwarder.desk.program import unlock

    with explained():
        settings = settings_of(folder)
        passphrase = ask_passphrase("Passphrase of this desk", fd=passphrase_fd)
        with unlock(settings, passphrase=passphrase):
            new_period(settings, passphrase=passphrase, today=datetime.now(UTC).date())
        with unlock(settings, passphrase=passphrase) as desk:
            _show_card(desk.card)
    say("Made a new key. First start `veladora desk run` (or `receive`) again, then send the card to the relay's")
    say(
        "operator and have their words read to you: they must be those after `words`. Until the relay's directory names"
    )
    say("the new key, letters come under the old one.")
    say("When it has named the new one for a week, `veladora desk forget-keys` destroys the old one.")


# With and without --at-once.
_BEFORE_FORGETTING: Final = {
    False: (
        "Has the relay's directory named the new key for a week?",
        "ask the operator; when the new key was published a week ago, say --yes",
    ),
    True: (
        "Destroy every earlier key now? What is still on its way to them can never be read then.",
        "without --at-once keys stay that letters may still be on their way to; to destroy them now, say --yes",
    ),
}


@app.command("forget-keys")
def forget_keys(
    folder: FolderOption = HERE,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="All of them, now: what is still on its way to them is lost.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do not ask: the directory has named the new key for a week, or they shall go now."),
    ] = False,
) -> None:
    """Destroy the keys of earlier periods. What was sealed to them opens no more, for anybody."""
    from datetime import UTC, datetime

    from forwarder.desk.periods import LATE, end_periods

    question, hint = _BEFORE_FORGETTING[at_once]
    if not yes and not (interactive() and confirm(question)):
        fail("nothing was destroyed", hint=hint)
    with explained():
        ended = end_periods(settings_of(folder), today=datetime.now(UTC).date(), at_once=at_once)
    for since in ended:
        typer.echo(f"destroyed the key that was replaced on {since}")
    if ended:
        say("Now destroy the copies: a backup of this folder from before still opens what was sealed to them.")
    else:
        say(f"No key was replaced {LATE.days} days ago or longer; nothing was destroyed. `--at-once` does not wait.")


@app.command()
def receive(folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Receive reports without a browser until stopped (Ctrl-C). What is missed is offered again for days."""
    import asyncio

    from forwarder.desk.program import log_to_stderr
    from forwarder.desk.program import run as run_desk

    with explained():
        settings = settings_of(folder)
        settings.relay  # noqa: B018 - without it there is nothing to receive, so do not ask for a passphrase
    publishes = settings.config.publish.serve or settings.alerts_key_file.is_file()
    with unlocked(folder, passphrase_fd, signing=publishes) as desk, log_to_stderr():
        say("Starting tor; this takes up to a minute.")
        asyncio.run(run_desk(desk, progress=lambda step: say(f"tor: {step.percent} % ({step.summary})")))


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="The number in `veladora desk list` (or `incidents`).")],
    incident: casework.OfIncident = False,
    folder: FolderOption = HERE,
    json: Json = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Show one report; with --incident one incident, and what was done with it and noted on it."""
    from forwarder.desk.casework import Kind, Subject
    from forwarder.desk.escapes import in_json
    from forwarder.desk.reading import document

    with unlocked(folder, passphrase_fd) as desk:
        if incident:
            casework.show_incident(desk, number, json=json)
            return
        entry, seconds = desk.inbox.entry(number), desk.settings.relay.round_seconds
        found = document(desk.inbox, entry, round_seconds=seconds, sandbox=safe_opening())
        found |= listing.standing_of(desk, number)
        history = listing.history_of(desk, Subject(Kind.REPORT, number))
    if json:
        typer.echo(in_json(found | {"history": history}))
        return
    typer.echo(f"Report {found['number']}")
    for line in _facts(found):
        typer.echo(line)
    for done in history:
        typer.echo(f"  {listing.in_words(done)}")
    typer.echo("")
    # Marked, so that no line of the text can look like one of ours.
    typer.echo("\n".join(f"│ {line}".rstrip() for line in found["text"].split("\n")))


@app.command()
def export(
    target: Annotated[
        list[str],
        typer.Argument(metavar="[N] FOLDER", help="A report's number (none: all), and where to write its folder."),
    ],
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Write reports and clean copies of attachments into plain files. From then on only that disk protects them.

    All of them: what is in FOLDER already is left as it is, and one that fails does not hold up the others.
    """
    from forwarder.desk import reading

    *numbers, into = target
    if len(numbers) > 1 or not all(number.isdecimal() and len(number) < 19 for number in numbers):
        fail("export takes a number and a folder, or a folder alone", hint="veladora desk export 3 out", code=MISUSED)
    if not numbers and into.isdecimal():
        hint = f"for report {into}: veladora desk export {into} out; for all, into a folder of that name: ./{into}"
        fail(f"is {into} a report or a folder?", hint=hint, code=MISUSED)
    failed: list[int] = []
    with unlocked(folder, passphrase_fd) as desk:
        seconds, sandbox = desk.settings.relay.round_seconds, safe_opening()
        write = partial(reading.export, desk.inbox, into=Path(into), round_seconds=seconds, sandbox=sandbox)
        if numbers:
            typer.echo(write(desk.inbox.entry(int(numbers[0]))))
            count = 1
        else:
            say(f"Writing all {desk.inbox.count} report(s) of this desk into {into}, not encrypted. Ctrl-C stops.")
            count, failed = _export_all(desk, Path(into), write)
    say(f"Opened in a sandbox ({sandbox.way.value}). Wrote {count} report(s), not encrypted.")
    say("Originals stay sealed. report.json says what was removed from each attachment, and why one has no copy.")
    if failed:
        hint = "remove the folders without a report.json, and export into the same folder again: what is whole is left"
        fail(f"not exported: {', '.join(map(str, failed))}", hint=hint)


def _export_all(desk: "Desk", into: Path, write: "Callable[[Entry], Path]") -> tuple[int, list[int]]:
    """How many were written, and the numbers of those that could not be. Raises what no report can cause."""
    from forwarder.desk.errors import AlreadyThere, NotOpenedSafely
    from forwarder.desk.reading import REPORT_NAME, folder_of

    count, there, failed = 0, 0, []
    for entry in desk.inbox.entries():
        if (folder_of(entry, into=into) / REPORT_NAME).is_file():
            there += 1
            continue
        try:
            typer.echo(write(entry))
            count += 1
        except (AlreadyThere, NotOpenedSafely) as error:
            say(f"Report {entry.number}: {error}.")
            failed.append(entry.number)
    if there:
        say(f"{there} report(s) were there already.")
    return count, failed


@app.command()
def original(
    number: Annotated[int, typer.Argument(help="The number in `veladora desk list`.")],
    attachment: Annotated[int, typer.Argument(help="Which attachment of the report.")],
    into: Annotated[Path, typer.Argument(help="Where to write it.")],
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help="I have read the warning.")] = False,
    by: casework.Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Unseal an attachment as it came, uncleaned; its report's history says so from then on.

    Without --acknowledge it only says what that can do.
    """
    from forwarder.desk import reading
    from forwarder.desk.original import Acknowledged

    with unlocked(folder, passphrase_fd) as desk:
        entry = desk.inbox.entry(number)
        note = f"the original of attachment {attachment} was taken out of the desk"
        taking = reading.Taking(Acknowledged.HARM if acknowledge else None, casework.by_hand(by), note)
        typer.echo(reading.release(desk.inbox, entry, attachment, into=into, taking=taking))
    say(Acknowledged.HARM.value)


def _show_card(card: "PartnerCard") -> None:
    typer.echo(card.text, nl=False)
    if not card.endpoint:
        say("The endpoint is not known yet: start the tor that holds it, and print the card again.")


def _facts(found: dict[str, Any]) -> Iterator[str]:
    yield f"  came in round {found['round']}: between {found['from']} and {found['until']}, and no finer"
    for key, label in (
        ("topic", "topic"),
        ("place", "place"),
        ("where", "where"),
        ("when", "when"),
        ("lang", "language"),
    ):
        if found[key]:
            yield f"  {label}: {found[key]}"
    yield from listing.standing_lines(found)
    for attachment in found["attachments"]:
        cleaned = "cleaned by the sender" if attachment["cleaned_by_sender"] else "NOT cleaned by the sender"
        missing = f", {attachment['missing_parts']} part(s) still missing" if attachment["missing_parts"] else ""
        kind = f"{attachment['media']}, {attachment['size']} bytes"
        yield f"  attachment {attachment['number']}: {kind}, {cleaned}{missing}"


app.command()(web_desk.run)
app.command("list")(listing.list_reports)
app.command()(rounds)
for command in (*casework.COMMANDS, *words.COMMANDS, *publishing.COMMANDS):
    app.command()(command)
app.command("export-alerts")(exporting.export_alerts)
app.add_typer(channels.app)
