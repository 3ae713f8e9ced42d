"""A node with a promise broken on purpose; VELADORA_MUTANT says which, or which ones with commas between."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from aiohttp import web

from crypto import letter
from crypto.cells import CellClass
from crypto.directory import write_answer
from crypto.errors import Malformed
from crypto.layers import RoundKey, RoundNumber
from crypto.suite import OpeningKey
from forwarder.delivery import Deliveries
from onion_service import answers, pasted, rinsing, site
from onion_service.answers import Verdict
from onion_service.door import _Door
from onion_service.serving import Answer
from relay import mix, node, telemetry
from relay.closing import Closing
from relay.config import Settings
from relay.gate import Phase, Seen, Tally
from relay.intake import Intake
from relay.node import Given, Node
from relay.public import Public
from relay.spool import Spool
from relay.telemetry import Figures
from tests.privacy import crash_mutants, pull_mutants, stored_mutants

PROGRAM: Final = "tests.privacy.mutant_node"
VARIABLE: Final = "VELADORA_MUTANT"
# Where a node's journal goes (`relay.journal.Journal.alone`).
_JOURNAL: Final = 1


def answer_before_the_cell_is_in_its_slot() -> None:
    """T11: what was answered 202 is in no memory but the node's own for a moment."""
    honest = Intake.accept

    def accept(self: Intake, envelope: bytes) -> Verdict:
        asyncio.get_running_loop().call_later(0.05, honest, self, envelope)
        return Verdict.ACCEPTED

    Intake.accept = accept  # type: ignore[method-assign]


def forget_that_a_bundle_was_stored() -> None:
    """T11: the node that starts again does not look at what left just before it was killed."""
    honest = Spool.drop

    def drop(self: Spool, cell_class: CellClass, slots: Iterable[int]) -> None:
        # Long enough for a kill to fall between the bundle on the disk and the cells in memory, on a busy machine too.
        time.sleep(1.5)
        honest(self, cell_class, slots)

    Spool.drop = drop  # type: ignore[method-assign]
    Closing._not_yet_stored = _all_that_is_held  # type: ignore[method-assign]


def accept_any_length() -> None:
    """T13: a body that is not one whole cell is kept with what it holds."""
    honest = Intake.accept
    length = CellClass.LETTER.length_after(1)

    def accept(self: Intake, envelope: bytes) -> Verdict:
        verdict = honest(self, envelope)
        if verdict is not Verdict.REFUSED:
            return verdict
        self._spool.put(CellClass.LETTER, envelope[:length].ljust(length), identity=envelope)
        return Verdict.ACCEPTED

    Intake.accept = accept  # type: ignore[method-assign]


def take_any_pasted_text() -> None:
    """T13: what is pasted is kept, whatever it is."""
    envelope, accept_cell = pasted.envelope, Intake.accept
    texts: list[bytes] = []

    def take(body: bytes) -> bytes:
        try:
            return envelope(body)
        except Malformed:
            texts.append(body.partition(b"=")[2])
            return texts[-1]

    def accept(self: Intake, envelope: bytes) -> Verdict:
        if envelope not in texts:
            return accept_cell(self, envelope)
        length = CellClass.LETTER.length_after(1)
        self._spool.put(CellClass.LETTER, envelope[:length].ljust(length), identity=envelope)
        return Verdict.ACCEPTED

    pasted.envelope = take
    pasted.cell_class = _a_letter_always
    Intake.accept = accept  # type: ignore[method-assign]


def _a_letter_always(length: int) -> CellClass | None:
    return CellClass.LETTER


def _all_that_is_held(self: Closing, cell_class: CellClass, held: dict[int, bytes]) -> dict[int, bytes]:
    return held


def forget_the_seen_set_on_restart() -> None:
    """T14: a node that starts again begins with no marks.

    An edge also leaves out what the bundle before it held; either of the two is enough, so both are taken away.
    """
    honest = Spool._mend

    def mend(self: Spool) -> None:
        honest(self)
        for marks in self._marks.values():
            marks.clear()

    Spool._mend = mend  # type: ignore[method-assign]
    Closing._not_yet_stored = _all_that_is_held  # type: ignore[method-assign]


def keep_the_previous_keys() -> None:
    """T4: a retired key stays where it can be found."""
    honest = Intake.turn_to
    kept: dict[bytes, RoundKey] = {}

    def turn_to(self: Intake, number: RoundNumber) -> RoundKey:
        newest = honest(self, number)
        kept.update(self._keys)
        self._keys = dict(kept)
        return newest

    Intake.turn_to = turn_to  # type: ignore[method-assign]


