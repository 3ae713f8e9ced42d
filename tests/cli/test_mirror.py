"""`veladora mirror`: what is published a relay serves, a copy comes through SOCKS, and minisign verifies it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from crypto.keys import AlertsKey, unlock
from crypto.manifest import MANIFEST_NAME
from crypto.minisign import PublicKey
from forwarder.copies import CURRENT, Copy, read_copy, write_copy
from forwarder.desk.publish.feeds import feeds, sign
from onion_service.address import OnionAddress
from relay.cli.mirror import EXPIRED, REFUSED
from tests.cli.typed import COMMAND, ENVIRONMENT, PASSPHRASE, Ended, run
from tests.loopback_relay import way
from tests.rig import Rig
from tests.unit.forwarder.desk.publish.given import PUBLISHER, an_alert
from tests.unit.forwarder.published import PUBLIC, copy

FAR = 2**33
ONION = str(OnionAddress.of_public_key(bytes(PUBLIC.wire)))


def mirror(into: Path, socks: Path, key: str, *, url: str = f"http://{ONION}/alerts/") -> Ended:
    return run("mirror", url, "--key", key, "--into", into, "--socks", f"unix:{socks}")


@contextmanager
def served(files: dict[str, bytes], folder: Path) -> Iterator[Path]:
    """Some web server behind the onion, and the SOCKS port that leads to it."""

    async def answer(request: web.Request) -> web.Response:
        wire = files.get(request.path.removeprefix("/alerts/"))
        return web.Response(status=404) if wire is None else web.Response(body=wire)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    with way([ONION], folder / "door", folder / "socks", app=app) as road:
        yield road.socks.path


@pytest.mark.slow
def test_from_a_key_to_a_copy_that_minisign_verifies(tmp_path: Path) -> None:
    made = run("keys", "new", "alerts", "--out", tmp_path / "alerts.key", passphrase=PASSPHRASE)
    assert made.code == 0, made.err
    shown = run("keys", "show", tmp_path / "alerts.key", "--public", passphrase=PASSPHRASE).out.strip()
    assert f"public  {shown}" in made.out
    key = unlock((tmp_path / "alerts.key").read_bytes(), passphrase=PASSPHRASE)
    assert isinstance(key, AlertsKey)
    files = feeds([an_alert(1), an_alert(2)], PUBLISHER)
    write_copy(tmp_path / "published", Copy(sign(files, version=1, valid_until=FAR, key=key), files))

    rig = Rig(tmp_path / "relay", round_seconds=86_400)
    settings = rig.write(more_settings=f'[alerts]\nfolder = "{tmp_path / "published"}"\nkey = "{shown}"\n')
    with rig.running(settings) as node, way([ONION], node.socket, tmp_path / "socks") as road:
        page, file = node.ask("GET", "/"), node.ask("GET", "/alerts/alerts.geojson")
        assert (file.status, file.body) == (200, files["alerts.geojson"])
        assert [name for name, _ in file.headers] == [name for name, _ in page.headers]
        assert node.ask("GET", "/alerts/").status == 404
        done = mirror(tmp_path / "copy", road.socks.path, shown)
        assert done.code == 0, done.err
        assert done.out == f"version 1, 6 files, taken: {tmp_path / 'copy' / CURRENT}\n"
        assert mirror(tmp_path / "copy", road.socks.path, shown).out.startswith("version 1, 6 files, held already")
        assert len(set(road.logins)) == 2, "each run has circuits of its own"
    assert read_copy(tmp_path / "copy", key=PublicKey.parse(shown)).files == files
    verify = ["minisign", "-V", "-m", str(tmp_path / "copy" / CURRENT / MANIFEST_NAME), "-P", shown]
    assert subprocess.run(verify, capture_output=True, timeout=30).returncode == 0


def test_a_changed_byte_an_older_list_and_another_key_are_refused_and_the_copy_stays(tmp_path: Path) -> None:
    files = copy(2).everything()
    with served(files, tmp_path) as socks:
        assert mirror(tmp_path / "copy", socks, str(PUBLIC)).code == 0
        files.update(copy(3, {**copy().files, "alerts.csv": b"new!"}).everything())
        files["alerts.csv"] = b"neW!"
        changed = mirror(tmp_path / "copy", socks, str(PUBLIC))
        assert (changed.code, changed.out) == (REFUSED, "")
        assert "alerts.csv is not the file that was signed" in changed.err
        assert "the copy you have stays" in changed.err
        files.update(copy(1).everything())
        assert "older" in mirror(tmp_path / "copy", socks, str(PUBLIC)).err
        other = PublicKey(bytes(8), bytes(32))
        assert mirror(tmp_path / "other", socks, str(other)).code == REFUSED
    assert read_copy(tmp_path / "copy", key=PUBLIC) == copy(2)
    assert not (tmp_path / "other").exists()


def test_what_does_not_come_is_no_alarm(tmp_path: Path) -> None:
    with served({}, tmp_path) as socks:
        done = mirror(tmp_path / "copy", socks, str(PUBLIC))
    assert done.code == 1
    assert "404" in done.err
    assert "try again later" in done.err


def test_a_copy_past_its_time_is_said_to_be_one(tmp_path: Path) -> None:
    soon = int(time.time()) + 3_600
    with served(copy(valid_until=soon).everything(), tmp_path) as socks:
        assert mirror(tmp_path / "copy", socks, str(PUBLIC)).code == 0
        write_copy(tmp_path / "old", copy(2, valid_until=soon - 7_200))
        refused = mirror(tmp_path / "old", socks, str(PUBLIC))
    day = datetime.fromtimestamp(soon - 7_200, UTC).date()
    assert (refused.code, refused.out) == (EXPIRED, "")
    assert "an older list" in refused.err
    assert f"is past its time since {day}" in refused.err
    assert "take it down" in refused.err
    with served({}, tmp_path) as socks:
        assert mirror(tmp_path / "old", socks, str(PUBLIC)).code == EXPIRED
        assert mirror(tmp_path / "copy", socks, str(PUBLIC)).code == 1, "that one is still good"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://example.org/alerts/", str(PUBLIC)),
        (f"https://{ONION}/alerts/", str(PUBLIC)),
        (f"http://{ONION}/alerts/?x=", str(PUBLIC)),
        (f"http://{ONION}/alerts/", "RWx"),
        (f"http://{ONION}/alerts/", str(PUBLIC)[:-2]),
    ],
)
def test_another_address_than_an_onion_and_another_key_than_minisign_s_are_mistyped(
    tmp_path: Path, url: str, key: str
) -> None:
    done = mirror(tmp_path / "copy", tmp_path / "nobody", key, url=url)
    assert done.code == 2, done.err
    assert not (tmp_path / "copy").exists()


def test_serving_without_a_folder_for_the_address_is_mistyped(tmp_path: Path) -> None:
    words = ("--key", str(PUBLIC), "--into", tmp_path / "copy", "--serve")
    done = run("mirror", f"http://{ONION}/alerts/", *words)
    assert done.code == 2, done.err
    assert "--serve without --state" in done.err
    assert not (tmp_path / "copy").exists()


@pytest.mark.slow
def test_with_every_it_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    files = copy(1).everything()
    with served(files, tmp_path) as socks:
        words = ["mirror", f"http://{ONION}/alerts/", "--key", str(PUBLIC), "--into", str(tmp_path / "copy")]
        command = [*COMMAND, *words, "--socks", f"unix:{socks}", "--every", "1s"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        ) as going:
            until((tmp_path / "copy" / CURRENT).exists)
            files.update(copy(2).everything())
            until(lambda: read_copy(tmp_path / "copy", key=PUBLIC).signed.manifest.version == 2)
            os.kill(going.pid, signal.SIGINT)
            out, err = going.communicate(timeout=30)
    assert "version 1, 3 files, taken" in out
    assert "version 2, 3 files, taken" in out
    assert "interrupted" in err


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
