"""`veladora desk preview`, `publish`, `correct`, `withdraw`, `published`, `release`, `export-alerts` and `channel`."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner, Result

from crypto.minisign import PublicKey
from crypto.report import Report
from forwarder.copies import read_copy
from forwarder.desk import schema
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.channels import outlet as outlets
from forwarder.desk.incidents import Incidents
from forwarder.desk.triage import State
from onion_service.torrc import UnixSocket
from relay.cli.desk import app
from tests.cli.test_desk import desk
from tests.cli.typed import at_a_terminal
from tests.unit.forwarder.desk.channels_far_end import far_end
from tests.unit.forwarder.desk.given import PASSPHRASE, TODAY, new_desk
from tests.unit.forwarder.given import ROUND_SECONDS

pytestmark = pytest.mark.slow  # keys are locked at full cost

WORDS = """
[es]
title = "Retén en la carretera"
text = "Hombres armados detienen coches."
[en]
title = "Roadblock"
text = "Armed men stop cars."
"""
AGREED = ("--yes",)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk: incident 1 is confirmed and two days old, 2 the same and an hour old, 3 is one report, unconfirmed."""
    place = tmp_path_factory.mktemp("publishing") / "desk"
    now = int(time.time()) // ROUND_SECONDS
    with new_desk(place) as made:
        for incident, (ago, state) in enumerate(
            ((48, State.CONFIRMED), (1, State.CONFIRMED), (48, State.UNCONFIRMED)), start=1
        ):
            report = Report(text=f"Secreto número {incident}", topic="reten", place="mx-reynosa")
            with made.inbox.database.change() as opened:
                schema.store(opened, report, round_number=now - ago * 4 - 1, wire=report.encode())
            Incidents(made.inbox.database).merge([incident], by=By(TODAY))
            for step in (State.CHECKING, state):
                Casework(made.inbox.database).mark(Subject(Kind.INCIDENT, incident), step, by=By(TODAY))
    (place / "words.toml").write_text(WORDS, encoding="utf-8")
    return place


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "desk"))


def typed(folder: Path, *words: str, code: int = 0) -> Result:
    done = desk(*words, "--folder", str(folder))
    assert done.exit_code == code, (done.stdout, done.stderr)
    assert all(one == "\n" or one.isprintable() for one in done.stdout + done.stderr)
    return done


def words_of(folder: Path) -> tuple[str, str]:
    return "--words", str(folder / "words.toml")


def shown(folder: Path) -> dict[str, str]:
    """The files of the folder that others copy, as their key vouches for them."""
    line = typed(folder, "release").stdout.strip()
    copy = read_copy(folder / "alerts", key=PublicKey.parse(line))
    return {name: wire.decode() for name, wire in copy.files.items()}


def test_another_key_for_alerts_is_made_on_purpose_only(folder: Path) -> None:
    typed(folder, "publish", "1", *words_of(folder), *AGREED)
    before = typed(folder, "release").stdout.strip()
    assert "no salió nada" in typed(folder, "new-alerts-key", code=1).stderr
    assert typed(folder, "release").stdout.strip() == before
    (folder / "alerts.key").unlink()
    made = typed(folder, "new-alerts-key", *AGREED)
    assert "trust the old key" in made.stderr
    line = made.stdout.strip()
    assert line != before
    assert shown(folder)
    assert typed(folder, "release").stdout.strip() == line


