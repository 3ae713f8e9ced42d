"""A new desk is there whole or not at all: what was broken off, refused or killed is not in the way of the next try."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.errors import AlreadyThere
from forwarder.desk.making import create, made_whole
from onion_service.errors import TorError
from tests.architecture_rules import ROOT
from tests.unit.forwarder.desk.given import CHEAP, PARTNER, PASSPHRASE, a_tor_that_breaks, open_desk

MAKE = """
import sys
from pathlib import Path
from forwarder.desk.making import create
from tests.unit.forwarder.desk.given import CHEAP, PARTNER, PASSPHRASE
create(Path(sys.argv[1]), PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
"""


def put(folder: Path, names: Sequence[str]) -> None:
    with made_whole(folder, last=SETTINGS_NAME) as draft:
        for name in names:
            (draft / name).write_text("ours")


@pytest.mark.slow
def test_a_desk_that_could_not_be_made_leaves_nothing_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, broken = os.environ["PATH"], a_tor_that_breaks(tmp_path / "bin")
    own = tmp_path / "own"
    own.mkdir()
    (own / "places.json").write_text("{}")
    (own / ".making-before").mkdir()
    for folder, left in ((tmp_path / "new", None), (own, [".making-before", "places.json"])):
        monkeypatch.setenv("PATH", f"{broken}:{path}")
        with pytest.raises(TorError):
            create(folder, PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
        assert (sorted(one.name for one in folder.iterdir()) if folder.exists() else None) == left
        monkeypatch.setenv("PATH", path)
        card = create(folder, PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
        with open_desk(folder) as desk:
            assert desk.card == card
        whole = {"desk.toml", "inbox.db", "inbox.lock", "partner.key", "tor", *(left or [])}
        assert {one.name for one in folder.iterdir()} == whole
        assert folder.joinpath("tor").stat().st_mode & 0o777 == 0o700


def test_what_lies_where_a_desk_should_come_stays(tmp_path: Path) -> None:
    (tmp_path / "inbox.lock").write_text("of somebody else")
    with pytest.raises(AlreadyThere):
        create(tmp_path, PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
    assert [one.name for one in tmp_path.iterdir()] == ["inbox.lock"]
    assert (tmp_path / "inbox.lock").read_text() == "of somebody else"


@pytest.mark.slow
def test_a_set_up_that_was_killed_leaves_what_the_next_one_passes_by(tmp_path: Path) -> None:
    kills = a_tor_that_breaks(tmp_path / "bin", then="kill -9 $PPID")
    folder = tmp_path / "mesa"
    path = {"PATH": f"{kills}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-c", MAKE, str(folder)], env={**os.environ, **path}, capture_output=True, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    (left,) = folder.iterdir()
    assert left.name.startswith(".making-")
    assert (left / PARTNER.key).is_file()
    card = create(folder, PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
    with open_desk(folder) as desk:
        assert desk.card == card
    assert (left / PARTNER.key).is_file(), "what another program left is not ours to remove"


def test_what_was_put_there_already_is_taken_away_again_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "mesa"
    folder.mkdir()
    (folder / "b").write_text("of somebody else")
    names = ("a", "b", "c", SETTINGS_NAME)
    with pytest.raises(AlreadyThere):
        put(folder, names)
    assert {one.name: one.read_text() for one in folder.iterdir()} == {"b": "of somebody else"}
