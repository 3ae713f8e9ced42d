"""N9: what speaks to services for a desk reaches tor's socket and nothing else, and looks up no name.

The real child sends a post and edits a page, watched from inside by an audit hook that notes every connection, lookup
and datagram of Python's. Where its network is not empty it ends before it is told what to send. The passwords of
channels are in no file but the encrypted inbox, no command shows them, and none goes through an exit in clear.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from forwarder.desk.channels import outlet as outlets
from forwarder.desk.channels.accounts import Channels
from forwarder.desk.channels.outlet import START, Outlet
from forwarder.desk.errors import NoOutlet, NotSaid
from onion_service import posting
from onion_service.posting import Said, Service, Wiki, describe
from onion_service.torrc import UnixSocket
from relay.cli.desk import app
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.channels_far_end import ONION, PASSWORD, FarEnd, far_end
from tests.unit.forwarder.desk.given import PASSPHRASE, new_desk

pytestmark = pytest.mark.slow  # a process in walls for each message

URL: Final = f"json://{ONION}/alerts"
WIKI: Final = Wiki(f"http://{ONION}/w/", "Ana@alertas", PASSWORD)
SEEN: Final = "/tmp/seen"
TOKEN: Final = "token-que-nadie-ve"
WATCHED: Final = """
import json, os, sys
def watch(event, arguments):
    if event.startswith('socket.') or event in ('os.exec', 'os.posix_spawn', 'subprocess.Popen'):
        with_address = event in ('socket.connect', 'socket.sendto', 'socket.bind', 'socket.sendmsg')
        said = repr(arguments[1] if with_address else arguments)
        number = os.open('/tmp/seen/events', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(number, (json.dumps([event, said]) + '\\n').encode())
        os.close(number)
sys.addaudithook(watch)
"""
# Addresses that would have a password, or a text, read by whoever runs the exit.
IN_CLEAR: Final = (
    f"json://example.org/{TOKEN}",
    f"mailtos://ana:{TOKEN}@example.org:587?mode=insecure",
    f"mailto://ana:{TOKEN}@{ONION}:587?smtp=smtp.example.org",
    f"dapnet://ana:{TOKEN}@DF1ABC",
    "aprs://DF1JSL-15:12345@DF1ABC",
)
# What the child may do: make sockets, listen on its own loopback, and connect to that and to tor's socket.
QUIET: Final = {"socket.__new__", "socket.gethostname"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path) as made:
        yield made


def watched(there: FarEnd, planted: str = "") -> Outlet:
    """The real outlet, whose child notes what it does; `planted` runs in it first."""
    seen = there.folder / "seen"
    seen.mkdir(exist_ok=True)
    start = "import sys; sys.path[:0] = sys.argv[2:]" + WATCHED + planted + "\n" + START.partition("; ")[2]
    return Outlet(UnixSocket(there.socks), seconds=60.0, start=start, openings=("--bind", str(seen), SEEN))


def proof_only_tor(outlet: Outlet, there: FarEnd) -> None:
    """The proof: a post and an edit arrive, and nothing else was tried."""
    try:
        outlet.post(URL, title="ALERTA", body="Retén")
        outlet.edit(WIKI, page="Alertas", body="Retén", summary="Alerta")
    except NotSaid:
        pass
    lines = (there.folder / "seen" / "events").read_text().splitlines()
    events = [tuple(json.loads(line)) for line in lines]
    assert len(events) > 10, "the hook was there"
    for event, said in events:
        if event in QUIET:
            continue
        loopback = said.startswith("('127.0.0.1', ")
        assert event in ("socket.connect", "socket.bind"), (event, said)
        assert loopback or (event == "socket.connect" and said == f"'{outlets.SOCKET}'"), (event, said)
    assert [one["title"] for one in there.posts] == ["ALERTA"]
    assert there.pages == {"Alertas": "Retén\n"}
    assert {host for host, _ in there.names} == {ONION}


def test_only_tor_s_socket_is_reached_and_no_name_is_looked_up(there: FarEnd) -> None:
    proof_only_tor(watched(there), there)
    print("N9: a post and a page arrived; nothing but the loopback and tor's socket was tried")


LOOK_UP: Final = "import socket, onion_service.only_tor as o; o._unresolved = socket.getaddrinfo"
PLAIN: Final = "import socket, socks, onion_service.only_tor as o; o._ThroughTor = socket.socket"
BESIDE: Final = """
import socket, onion_service.posting as p
honest, calls = socket.socket, p.post
def post(*given, **more):
    honest(2, 1).connect_ex(('192.0.2.1', 443))
    return calls(*given, **more)
p.post = post
"""
NAME_SERVER: Final = """
import socket, onion_service.posting as p
honest, calls = socket.socket, p.post
def post(*given, **more):
    try:
        honest(2, 2).sendto(b'?', ('192.0.2.53', 53))
    except OSError:
        pass
    return calls(*given, **more)
p.post = post
"""


@pytest.mark.parametrize(
    ("mutant", "planted"),
    [
        ("look up names here", LOOK_UP),
        ("leave Python's sockets as they are", PLAIN),
        ("call somebody beside tor", BESIDE),
        ("ask a name server", NAME_SERVER),
    ],
)
def test_another_way_out_is_caught(there: FarEnd, mutant: str, planted: str) -> None:
    caught("N9", mutant, proof_only_tor, watched(there, planted), there)


# --- where the network is not empty ------------------------------------------------------------------------------


def proof_nothing_without_walls(outlet: Outlet, there: FarEnd) -> None:
    """The proof: in a process that has a network, nothing is told and nothing is sent."""
    with pytest.raises(NoOutlet):
        outlet.post(URL, title="ALERTA", body="Retén")
    assert there.posts == []


def without_an_empty_network(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = outlets._walls
    monkeypatch.setattr(outlets, "_walls", lambda *given: [word for word in honest(*given) if word != "--unshare-net"])


def test_a_process_that_has_another_network_is_told_nothing(there: FarEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    if len(os.listdir("/sys/class/net")) < 2:  # noqa: PTH208
        pytest.fail("this machine has no network but its loopback, so this test would show nothing")
    without_an_empty_network(monkeypatch)
    proof_nothing_without_walls(Outlet(UnixSocket(there.socks)), there)
    blind = "import onion_service.only_tor as o; o.no_other_way = lambda: None; "
    unwatchful = replace(Outlet(UnixSocket(there.socks)), start=START.replace("; from", f"; {blind}from", 1))
    caught("N9", "do not look whether the network is empty", proof_nothing_without_walls, unwatchful, there)


# --- passwords ---------------------------------------------------------------------------------------------------


def typed(folder: Path, *words: str) -> Result:
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode() + b"\n")
    os.close(writing)
    try:
        return CliRunner().invoke(app, [*words, "--folder", str(folder), "--passphrase-fd", str(reading)])
    finally:
        os.close(reading)


def proof_no_password_is_shown(folder: Path) -> None:
    """The proof: no command and no file of the desk has it."""
    commands = [
        ("list",),
        ("list", "--json"),
        ("posts",),
        ("posts", "--json"),
        ("dry-run", "noticias"),
        ("on", "noticias"),
    ]
    for words in commands:
        done = typed(folder, "channel", *words)
        assert done.exit_code == 0, done.stderr
        assert TOKEN not in done.stdout + done.stderr
    assert not [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_the_password_of_a_channel_is_shown_by_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "desk"
    url = f"jsons://example.org/alerts?token={TOKEN}"
    with new_desk(folder) as desk:
        Channels(desk.inbox.database).add("noticias", url, service=Service("JSON", 250, 0), language="es")
    proof_no_password_is_shown(folder)
    with monkeypatch.context() as planted:
        honest = Channels.named
        planted.setattr(Channels, "all", lambda self: [replace(honest(self, "noticias"), service=url)])
        caught("N9", "show the URL as the service", proof_no_password_is_shown, folder)
    (folder / "desk.toml").write_bytes((folder / "desk.toml").read_bytes() + f"# {url}\n".encode())
    caught("N9", "keep the URL in the settings", proof_no_password_is_shown, folder)


def proof_nothing_goes_in_clear() -> None:
    """The proof: no address makes a channel that would be called in clear."""
    for url in IN_CLEAR:
        assert describe(url) is Said.NOT_ENCRYPTED, url.partition(":")[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise's own imports
def test_no_password_goes_through_an_exit_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    proof_nothing_goes_in_clear()
    with monkeypatch.context() as planted:
        planted.setattr(posting, "PLAIN_MODES", frozenset())
        caught("N9", "believe the name of a service and not its mode", proof_nothing_goes_in_clear)
    with monkeypatch.context() as planted:
        planted.setattr(posting, "PLAIN_ALL_THE_SAME", frozenset())
        caught("N9", "believe that Apprise counts rightly", proof_nothing_goes_in_clear)
    monkeypatch.setattr(posting, "SUFFIX", "")
    caught("N9", "take every host for one inside of Tor", proof_nothing_goes_in_clear)