def test_an_alert_goes_the_whole_way(folder: Path) -> None:
    """Preview, publish, correct, withdraw: each is in the signed folder when its command ends."""
    preview = typed(folder, "preview", "1", *words_of(folder))
    for line in ("Sale:", "Se queda aquí:", "Leaves:", "  es: Retén en la carretera", "  en: Armed men stop cars."):
        assert line in preview.stdout.splitlines()
    assert "  pages and CAP messages put it with: Reynosa, Tamaulipas" in preview.stdout.splitlines()
    assert not (folder / "alerts").exists()
    published = typed(folder, "publish", "1", *words_of(folder), *AGREED, "--by", "Ana")
    assert "  es: Retén en la carretera" in published.stdout
    assert "1 alert(s), good until" in published.stderr
    files = shown(folder)
    assert "Roadblock" in files["alerts.en.atom"]
    assert "Secreto" not in "".join(files.values())
    feeds = [files[name] for name in files if name.startswith(("alerts.", "cap/"))]
    assert len(feeds) == 5
    messages = "".join(files[name] for name in files if name.startswith("cap/"))
    assert "reynosa" not in "".join(one for one in feeds if one not in messages).lower()
    # A message names the towns that lie in its cell, whatever the reports named.
    assert "<areaDesc>it includes Reynosa, Tamaulipas (H3 " in messages
    minisign = folder / "alerts" / "current"
    line = typed(folder, "release").stdout.strip()
    checked = subprocess.run(["minisign", "-V", "-m", minisign / "manifest.json", "-P", line], capture_output=True)
    assert checked.returncode == 0
    assert f"alerts    {line}" in typed(folder, "card").stdout
    better = (
        "--title",
        "Retén, ya sin armas",
        "--text",
        "Sólo revisan.",
        "--title-en",
        "Checkpoint",
        "--text-en",
        "Calm.",
    )
    typed(folder, "correct", "1", *better, *AGREED, code=1)
    typed(folder, "correct", "1", *better, *AGREED, "--note", "llamó Inés")
    assert "Checkpoint" in shown(folder)["alerts.en.atom"]
    assert "Armed men" not in "".join(shown(folder).values())
    typed(folder, "withdraw", "1", "--title", "Era falso", "--text", "Perdón.", *AGREED, "--note", "un rumor")
    message = next(text for name, text in shown(folder).items() if name.startswith("cap/"))
    assert "Cancel" in message
    assert "Era falso" in message
    assert "Alert withdrawn" in message, "a language without words says no more than that"
    told = json.loads(typed(folder, "published", "--json").stdout)["published"]
    assert [(one["incident"], one["version"], one["state"]) for one in told] == [(1, 3, "withdrawn")]
    assert "incident 1: withdrawn, version 3" in typed(folder, "published").stdout


def test_what_must_wait_leaves_only_for_a_reason_or_by_itself(folder: Path) -> None:
    waits = typed(folder, "publish", "2", *words_of(folder), *AGREED, code=1)
    assert "it waits until" in waits.stderr
    assert "--hurry" in waits.stderr
    queued = typed(folder, "publish", "2", *words_of(folder), "--wait", *AGREED)
    assert "when the desk is open, unless something changes" in queued.stderr
    assert "incident 2 waits until" in typed(folder, "published").stdout
    assert json.loads(typed(folder, "published", "--json").stdout)["published"] == []
    typed(folder, "publish", "2", "--stop-waiting")
    assert "Nothing is published, and nothing waits" in typed(folder, "published").stderr
    typed(folder, "publish", "2", *words_of(folder), "--hurry", "van para allá", *AGREED)
    assert "van para" not in "".join(shown(folder).values())


def test_what_may_not_leave_is_refused_in_both_languages(folder: Path) -> None:
    refused = typed(folder, "preview", "3", code=1)
    assert "hay menos reportes de los que se necesitan" in refused.stderr
    assert "fewer reports than it takes" in refused.stderr
    assert typed(folder, "publish", "3", *words_of(folder), *AGREED, code=1).stdout == ""
    assert "there is no incident 9" in typed(folder, "preview", "9", code=1).stderr
    assert "nothing of incident 1 is published" in typed(folder, "withdraw", "1", *words_of(folder), code=1).stderr
    assert "faltan las palabras" in typed(folder, "publish", "1", code=2).stderr
    assert "in the gazetteer" in typed(folder, "preview", "1", "--place", "mx-otra", code=1).stderr
    assert "written in: es, en" in typed(folder, "publish", "1", "--title", "a", "--text", "b", code=1).stderr
    both = typed(folder, "publish", "1", *words_of(folder), "--title", "a", code=2)
    assert "words in a file and in options" in both.stderr
    assert "cannot read" in typed(folder, "publish", "1", "--words", str(folder / "no.toml"), code=1).stderr


def test_nothing_leaves_without_a_yes(folder: Path) -> None:
    done = typed(folder, "publish", "1", *words_of(folder), code=1)
    assert "Retén en la carretera" in done.stdout
    assert "no salió nada" in done.stderr
    assert json.loads(typed(folder, "published", "--json").stdout) == {"published": [], "waiting": []}


@pytest.mark.parametrize(("said", "out"), [("s\n", 1), ("no\n", 0)])
def test_a_person_is_asked_after_they_saw_it(folder: Path, said: str, out: int) -> None:
    asked = at_a_terminal(
        ["desk", "publish", "1", *words_of(folder), "--folder", folder],
        [("Passphrase", f"{PASSPHRASE}\n"), ("¿Publicarla ahora? / Publish it now? [y/N]", said)],
    )
    assert (asked.code == 0) == bool(out)
    assert "  es: Retén en la carretera" in asked.out
    assert len(json.loads(typed(folder, "published", "--json").stdout)["published"]) == out


def test_what_must_be_taken_back_is_marked(folder: Path) -> None:
    typed(folder, "publish", "1", *words_of(folder), *AGREED)
    typed(folder, "mark", "1", "checking")
    typed(folder, "mark", "1", "false")
    marked = typed(folder, "published").stdout
    assert "  ! ninguno de sus reportes cuenta ya" in marked
    assert "withdraw the alert" in marked


