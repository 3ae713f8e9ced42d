"""Locking drops the keys and closes the inbox; the desk locks itself; a wrong passphrase slows down."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from unittest import mock

import psutil
import pytest

from crypto.errors import WrongPassphrase
from crypto.keys import AlertsKey
from crypto.report import Report
from crypto.suite import OpeningKey
from forwarder.desk.config import SETTINGS_NAME, read_settings
from forwarder.desk.errors import DeskLocked, TryLater, Unreadable
from forwarder.desk.inbox import Inbox
from forwarder.desk.program import Desk
from forwarder.desk.sandbox import START, Sandbox
from forwarder.desk.web import keeper as module
from forwarder.desk.web.keeper import LOOK_SECONDS, Keeper, Stage, boot_clock
from forwarder.desk.web.opened import Opened
from forwarder.desk.web.receiver import Phase
from tests.unit.forwarder.desk.given import (
    CHEAP,
    PARTNER,
    PASSPHRASE,
    RELAY_SETTINGS,
    attached,
    key_of,
    letters,
    new_desk,
    open_desk,
    parcels,
)
from tests.unit.forwarder.desk.web.visiting import Clock
from tests.unit.forwarder.endpoints import until

pytestmark = pytest.mark.slow

# A child that takes the file and never answers.
NEVER_ANSWERS: Final = START.replace(
    "main(sys.argv[1])",
    "import time; from forwarder.desk import cleaners; cleaners.cleaned = lambda *_, **__: time.sleep(600);"
    "main(sys.argv[1])",
)


def keeper_of(folder: Path, clock: Callable[[], float] | None = None) -> Keeper:
    return Keeper(folder, clock=clock or Clock(), cost=CHEAP, receives=False)


KEPT: Final = (Desk, Inbox, OpeningKey, AlertsKey)


def there(*kinds: type[object]) -> list[object]:
    """The objects of these kinds that Python holds now."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, kinds)]


def held(kind: type[object], *, but: list[object]) -> list[object]:
    """The objects of a kind that Python still holds, but those that were there before; the list keeps them alive, so
    that no newer one gets the place of one of them."""
    known = {id(one) for one in but}
    return [one for one in there(kind) if id(one) not in known]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with new_desk(tmp_path) as desk:
        desk.take(letters(1, Report(text="uno"), to=[key_of(desk)]))
    return tmp_path


def test_locking_leaves_no_key_no_inbox_and_nothing_that_was_opened(folder: Path) -> None:
    before = there(*KEPT)

    async def story() -> None:
        keeper = keeper_of(folder)
        await keeper.unlock(PASSPHRASE)
        inbox = keeper.desk.inbox
        await keeper.opened.openings([(1, "uno")])
        assert held(OpeningKey, but=before)
        assert held(Desk, but=before)
        await keeper.lock()
        assert keeper.stage is Stage.LOCKED
        with pytest.raises(Unreadable):
            inbox.entry(1)
        del inbox
        for kind in (Desk, OpeningKey, Inbox):
            assert held(kind, but=before) == []
        for asked in ("desk", "opened", "receiver"):
            with pytest.raises(DeskLocked):
                getattr(keeper, asked)
        await keeper.end()

    asyncio.run(story())


def test_what_was_begun_before_the_lock_reads_nothing_after_it(folder: Path) -> None:
    async def story() -> None:
        keeper = keeper_of(folder)
        await keeper.unlock(PASSPHRASE)
        with keeper.desk.alone:
            reading = asyncio.create_task(keeper.read(lambda desk: desk.inbox.entry(1)))
            await asyncio.sleep(0.05)
            keeper._desk = None
        with pytest.raises(DeskLocked):
            await reading

    asyncio.run(story())


def test_the_desk_locks_itself_when_nobody_is_there_and_not_before(folder: Path) -> None:
    async def story() -> None:
        clock = Clock()
        keeper, told = keeper_of(folder, clock), []
        keeper.when_locked(lambda: told.append(keeper.stage))
        await keeper.unlock(PASSPHRASE)
        looks = 0

        async def sleep(seconds: float) -> None:
            nonlocal looks
            assert seconds == LOOK_SECONDS
            looks += 1
            await asyncio.sleep(0)

        watch = asyncio.create_task(keeper.watch(sleep=sleep))
        assert keeper.lock_seconds == 15 * 60
        for _ in range(3):
            clock.seconds += keeper.lock_seconds - 1
            await until(lambda looked=looks: looks >= looked + 2)  # type: ignore[misc]
            assert keeper.stage is Stage.OPEN
            keeper.touch()
        clock.seconds += keeper.lock_seconds
        async with asyncio.timeout(10):
            await until(lambda: keeper.stage is not Stage.OPEN)
        assert keeper.locked_by_itself
        assert told == [Stage.LOCKED]
        watch.cancel()
        await keeper.end()

    asyncio.run(story())


