"""A mirror takes what the pinned key vouches for, whole and not older, and else keeps what it has."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import Expired, Forged, Malformed, RolledBack
from forwarder.copies import CURRENT, read_copy
from forwarder.errors import BadCopy, NotMirrored
from forwarder.mirror import Fetched, Mirror, expired_since
from tests.unit.forwarder.published import END, FILES, NOW, PUBLIC, URL, Served, copy


def fetch(folder: Path, served: Served, *, now: int = NOW) -> Fetched:
    return asyncio.run(Mirror(URL, PUBLIC, folder, served.get).fetch(now=now))


def test_a_first_copy_is_whole_and_a_second_fetch_brings_nothing_new(tmp_path: Path) -> None:
    served = Served(copy().everything())
    assert fetch(tmp_path, served) == Fetched(1, 3, new=True)
    assert read_copy(tmp_path, key=PUBLIC) == copy()
    served.asked.clear()
    assert fetch(tmp_path, served) == Fetched(1, 3, new=False)
    assert served.asked == ["manifest.json.minisig", "manifest.json"]


def test_only_what_changed_is_fetched(tmp_path: Path) -> None:
    fetch(tmp_path, Served(copy().everything()))
    files = {**FILES, "alerts.csv": b"id\r\n1\r\n", "cap/1.xml": b"<alert/>"}
    del files["cap/0.xml"]
    newer = Served(copy(2, files).everything())
    assert fetch(tmp_path, newer) == Fetched(2, 3, new=True)
    assert newer.asked[2:] == ["alerts.csv", "cap/1.xml"]
    assert read_copy(tmp_path, key=PUBLIC).files == files


def changed(served: Served) -> None:
    served.files["cap/0.xml"] = b"<alerT/>"


def shorter(served: Served) -> None:
    served.files["cap/0.xml"] = b"<alert/"


def longer(served: Served) -> None:
    served.files["cap/0.xml"] = b"<alert/> "


def changed_list(served: Served) -> None:
    served.files["manifest.json"] = served.files["manifest.json"].replace(b'"version":2', b'"version":3')


def changed_signature(served: Served) -> None:
    served.files["manifest.json.minisig"] = served.files["manifest.json.minisig"].replace(b"version 2", b"version 3")


def no_list(served: Served) -> None:
    served.files["manifest.json.minisig"] = b"<html>"


def missing(served: Served) -> None:
    del served.files["cap/0.xml"]


def broken(served: Served) -> None:
    served.statuses["cap/0.xml"] = 503


def down(served: Served) -> None:
    served.down = True


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (changed, Forged),
        (shorter, Forged),
        (longer, Forged),
        (changed_list, Forged),
        (changed_signature, Forged),
        (no_list, Malformed),
        (missing, NotMirrored),
        (broken, NotMirrored),
        (down, NotMirrored),
    ],
)
def test_whatever_comes_wrong_the_copy_stays(
    tmp_path: Path, harm: Callable[[Served], None], error: type[Exception]
) -> None:
    fetch(tmp_path, Served(copy().everything()))
    served = Served(copy(2, {**FILES, "cap/0.xml": b"<Alert/>"}).everything())
    harm(served)
    with pytest.raises(error):
        fetch(tmp_path, served)
    assert read_copy(tmp_path, key=PUBLIC) == copy()


def test_an_older_list_and_a_second_one_of_the_same_version_are_refused(tmp_path: Path) -> None:
    fetch(tmp_path, Served(copy(2).everything()))
    for other in (copy(1), copy(2, {"other.csv": b""})):
        with pytest.raises(RolledBack):
            fetch(tmp_path, Served(other.everything()))
    assert read_copy(tmp_path, key=PUBLIC) == copy(2)


def test_a_list_past_its_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Expired):
        fetch(tmp_path, Served(copy(valid_until=NOW).everything()))
    assert not (tmp_path / CURRENT).exists()


def test_a_mirror_knows_that_what_it_holds_is_past_its_time(tmp_path: Path) -> None:
    assert expired_since(tmp_path, PUBLIC, now=NOW) == 0, "nothing is held"
    fetch(tmp_path, Served(copy().everything()))
    assert expired_since(tmp_path, PUBLIC, now=END - 1) == 0
    assert expired_since(tmp_path, PUBLIC, now=END) == END


def test_a_publisher_who_changes_versions_while_we_fetch_is_asked_once_more(tmp_path: Path) -> None:
    served = Served(copy(1).everything())
    newer = copy(2, {**FILES, "cap/0.xml": b"<Alert/>"}).everything()

    class Changing(Served):
        async def get(self, url: str, **rest: object) -> object:  # type: ignore[override]
            if url.endswith("cap/0.xml"):
                self.files = newer
            return await super().get(url, **rest)  # type: ignore[arg-type]

    changing = Changing(served.files)
    assert fetch(tmp_path, changing) == Fetched(2, 3, new=True)


def test_a_copy_that_was_touched_here_is_told_from_one_that_came_wrong(tmp_path: Path) -> None:
    fetch(tmp_path, Served(copy().everything()))
    ((tmp_path / CURRENT).resolve() / "alerts.csv").write_bytes(b"")
    with pytest.raises(BadCopy):
        fetch(tmp_path, Served(copy(2).everything()))