def test_tables_for_other_tools_hold_what_is_published(folder: Path, tmp_path: Path) -> None:
    typed(folder, "publish", "1", *words_of(folder), *AGREED)
    out = tmp_path / "out.csv"
    done = typed(folder, "export-alerts", "uwazi", str(out))
    assert "not encrypted" in done.stderr
    assert b"Secreto" not in out.read_bytes()
    assert b"title__es" in out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert "exists already" in typed(folder, "export-alerts", "uwazi", str(out), code=1).stderr
    with_reports = tmp_path / "reports.csv"
    typed(folder, "export-alerts", "ushahidi", str(with_reports), "--language", "es", "--with-reports")
    assert "Secreto número 1".encode() in with_reports.read_bytes()
    assert "Secreto número 2".encode() not in with_reports.read_bytes()
    typed(folder, "export-alerts", "excel", str(tmp_path / "x.csv"), code=2)
    typed(folder, "export-alerts", "uwazi", str(tmp_path / "x.csv"), "--language", "fr", code=2)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it."""
    with TemporaryDirectory(prefix="v-") as place:
        yield Path(place)


def with_secret(folder: Path, secret: str, *words: str) -> Result:
    """A command that asks for what opens an account, given through a pipe of its own."""
    pipes = []
    for text in (PASSPHRASE, secret):
        reading, writing = os.pipe()
        os.write(writing, text.encode() + b"\n")
        os.close(writing)
        pipes.append(reading)
    try:
        options = ["--folder", str(folder), "--passphrase-fd", str(pipes[0]), "--secret-fd", str(pipes[1])]
        return CliRunner().invoke(app, ["channel", *words, *options], catch_exceptions=False)
    finally:
        for reading in pipes:
            os.close(reading)


def test_a_channel_is_added_shown_and_forgotten_without_its_password(folder: Path, short: Path) -> None:
    assert "No channels" in typed(folder, "channel", "list").stderr
    added = with_secret(folder, "jsons://example.org/?token=nadie", "add", "noticias", "--language", "es")
    assert added.exit_code == 0, added.stderr
    assert "Added noticias: JSON. It is off" in added.stderr
    refused = with_secret(folder, "json://example.org/", "add", "otra")
    assert refused.exit_code == 1
    assert "without encryption" in refused.stderr
    wiki = (
        "wiki",
        "ciudades",
        "--address",
        "https://w.example/w/",
        "--user",
        "Ana@alertas",
        "--page",
        "Alertas/{place}",
    )
    assert with_secret(folder, "clave", *wiki).exit_code == 0
    typed(folder, "publish", "1", *words_of(folder), *AGREED)
    assert "nothing to say" in typed(folder, "channel", "posts").stderr
    post = typed(folder, "channel", "dry-run", "noticias", "1").stdout
    assert post.startswith("--- noticias: apprise, JSON\ntitle: ALERTA: Retén en la carretera\nHombres armados")
    page = typed(folder, "channel", "dry-run", "ciudades").stdout
    assert "page: Alertas/Reynosa, Tamaulipas" in page
    assert "nothing of incident 3" in typed(folder, "channel", "dry-run", "noticias", "3", code=1).stderr
    assert "every new version" in typed(folder, "channel", "on", "noticias").stderr
    better = ("--title", "Otra", "--text", "Más.", "--title-en", "Other", "--text-en", "More.", "--note", "x")
    typed(folder, "correct", "1", *better, *AGREED)
    assert typed(folder, "channel", "posts").stdout == "noticias: incident 1 version 2, waiting\n"
    assert "noticias: on, JSON, es, 1 to say" in typed(folder, "channel", "list").stdout
    with far_end(short) as there, pytest.MonkeyPatch.context() as patched:
        # The real outlet, through a proxy that stands in for tor.
        patched.setattr(outlets, "through_tor", lambda *_, **__: nullcontext(outlets.Outlet(UnixSocket(there.socks))))
        failed = typed(folder, "channel", "send", code=1)
        assert failed.stdout == "noticias: incident 1: the service refused it\n"
        assert there.names == [("example.org", 443)]
        assert "tried again later" in failed.stderr
    assert "waiting, tried 1 time(s)" in typed(folder, "channel", "posts").stdout
    assert "Nothing is due" in typed(folder, "channel", "send").stderr
    typed(folder, "channel", "off", "noticias")
    assert "Nothing is due" in typed(folder, "channel", "send").stderr
    typed(folder, "channel", "remove", "noticias")
    assert "there is no channel" in typed(folder, "channel", "on", "noticias", code=1).stderr