def leave_the_buffer_as_it_is() -> None:
    """T4: what the last body was read into is not overwritten."""

    async def rinse() -> bool:
        return True

    rinsing.rinse = rinse


def write_a_line_for_each_report() -> None:
    """T8: the journal says that something came."""
    honest = Intake.accept

    def accept(self: Intake, envelope: bytes) -> Verdict:
        verdict = honest(self, envelope)
        os.write(_JOURNAL, b"veladora: a cell came in\n")
        return verdict

    Intake.accept = accept  # type: ignore[method-assign]


def count_at_arrival() -> None:
    """T10: a figure moves when a cell comes."""
    honest, write = Intake.accept, telemetry.write
    written: list[tuple[Figures, Path]] = []

    def remember(figures: Figures, path: Path) -> None:
        written[:] = [(figures, path)]
        write(figures, path)

    def accept(self: Intake, envelope: bytes) -> Verdict:
        for figures, path in written:
            remember(msgspec.structs.replace(figures, bundles_kept=figures.bundles_kept + 1), path)
        return honest(self, envelope)

    telemetry.write = remember
    Intake.accept = accept  # type: ignore[method-assign]


def never_freeze() -> None:
    """N1: whatever is missing is taken for ordinary loss."""
    honest = Tally.seen

    def seen(self: Tally) -> Seen:
        return Seen.CAME_BACK if honest(self) is Seen.MISSING else honest(self)

    Tally.seen = seen  # type: ignore[method-assign]


def send_while_frozen() -> None:
    """N1: the relay says that it is frozen, and goes on."""
    honest = Node._may_leave

    def may_leave(self: Node, number: RoundNumber) -> bool:
        return honest(self, number) or self._spool.phase is Phase.FROZEN

    Node._may_leave = may_leave  # type: ignore[method-assign]


def forget_the_freeze_on_restart() -> None:
    """N1: a node that starts again begins with an open gate."""
    honest = Spool._mend

    def mend(self: Spool) -> None:
        honest(self)
        self.phase = Phase.OPEN

    Spool._mend = mend  # type: ignore[method-assign]


def vary_on_accept_language() -> None:
    """T15: whoever reads Spanish gets a page of their own."""

    def changed(request: web.BaseRequest, page: Answer) -> Answer:
        if request.headers.get("Accept-Language", "").startswith("es"):
            return _another(page, b"<!-- es -->")
        return page

    _change_pages(changed)


def alter_one_page_in_a_hundred() -> None:
    """T15: one visitor in a hundred gets something more."""
    chance = Random(15)

    def changed(_request: web.BaseRequest, page: Answer) -> Answer:
        return _another(page, b"<script>alert(1)</script>") if chance.random() < 0.01 else page

    _change_pages(changed)


def mark_one_page_in_a_hundred() -> None:
    """T15: one visitor in a hundred is known again by what their browser keeps."""
    chance = Random(15)

    def changed(_request: web.BaseRequest, page: Answer) -> Answer:
        return _another(page, header=b'ETag: "7"\r\n') if chance.random() < 0.01 else page

    _change_pages(changed)


def _another(page: Answer, more: bytes = b"", *, header: bytes = b"") -> Answer:
    """The page with something more in its body or in its head, and of the same length."""
    body = (page.content.rstrip(b"\n") + more).ljust(len(page.content), b"\n")
    other = Answer(page.status, "OK")
    other._kept, other._last = ((head[:-2] + header + b"\r\n", body) for head, _ in (page._kept, page._last))
    return other


def _change_pages(changed: Callable[[web.BaseRequest, Answer], Answer]) -> None:
    honest = _Door.handle

    async def handle(self: _Door, request: web.BaseRequest) -> Answer:
        answer = await honest(self, request)
        return changed(request, answer) if request.raw_path == "/" else answer

    _Door.handle = handle  # type: ignore[method-assign]


