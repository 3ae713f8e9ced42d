"""A relay serves what its publisher signed, whole, from memory, and else what it had before."""

import asyncio
import base64
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forwarder.copies import CURRENT, write_copy
from onion_service import answers, site
from onion_service.serving import Answer
from onion_service.site import map_script
from relay.alerts import Alerts
from relay.config import ConfigError, parse
from relay.journal import Journal
from tests.privacy.mutants import caught
from tests.unit.forwarder.published import END, FILES, NOW, PUBLIC, copy


@dataclass(slots=True)
class Given:
    folder: Path
    journal: io.StringIO = field(default_factory=io.StringIO)
    alerts: Alerts = field(init=False)

    def __post_init__(self) -> None:
        self.alerts = Alerts(self.folder, key=PUBLIC, journal=Journal(self.journal))

    def refresh(self, now: int = NOW) -> None:
        asyncio.run(self.alerts.refresh(now=now))

    def said(self) -> list[str]:
        return [line.removeprefix("veladora: ") for line in self.journal.getvalue().splitlines()]


@pytest.fixture
def relay(tmp_path: Path) -> Given:
    return Given(tmp_path)


def test_before_there_is_a_copy_nothing_is_there(relay: Given) -> None:
    relay.refresh()
    assert relay.alerts.answer("alerts.csv") is answers.NOT_FOUND
    assert relay.said() == [f"kept the alerts as they were: {relay.folder} holds no copy of published alerts"]


def test_every_file_is_answered_with_its_bytes_and_the_headers_of_every_answer(relay: Given) -> None:
    write_copy(relay.folder, copy())
    relay.refresh()
    for name, wire in copy().everything().items():
        answer = relay.alerts.answer(name)
        assert (answer.status, answer.content) == (200, wire)
        assert b"no-store" in b"".join(answer._last)
    for name in ("", "nothing", "cap", "cap/", "../alerts.csv", "alerts.csv/", "current/alerts.csv"):
        assert relay.alerts.answer(name) is answers.NOT_FOUND
    assert relay.said() == ["took alerts version 1"]


def policy_of(answer: Answer) -> dict[str, str]:
    (line,) = re.findall(rb"\r\nContent-Security-Policy: ([^\r]*)\r\n", answer._kept[0])
    assert line in answer._last[0]
    return dict(part.partition(" ")[::2] for part in line.decode().split("; "))


def only_the_map_s_script_may_run(answer: Answer) -> None:
    digest = base64.b64encode(hashlib.sha256(map_script().encode()).digest()).decode()
    policy = policy_of(answer)
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["connect-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(policy)


def test_of_a_publisher_s_scripts_the_map_s_alone_may_run(relay: Given) -> None:
    names = {"index.html": b"<!doctype html>", "x.xml": b"<x/>", "style.css": b"", "x.png": b"", "x": b""}
    write_copy(relay.folder, copy(1, names))
    relay.refresh()
    for name in ("", *names, "manifest.json"):
        only_the_map_s_script_may_run(relay.alerts.answer(name))
    kinds = [relay.alerts.answer(name)._kept[0].partition(b"Content-Type: ")[2].partition(b"\r\n")[0] for name in names]
    assert kinds[2:] == [b"text/css; charset=utf-8", b"image/png", b"application/octet-stream"]


def test_a_policy_that_lets_other_scripts_run_is_caught() -> None:
    for wider in ("'unsafe-inline'", "'self'", site.policy().partition("script-src ")[2].partition(";")[0]):
        policy = site.alerts_policy().replace("script-src ", f"script-src {wider} ")
        mutant = Answer(200, "OK", headers={"Content-Security-Policy": policy, "X": ""})
        caught("alerts", f"script-src {wider[:16]}", only_the_map_s_script_may_run, mutant)


def test_the_index_is_answered_under_the_folder_s_name(relay: Given) -> None:
    write_copy(relay.folder, copy(1, {**FILES, "index.html": b"<!doctype html>"}))
    relay.refresh()
    assert relay.alerts.answer("") is relay.alerts.answer("index.html")


def test_nothing_changes_before_it_is_told_to(relay: Given) -> None:
    write_copy(relay.folder, copy())
    relay.refresh()
    write_copy(relay.folder, copy(2, {"alerts.csv": b"newer"}))
    assert relay.alerts.answer("alerts.csv").content == FILES["alerts.csv"]
    relay.refresh()
    relay.refresh()
    assert relay.alerts.answer("alerts.csv").content == b"newer"
    assert relay.alerts.answer("cap/0.xml") is answers.NOT_FOUND
    assert relay.said() == ["took alerts version 1", "took alerts version 2"]


@pytest.mark.parametrize("name", ["alerts.csv", "manifest.json", "manifest.json.minisig", "extra.txt"])
def test_an_altered_copy_is_not_served_and_the_one_before_stays(relay: Given, name: str) -> None:
    write_copy(relay.folder, copy())
    relay.refresh()
    write_copy(relay.folder, copy(2))
    ((relay.folder / CURRENT).resolve() / name).write_bytes(b"altered")
    for _ in range(3):
        relay.refresh()
    assert relay.alerts.answer("alerts.csv").content == FILES["alerts.csv"]
    assert relay.alerts.answer("extra.txt") is answers.NOT_FOUND
    assert len(relay.said()) == 2, "once, and not at every edge"
    assert relay.said()[1].startswith("kept the alerts as they were: ")


def test_an_older_copy_is_not_served(relay: Given) -> None:
    write_copy(relay.folder, copy(2))
    relay.refresh()
    write_copy(relay.folder, copy(1, {"alerts.csv": b"older"}))
    relay.refresh()
    assert relay.alerts.answer("alerts.csv").content == FILES["alerts.csv"]


def test_past_its_time_nothing_is_served_until_it_is_signed_again(relay: Given) -> None:
    write_copy(relay.folder, copy())
    relay.refresh()
    relay.refresh(END - 1)
    assert relay.alerts.answer("alerts.csv").status == 200
    relay.refresh(END)
    relay.refresh(END + 900)
    assert relay.alerts.answer("alerts.csv") is answers.NOT_FOUND
    write_copy(relay.folder, copy(2, valid_until=END + 86_400))
    relay.refresh(END + 1_800)
    assert relay.alerts.answer("alerts.csv").status == 200
    assert relay.said() == [
        "took alerts version 1",
        "the alerts are past their time and are not served: the publisher must sign them again",
        "took alerts version 2",
    ]


def test_the_settings_name_folder_and_key(relay: Given) -> None:
    base = f'[relay]\nroot = "{"0" * 64}"\n'
    found = parse(f'{base}[alerts]\nfolder = "alerts"\nkey = "{PUBLIC}"\n')
    assert found.alerts is not None
    assert parse(base).alerts is None
    for wrong in ('folder = "alerts"', f'folder = ""\nkey = "{PUBLIC}"', 'folder = "a"\nkey = "RWx"'):
        with pytest.raises(ConfigError):
            parse(f"{base}[alerts]\n{wrong}\n")
