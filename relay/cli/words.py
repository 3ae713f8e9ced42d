"""`veladora desk tell`, `heard`, `also`: the word between desks, "we have this too". A person says every one of them,
and a person decides what one that came counts for.
"""

import time
from collections.abc import Callable
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.casework import Colleague, by_hand, incident_line
from relay.cli.console import MISUSED, answer, confirm, fail, interactive, plain, say
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, explained, unlocked

if TYPE_CHECKING:
    from forwarder.desk.telling import Telling
    from forwarder.desk.words import Said

OfIncident = Annotated[int, typer.Argument(metavar="N", help="The number of an incident.")]


def tell(
    number: OfIncident,
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The other partner's id in the directory.")],
    single: Annotated[
        bool,
        typer.Option("--single", help="Although one report alone stands behind it: I have thought about its writer."),
    ] = False,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Tell another organisation that you have reports of an incident too, without showing any.

    What leaves is shown: topic, place, six hours, and whether there is more than one report. It leaves at a moment
    of chance while the desk receives.
    """
    from forwarder.desk import telling
    from forwarder.desk.own_keys import signing_key

    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        seconds, own = desk.settings.relay.round_seconds, desk.settings.config.partner.id
        what = telling.draft(desk.inbox.database, number, round_seconds=seconds)
        for line in _leaving(what, partner):
            say(line)
        if not what.several and not single and interactive():
            single = confirm("There is one report alone, and this may point at its writer. Tell them all the same?")
        now, trusted = time.time(), desk.directory.current(now=time.time())
        telling.tell(
            desk.inbox.database,
            number,
            partner,
            telling=what,
            single=single,
            directory=None if trusted is None else trusted.directory,
            own=own,
            key=signing_key(desk.inbox.database),
            by=hand,
            due=telling.moment(now, chance=SystemRandom()),
        )
    say("It leaves within six hours if the desk receives at its moment (`veladora desk run` or `receive`).")
    say("Otherwise within half an hour after it is unlocked; locked before that, it is drawn again and may take days.")


def heard(folder: FolderOption = HERE, json: Json = False, passphrase_fd: PassphraseFd = None) -> None:
    """List what other desks said that they have too, beside your incidents. A word proves nothing by itself."""
    from forwarder.desk.escapes import in_json

    with unlocked(folder, passphrase_fd) as desk:
        words = desk.words(now=time.time())
        found = words.heard()
        beside = {one.number: words.like(one) for one in found}
    if json:
        answer(in_json({"heard": [_told(one, beside[one.number]) for one in found]}))
        return
    for one in found:
        answer(plain(_in_words(one, beside[one.number])))
    if not found:
        say("No other desk has said anything, or the directory that would tell who did is missing or has expired.")


def also(
    number: OfIncident,
    partner: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The other organisation, when people told you.")
    ] = "",
    accept: Annotated[
        int | None, typer.Option(min=1, metavar="M", help="Accept word M of `veladora desk heard`.")
    ] = None,
    by: Colleague = "",
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Note that another organisation has reports of an incident too.

    Its desk said so (--accept M), or its people told you: ask them over a safe line before you type a name.
    """
    from forwarder.desk.incidents import Incidents

    if bool(partner) == (accept is not None):
        fail("give a name, or --accept and a number", hint="veladora desk also 3 --accept 7", code=MISUSED)
    with explained():
        hand = by_hand(by)
    with unlocked(folder, passphrase_fd) as desk:
        if accept is not None:
            desk.words(now=time.time()).accept(number, accept, by=hand)
        else:
            Incidents(desk.inbox.database).also_with(number, partner, by=hand)
        found = Incidents(desk.inbox.database).incident(number)
    answer(plain(incident_line(found)))


COMMANDS: Final[tuple[Callable[..., None], ...]] = (tell, heard, also)


def _leaving(what: "Telling", partner: str) -> list[str]:
    much = "more than one report" if what.several else "one report alone"
    return [
        f"This is all that {plain(partner)} gets to know: {what.topic}, {what.place}, {_hours(what.bucket)}, {much}."
    ]


def _in_words(one: "Said", incidents: list[int]) -> str:
    much = "several reports" if one.several else "one report"
    line = f"word {one.number}: {one.name} has {much} of {one.topic}, {one.place}, {_hours(one.bucket)}"
    if one.incident is not None:
        return f"{line}; accepted for incident {one.incident}"
    if not incidents:
        return f"{line}; no incident of yours is like it"
    which = ", ".join(map(str, incidents))
    return f"{line}; like incident {which}: `veladora desk also {incidents[0]} --accept {one.number}` if it is the same"


def _hours(bucket: int) -> str:
    from forwarder.desk import reading

    return reading.hours(bucket, between=" to ")


def _told(one: "Said", incidents: list[int]) -> dict[str, Any]:
    return {
        "number": one.number,
        "from": one.sender,
        "name": one.name,
        "topic": one.topic,
        "place": one.place,
        "hours": _hours(one.bucket),
        "several": one.several,
        "round": one.round_number,
        "accepted": one.incident,
        "like": incidents,
    }
