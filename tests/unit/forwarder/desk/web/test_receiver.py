"""An unlocked desk receives beside its pages; a locked one has no endpoint and no tor; what fails is told and ends
nothing else.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from crypto.report import Report
from crypto.suite import OpeningKey
from forwarder.desk import program
from forwarder.desk.catching_up import Event, News
from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import NotStored
from forwarder.desk.listener import Failure, Listener, Trouble
from forwarder.desk.program import Desk
from forwarder.desk.tending import Told
from forwarder.desk.web.keeper import Keeper, Stage
from forwarder.desk.web.receiver import Phase
from forwarder.webhook import webhook_headers
from onion_service.errors import OnionUnreachable
from onion_service.refusals import ClockWrong
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, key_of, letters, new_desk, to_socket
from tests.unit.forwarder.desk.test_program import NOWHERE
from tests.unit.forwarder.desk.web.test_keeper import KEPT, held, there
from tests.unit.forwarder.desk.web.visiting import visiting
from tests.unit.forwarder.endpoints import until
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS


def tors() -> set[int]:
    """The tor processes of this one: this test's, and those that other tests still need."""
    return {child.pid for child in psutil.Process().children(recursive=True) if "tor" in child.name()}


async def deliver(keeper: Keeper, round_number: int, report: Report) -> int:
    """Bring a bundle to the endpoint as the relay would; the answer's status."""
    bundle = letters(round_number, report, to=[key_of(keeper.desk)])
    head = bundle.header
    headers = webhook_headers(
        bundle.wire,
        cell_class=head.cell_class,
        round_number=head.round_number,
        round_seconds=ROUND_SECONDS,
        relay=RELAY,
    )
    socket = keeper.desk.settings.endpoint_socket.path
    async with to_socket(socket) as relay, relay.post("http://x/", data=bundle.wire, headers=headers) as answer:
        return answer.status


@pytest.mark.slow
def test_what_is_delivered_while_the_desk_is_open_is_in_its_inbox_and_a_locked_desk_has_no_endpoint_and_no_tor(
    tmp_path: Path,
) -> None:
    new_desk(tmp_path).inbox.close()
    with (tmp_path / SETTINGS_NAME).open("a") as file:
        file.write(NOWHERE)

    before, others = there(*KEPT), tors()

    async def story() -> None:
        keeper = Keeper(tmp_path, cost=CHEAP)
        for number in (1, 2):
            await keeper.unlock(PASSPHRASE)
            socket = keeper.desk.settings.endpoint_socket.path
            assert keeper.receiver.standing.phase is Phase.STARTING
            await until(lambda: socket.exists() and bool(tors() - others))  # noqa: B023
            assert held(OpeningKey, but=before)
            assert await deliver(keeper, number, Report(text=f"ronda {number}")) == 204
            texts = await keeper.read(lambda desk: [entry.report.text for entry in desk.inbox.entries()])
            assert texts == [f"ronda {one}" for one in range(1, number + 1)]
            await keeper.lock()
            assert keeper.stage is Stage.LOCKED
            # What receives is still about to end, and holds the desk until then; the keys are gone.
            assert held(OpeningKey, but=before) == []
            await keeper.end()
            assert not socket.exists()
            assert tors() - others == set()

    asyncio.run(story())


