"""A copy is one whole version or it is refused; a crash while one is written leaves the one before."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from forwarder import copies
from forwarder.copies import CURRENT, VERSIONS, read_copy, read_signed, write_copy
from forwarder.errors import BadCopy, NoCopy, NotWritten
from tests.unit.forwarder.published import FILES, PUBLIC, copy


def test_a_copy_is_read_as_it_was_written_and_anybody_may_read_it(tmp_path: Path) -> None:
    write_copy(tmp_path, copy())
    assert read_copy(tmp_path, key=PUBLIC) == copy()
    assert read_signed(tmp_path, key=PUBLIC) == copy().signed
    for path in (tmp_path / CURRENT).rglob("*"):
        assert path.stat().st_mode & 0o044 == 0o044
    assert sorted(copy().everything()) == sorted([*FILES, "manifest.json", "manifest.json.minisig"])


def test_the_version_before_stays_for_those_who_are_reading_it_and_no_more(tmp_path: Path) -> None:
    for version in (1, 2, 3, 4):
        write_copy(tmp_path, copy(version))
    assert sorted(path.name for path in (tmp_path / VERSIONS).iterdir()) == ["3", "4"]
    assert read_copy(tmp_path, key=PUBLIC).signed.manifest.version == 4


def test_no_date_in_a_copy_tells_more_than_the_hour_and_each_version_is_dated_later(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    dated = []
    for version in (1, 2):
        write_copy(folder, copy(version))
        there = [folder, folder / CURRENT, folder / VERSIONS, *(folder / VERSIONS / str(version)).rglob("*")]
        dates = {path.lstat().st_mtime_ns for path in there}
        assert len(dates) == 1
        dated.append(dates.pop())
    assert dated[0] % (3_600 * 10**9) == 0
    assert 0 <= time.time_ns() - dated[0] < 7_200 * 10**9
    assert dated[1] - dated[0] in (10**9, 3_600 * 10**9), "a reader who asks for what is newer gets it"


def test_in_a_folder_of_somebody_else_a_copy_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.utime

    def refusing(path: Path, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if path == tmp_path:
            raise PermissionError(1, "only its owner may date it")
        whole(path, *args, **kwargs)

    monkeypatch.setattr(os, "utime", refusing)
    write_copy(tmp_path, copy())
    assert read_copy(tmp_path, key=PUBLIC) == copy()


def test_a_version_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_copy(tmp_path, copy())
    with pytest.raises(NotWritten):
        write_copy(tmp_path, copy(1, {"other.csv": b""}))
    assert read_copy(tmp_path, key=PUBLIC) == copy()


def changed(place: Path) -> None:
    (place / "alerts.csv").write_bytes(b"ix\r\n")


def longer(place: Path) -> None:
    (place / "alerts.csv").write_bytes(b"id\r\n\n")


def missing(place: Path) -> None:
    (place / "cap/0.xml").unlink()


def extra(place: Path) -> None:
    (place / "cap/\nextra").write_bytes(b"")


def a_link(place: Path) -> None:
    (place / "alerts.csv").unlink()
    (place / "alerts.csv").symlink_to("/etc/hostname")


def a_link_to_a_folder(place: Path) -> None:
    (place / "etc").symlink_to("/etc")


def a_pipe(place: Path) -> None:
    (place / "alerts.csv").unlink()
    os.mkfifo(place / "alerts.csv")


def another_manifest(place: Path) -> None:
    (place / "manifest.json").write_bytes(copy(2).signed.wire)


def deep(place: Path) -> None:
    (place / "a/b/c/d/e/f").mkdir(parents=True)


@pytest.mark.parametrize(
    "harm", [changed, longer, missing, extra, a_link, a_link_to_a_folder, a_pipe, another_manifest, deep]
)
def test_a_copy_that_was_touched_is_refused(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    write_copy(tmp_path, copy())
    harm((tmp_path / CURRENT).resolve())
    with pytest.raises(BadCopy) as refused:
        read_copy(tmp_path, key=PUBLIC)
    assert "\n" not in str(refused.value)


def test_a_link_that_leads_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / CURRENT).symlink_to(CURRENT)
    for read in (read_copy, read_signed):
        with pytest.raises(BadCopy):
            read(tmp_path, key=PUBLIC)


def test_another_key_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoCopy):
        read_copy(tmp_path, key=PUBLIC)
    with pytest.raises(NoCopy):
        read_signed(tmp_path, key=PUBLIC)
    write_copy(tmp_path, copy())
    for read in (read_copy, read_signed):
        with pytest.raises(BadCopy):
            read(tmp_path, key=PublicKey.of(SigningKey(bytes(32))))


def test_a_crash_at_any_write_leaves_one_whole_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = len(copy().everything()) + 2
    for dies_at in range(steps + 1):
        folder = tmp_path / str(dies_at)
        write_copy(folder, copy(1))
        left = dies_at
        for name in ("replace", "sync_folder"):
            whole = getattr(copies, name)

            def dying(*args: object, whole: Callable[..., None] = whole, **kwargs: object) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    raise OSError(5, "killed")
                whole(*args, **kwargs)

            monkeypatch.setattr(copies, name, dying)
        if dies_at < steps:
            with pytest.raises(NotWritten):
                write_copy(folder, copy(2))
        else:
            write_copy(folder, copy(2))
        monkeypatch.undo()
        assert read_copy(folder, key=PUBLIC).signed.manifest.version in (1, 2)
        if read_copy(folder, key=PUBLIC).signed.manifest.version == 1:
            write_copy(folder, copy(2))
        assert read_copy(folder, key=PUBLIC) == copy(2)