def give_some_a_round_key_of_their_own() -> None:
    """T15: the cell of one visitor in twenty would be known by its round tag."""
    honest, turn = Public.directory, Public.turn
    chance = Random(15)

    def both(self: Public, key: RoundKey) -> None:
        turn(self, key)
        own = RoundKey.generate(key.round_number).announce(self._identity)
        self._own = answers.directory(write_answer(self._trusted.signed, [own]))  # type: ignore[attr-defined]

    def directory(self: Public) -> Answer:
        return self._own if chance.random() < 0.05 else honest(self)  # type: ignore[attr-defined]

    Public.turn, Public.directory = both, directory  # type: ignore[method-assign]


def site_folder(relay: Path) -> Path:
    """Where `serve_another_page` finds its pages: beside the relay's settings."""
    return relay / "site"


def serve_another_page() -> None:
    """T13, T16, T19: other pages, and a policy that lets their scripts run."""
    folder = site_folder(Path(sys.argv[1]).parent)
    site._read = lambda name: (folder / name).read_bytes()
    site.policy.cache_clear()
    answers._HEADERS["Content-Security-Policy"] = site.policy()
    answers.PASTED.update({verdict: answers._pasted(verdict) for verdict in Verdict})


def let_browsers_keep_the_page() -> None:
    """T19: nothing tells a browser not to keep what it was given."""
    del answers._HEADERS["Cache-Control"]


def make_top_ups_when_they_are_sent() -> None:
    """T6: a bundle is filled when it is sent, with as many top-ups as it needs, and sent when it is full."""
    fill, store_all, closed = mix.fill, Closing._store_all, Deliveries.closed
    needed: list[int] = []

    def count(chosen: Sequence[bytes], room: int, top_ups: Sequence[bytes]) -> list[bytes]:
        needed.append(room - len(chosen))
        return fill(chosen, room, top_ups)

    async def make(self: Closing, ready: list[Any]) -> None:
        for _ in range(needed[-1]):
            letter.top_up(CellClass.LETTER, relays=1)
        await store_all(self, ready)

    def at_once(self: Deliveries, number: RoundNumber, *, push_in: float) -> None:
        closed(self, number, push_in=0.0)

    mix.fill = count
    Closing._store_all = make  # type: ignore[method-assign]
    Deliveries.closed = at_once  # type: ignore[assignment, method-assign]


def push_as_soon_as_it_starts() -> None:
    """T6: what was not noted before the kill is pushed at once, whenever that is."""
    close = node.Node._close

    async def close_and_push(self: node.Node, number: RoundNumber, *, push: bool = True) -> None:
        await close(self, number)

    node.Node._close = close_and_push  # type: ignore[method-assign]


def reuse_round_keys() -> None:
    """T21: a round has the key of the one before."""
    honest = RoundKey.generate
    first: list[RoundKey] = []

    def generate(number: RoundNumber) -> RoundKey:
        first.append(honest(number))
        return RoundKey(number, first[0].key)

    RoundKey.generate = generate  # type: ignore[method-assign, assignment]


def make_round_keys_of_the_identity() -> None:
    """T21: a round's key is made of what lies on the disk, so that a relay that was switched off has it again."""
    begin = Node.__init__

    def init(self: Node, settings: Settings, given: Given, **others: Any) -> None:  # noqa: ANN401
        key = OpeningKey(given.identity.secret_seed())
        RoundKey.generate = lambda number: RoundKey(number, key)  # type: ignore[method-assign, assignment]
        begin(self, settings, given, **others)

    Node.__init__ = init  # type: ignore[method-assign]


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    plant.__name__: plant
    for plant in (
        answer_before_the_cell_is_in_its_slot,
        forget_that_a_bundle_was_stored,
        accept_any_length,
        take_any_pasted_text,
        forget_the_seen_set_on_restart,
        keep_the_previous_keys,
        leave_the_buffer_as_it_is,
        write_a_line_for_each_report,
        count_at_arrival,
        never_freeze,
        send_while_frozen,
        forget_the_freeze_on_restart,
        vary_on_accept_language,
        alter_one_page_in_a_hundred,
        mark_one_page_in_a_hundred,
        give_some_a_round_key_of_their_own,
        serve_another_page,
        let_browsers_keep_the_page,
        make_top_ups_when_they_are_sent,
        push_as_soon_as_it_starts,
        reuse_round_keys,
        make_round_keys_of_the_identity,
        *stored_mutants.PLANTS,
        *crash_mutants.PLANTS,
        *pull_mutants.PLANTS,
    )
}

if __name__ == "__main__":
    for mutant in os.environ[VARIABLE].split(","):
        MUTANTS[mutant]()
    sys.exit(node.main())
