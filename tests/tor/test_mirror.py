"""`veladora mirror` over a real tor network: it fetches what a relay serves, verifies it and serves it."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from crypto.keys import AlertsKey
from forwarder.copies import CURRENT, Copy, read_copy, write_copy
from forwarder.desk.publish.feeds import sign
from forwarder.desk.publish.publishing import published_files
from forwarder.errors import NotMirrored
from forwarder.mirror import Fetched, Mirror
from forwarder.places.shipped import shipped
from forwarder.shelf import PATH
from onion_service.dial import Dialler
from onion_service.torrc import DialTor, OnionTor, UnixSocket
from tests.cli.typed import run
from tests.rig import Rig
from tests.tor.private_network import PrivateNetwork
from tests.unit.forwarder.desk.publish.given import PUBLISHER, an_alert
from tests.unit.forwarder.desk.publish.sites import ISSUE
from tests.unit.forwarder.published import KEY, PUBLIC

pytestmark = [pytest.mark.tor, pytest.mark.slow]
FOUND_SECONDS: Final = 240


def test_what_a_relay_serves_comes_over_tor_as_it_was_signed_and_is_served_again_with_what_follows_it(
    private_network: PrivateNetwork, tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = published_files([an_alert(1), an_alert(2)], PUBLISHER, key=PUBLIC, gazetteer=shipped(), issue=ISSUE)
    assert "index.html" in files
    before = published_files([an_alert(1)], PUBLISHER, key=PUBLIC, gazetteer=shipped(), issue=ISSUE)
    assert [name for name in files if files[name] != before.get(name)], "all of it would be there already"
    second, third = (Copy(sign(files, version=one, valid_until=2**33, key=AlertsKey(KEY)), files) for one in (2, 3))
    write_copy(tmp_path / "published", second)
    write_copy(tmp_path / "kept", Copy(sign(before, version=1, valid_until=2**33, key=AlertsKey(KEY)), before))
    rig = Rig(private_network.directory / "served-again", round_seconds=86_400)
    settings = rig.write(more_settings=f'[alerts]\nfolder = "{tmp_path / "published"}"\nkey = "{PUBLIC}"\n')
    dial, socks = private_network.launch_dial("reader")
    state, seen, taken = tmp_path / "state", list[Fetched](), list[Copy]()
    monkeypatch.setattr("forwarder.shelf.LOOK_SECONDS", 0.5)
    for kind in (DialTor, OnionTor):
        monkeypatch.setattr(f"onion_service.torrc.{kind.__name__}", partial(kind, private_net=private_network.net))

    def read() -> None:
        hostname = state / "onion" / "hostname"
        deadline = time.monotonic() + FOUND_SECONDS
        while time.monotonic() < deadline:
            try:
                url = f"http://{hostname.read_text().strip()}{PATH}"
                copied = Mirror(url, PUBLIC, tmp_path / "copy", Dialler(socks=socks).get)
                seen.append(asyncio.run(copied.fetch(now=int(time.time()))))
            except (FileNotFoundError, NotMirrored):
                time.sleep(0.5)
                continue
            if seen[-1].version == 3:
                return
            if [one.version for one in seen].count(2) == 1 and seen[-1].version == 2:
                taken.append(read_copy(tmp_path / "kept", key=PUBLIC))
                # As another program would, while it is served.
                write_copy(tmp_path / "kept", third)

    with rig.running(settings) as node:
        onion = private_network.launch_onion("mirrored-onion", target=UnixSocket(node.socket))
        with ended_after(read):
            url = f"http://{onion.onion_address()}/alerts/"
            words = ("--into", tmp_path / "kept", "--serve", "--state", state)
            done = run("mirror", url, "--key", str(PUBLIC), *words)
        address = (state / "onion" / "hostname").read_text().strip()
        left = list(memory_folder.iterdir())
        private_network.end(onion)
        private_network.end(dial)
    assert done.code == 0, done.err
    assert f"served at http://{address}/alerts/\n" in done.out
    assert f"version 2, {len(files)} files, taken: {tmp_path / 'kept' / CURRENT}\n" in done.out
    assert {1, 2} >= {one.version for one in seen[:-1]} >= {2}
    assert taken == [second]
    assert seen[-1].version == 3
    assert read_copy(tmp_path / "kept", key=PUBLIC) == third
    assert read_copy(tmp_path / "copy", key=PUBLIC) == third
    # The reader's tor and the one of the onion that was mirrored.
    assert len(left) == 2


@contextmanager
def ended_after(read: Callable[[], None]) -> Iterator[None]:
    """While `read` goes on, the block lasts; then this process is told to stop, as a service is."""
    over = threading.Event()
    # Should it be told before it listens, or after, this process must not end.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def until_read() -> None:
        try:
            read()
        finally:
            if not over.is_set():
                os.kill(os.getpid(), signal.SIGTERM)

    reader = threading.Thread(target=until_read, name="reader")
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
        signal.signal(signal.SIGTERM, before)