def test_the_minutes_until_it_locks_itself_are_a_setting(folder: Path) -> None:
    with (folder / SETTINGS_NAME).open("a") as file:
        file.write("\n[web]\nlock_after_minutes = 3\n")

    async def story() -> None:
        keeper = keeper_of(folder)
        await keeper.unlock(PASSPHRASE)
        assert keeper.lock_seconds == 180
        await keeper.end()

    asyncio.run(story())


def test_a_wrong_passphrase_makes_the_next_try_wait_also_when_many_come_at_once(folder: Path) -> None:
    async def story() -> None:
        clock = Clock()
        keeper = keeper_of(folder, clock)
        tries = await asyncio.gather(*(keeper.unlock("otra frase") for _ in range(6)), return_exceptions=True)
        assert [type(one) for one in tries].count(WrongPassphrase) == 2
        assert [type(one) for one in tries].count(TryLater) == 4
        with pytest.raises(TryLater):
            await keeper.unlock(PASSPHRASE)
        assert keeper.stage is Stage.LOCKED
        clock.seconds += keeper.wait()
        await keeper.unlock(PASSPHRASE)
        assert keeper.wait() == 0
        await keeper.end()

    asyncio.run(story())


def test_a_desk_made_in_the_pages_is_what_init_and_an_editor_make(tmp_path: Path) -> None:
    by_hand, by_pages = tmp_path / "hand", tmp_path / "pages"
    new_desk(by_hand).inbox.close()

    async def story() -> None:
        keeper = keeper_of(by_pages)
        stages = [keeper.stage]
        await keeper.make(PARTNER, passphrase=PASSPHRASE)
        assert [*stages, keeper.stage] == [Stage.NONE, Stage.OPEN]
        assert keeper.receiver.standing.phase is Phase.NO_RELAY
        await keeper.fill_in(RELAY_SETTINGS)
        assert keeper.desk.settings.relay == RELAY_SETTINGS
        await keeper.end()

    asyncio.run(story())
    assert (by_pages / SETTINGS_NAME).read_bytes() == (by_hand / SETTINGS_NAME).read_bytes()
    assert read_settings(by_pages).config == read_settings(by_hand).config
    made, other = (
        {str(path.relative_to(folder)): path.stat().st_mode for path in folder.rglob("*")}
        for folder in (by_pages, by_hand)
    )
    # The key that signs alerts is made at the first opening that may need it.
    assert made.pop("alerts.key")
    assert made == other


def test_a_desk_without_its_alerts_key_opens_and_cannot_sign(folder: Path) -> None:
    async def story() -> None:
        keeper = keeper_of(folder)
        signs = []
        for _ in range(2):
            await keeper.unlock(PASSPHRASE)
            signs.append(keeper.desk.signs)
            await keeper.end()
            (folder / "alerts.key").unlink(missing_ok=True)
        assert signs == [True, False]

    asyncio.run(story())


def test_time_goes_on_while_the_computer_sleeps() -> None:
    with mock.patch("time.clock_gettime", side_effect=float):
        assert boot_clock() == time.CLOCK_BOOTTIME
    assert time.CLOCK_BOOTTIME != time.CLOCK_MONOTONIC


def test_the_keys_are_dropped_at_once_whoever_still_holds_the_desk(folder: Path) -> None:
    before = there(*KEPT)

    async def story() -> None:
        keeper = keeper_of(folder)
        await keeper.unlock(PASSPHRASE)
        desk, bundle = keeper.desk, letters(2, Report(text="dos"), to=[key_of(keeper.desk)])
        assert held(OpeningKey, but=before)
        assert held(AlertsKey, but=before)
        await keeper.lock()
        assert held(OpeningKey, but=before) == []
        assert held(AlertsKey, but=before) == []
        for asked in (lambda: desk.take(bundle), lambda: desk.card, lambda: desk.release(now=1)):
            with pytest.raises((DeskLocked, Unreadable)):
                asked()
        await keeper.end()

    asyncio.run(story())
    with open_desk(folder) as desk:
        assert [entry.report.text for entry in desk.inbox.entries()] == ["uno"]


