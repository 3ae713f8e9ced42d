"""`veladora desk preview`, `publish`, `correct`, `withdraw`, `published`, `release`: what leaves a desk as an alert.

Nothing leaves before a person has seen exactly what would, in Spanish and in English, and has said yes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.casework import Colleague
from relay.cli.console import MISUSED, answer, ask_passphrase, confirm, fail, interactive, plain, say
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, explained, settings_of, unlocked

if TYPE_CHECKING:
    from forwarder.desk.casework import By
    from forwarder.desk.program import Desk
    from forwarder.desk.publications import Publications, Published, Waiting
    from forwarder.desk.publish.alert import Words
    from forwarder.desk.publish.drafts import Draft
    from forwarder.desk.publish.safety import Refusal
    from forwarder.desk.publish.stored import Wording

WORDS_FILE_MAX: Final = 65_536
_HEADS: Final = {
    "es": ("Sale:", "Por qué es seguro:", "Se queda aquí:"),
    "en": ("Leaves:", "Why that is safe:", "Stays here:"),
}

Incident = Annotated[int, typer.Argument(metavar="N", help="The number of an incident (`veladora desk incidents`).")]
Title = Annotated[str, typer.Option("--title", help="Título, una línea (español).")]
Text = Annotated[str, typer.Option("--text", help="Texto (español).")]
Advice = Annotated[str, typer.Option("--advice", help="Consejo (español), si lo hay.")]
TitleEn = Annotated[str, typer.Option("--title-en", help="The title in English.")]
TextEn = Annotated[str, typer.Option("--text-en", help="The text in English.")]
AdviceEn = Annotated[str, typer.Option("--advice-en", help="Advice in English, if there is any.")]
WordsFile = Annotated[
    Path | None,
    typer.Option("--words", metavar="FILE", help="The words in a TOML file: [es] and [en], with title, text, advice."),
]
Topic = Annotated[str, typer.Option(help="The topic's id; otherwise that of most reports.")]
PlaceId = Annotated[
    str, typer.Option("--place", help="The place's id in the gazetteer; otherwise that of most reports.")
]
ConfirmedBy = Annotated[
    int | None,
    typer.Option("--confirmed-by", min=0, help="How many organisations confirmed it; otherwise what its state says."),
]
Hurry = Annotated[str, typer.Option("--hurry", metavar="REASON", help="Do not wait, and why; it stays at the desk.")]
Note = Annotated[str, typer.Option("--note", help="Why, for your colleagues; it stays at the desk.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; the preview is shown all the same.")]


def preview(
    incident: Incident,
    title: Title = "",
    text: Text = "",
    advice: Advice = "",
    title_en: TitleEn = "",
    text_en: TextEn = "",
    advice_en: AdviceEn = "",
    words: WordsFile = None,
    topic: Topic = "",
    place: PlaceId = "",
    confirmed_by: ConfirmedBy = None,
    hurry: Hurry = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Show exactly what would leave about an incident, why that is safe, and what stays. Nothing leaves.

    Of an incident that is public it shows the correction. Without words it shows everything but them.
    """
    said = _said((title, text, advice), (title_en, text_en, advice_en), words)
    with _publications(folder, passphrase_fd) as (desk, publications):
        blank = {language: _blank() for language in desk.settings.config.publish.languages}
        wording = _wording(said or blank, topic, place, confirmed_by, hurry)
        held = publications.current(incident)
        making = publications.correction if held is not None and held.out else publications.draft
        found = _allowed(making(incident, wording, now=_now()))
    _show(found)


