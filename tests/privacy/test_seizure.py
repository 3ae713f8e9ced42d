"""The seizure run's own parts: a disk is never left mounted, pictures differ when something does, a table is kept."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.privacy.seizure import disk as disks
from tests.privacy.seizure import same, table
from tests.privacy.seizure.disk import FILES, IMAGE, disk
from tests.privacy.seizure.planned import PLAIN_NONE
from tests.privacy.seizure.table import HELD, Circumstances, Line

ROUND = PLAIN_NONE.round_seconds
LINES = [Line(row, HELD, "0 found", "a fault", caught=True) for row in table.ORDER]
AT = Circumstances(day="2026-11-23", level=IMAGE, tor="0.4.9.11", runs=13, planted=9)


def mounts() -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "/seized-" in line]


@pytest.mark.slow
def test_a_disk_has_what_is_written_at_once_and_is_gone_after_a_failure() -> None:
    before = mounts()
    marker = os.urandom(24)
    folders = []
    with pytest.raises(ZeroDivisionError), disk() as under:  # noqa: PT012 - the block is what fails
        if under.image is None:
            pytest.skip("only root may mount")
        folders.append(under.folder)
        assert len(mounts()) == len(before) + 1
        (under.root / "file").write_bytes(marker)
        with (under.root / "file").open("ab") as file:
            file.write(marker[::-1])
        platter = under.platter()
        assert platter is not None
        assert marker + marker[::-1] in platter.read_bytes()
        assert marker in under.flushed().read_bytes()
        _ = 1 // 0
    assert mounts() == before
    assert not folders[0].exists()


def test_where_nothing_may_be_mounted_files_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    with disk() as under:
        assert under.level == FILES
        assert under.platter() is None
        assert under.flushed() == under.root
    assert not disks._mount(under.folder / "image", under.root)


def picture_of(folder: Path) -> same.Picture:
    return same.picture(folder, same.Seen(1_000, 1.0, PLAIN_NONE, 0))


def made(folder: Path) -> Path:
    """A small folder of state, all of whose times are an edge."""
    (folder / "relay/state/bundles").mkdir(parents=True)
    (folder / "relay/state/figures.json").write_text('{"round": 999, "gate": "none"}\n')
    (folder / "journal").write_text("veladora: round 999 is closed\n")
    return set_back(folder)


def set_back(folder: Path) -> Path:
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (1_000 * ROUND, 1_000 * ROUND))
    return folder


def content(found: same.Picture, name: str) -> bytes:
    """The facts of one file without its times of birth and change, which nobody can set."""
    return b"\n".join(
        line for line in found[name].splitlines() if not line.startswith((b"time of birth", b"time of change"))
    )


def test_pictures_are_the_same_for_another_round_and_differ_for_another_figure(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    figures = other / "relay/state/figures.json"
    name = "relay/state/figures.json"
    assert content(picture_of(one), name) == content(picture_of(other), name)
    later = same.picture(one, same.Seen(1_001, 1.0, PLAIN_NONE, 0))
    assert b"-2" in later[name]
    figures.write_text('{"round": 999, "gate": "open"}\n')
    set_back(other)
    assert content(picture_of(one), name) != content(picture_of(other), name)
    os.utime(figures, (1_000 * ROUND, 1_000 * ROUND + ROUND / 2))
    assert f"time of writing: at {1_000.5 * ROUND:.3f}".encode() in picture_of(other)[name]


def test_every_byte_that_differs_is_counted() -> None:
    assert same.differing({"a": b"xyz"}, {"a": b"xyz"}) == {}
    assert same.differing({"a": b"xyz"}, {"a": b"xYz!"}) == {"a": 2}
    assert same.differing({"a": b"xyz"}, {}) == {"a": 4}


def test_the_table_is_read_as_it_was_written_and_put_in_its_place() -> None:
    page = f"# Before\n\n{table.BEGIN}\nold\n{table.END}\n\n## After\n"
    whole = table.put_into(page, table.block(LINES, AT))
    assert whole.startswith("# Before")
    assert whole.endswith("## After\n")
    assert list(table.read_back(whole).values()) == LINES
    assert table.put_into(whole, table.block(LINES, AT)) == whole
    failed = [*LINES[:-1], replace(LINES[-1], outcome=table.FAILED, caught=False)]
    assert not table.read_back(table.put_into(page, table.block(failed, AT)))["T12"].good
    assert "NOT CAUGHT" in "\n".join(table.terminal(failed))
    with pytest.raises(table.NotTheTable):
        table.put_into("# No marks\n", table.block(LINES, AT))
