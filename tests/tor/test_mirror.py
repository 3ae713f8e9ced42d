"""`veladora mirror` with a tor of its own fetches over a real tor network what a relay serves, and verifies it."""

from functools import partial
from pathlib import Path

import pytest

from crypto.keys import AlertsKey
from forwarder.copies import CURRENT, Copy, read_copy, write_copy
from forwarder.desk.publish.feeds import sign
from forwarder.desk.publish.publishing import published_files
from forwarder.places.shipped import shipped
from onion_service.torrc import DialTor, UnixSocket
from tests.cli.typed import run
from tests.rig import Rig
from tests.tor.private_network import PrivateNetwork
from tests.unit.forwarder.desk.publish.given import PUBLISHER, an_alert
from tests.unit.forwarder.desk.publish.sites import ISSUE
from tests.unit.forwarder.published import KEY, PUBLIC

pytestmark = [pytest.mark.tor, pytest.mark.slow]


def test_published_alerts_come_over_tor_as_they_were_signed(
    private_network: PrivateNetwork, tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = published_files([an_alert(1), an_alert(2)], PUBLISHER, key=PUBLIC, gazetteer=shipped(), issue=ISSUE)
    assert "index.html" in files
    signed = sign(files, version=1, valid_until=2**33, key=AlertsKey(KEY))
    write_copy(tmp_path / "published", Copy(signed, files))
    rig = Rig(private_network.directory / "mirrored", round_seconds=86_400)
    settings = rig.write(more_settings=f'[alerts]\nfolder = "{tmp_path / "published"}"\nkey = "{PUBLIC}"\n')
    monkeypatch.setattr("onion_service.torrc.DialTor", partial(DialTor, private_net=private_network.net))
    with rig.running(settings) as node:
        onion = private_network.launch_onion("mirror-onion", target=UnixSocket(node.socket))
        url = f"http://{onion.onion_address()}/alerts/"
        done = run("mirror", url, "--key", str(PUBLIC), "--into", tmp_path / "copy")
        left = list(memory_folder.iterdir())
        private_network.end(onion)
    assert done.code == 0, done.err
    assert done.out == f"version 1, {len(files)} files, taken: {tmp_path / 'copy' / CURRENT}\n"
    assert read_copy(tmp_path / "copy", key=PUBLIC).files == files
    # The tor of the onion works in a folder of its own there; that of `mirror` is gone.
    assert len(left) == 1
