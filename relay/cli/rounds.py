"""`veladora desk rounds`: which packets are here, which can still be had, and which are lost for good."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relay.cli.console import answer, say
from relay.cli.unlocking import HERE, FolderOption, Json, PassphraseFd, unlocked

if TYPE_CHECKING:
    from forwarder.desk.program import Desk
    from forwarder.desk.rounds import Span, Standing


def rounds(folder: FolderOption = HERE, json: Json = False, passphrase_fd: PassphraseFd = None) -> None:
    """Show from which rounds the packets are here, which can still be had, and which are lost for good."""
    from forwarder.desk.escapes import in_json

    with unlocked(folder, passphrase_fd) as desk:
        found = desk.rounds(now=time.time())
    if json:
        answer(in_json({_plural(one): _told(one) for one in found}))
        return
    for one in found:
        answer(f"{_plural(one)}: {sum(span.count for span in one.here)} here")
        for line in _lines(one) or ["nothing is missing"]:
            answer(f"  {line}")
    if any(one.to_come for one in found):
        say("A desk that receives comes for what can still be had, where [relay] names the partners' onion.")


def say_what_is_missing(desk: "Desk") -> None:
    """The same for `veladora desk list`, which says only what is missing; a round that has just closed may be on its
    way."""
    from forwarder.desk.rounds import settled

    now = time.time()
    newest = settled(now, relay=desk.settings.relay)
    for one in desk.rounds(now=now):
        waiting = tuple(span for span in one.to_come if span.first != newest)
        for line in _lines(replace(one, to_come=waiting)):
            say(line)


def _lines(one: "Standing") -> list[str]:
    return [
        f"missing: {text}; {why}"
        for spans, why in (
            (one.to_come, "still to be had"),
            (one.not_kept, "the relay has none: it did not run then, or keeps fewer rounds than `keep_rounds` says"),
            (one.lost, "lost for good, older than what the relay keeps"),
        )
        for text in _texts(one, spans)
    ] + [
        f"here too soon: {text}; still to be by this computer's clock: the clock is wrong, or the relay lied"
        for text in _texts(one, one.ahead)
    ]


def _texts(one: "Standing", spans: "tuple[Span, ...]") -> Iterator[str]:
    from forwarder.webhook import bundle_id

    for span in spans:
        first, last = bundle_id(one.cell_class, span.first), bundle_id(one.cell_class, span.last)
        yield first if span.count == 1 else f"{first} to {last} ({span.count})"


def _told(one: "Standing") -> dict[str, Any]:
    kinds = (
        *(("here", one.here), ("to_come", one.to_come), ("not_kept", one.not_kept), ("lost", one.lost)),
        ("ahead", one.ahead),
    )
    return {
        name: [{"first": span.first, "last": span.last, "count": span.count} for span in spans] for name, spans in kinds
    }


def _plural(one: "Standing") -> str:
    from forwarder.webhook import PLURALS

    return PLURALS[one.cell_class]
