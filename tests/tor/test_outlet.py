"""A desk serves what it publishes on an onion of its own, and says it through another tor, over a real tor network."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from crypto.minisign import PublicKey
from forwarder.copies import read_copy
from forwarder.desk.channels.outlet import through_tor
from forwarder.desk.config import Config, Settings, TorSettings
from forwarder.desk.publish.release import release
from forwarder.shelf import FOR_MIRRORS, Shelf, serving
from onion_service.private import AuthoritySettings
from onion_service.torrc import DialTor, UnixSocket
from tests.cli.typed import run
from tests.tor.private_network import PrivateNetwork
from tests.unit.forwarder.desk.channels_far_end import far_end
from tests.unit.forwarder.desk.given import PARTNER, RELAY_SETTINGS
from tests.unit.forwarder.desk.publish.newsroom import KEY, NOW, Newsroom

pytestmark = [pytest.mark.tor, pytest.mark.slow]
PUBLIC = PublicKey.of(KEY.signing)
TRIES = 6


def settings_in(network: PrivateNetwork, name: str) -> Settings:
    """A desk's settings in the network's folder, whose paths are short enough for sockets."""
    authorities = [
        AuthoritySettings(one.nickname, one.or_port, one.dir_port, one.v3_identity, one.fingerprint)
        for one in network.net.authorities
    ]
    folder = network.directory / name
    folder.mkdir(exist_ok=True)
    return Settings(Config(partner=PARTNER, relay=RELAY_SETTINGS, tor=TorSettings(authority=authorities)), folder)


def test_a_mirror_copies_what_a_desk_serves_on_its_second_onion(
    private_network: PrivateNetwork, tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, settings = Newsroom(tmp_path), settings_in(private_network, "shelf")
    with room.inbox.database.change() as opened:
        opened.execute("INSERT INTO publisher (one, key) VALUES (1, ?)", (str(PUBLIC),))
    room.publish(room.incident())
    release(settings, room.inbox.database, key=KEY, now=NOW)
    shelf = Shelf(settings.alerts_folder, PUBLIC, now=lambda: NOW)
    shelf.refresh()
    monkeypatch.setattr("onion_service.torrc.DialTor", partial(DialTor, private_net=private_network.net))
    monkeypatch.setattr("relay.cli.mirror.time.time", lambda: NOW)

    mirror = partial(run, "mirror", "--key", str(PUBLIC), "--into", str(tmp_path / "copy"))

    async def mirrored() -> None:
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        failed = lambda words: url.set_exception(AssertionError(words))  # noqa: E731
        serves = asyncio.create_task(
            serving(shelf, settings.alerts_tor(), limits=FOR_MIRRORS, told=url.set_result, failed=failed)
        )
        for _ in range(TRIES):
            # A new onion is found some seconds after its tor has told the directories.
            done = await asyncio.to_thread(mirror, await url)
            if done.code == 0:
                break
        serves.cancel()
        await asyncio.wait([serves])
        assert done.code == 0, done.err

    asyncio.run(mirrored())
    assert read_copy(tmp_path / "copy", key=PUBLIC) == read_copy(settings.alerts_folder, key=PUBLIC)
    assert (settings.alerts_tor().service_directory / "hostname").is_file()
    assert not settings.service_directory.exists()


def test_a_channel_speaks_through_a_real_tor(
    private_network: PrivateNetwork, memory_folder: Path, tmp_path: Path
) -> None:
    settings = settings_in(private_network, "says")
    with far_end(tmp_path) as there:
        onion = private_network.launch_onion("channel-onion", target=UnixSocket(there.listens_at))
        with through_tor(settings) as outlet:
            outlet.post(f"json://{onion.onion_address()}/alerts", title="ALERTA", body="Retén")
        private_network.end(onion)
    assert [(one["title"], one["message"]) for one in there.posts] == [("ALERTA", "Retén")]
    assert there.names == [], "tor led there, and not the stand-in"
