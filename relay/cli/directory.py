"""`veladora directory`: a draft becomes a signed directory, never an older one than stands there already."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crypto.errors import CryptoError
from relay.cli.console import MISUSED, answer, fail, plain, say
from relay.cli.explain import explain
from relay.cli.keys import PassphraseFd, open_key, read_at_most

if TYPE_CHECKING:
    from crypto.directory import Card, Directory
    from crypto.signing import VerifyingKey
    from forwarder.partner_card import PartnerCard

app = typer.Typer(help="Sign, read and check directories: which relays, which partners.", no_args_is_help=True)

_PUBLIC_MODE: Final = 0o644
SignedFile = Annotated[Path, typer.Argument(metavar="FILE", help="A signed directory.")]


@app.command()
def example() -> None:
    """Print a draft to start from."""
    from relay.cli.draft import EXAMPLE

    answer(EXAMPLE.rstrip())


@app.command()
def site(root: Annotated[str, typer.Argument(metavar="ROOT", help="The root's public key.")]) -> None:
    """Print the [site] table of a draft: the page that this version of Veladora serves under that root."""
    from relay.cli.draft import site_table

    answer(site_table(_root(root)))
    say("Put it into the draft, in place of the old one, and sign: veladora directory sign DRAFT --key FILE --out FILE")


@app.command()
def places(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A gazetteer to look at.")] = None,
) -> None:
    """Print the gazetteer of Mexico that comes with Veladora; with FILE, check one of your own instead."""
    from forwarder.places.shipped import read_gazetteer, shipped, shipped_file

    found = read_gazetteer(file) if file else shipped()
    if file is None:
        answer(shipped_file().decode().rstrip())
    say(f"{found.name.es}: {len(found.places)} places in {len(found.regions)} regions.")
    for source in found.sources:
        say(plain(f"Data: {source.name}. Licence: {source.licence}"))
    say('Next: write places_file = "…" into the first lines of the draft, and sign: veladora directory sign')


@app.command()
def partner(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The card that a partner sent, as it came.")],
) -> None:
    """Print the words of a partner's card, computed here, to read to them; and what to write of it.

    The words that stand on a card are worth nothing: whoever changed the card on its way left them as they were, or
    wrote others. Call the partner on a number that you knew before and read them the words that this prints.
    """
    from forwarder.errors import NotACard
    from relay.cli.draft import blocks, read_card

    try:
        card = read_card(file)
    except NotACard as error:
        explain(error, about=str(file))
    # No other words beside them, so that nobody reads the wrong ones.
    answer(plain(f"words     {card.words}"))
    if card.alerts:
        answer(plain(f"alerts    {card.alerts}"))
    answer("")
    for line in blocks(card, file=file.name).split("\n"):
        answer(plain(line))
    say("Call the partner on a number that you knew before, and read them the twelve `words` above. One that differs")
    say("means that somebody changed the card: stop, and meet in person. Never read words from the card or a message.")


@app.command()
def sign(
    draft: Annotated[Path, typer.Argument(metavar="DRAFT", help="The draft, in TOML (see `directory example`).")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The root key.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The signed directory; replaced if older.")],
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Sign a draft, one version above the directory that stands at --out, and print the relay's card."""
    from crypto import directory as directories
    from crypto.keys import RootKey
    from onion_service import durable
    from onion_service.site import site_hashes
    from relay.cli.draft import DRAFT_MAX, read_draft

    text = _text(draft, DRAFT_MAX)
    held, held_wire = _held(out)
    version = held.version if held else 0
    read = read_draft(text, folder=draft.parent, held_version=version, now=int(time.time()))
    found = read.directory
    _summary(found, read.cards)
    root = open_key(key, passphrase_fd=passphrase_fd)
    if not isinstance(root, RootKey):
        fail(f"{key} is not a root key", hint="only a root key signs directories: veladora keys new root --out FILE")
    if held_wire is not None:
        _require_same_root(held_wire, root.signing.verifying_key, out)
    signed = directories.sign(found, root)
    if found.site.get("/") != site_hashes(root.signing.verifying_key)["/"]:
        say("The page it names is not this version's; a relay of this version will not start with it.")
        say(f"Next: veladora directory site {root.public.hex()}")
    if held_wire is None:
        durable.write_new(out, signed, mode=_PUBLIC_MODE)
    else:
        durable.replace(out, [signed], mode=_PUBLIC_MODE)
    answer(str(directories.Card(found.route[0].onion, root.signing.verifying_key)))
    say(f"Signed version {found.version} to {out}. Copy it to every relay of the route.")
    say("The line on stdout is the card: print it, publish it where reporters trust what they read.")


@app.command()
def show(file: SignedFile) -> None:
    """Print what a directory says. The signature is not checked; `verify` does that."""
    found = _unchecked(file, _bytes(file))
    for line in _lines(found):
        answer(line)
    say("The signature was not checked: veladora directory verify FILE --card CARD")