@pytest.mark.slow
def test_that_tor_is_missing_is_told_and_the_desk_can_be_read(tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        desk.take(letters(1, Report(text="uno"), to=[key_of(desk)]))
    text = (tmp_path / SETTINGS_NAME).read_text().replace('program = "tor"', 'program = "no-such-tor"')
    (tmp_path / SETTINGS_NAME).write_text(text)

    async def story() -> None:
        keeper = Keeper(tmp_path, cost=CHEAP)
        await keeper.unlock(PASSPHRASE)
        await until(lambda: keeper.receiver.standing.phase is Phase.FAILED)
        first = keeper.receiver
        assert first.standing.error is not None
        assert len(await keeper.read(lambda desk: list(desk.inbox.entries()))) == 1
        await keeper.receive_again()
        assert keeper.receiver is not first
        await until(lambda: keeper.receiver.standing.phase is Phase.FAILED)
        await keeper.end()

    asyncio.run(story())


HEARD: tuple[tuple[Callable[[Listener], None], str, str], ...] = (
    (
        lambda one: one.coming(News(Event.BROKEN, 0, 120, "", OnionUnreachable("it does not know our client key"))),
        "no deja entrar a esta mesa",
        "it does not know our client key",
    ),
    (
        lambda one: one.coming(News(Event.REFUSED, 9, 120, "", Refusal.TOO_LONG, left_out=1)),
        "compare letters y parcels",
        "8 de 120",
    ),
    (lambda one: one.coming(News(Event.STOPPED, 9, 120, "", NotStored("no room"))), "Libere espacio", "9 de 120"),
    (lambda one: one.coming(News(Event.PARTLY, 9, 9, left_out=4)), "Se recogieron 5 de 9 entregas", "intenta otra vez"),
    (lambda one: one.refused(Refusal.TOO_FAR_AHEAD), "La última entrega del relevo se rechazó", "todavía no pasa"),
    (
        lambda one: one.failed(Failure(Trouble.NO_DIRECTORY, ClockWrong("your clock is fast, by 2 hours"))),
        "El reloj de esta computadora y el del relevo no van iguales",
        "by 2 hours",
    ),
    (lambda one: one.tended(Told.NOT_RELEASED), "no se pudo firmar de nuevo", "Recepción"),
    (lambda one: one.tended(Told.NOT_SAID), "Un canal no pudo decir", "channel posts"),
)
OVER: tuple[Callable[[Listener], None], ...] = (
    lambda one: one.coming(News(Event.DONE, 120, 120)),
    lambda one: one.refused(None),
    lambda one: one.failed(Failure(Trouble.NO_DIRECTORY, None)),
    lambda one: one.tended(Told.LOOKED),
    lambda one: one.tended(Told.SAID),
)


@pytest.mark.slow
def test_why_nothing_comes_stands_on_the_page_until_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_desk(tmp_path) as desk:
        # The pages' clock stands at round 1000.
        desk.take(letters(999, Report(text="uno"), to=[key_of(desk)]))
        desk.take(letters(5_000, Report(text="dos"), to=[key_of(desk)]))
    heard: list[Listener] = []

    async def receive(_desk: Desk, stop: asyncio.Event, *, progress: object, listener: Listener) -> None:
        heard.append(listener)
        await stop.wait()

    monkeypatch.setattr(program, "receive", receive)

    async def story() -> None:
        async with visiting(tmp_path) as browser:
            keeper = browser.house.keeper
            monkeypatch.setattr(keeper, "_receives", True)
            await keeper.receive_again()
            await until(lambda: bool(heard))
            for say, *expected in HEARD:
                say(heard[-1])
                page = (await browser.open("/receiving")).said
                assert [one for one in expected if one not in page] == []
            for over in OVER:
                over(heard[-1])
            calm = await browser.open("/receiving")
            assert 'class="trouble"' not in calm.text
            assert "Ha llegado una entrega, de una ronda que terminó" in calm.said
            assert (
                "Una entrega es de una ronda que, según el reloj de esta computadora, todavía no pasa. Revise"
                in calm.said
            )

    asyncio.run(story())


@pytest.mark.slow
def test_an_error_that_nobody_foresaw_is_said_to_have_ended_it_and_its_words_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_desk(tmp_path).inbox.close()

    async def receive(*_: object, **__: object) -> None:
        raise KeyError("what a person wrote")

    monkeypatch.setattr(program, "receive", receive)

    async def story() -> None:
        async with visiting(tmp_path) as browser:
            keeper = browser.house.keeper
            monkeypatch.setattr(keeper, "_receives", True)
            await keeper.receive_again()
            await until(lambda: keeper.receiver.standing.phase is Phase.FAILED)
            page = await browser.open("/receiving")
            assert "Intentar otra vez" in page.text
            assert "KeyError" in page.said
            assert "a person wrote" not in page.text

    asyncio.run(story())
