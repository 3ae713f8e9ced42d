"""`veladora desk channel`: saying alerts elsewhere too, through services that others run. Each is off until turned on.

What opens an account is asked for on the terminal or read from an open file, kept encrypted in the inbox, and never
printed. Everything goes through tor, or does not go.
"""

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.console import answer, ask_passphrase, fail, plain, say
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, unlocked

if TYPE_CHECKING:
    from forwarder.desk.channels.accounts import Channel
    from forwarder.desk.channels.queue import Post
    from forwarder.desk.channels.sending import Message, Outcome, Sending
    from forwarder.desk.program import Desk

NO_PASSWORD: Final = ("a wiki needs the account's password", "type it, or make a bot password on the wiki")

app = typer.Typer(
    name="channel",
    help="Say alerts elsewhere too: social networks, messages, e-mail, wikis. Each is off until you turn it on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Your name for the channel.")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="Your name for it: small letters, digits, hyphens.")]
Language = Annotated[str, typer.Option(help="In which language it speaks: es or en.")]
SecretFd = Annotated[
    int | None, typer.Option("--secret-fd", help="Read the URL or password from this open file descriptor.")
]
LOUD: Final = "From now on every new version of an alert is said there. Look at `veladora desk channel dry-run` first."


@app.command()
def add(
    name: NewName,
    language: Language = "es",
    secret_fd: SecretFd = None,
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Add a channel through an Apprise URL, such as mailtos://… or tgram://…; it is asked for, and kept encrypted."""
    from forwarder.desk.channels.accounts import Channels
    from forwarder.desk.channels.outlet import Outlet

    with unlocked(folder, passphrase_fd) as desk:
        url = ask_passphrase("Apprise URL of the channel (it is not shown)", fd=secret_fd).strip()
        service = Outlet(None).describe(url)
        channel = Channels(desk.inbox.database).add(name, url, service=service, language=language)
    say(f"Added {channel.name}: {channel.service}. It is off: `veladora desk channel on {channel.name}` turns it on.")


@app.command()
def wiki(
    name: NewName,
    address: Annotated[str, typer.Option(help="Where the wiki's api.php lies: https://wiki.example.org/w/")],
    user: Annotated[str, typer.Option(help="The account; better a bot password's, which can do less.")],
    page: Annotated[str, typer.Option(help="The page; {place} stands for the nearest city: 'Alertas/{place}'.")],
    language: Language = "es",
    secret_fd: SecretFd = None,
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Add pages of a MediaWiki as a channel: one part of each page is ours, what others wrote there stays."""
    from forwarder.desk.channels.accounts import Channels
    from onion_service.posting import Wiki

    with unlocked(folder, passphrase_fd) as desk:
        password = ask_passphrase("Password of that account (it is not shown)", fd=secret_fd, empty=NO_PASSWORD)
        account = Wiki(address, user, password)
        channel = Channels(desk.inbox.database).add_wiki(name, account, page=page, language=language)
    say(f"Added {channel.name}. It is off: `veladora desk channel on {channel.name}` turns it on.")


@app.command("list")
def list_channels(folder: FolderOption = HERE, json: Json = False, passphrase_fd: PassphraseFd = None) -> None:
    """Show the channels, and what each has still to say."""
    from forwarder.desk.channels.accounts import Channels
    from forwarder.desk.channels.queue import PostState, Queue
    from forwarder.desk.escapes import in_json

    with unlocked(folder, passphrase_fd) as desk:
        channels = Channels(desk.inbox.database).all()
        waiting = [post.channel for post in Queue(desk.inbox.database).posts() if post.state is PostState.WAITING]
    if json:
        answer(in_json({"channels": [_told(one, waiting.count(one.number)) for one in channels]}))
        return
    for one in channels:
        state = "on" if one.active else "off"
        answer(plain(f"{one.name}: {state}, {one.service}, {one.language}, {waiting.count(one.number)} to say"))
    if not channels:
        say("No channels. Alerts are in the signed folder all the same.")


@app.command()
def on(name: Name, folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Turn a channel on: from the next version of an alert on it is said there, and what mends what it has said."""
    _turn(name, folder, passphrase_fd, on=True)
    say(LOUD)


@app.command()
def off(name: Name, folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Turn a channel off: nothing is said there. What waits is dropped, but for what mends what it has said."""
    _turn(name, folder, passphrase_fd, on=False)
    say(f"{name} is off. What corrects or takes back something that it has said is said when it is on again.")


@app.command()
def remove(name: Name, folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Forget a channel and what opens it. What was said there stays there."""
    from forwarder.desk.channels.accounts import Channels

    with unlocked(folder, passphrase_fd) as desk:
        Channels(desk.inbox.database).remove(name)
    say(f"{name} is forgotten. What was said there stays; withdraw it there by hand if need be.")


@app.command("dry-run")
def dry_run(
    name: Name,
    incident: Annotated[int | None, typer.Argument(metavar="[N]", help="One incident; otherwise all alerts.")] = None,
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Show to the letter what a channel would say, and to which kind of service. Nothing is sent, nobody is called."""
    from forwarder.desk.channels.accounts import Channels
    from forwarder.desk.publish.errors import NotPublic

    with unlocked(folder, passphrase_fd) as desk:
        channel = Channels(desk.inbox.database).named(name)
        alerts = [alert for number, alert in desk.alerts() if incident in (None, number)]
        if incident is not None and not alerts:
            raise NotPublic(incident)
        sending = _sending(desk)
        messages = [message for alert in alerts for message in sending.messages(channel, alert)]
    for message in messages:
        _show(message)
    say(
        f"{len(messages)} message(s) shown, none sent."
        if messages
        else "Nothing is published, so it would say nothing."
    )


@app.command()
def posts(folder: FolderOption = HERE, json: Json = False, passphrase_fd: PassphraseFd = None) -> None:
    """Show what channels have said, have still to say, and could not say in time."""
    from forwarder.desk.channels.accounts import Channels
    from forwarder.desk.channels.queue import Queue
    from forwarder.desk.escapes import in_json

    with unlocked(folder, passphrase_fd) as desk:
        names = {one.number: one.name for one in Channels(desk.inbox.database).all()}
        found = Queue(desk.inbox.database).posts()
    told = [_post(one, names[one.channel]) for one in found]
    if json:
        answer(in_json({"posts": told}))
        return
    for one in told:
        tries = f", tried {one['tries']} time(s)" if one["tries"] else ""
        answer(plain(f"{one['channel']}: incident {one['incident']} version {one['version']}, {one['state']}{tries}"))
    if not told:
        say("Channels have said nothing, and have nothing to say.")


@app.command()
def send(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="One channel, and at once; otherwise what is due.")
    ] = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Say what channels have to say, through tor. `veladora desk run` does the same by itself."""
    from forwarder.desk.channels.outlet import through_tor
    from forwarder.desk.channels.sending import speak

    with unlocked(folder, passphrase_fd) as desk:
        sending = _sending(desk)
        work = sending.due(now=_now(), channel=name)
        if not work:
            say("Nothing is due.")
            return
        say("Starting tor; this takes up to a minute.")
        outcomes: list[Outcome] = []
        try:
            with through_tor(desk.settings, progress=lambda it: say(f"tor: {it.percent} % ({it.summary})")) as outlet:
                outcomes = speak(work, outlet)
        except Exception:
            # tor did not start, so nothing was said; or it did not end, and then every outcome is here.
            sending.settle(outcomes, now=_now())
            raise
        sending.settle(outcomes, now=_now())
    _tell(outcomes)


def _turn(name: str, folder: Any, passphrase_fd: int | None, *, on: bool) -> None:  # noqa: ANN401
    from forwarder.desk.channels.accounts import Channels

    with unlocked(folder, passphrase_fd) as desk:
        Channels(desk.inbox.database).turn(name, on=on)


def _sending(desk: "Desk") -> "Sending":
    from forwarder.desk.tending import sending_of

    return sending_of(desk.settings, desk.inbox.database)


def _show(message: "Message") -> None:
    answer(plain(f"--- {message.channel}: {message.kind.value}, {message.service}"))
    for head, text in (("page", message.page), ("title", message.title), ("summary", message.summary)):
        if text:
            answer(plain(f"{head}: {text}"))
    answer(plain(message.body))
    answer("")


def _tell(outcomes: "list[Outcome]") -> None:
    for one in outcomes:
        answer(plain(f"{one.channel}: incident {one.incident}: {one.trouble or 'said'}"))
    if any(one.trouble for one in outcomes):
        fail("not everything was said", hint="it is tried again later; `veladora desk channel posts` shows what waits")


def _told(one: "Channel", waiting: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "service": one.service,
        "language": one.language,
        "on": one.active,
        "to_say": waiting,
    }


def _post(one: "Post", channel: str) -> dict[str, Any]:
    return {
        "channel": channel,
        "incident": one.incident,
        "version": one.alert.version,
        "state": one.state.value,
        "tries": one.tries,
    }


def _now() -> int:
    return int(time.time())