def test_what_is_being_opened_is_ended_by_locking_with_the_child_that_has_it(tmp_path: Path) -> None:
    attachment, parts = attached(b"\x89PNG that nobody opens", media="image/png")
    with new_desk(tmp_path) as desk:
        key = key_of(desk)
        desk.take(letters(1, Report(text="uno", attachments=[attachment]), to=[key]))
        desk.take(parcels(3, *parts, to=[key]))
    before, others = there(*KEPT), set(children())

    async def story() -> None:
        keeper = keeper_of(tmp_path)
        await keeper.unlock(PASSPHRASE)
        sandbox = Sandbox(Sandbox.best().way, start=NEVER_ANSWERS)
        opened = keeper._opened = Opened(keeper.desk, sandbox)
        looked = asyncio.create_task(opened.copy(1, 1))
        async with asyncio.timeout(30):
            # Not only started: one that comes too late is ended on another way.
            await until(lambda: not others.issuperset(children()) and bool(sandbox.children._running))
        await keeper.lock()
        # The kernel needs a moment for it; left alone, the child would go on for minutes.
        await until(lambda: others.issuperset(children()), seconds=5)
        with pytest.raises(DeskLocked):
            await looked
        for asked in (opened.copy(1, 1), opened.copies(1, [1], seconds=1), opened.words(where="", text="uno")):
            with pytest.raises(DeskLocked):
                await asked
        del opened, looked, asked
        # The thread that waited for the child needs a moment too.
        await until(lambda: held(Desk, but=before) == [], seconds=5)
        await keeper.end()

    asyncio.run(story())


def test_a_wrong_passphrase_is_refused_also_by_a_desk_that_another_try_has_just_opened(folder: Path) -> None:
    async def story() -> None:
        keeper = keeper_of(folder)
        tries = await asyncio.gather(
            keeper.unlock(PASSPHRASE), keeper.unlock("otra frase"), keeper.unlock(PASSPHRASE), return_exceptions=True
        )
        assert [tries[0], type(tries[1]), tries[2]] == [True, WrongPassphrase, False]
        assert keeper.stage is Stage.OPEN
        await keeper.end()

    asyncio.run(story())


def test_what_is_being_unlocked_when_the_program_ends_is_locked(folder: Path) -> None:
    async def story() -> None:
        keeper = keeper_of(folder)
        go_on = threading.Event()

        def slowly(*given: Any) -> Desk:  # noqa: ANN401
            go_on.wait(10)
            return unlocked(*given)

        unlocked = module._unlocked
        with mock.patch.object(module, "_unlocked", slowly):
            opening = asyncio.create_task(keeper.unlock(PASSPHRASE))
            await asyncio.sleep(0.05)
            ending = asyncio.create_task(keeper.end())
            await asyncio.sleep(0.05)
            go_on.set()
            await asyncio.gather(opening, ending)
        assert keeper.stage is Stage.LOCKED

    asyncio.run(story())


def test_one_fault_at_locking_does_not_end_the_locking_for_good_and_leaves_nothing_open(folder: Path) -> None:
    async def story() -> None:
        clock = Clock()
        keeper = keeper_of(folder, clock)
        heard: list[type[BaseException]] = []
        faults = [KeyError("told"), None]
        keeper.when_locked(lambda: raise_if(faults.pop(0)))
        watch = asyncio.create_task(keeper.watch(on_fault=heard.append, sleep=lambda _: asyncio.sleep(0.001)))
        for _ in range(2):
            await keeper.unlock(PASSPHRASE)
            inbox = keeper.desk.inbox
            clock.seconds += keeper.lock_seconds
            async with asyncio.timeout(10):
                await until(lambda: keeper.stage is Stage.LOCKED)
                await until(lambda: is_closed(inbox))  # noqa: B023
        assert heard == [KeyError]
        watch.cancel()
        await keeper.end()

    asyncio.run(story())


def raise_if(error: Exception | None) -> None:
    if error is not None:
        raise error


def is_closed(inbox: Inbox) -> bool:
    try:
        inbox.entry(1)
    except Unreadable:
        return True
    return False


def children() -> list[int]:
    """The processes in which something is opened."""
    found = (one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE)
    return [one.pid for one in found]