def publish(
    incident: Incident,
    title: Title = "",
    text: Text = "",
    advice: Advice = "",
    title_en: TitleEn = "",
    text_en: TextEn = "",
    advice_en: AdviceEn = "",
    words: WordsFile = None,
    topic: Topic = "",
    place: PlaceId = "",
    confirmed_by: ConfirmedBy = None,
    hurry: Hurry = "",
    wait: Annotated[bool, typer.Option("--wait", help="If it must wait, let it leave by itself later.")] = False,
    unwait: Annotated[bool, typer.Option("--stop-waiting", help="It waits; let it leave no longer.")] = False,
    yes: Yes = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Publish an incident as an alert, after showing what leaves. It is in the signed folder when this ends."""
    with explained():
        hand = _by(by)
    if unwait:
        with _publications(folder, passphrase_fd) as (_, publications):
            publications.unwait(incident, by=hand)
        say(f"Incident {incident} does not leave by itself.")
        return
    wording = _wording(
        _needed(title, text, advice, title_en, text_en, advice_en, words), topic, place, confirmed_by, hurry
    )
    with _publications(folder, passphrase_fd, key=True) as (desk, publications):
        draft = _allowed(publications.draft(incident, wording, now=_now()))
        _show(draft)
        if draft.leaves_at and wait:
            _agreed(yes, "¿Dejar que salga sola entonces? / Let it leave by itself then?")
            publications.wait(draft, by=hand, now=_now())
            say(f"It leaves at {_hour(draft.leaves_at)} UTC or later, when the desk is open, unless something changes.")
            return
        if not draft.leaves_at:
            _agreed(yes, "¿Publicarla ahora? / Publish it now?")
        publications.publish(draft, by=hand, now=_now())
        _release(desk)


def correct(
    incident: Incident,
    title: Title = "",
    text: Text = "",
    advice: Advice = "",
    title_en: TitleEn = "",
    text_en: TextEn = "",
    advice_en: AdviceEn = "",
    words: WordsFile = None,
    topic: Topic = "",
    place: PlaceId = "",
    confirmed_by: ConfirmedBy = None,
    hurry: Hurry = "",
    note: Note = "",
    yes: Yes = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Correct what is public about an incident: the new version takes the place of the old one in every feed."""
    with explained():
        hand = _by(by)
    wording = _wording(
        _needed(title, text, advice, title_en, text_en, advice_en, words), topic, place, confirmed_by, hurry
    )
    with _publications(folder, passphrase_fd, key=True) as (desk, publications):
        draft = _allowed(publications.correction(incident, wording, now=_now()))
        _show(draft)
        _agreed(yes, "¿Publicar la corrección? / Publish the correction?")
        publications.publish(draft, by=hand, now=_now(), note=note)
        _release(desk)


def withdraw(
    incident: Incident,
    title: Title = "",
    text: Text = "",
    advice: Advice = "",
    title_en: TitleEn = "",
    text_en: TextEn = "",
    advice_en: AdviceEn = "",
    words: WordsFile = None,
    note: Note = "",
    yes: Yes = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Take back what is public about an incident, and say why. What was said is in no feed any more.

    In a language without words it says that the alert is withdrawn, and nothing else.
    """
    from forwarder.desk.publish.alert import WITHDRAWN_WORDS

    with explained():
        hand = _by(by)
    said = _said((title, text, advice), (title_en, text_en, advice_en), words)
    with _publications(folder, passphrase_fd, key=True) as (desk, publications):
        languages = desk.settings.config.publish.languages
        plain_words = {language: WITHDRAWN_WORDS[language] for language in languages}
        draft = publications.withdrawal(incident, {**plain_words, **said}, now=_now())
        _show(draft)
        _agreed(yes, "¿Retirarla? / Withdraw it?")
        publications.publish(draft, by=hand, now=_now(), note=note)
        _release(desk)


def published(folder: FolderOption = HERE, json: Json = False, passphrase_fd: PassphraseFd = None) -> None:
    """Show what is public, what must be corrected or taken back, and what leaves by itself."""
    from forwarder.desk.escapes import in_json

    with _publications(folder, passphrase_fd) as (_, publications):
        out, waiting = publications.published(now=_now()), publications.waiting(now=_now())
    if json:
        answer(in_json({"published": [_told(one) for one in out], "waiting": [_awaited(one) for one in waiting]}))
        return
    for line in (*(line for one in out for line in _lines(one)), *map(_waits, waiting)):
        answer(plain(line))
    if not out and not waiting:
        say("Nothing is published, and nothing waits.")


def release(folder: FolderOption = HERE, passphrase_fd: PassphraseFd = None) -> None:
    """Let leave what has waited long enough, and sign the folder anew where that is needed.

    `veladora desk run` does the same by itself. Prints the line that others pin to know what is yours.
    """
    with _publications(folder, passphrase_fd, key=True) as (desk, publications):
        for one in publications.leave_due(now=_now()):
            say(f"Incident {one.incident} has waited long enough and is published.")
        for left in publications.waiting(now=_now()):
            if left.stopped:
                say(f"Incident {left.incident} does not leave by itself: {left.stopped}")
        _release(desk)
        answer(desk.card.alerts)


def new_alerts_key(folder: FolderOption = HERE, yes: Yes = False, passphrase_fd: PassphraseFd = None) -> None:
    """Sign with a new key from now on, because the old one was stolen or lost. Everybody must be given the new line."""
    from forwarder.desk.program import unlock
    from forwarder.desk.publish import release as releases

    with explained():
        settings = settings_of(folder)
        passphrase = ask_passphrase("Passphrase of this desk", fd=passphrase_fd)
        say("Readers, mirrors and the relay trust the old key until you give them the new line, on another way.")
        _agreed(yes, "¿Firmar con otra clave desde ahora? / Sign with another key from now on?")
        with unlock(settings, passphrase=passphrase) as desk:
            releases.new_alerts_key(settings, desk.inbox.database, passphrase=passphrase)
        with unlock(settings, passphrase=passphrase, signing=True) as desk:
            if desk.alerts():
                _release(desk)
            answer(desk.card.alerts)


Command = Callable[..., None]
COMMANDS: Final[tuple[Command, ...]] = (preview, publish, correct, withdraw, published, release, new_alerts_key)


@contextmanager
def _publications(
    folder: Path, passphrase_fd: int | None, *, key: bool = False
) -> "Iterator[tuple[Desk, Publications]]":
    """The desk, open, and what it publishes; with `key`, able to sign."""
    from forwarder.desk.publications import Publications, Rules
    from forwarder.desk.publish.places import read_places

    with explained():
        settings = settings_of(folder)
        gazetteer = read_places(settings.places_file)
        rules = Rules.of(settings, gazetteer.places, gazetteer.listing)
    with unlocked(folder, passphrase_fd, signing=key) as desk:
        yield desk, Publications(desk.inbox.database, rules)


def _release(desk: "Desk") -> None:
    found = desk.release(now=_now())
    until = datetime.fromtimestamp(found.valid_until, UTC).date()
    state = "is new" if found.new else "was good already"
    place = desk.settings.alerts_folder / "current"
    say(f"{place} {state}: version {found.version}, {found.alerts} alert(s), good until {until}.")
    say("It is signed anew by itself while the desk is open. Give the folder, or its address, to who serves it.")


def _show(draft: "Draft") -> None:
    """The preview in both languages, on stdout."""
    for language, heads in _HEADS.items():
        shown = draft.preview(language)
        for head, lines in zip(heads, (shown.leaves, shown.why, shown.stays), strict=True):
            answer(head)
            for line in lines:
                answer(plain(f"  {line}"))
        answer("")


def _allowed(found: "Draft | Refusal") -> "Draft":
    from forwarder.desk.publish.preview import refused
    from forwarder.desk.publish.safety import Refusal

    if isinstance(found, Refusal):
        fail(f"{refused(found, language='es')} / {refused(found, language='en')}", hint="nothing leaves / no sale nada")
    return found


def _agreed(yes: bool, question: str) -> None:
    if not yes and not (interactive() and confirm(question)):
        fail("nothing left / no salió nada", hint="look at the preview above; if it is right, say yes, or --yes")


def _needed(
    title: str, text: str, advice: str, title_en: str, text_en: str, advice_en: str, words: Path | None
) -> "Mapping[str, Words]":
    said = _said((title, text, advice), (title_en, text_en, advice_en), words)
    if not said:
        fail(
            "faltan las palabras / there are no words",
            hint="--title '...' --text '...' --title-en '...' --text-en '...', or --words FILE",
            code=MISUSED,
        )
    return said


def _said(spanish: tuple[str, str, str], english: tuple[str, str, str], words: Path | None) -> "dict[str, Words]":
    """The words by language, from options or from a file."""
    typed = {language: parts for language, parts in (("es", spanish), ("en", english)) if any(parts)}
    if words is not None and typed:
        fail("words in a file and in options", hint="use one of the two", code=MISUSED)
    if words is not None:
        return _from_file(words)
    from forwarder.desk.publish.alert import Words

    with explained():
        return {
            language: Words.cleaned(title=title, text=text, advice=advice)
            for language, (title, text, advice) in typed.items()
        }


def _from_file(path: Path) -> "dict[str, Words]":
    from forwarder.desk.publish.words_file import parse_words

    try:
        with path.open("rb") as file:
            wire = file.read(WORDS_FILE_MAX + 1)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", hint="name a TOML file with [es] and [en]")
    with explained():
        return parse_words(wire)


def _blank() -> "Words":
    from forwarder.desk.publish.alert import Words

    return Words("…", "…")


def _wording(words: "Mapping[str, Words]", topic: str, place: str, confirmed_by: int | None, hurry: str) -> "Wording":
    from forwarder.desk.publish.stored import Wording

    return Wording(words, topic=topic, place=place, confirmed_by=confirmed_by, hurry=hurry)


def _lines(one: "Published") -> Iterator[str]:
    alert = one.alert
    words = alert.in_language("es")
    yield f"incident {one.incident}: {alert.state.value}, version {alert.version}, {alert.topic}, {words.title}"
    yield "  " + ", ".join(filter(None, (f"id {alert.id}", f"cell {alert.cell.index}", alert.how_sure)))
    if one.need is not None:
        yield f"  ! {one.need.in_words('es')}"
        yield f"  ! {one.need.in_words('en')}"


def _waits(one: "Waiting") -> str:
    what = f"until {_hour(one.leaves_at)} UTC" if not one.stopped else f"no longer: {one.stopped}"
    return f"incident {one.incident} waits {what}"


def _told(one: "Published") -> dict[str, Any]:
    alert = one.alert
    return {
        "incident": one.incident,
        "id": alert.id,
        "version": alert.version,
        "state": alert.state.value,
        "topic": alert.topic,
        "cell": alert.cell.index,
        "confidence": alert.how_sure or None,
        "need": None if one.need is None else {"act": one.need.act.value, "why": one.need.in_words("en")},
    }


def _awaited(one: "Waiting") -> dict[str, Any]:
    return {"incident": one.incident, "leaves_at": one.leaves_at or None, "stopped": one.stopped}


def _by(colleague: str) -> "By":
    from forwarder.desk.casework import By

    return By(datetime.now(UTC).date(), colleague)


def _hour(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _now() -> int:
    return int(time.time())
