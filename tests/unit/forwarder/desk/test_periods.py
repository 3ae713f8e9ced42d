"""A period ends: the new key opens what is new, the old one what is late, and a destroyed one nothing."""

import asyncio
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from crypto.keys import KEY_FILE_MAX
from crypto.report import Report
from forwarder.desk import periods
from forwarder.desk.config import OLDER_KEYS_MAX, read_settings
from forwarder.desk.errors import BadSettings, DeskRuns, NotDestroyed, TooManyKeys
from forwarder.desk.periods import LATE, end_periods, new_period
from forwarder.desk.program import Desk, receiving
from forwarder.durable import write_durably
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, key_of, letters, new_desk, open_desk

pytestmark = pytest.mark.slow

TODAY = date(2027, 1, 15)


def turn(folder: Path, today: date = TODAY) -> None:
    """A new period begins."""
    new_period(read_settings(folder), passphrase=PASSPHRASE, today=today, cost=CHEAP)


def test_both_keys_open_until_the_period_is_ended(tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        old = key_of(desk)
    turn(tmp_path)
    with open_desk(tmp_path) as desk:
        new = key_of(desk)
        assert new != old
        desk.take(letters(1, Report(text="tarde"), to=[old]))
        desk.take(letters(2, Report(text="nuevo"), to=[new]))
    assert end_periods(read_settings(tmp_path), today=TODAY + LATE) == [TODAY]
    with open_desk(tmp_path) as desk:
        assert key_of(desk) == new
        desk.take(letters(3, Report(text="perdido"), to=[old]))
        desk.take(letters(4, Report(text="otro"), to=[new]))
        assert [entry.report.text for entry in desk.inbox.entries()] == ["tarde", "nuevo", "otro"]


def test_a_key_is_not_destroyed_while_something_may_be_on_its_way_unless_told(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    turn(tmp_path)
    turn(tmp_path, TODAY + timedelta(days=5))
    settings = read_settings(tmp_path)
    assert end_periods(settings, today=TODAY + LATE - timedelta(days=1)) == []
    assert len(settings.key_files) == 3
    assert end_periods(settings, today=TODAY + LATE) == [TODAY]
    assert end_periods(settings, today=TODAY, at_once=True) == [TODAY + timedelta(days=5)]
    assert settings.key_files == [tmp_path / "partner.key"]
    open_desk(tmp_path).inbox.close()


def test_the_bytes_of_a_destroyed_key_are_overwritten_where_they_lay(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    turn(tmp_path)
    path = tmp_path / "older-keys" / f"{TODAY}.key"
    with path.open("rb", buffering=0) as held:
        assert held.read(1) == b"{"
        end_periods(read_settings(tmp_path), today=TODAY, at_once=True)
        held.seek(0)
        assert set(held.read(KEY_FILE_MAX)) == {0}
    assert not path.exists()


def test_stopped_between_the_copy_and_the_new_key_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_desk(tmp_path) as desk:
        old = key_of(desk)
    written: list[Path] = []

    def stopped(path: Path, parts: list[bytes]) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write_durably(path, parts)

    with monkeypatch.context() as patch:
        patch.setattr(periods, "write_durably", stopped)
        with pytest.raises(KeyboardInterrupt):
            turn(tmp_path)
    with open_desk(tmp_path) as desk:
        assert key_of(desk) == old
    turn(tmp_path)
    with open_desk(tmp_path) as desk:
        assert key_of(desk) != old
    assert len(read_settings(tmp_path).key_files) == 2


def test_one_new_key_a_day_and_no_more_than_a_desk_tries(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    turn(tmp_path)
    with pytest.raises(TooManyKeys):
        turn(tmp_path)
    for day in range(1, OLDER_KEYS_MAX):
        turn(tmp_path, TODAY + timedelta(days=day))
    before = (tmp_path / "partner.key").read_bytes()
    with pytest.raises(TooManyKeys):
        turn(tmp_path, TODAY + timedelta(days=99))
    assert (tmp_path / "partner.key").read_bytes() == before


def test_a_desk_that_runs_keeps_its_keys(tmp_path: Path) -> None:
    async def while_it_runs() -> None:
        with new_desk(tmp_path) as desk:
            async with receiving(desk):
                for ask in (lambda: turn(tmp_path), lambda: end_periods(desk.settings, today=TODAY, at_once=True)):
                    with pytest.raises(DeskRuns):
                        ask()

    asyncio.run(while_it_runs())
    turn(tmp_path)


def test_a_desk_does_not_receive_with_a_key_that_was_replaced_after_it_was_unlocked(tmp_path: Path) -> None:
    async def receive(desk: Desk) -> None:
        async with receiving(desk):
            pytest.fail("it receives")

    with new_desk(tmp_path) as desk:
        turn(tmp_path)
        with pytest.raises(BadSettings, match="start it again"):
            asyncio.run(receive(desk))


@pytest.mark.parametrize("name", ["x.key", "2027-13-01.key"])
def test_a_key_file_that_is_not_ours_is_named_and_left(tmp_path: Path, name: str) -> None:
    new_desk(tmp_path).inbox.close()
    turn(tmp_path)
    os.link(tmp_path / "partner.key", tmp_path / "older-keys" / name)
    with pytest.raises(NotDestroyed, match=name):
        end_periods(read_settings(tmp_path), today=date.max, at_once=True)
    assert (tmp_path / "older-keys" / name).exists()
