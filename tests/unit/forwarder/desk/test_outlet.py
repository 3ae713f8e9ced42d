"""Services are spoken to through tor's socket alone; each message has its own login, each channel its own trouble."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forwarder.desk.channels.accounts import Channels
from forwarder.desk.channels.outlet import Outlet
from forwarder.desk.channels.passing import Alone
from forwarder.desk.channels.queue import PostState, Queue
from forwarder.desk.channels.sending import Sending, speak
from forwarder.desk.channels.wording import BEGIN
from forwarder.desk.errors import BadChannel, NoOutlet, NotSaid
from forwarder.desk.passing import frame
from forwarder.desk.publish.places import Gazetteer
from onion_service.posting import Service, Wiki
from onion_service.torrc import UnixSocket
from tests.unit.forwarder.desk.channels_far_end import ONION, PASSWORD, FarEnd, far_end
from tests.unit.forwarder.desk.publish.newsroom import NOW, PLACES, Newsroom

pytestmark = pytest.mark.slow  # each message is a process of its own, in walls

URL = f"json://{ONION}/alerts"
WIKI = Wiki(f"http://{ONION}/w/", "Ana@alertas", PASSWORD)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path) as made:
        yield made


def outlet(there: FarEnd, *, seconds: float = 60.0) -> Outlet:
    return Outlet(UnixSocket(there.socks), seconds=seconds)


def test_a_post_arrives_through_the_proxy_with_its_words_and_nothing_of_the_machine(there: FarEnd) -> None:
    outlet(there).post(URL, title="ALERTA: Retén", body="Hombres armados.\nid 1234 v1")
    outlet(there).post(URL, title="", body="Otra.")
    assert [(one["title"], one["message"]) for one in there.posts] == [
        ("ALERTA: Retén", "Hombres armados.\nid 1234 v1"),
        ("", "Otra."),
    ]
    assert there.names == [(ONION, 80)] * 2
    assert there.agents == {"Veladora"}
    assert len(set(there.logins)) == 2, "each message has circuits of its own"


def test_a_page_of_a_wiki_is_edited_and_what_others_wrote_stays(there: FarEnd) -> None:
    there.pages["Alertas/Reynosa"] = "Lo de otros."
    ours = f"{BEGIN}\n\nRetén\n\n<!-- veladora: end -->"
    for _ in range(2):
        outlet(there).edit(WIKI, page="Alertas/Reynosa", body=ours, summary="Alerta 1")
    assert there.pages == {"Alertas/Reynosa": f"Lo de otros.\n\n{ours}\n"}
    assert there.edits == [("Alertas/Reynosa", "Alerta 1")], "a page that is so already is not touched"
    outlet(there).edit(WIKI, page="Otra", body=ours, summary="Alerta 1")
    assert there.pages["Otra"] == f"{ours}\n"


def test_what_a_service_refuses_is_not_said_and_nothing_of_its_answer_comes_back(there: FarEnd) -> None:
    there.status = 500
    with pytest.raises(NotSaid, match="refused"):
        outlet(there).post(URL, title="a", body="b")
    with pytest.raises(NotSaid, match="refused") as refusal:
        outlet(there).edit(Wiki(WIKI.address, WIKI.user, "otra-clave"), page="A", body="x", summary="x")
    assert "clave" not in str(refusal.value)


def test_nothing_goes_to_who_would_take_it_unencrypted_or_unchecked(there: FarEnd) -> None:
    for url in ("json://example.org/alerts", "http://example.org", "mailtos://a:b@example.org:587?mode=insecure"):
        with pytest.raises(BadChannel, match=r"without encryption|understands"):
            outlet(there).post(url, title="a", body="b")
    with pytest.raises(BadChannel, match="certificate"):
        outlet(there).post("jsons://example.org/alerts?verify=no", title="a", body="b")
    with pytest.raises(BadChannel, match="understands"):
        outlet(there).post("no es una dirección", title="a", body="b")
    assert there.names == []


def test_mail_goes_the_same_way_and_its_server_is_looked_up_at_the_far_end(there: FarEnd) -> None:
    url = "mailtos://ana:clave@example.org?smtp=smtp.example.org&to=beto@example.org&mode="
    for mode in ("ssl", "starttls"):
        with pytest.raises(NotSaid):
            outlet(there, seconds=4.0).post(url + mode, title="a", body="b")
    assert there.names == [("smtp.example.org", 465), ("smtp.example.org", 587)]


def test_a_service_is_described_without_calling_it(there: FarEnd) -> None:
    assert Outlet(None).describe("tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/-100123/") == Service(
        "Telegram", 0, 4_096
    )
    with pytest.raises(BadChannel):
        Outlet(None).describe("nada://x")
    with pytest.raises(NoOutlet):
        Outlet(None).post(URL, title="a", body="b")
    assert there.names == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=example.org", "-addext", "subjectAltName=DNS:example.org"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with far_end(tmp_path, tls=context) as there:
        with pytest.raises(NotSaid):
            outlet(there).post("jsons://example.org/alerts", title="a", body="b")
        assert there.names[0] == ("example.org", 443), "the name was looked up at the far end"
        assert there.posts == []


def test_without_tor_s_socket_or_the_parts_nothing_is_sent(
    there: FarEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises((NotSaid, NoOutlet)):
        Outlet(UnixSocket(tmp_path / "nobody")).post(URL, title="a", body="b")
    with monkeypatch.context() as gone:
        gone.setenv("PATH", str(tmp_path))
        with pytest.raises(NoOutlet, match="bubblewrap"):
            outlet(there).post(URL, title="a", body="b")
    with monkeypatch.context() as gone:
        gone.setattr("forwarder.desk.walls.importlib.util.find_spec", lambda _: None)
        with pytest.raises(NoOutlet, match="not installed"):
            outlet(there).post(URL, title="a", body="b")
    assert there.names == []


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("", NoOutlet),
        ("x" * 100, NoOutlet),
        ("VDSK" + "\xff" * 8, NoOutlet),
        ("ALONE", NotSaid),
        ("ALONE" + "x" * 100, NotSaid),
        ("ALONEVDSK\x00\x00\x00\x02\xff\xff\xff\xff\x80\x80", NotSaid),
    ],
)
def test_a_child_that_lies_is_not_believed(there: FarEnd, said: str, trouble: type[Exception]) -> None:
    alone = frame(Alone()).decode("latin-1")
    start = f"import os; os.write(1, {said.replace('ALONE', alone)!r}.encode('latin-1')); os.read(0, 9)"
    with pytest.raises(trouble):
        replace(outlet(there, seconds=10.0), start=start).post(URL, title="a", body="b")


def test_a_channel_that_hangs_holds_up_no_other(there: FarEnd, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    desk = Newsroom(tmp_path / "desk")
    channels, queue = Channels(desk.inbox.database), Queue(desk.inbox.database)
    (tmp_path / "slow").mkdir()
    with far_end(tmp_path / "slow") as slow:
        slow.hangs = True
        channels.add("lento", f"json://{ONION}/alerts", service=Service("JSON", 250, 0), language="es")
        channels.add_wiki("wiki", WIKI, page="Alertas", language="es")
        for name in ("lento", "wiki"):
            channels.turn(name, on=True)
        desk.publish(desk.incident())
        desk.publish(desk.incident())
        sending = Sending(desk.inbox.database, address="", gazetteer=Gazetteer(PLACES, {}))
        began = time.monotonic()
        outcomes = sending.settle(speak(sending.due(now=NOW), outlet(slow, seconds=6.0)), now=NOW)
        assert time.monotonic() - began < 12
        assert slow.pages["Alertas"].count("== ") == 2
    assert [(one.channel, bool(one.trouble)) for one in outcomes] == [("lento", True), ("wiki", False), ("wiki", False)]
    told = {(post.channel, post.state, post.tries) for post in queue.posts()}
    assert told == {(1, PostState.WAITING, 1), (1, PostState.WAITING, 0), (2, PostState.SENT, 1)}
