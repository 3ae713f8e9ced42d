"""T13: no plaintext by mistake. A body that is not one whole cell, sent or pasted, is refused, and is kept nowhere.

The bodies carry a marker. It is looked for in the memory that survives the node, in everything on its disk, in the
bundles that leave, in what it said, and, once some other cells have come, in all of the node's own memory. (That an
error of the page's script sends nothing: test_t13_browser.py.)
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from crypto import letter
from crypto.cells import CellClass, armour
from crypto.layers import wrap
from onion_service.pasted import LENGTHS
from relay import supervisor
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.privacy.node_memory import process_memory
from tests.rig import Rig, Running

MARKER: Final = b"marker: they came at night "
PARCELS_AFTER: Final = 8
# A round is closed two beats after its bundle is stored, and the buffer overwritten then.
CLOSED_SECONDS: Final = 3.0


def _bodies(running: Running) -> list[bytes]:
    """What a broken or hurried client might send: everything but one whole sealed cell."""
    letters, parcels = CellClass.LETTER.wire_length, CellClass.PARCEL.wire_length
    sealed = wrap(letter.top_up(CellClass.LETTER, relays=1), route=running.route())
    lengths = [1, 27, 1_000, 31_615, letters - 1, letters, letters + 1, 2 * letters, parcels - 1, parcels, parcels + 1]
    plain = [(MARKER * (length // len(MARKER) + 1))[:length] for length in lengths]
    return [
        *plain,
        MARKER + sealed,
        sealed + MARKER,
        sealed[: -len(MARKER)],
        sealed[: -len(MARKER)] + MARKER,
        b'{"text":"' + MARKER + b'"}',
        b"",
    ]


def _forms(running: Running) -> list[bytes]:
    """What a person with scripts off might paste: their text instead of a cell, around one, or inside one."""
    text = armour(wrap(letter.top_up(CellClass.LETTER, relays=1), route=running.route()))
    said = MARKER.decode()
    lengths = [len(MARKER), 3_000, *(edge for span in LENGTHS.values() for edge in (span.start, span.stop - 1))]
    pasted = [(said * (length // len(said) + 1))[: length - len(b"cell=\r\n")] for length in lengths]
    pasted += [said + text, text + said, text.replace("\n", f"\n{said}\n", 1), text.replace(text[-80:], said)]
    forms = [b"cell=" + b"\r\n".join(one.encode().split(b"\n")) + b"\r\n" for one in pasted]
    good = forms[-4].replace(MARKER, b"")
    return [*forms, good + b"note=" + MARKER + b"\r\n", b"note=" + MARKER + b"\r\n" + good, MARKER * 2_000]


def only_whole_cells_are_kept(rig: Rig, capfd: pytest.CaptureFixture[str], *, program: str) -> None:
    """The proof."""
    with rig.running(program=program) as running:
        statuses = {running.ask("POST", "/cells", body).status for body in _bodies(running)}
        headers = [("Content-Type", "text/plain"), ("X-Report", MARKER.decode()), ("Cookie", MARKER.decode())]
        statuses.add(running.ask("POST", "/cells", MARKER, headers).status)
        statuses |= {running.ask("POST", "/paste", form).status for form in _forms(running)}
        number = running.announced()[0].round_number
        fd = running.keeper.spool_fd
        assert MARKER not in os.pread(fd, os.fstat(fd).st_size, 0)
        running.wait_round(number)
    for path in rig.folder.rglob("*"):
        assert not path.is_file() or MARKER not in path.read_bytes()
    said = capfd.readouterr()
    assert MARKER.decode() not in said.out + said.err
    assert statuses == {400}


@pytest.mark.slow
def test_only_whole_cells_are_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    only_whole_cells_are_kept(Rig(tmp_path / "relay"), capfd, program="relay.node")


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [mutant_node.accept_any_length, mutant_node.take_any_pasted_text])
def test_a_node_that_takes_something_else_is_caught(
    mutant: Callable[[], None], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant.__name__)
    caught(
        "T13",
        mutant.__name__.replace("_", " "),
        only_whole_cells_are_kept,
        Rig(tmp_path / "relay"),
        capfd,
        program=mutant_node.PROGRAM,
    )


def what_was_refused_is_overwritten(rig: Rig) -> None:
    """The proof about the node's own memory. What came last stays in the buffer it was read into until the edge."""
    with rig.running() as running:
        for path, bodies in (("/cells", _bodies(running)), ("/paste", _forms(running))):
            assert {running.ask("POST", path, body).status for body in bodies} == {400}
        parcel = wrap(letter.top_up(CellClass.PARCEL, relays=1), route=running.route())
        assert {running.post(parcel) for _ in range(PARCELS_AFTER)} == {202}
        running.wait_round(running.announced()[0].round_number)
        time.sleep(CLOSED_SECONDS)
        pid = running.keeper.pid
        assert pid is not None
        memory = process_memory(pid)
        assert os.pread(running.keeper.spool_fd, 8, 0) in memory
        assert MARKER not in memory


@pytest.mark.slow
def test_what_was_refused_is_overwritten(tmp_path: Path) -> None:
    what_was_refused_is_overwritten(Rig(tmp_path / "relay", round_seconds=20))


@pytest.mark.slow
def test_a_node_that_lets_freed_memory_lie_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: value for name, value in supervisor._MEMORY.items() if name != "MALLOC_PERTURB_"}
    monkeypatch.setattr(supervisor, "_MEMORY", kept)
    caught("T13", "let freed memory lie", what_was_refused_is_overwritten, Rig(tmp_path / "relay", round_seconds=20))