@app.command()
def verify(
    file: SignedFile,
    root: Annotated[str, typer.Option("--root", metavar="HEX", help="The root's public key.")] = "",
    card: Annotated[str, typer.Option("--card", metavar="CARD", help="A relay's card.")] = "",
) -> None:
    """Check signature, expiry and, with a card, the onion address. Exit code 0 means: use it."""
    from crypto.directory import TrustedDirectory

    if bool(root) == bool(card):
        fail("give --root or --card, one of them", hint="the card is what reporters get", code=MISUSED)
    parsed = parse_card(card) if card else None
    trusted_root = parsed.root if parsed else _root(root)
    try:
        trusted = TrustedDirectory.read(_bytes(file), root=trusted_root, now=int(time.time()))
    except CryptoError as error:
        explain(error, about=str(file))
    found = trusted.directory
    if parsed is not None and parsed.onion != found.route[0].onion:
        fail(
            f"the card is for {parsed.onion}, the directory's first relay is {found.route[0].onion}",
            hint="one of the two is old or another relay's; ask the operator",
        )
    answer(f"good: version {found.version}, until {_day(found.expires)}, {len(found.partners)} partners")


def parse_card(text: str) -> "Card":
    """A relay's card; ends the command as mistyped when it is not one."""
    from crypto.directory import Card
    from onion_service.address import OnionAddress
    from onion_service.errors import NotAnOnion

    try:
        card = Card.parse(text)
        OnionAddress(card.onion)
    except (CryptoError, NotAnOnion) as error:
        fail(str(error), hint="copy the whole card again from where you trust it", code=MISUSED)
    return card


def _root(text: str) -> "VerifyingKey":
    from crypto.signing import VerifyingKey

    try:
        return VerifyingKey(bytes.fromhex(text))
    except (ValueError, CryptoError):
        fail("a root key is 64 hexadecimal digits", hint="veladora keys show --public root.key", code=MISUSED)


def _held(out: Path) -> "tuple[Directory | None, bytes | None]":
    """What stands at the output already. Ends the command when it is anything but a directory."""
    if not out.exists() and not out.is_symlink():
        return None, None
    wire = _bytes(out)
    return _unchecked(out, wire), wire


def _require_same_root(wire: bytes, root: "VerifyingKey", out: Path) -> None:
    from crypto.directory import TrustedDirectory

    try:
        # At time zero nothing has expired: an expired directory still holds its version number.
        TrustedDirectory.read(wire, root=root, now=0)
    except CryptoError:
        fail(f"{out} was signed by another root key, or altered", hint="choose another --out; nothing was overwritten")


def _unchecked(file: Path, wire: bytes) -> "Directory":
    """What the file says, its form checked but not its signature."""
    from crypto import canonical
    from crypto.directory import DIRECTORY_MAX, FIRST_LINE, Directory

    if not wire.startswith(FIRST_LINE):
        fail(f"{file} is not a signed directory", hint="check the path; nothing was overwritten")
    try:
        return canonical.decode(wire[len(FIRST_LINE) :].partition(b"\n")[2], Directory, limit=DIRECTORY_MAX)
    except CryptoError as error:
        explain(error, about=str(file))


def _bytes(file: Path) -> bytes:
    from crypto.directory import DIRECTORY_MAX

    return read_at_most(file, DIRECTORY_MAX)


def _text(file: Path, limit: int) -> str:
    try:
        return read_at_most(file, limit).decode()
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8 text", hint="save it as UTF-8")


def _summary(found: "Directory", cards: "tuple[PartnerCard, ...]") -> None:
    for line in _lines(found):
        say(line)
    for card in cards:
        say(plain(f"card        {card.id}: {card.words}"))
    compared = {card.id for card in cards}
    for partner in found.partners:
        if partner.verifying_key is not None and partner.id not in compared:
            say(plain(f"{partner.id}: its `signing` is of no card; compare all 64 digits with the partner"))
    if cards:
        say("Compare the words after `card` with those that were read to each partner. If one differs, do not sign.")


def _lines(found: "Directory") -> list[str]:
    sizes = found.bundle
    lines = [
        f"version     {found.version}",
        f"expires     {_day(found.expires)}",
        f"rounds      {found.round_seconds} s",
        f"leaving     {sizes.letters} letters a round, {sizes.parcels} parcels every {sizes.parcel_every} rounds",
        f"attachments at most {found.attachments_max} bytes",
    ]
    for relay in found.route:
        lines += [f"relay       {relay.name}", f"            {relay.onion}", f"            {relay.id}"]
    for partner in found.partners:
        lines += [f"partner     {partner.id}: {partner.name} ({partner.about.es})", f"            {partner.words}"]
    if found.topics:
        lines.append("topics      " + ", ".join(topic.id for topic in found.topics))
    if found.places:
        lines.append(f"places      {len(found.places)}")
    if found.site:
        lines.append(f"site        {len(found.site)} files")
    return [plain(line) for line in lines]


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"
