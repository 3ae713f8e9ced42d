"""Locking drops the keys and closes the inbox; the desk locks itself; a wrong passphrase slows down."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import WrongPassphrase
from crypto.report import Report
from crypto.suite import OpeningKey
from forwarder.desk.config import SETTINGS_NAME, read_settings
from forwarder.desk.errors import DeskLocked, TryLater, Unreadable
from forwarder.desk.inbox import Inbox
from forwarder.desk.program import Desk
from forwarder.desk.web.keeper import LOOK_SECONDS, Keeper, Stage, boot_clock
from forwarder.desk.web.receiver import Phase
from tests.unit.forwarder.desk.given import CHEAP, PARTNER, PASSPHRASE, RELAY_SETTINGS, key_of, letters, new_desk
from tests.unit.forwarder.desk.web.visiting import Clock
from tests.unit.forwarder.endpoints import until


def keeper_of(folder: Path, clock: Callable[[], float] | None = None) -> Keeper:
    return Keeper(folder, clock=clock or Clock(), cost=CHEAP, receives=False)


def held(kind: type[object], *, but: set[int]) -> list[object]:
    """The objects of a kind that Python still holds, but those that were there before."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, kind) and id(one) not in but]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with new_desk(tmp_path) as desk:
        desk.take(letters(1, Report(text="uno"), to=[key_of(desk)]))
    return tmp_path


def test_locking_leaves_no_key_no_inbox_and_nothing_that_was_opened(folder: Path) -> None:
    gc.collect()
    before = {id(one) for one in gc.get_objects()}

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


@pytest.mark.slow
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
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(boot_clock() - uptime) < 5
