"""A closed bundle is on disk whole, or not at all, and never changes."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.bundle import Bundle, HashList
from crypto.cells import CellClass, cell_hash
from forwarder.bundles import BundleStore, longest
from forwarder.durable import write_durably
from forwarder.errors import Damaged, NoSpace, NotWritten
from tests.unit.forwarder.given import RELAY, bundle, number

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    return BundleStore(tmp_path / "bundles", keep_rounds=10)


@contextmanager
def files_of_at_most(length: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting a disk takes root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_is_written_is_read(store: BundleStore) -> None:
    for cell_class in CellClass:
        written = bundle(7, cell_class=cell_class)
        store.write(written)
        assert store.read(cell_class, number(7)) == written.wire
        assert store.hash_list(cell_class, number(7)) == written.hash_list.wire
        assert store.cell_hashes(cell_class, number(7)) == {cell_hash(cell) for cell in written.cells}


def test_a_hash_list_read_from_disk_verifies_under_the_relay(store: BundleStore, tmp_path: Path) -> None:
    store.write(bundle(7))
    wire = BundleStore(tmp_path / "bundles", keep_rounds=10).hash_list(LETTER, number(7))
    found, rest = HashList.take(wire, relay=RELAY.verifying_key)
    assert (found, rest) == (bundle(7).hash_list, b"")


def test_a_bundle_is_never_replaced(store: BundleStore) -> None:
    store.write(bundle(7, seed=1))
    store.write(bundle(7, seed=2))
    assert store.read(LETTER, number(7)) == bundle(7, seed=1).wire


def test_a_round_that_is_not_kept_is_a_key_error(store: BundleStore) -> None:
    for ask in (store.read, store.hash_list, store.cell_hashes):
        with pytest.raises(KeyError):
            ask(LETTER, number(7))
    assert store.latest() is None


def test_rounds_are_listed_by_class_and_forgotten_by_age(store: BundleStore) -> None:
    for round_number in (11, 3, 9, 100):
        store.write(bundle(round_number))
    store.write(bundle(3, cell_class=PARCEL))
    assert store.rounds(LETTER) == [3, 9, 11, 100]
    assert store.rounds(PARCEL) == [3]
    assert store.latest() == 100
    store.forget_old(number(19))
    assert store.rounds(LETTER) == [9, 11, 100]
    assert store.rounds(PARCEL) == []
    with pytest.raises(KeyError):
        store.cell_hashes(LETTER, number(3))


def test_files_are_for_their_owner_only(store: BundleStore, tmp_path: Path) -> None:
    store.write(bundle(7))
    assert (tmp_path / "bundles").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "bundles").iterdir()] == [0o600]


def test_what_a_crash_left_unfinished_is_removed_at_start(store: BundleStore, tmp_path: Path) -> None:
    store.write(bundle(7))
    (tmp_path / "bundles" / ".unfinished-letters-8.bundle").write_bytes(b"half")
    (tmp_path / "bundles" / "letters-08.bundle").write_bytes(b"not a name of ours")
    again = BundleStore(tmp_path / "bundles", keep_rounds=10)
    assert again.rounds(LETTER) == [7]
    assert not list((tmp_path / "bundles").glob(".unfinished*"))


def test_a_file_longer_than_any_bundle_is_not_read(store: BundleStore, tmp_path: Path) -> None:
    path = tmp_path / "bundles" / "letters-7.bundle"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(Damaged, match="longer"):
        store.read(LETTER, number(7))


def test_at_least_one_round_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="last closed round"):
        BundleStore(tmp_path, keep_rounds=0)


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "empty", "swap"])
def test_a_damaged_file_is_named_and_never_handed_out(store: BundleStore, tmp_path: Path, damage: str) -> None:
    store.write(bundle(7))
    path = tmp_path / "bundles" / "letters-7.bundle"
    wire = bytearray(path.read_bytes())
    wire[5_000] ^= damage == "flip"
    cut = {"cut": len(wire) - 1, "empty": 0}.get(damage, len(wire))
    path.write_bytes(bytes(wire[:cut]) + b"x" * (damage == "grow"))
    if damage == "swap":
        path.write_bytes(bundle(8).wire)
    with pytest.raises(Damaged, match="letters-7"):
        BundleStore(tmp_path / "bundles", keep_rounds=10).read(LETTER, number(7))


@given(st.binary(max_size=300), st.integers(0, 65_000))
def test_any_file_is_a_bundle_or_damaged(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int) -> None:
    folder = tmp_path_factory.mktemp("any")
    wire = bundle(7).wire
    (folder / "letters-7.bundle").write_bytes(wire[:at] + junk + wire[at + len(junk) :])
    with suppress(Damaged):
        assert BundleStore(folder, keep_rounds=1).read(LETTER, number(7)) == wire


def test_without_space_nothing_changes_and_the_bundle_can_be_written_later(store: BundleStore, tmp_path: Path) -> None:
    with files_of_at_most(60_000), pytest.raises(NoSpace) as caught:
        store.write(bundle(7))
    assert "free space" in caught.value.hint
    assert list((tmp_path / "bundles").iterdir()) == []
    assert store.rounds(LETTER) == []
    store.write(bundle(7))
    assert store.read(LETTER, number(7)) == bundle(7).wire


def test_a_full_disk_leaves_the_bundles_that_are_there_and_nothing_else(tiny_disk: Path) -> None:
    store = BundleStore(tiny_disk, keep_rounds=10)
    store.write(bundle(1))
    with pytest.raises(NoSpace):
        store.write(bundle(2))
    assert [path.name for path in tiny_disk.iterdir()] == ["letters-1.bundle"]
    assert store.read(LETTER, number(1)) == bundle(1).wire
    store.forget_old(number(12))
    store.write(bundle(2))
    assert store.read(LETTER, number(2)) == bundle(2).wire


def test_a_folder_that_is_not_there_any_more_is_our_error(store: BundleStore, tmp_path: Path) -> None:
    (tmp_path / "bundles").rmdir()
    with pytest.raises(NotWritten, match="letters-7"):
        store.write(bundle(7))


def test_a_write_that_fails_midway_leaves_the_old_file(tmp_path: Path) -> None:
    write_durably(tmp_path / "note", [b"old"])
    with files_of_at_most(10), pytest.raises(NoSpace):
        write_durably(tmp_path / "note", [b"new" * 10])
    assert (tmp_path / "note").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


WRITER = """
import sys
from pathlib import Path
from forwarder.bundles import BundleStore
from tests.unit.forwarder.given import bundle
made = [bundle(number, cells=8) for number in range(int(sys.argv[2]), int(sys.argv[2]) + 300)]
store = BundleStore(Path(sys.argv[1]), keep_rounds=100_000)
print("writing", flush=True)
for one in made:
    store.write(one)
    print(one.header.round_number, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_every_file_is_whole_and_what_was_written_is_there(tmp_path: Path) -> None:
    rng = random.Random(1)
    written: list[int] = []
    for turn in range(12):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path / "bundles"), str(1_000 * turn)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "writing\n"
            time.sleep(rng.uniform(0.0, 0.15))
            os.kill(child.pid, signal.SIGKILL)
            written += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    store = BundleStore(tmp_path / "bundles", keep_rounds=100_000)
    kept = store.rounds(LETTER)
    assert written
    assert set(written) <= set(kept)
    for round_number in kept:
        assert Bundle.parse(store.read(LETTER, round_number), relay=RELAY.verifying_key).header.count == 8
    assert not list((tmp_path / "bundles").glob(".unfinished*"))


def test_reading_a_parcel_bundle_holds_it_in_memory_once(store: BundleStore) -> None:
    store.write(bundle(3, cell_class=PARCEL, cells=16))
    tracemalloc.start()
    try:
        length = len(store.read(PARCEL, number(3)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == longest(PARCEL, cells=16) > 16_000_000
    assert peak < 1.2 * length


def test_reading_a_bundle_leaves_no_time_of_access(store: BundleStore, tmp_path: Path) -> None:
    store.write(bundle(3))
    path = next((tmp_path / "bundles").iterdir())
    # Older than the time of writing, so that a disk mounted `relatime` notes the next reading too.
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    wire = store.read(LETTER, number(3))
    assert path.stat().st_atime_ns == 1
    assert path.read_bytes() == wire
    if path.stat().st_atime_ns == 1:
        pytest.skip("this disk notes no times of access")
