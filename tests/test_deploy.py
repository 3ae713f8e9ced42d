"""What `deploy/` hands to an operator is accepted by the programs it is meant for."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from relay import config
from tests.architecture_rules import ROOT

DEPLOY: Final = ROOT / "deploy"
UNITS: Final = sorted((DEPLOY / "systemd").glob("*.service"))
KEPT_FROM_DISK: Final = {"LimitCORE=1", "MemorySwapMax=0", "CoredumpFilter=0x0"}
EXPOSURE_MAX: Final = "20"  # in tenths; systemd calls anything under 25 well protected


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_example_settings_are_accepted_and_are_the_defaults() -> None:
    path = DEPLOY / "relay.toml.example"
    shown = config.read(path).config
    plain = config.parse(f'[relay]\nroot = "{shown.relay.root}"')
    assert (shown.spool, shown.bundles, shown.delivery) == (plain.spool, plain.bundles, plain.delivery)


def test_the_example_settings_accept_what_they_only_mention() -> None:
    text = (DEPLOY / "relay.toml.example").read_text(encoding="utf-8")
    spoken = re.sub(
        r"^# (\[\[partner|id =|endpoint =|mode =|socks =|control =|service =)", r"\1", text, flags=re.MULTILINE
    )
    attached = spoken.replace('mode = "launch"\n', "").replace("<56 characters>", "a" * 56)
    settings = config.parse(attached)
    assert settings.tor.mode == "attach"
    assert [partner.id for partner in settings.partner] == ["red-de-apoyo"]


def settings_not_shown(text: str) -> set[str]:
    tables = (config.RelaySettings, config.SpoolSettings, config.BundleSettings, config.DeliverySettings)
    fields = {
        field for table in (*tables, config.TorSettings, config.PartnerSettings) for field in table.__struct_fields__
    }
    return {field for field in fields if not re.search(rf"\b{field}\b", text)}


def test_the_example_shows_every_setting() -> None:
    text = (DEPLOY / "relay.toml.example").read_text(encoding="utf-8")
    assert settings_not_shown(text) == set()
    assert settings_not_shown(text.replace("keep_rounds", "")) == {"keep_rounds"}


def test_a_misspelt_setting_in_the_example_is_noticed() -> None:
    text = (DEPLOY / "relay.toml.example").read_text(encoding="utf-8")
    with pytest.raises(config.ConfigError):
        config.parse(text.replace("keep_rounds", "keep_round"))


def torrc_in(folder: Path, text: str) -> str:
    """The example with its folders moved to where a test may write, for tor to read."""
    moved = text.replace("/var/lib/tor-instances/veladora", str(folder / "data"))
    moved = moved.replace("/run/tor-instances/", f"{folder}/run/")
    (folder / "run/veladora").mkdir(parents=True, mode=0o700)
    (folder / "torrc").write_text(moved, encoding="utf-8")
    return str(folder / "torrc")


def verified_by_tor(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    torrc = torrc_in(folder, text)
    return run("tor", "--verify-config", "--defaults-torrc", "/dev/null", "--hush", "-f", torrc)


@pytest.mark.tor
def test_tor_accepts_the_example_torrc_without_a_warning(tmp_path: Path) -> None:
    answer = verified_by_tor(tmp_path, (DEPLOY / "torrc.example").read_text(encoding="utf-8"))
    warnings = [line for line in answer.stdout.splitlines() if "running Tor as root" not in line]
    assert (answer.returncode, warnings, answer.stderr) == (0, [], "")


@pytest.mark.tor
def test_tor_refuses_the_example_torrc_with_a_misspelt_line(tmp_path: Path) -> None:
    text = (DEPLOY / "torrc.example").read_text(encoding="utf-8")
    assert verified_by_tor(tmp_path, text.replace("HeartbeatPeriod", "HeartbeatPeriode")).returncode != 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_keeps_memory_from_the_disk(unit: Path) -> None:
    assert set(unit.read_text(encoding="utf-8").splitlines()) >= KEPT_FROM_DISK


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here to ask")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder, words in ((good, text), (bad, text.replace("ProtectClock", "ProtectClocks"))):
        folder.mkdir()
        # Whether the program is installed on this machine is not the question.
        (folder / unit.name).write_text(words.replace("/opt/veladora/bin/veladora", "/bin/true"), encoding="utf-8")
    understood = run("systemd-analyze", "verify", "--man=no", str(good / unit.name))
    assert (understood.returncode, unit.name in understood.stderr) == (0, False), understood.stderr
    assert "ProtectClocks" in run("systemd-analyze", "verify", "--man=no", str(bad / unit.name)).stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here to ask")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_a_unit_well_protected(unit: Path, tmp_path: Path) -> None:
    ask = ("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE_MAX}")
    assert run(*ask, str(unit)).returncode == 0
    open_unit = tmp_path / unit.name
    open_unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert run(*ask, str(open_unit)).returncode != 0


def test_the_mirrors_unit_keeps_the_copy_where_the_page_lets_the_relay_serve_it() -> None:
    unit = (DEPLOY / "systemd/veladora-mirror.service").read_text(encoding="utf-8")
    page = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    (into,) = re.findall(r"^ExecStart=.* --into (\S+) ", unit, re.MULTILINE)
    assert re.findall(r"^ReadWritePaths=(.+)$", unit, re.MULTILINE) == [into]
    assert f'folder = "{into}"' in page
    (user,) = re.findall(r"^User=(.+)$", unit, re.MULTILINE)
    assert f"install -d -o {user} -g {user} -m 0755 {into}" in page
    assert "UMask=0022" in unit.splitlines(), "the relay is another user and must be able to read it"
    named = set(re.findall(r"\$\{(\w+)\}", unit))
    shown = re.search(r"```ini\n(URL=.*?)```", page, re.DOTALL)
    assert shown is not None
    assert {line.partition("=")[0] for line in shown[1].splitlines()} == named


def test_the_image_installs_nothing_without_a_hash_and_does_not_run_as_root() -> None:
    lines = (DEPLOY / "container/Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip install [^&\n]*", lines)
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert re.findall(r"^USER (.+)$", lines, re.MULTILINE) == ["10001:10001"]


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda script: script.name)
def test_a_script_is_bash_and_stops_at_the_first_fault(script: Path) -> None:
    assert run("bash", "-n", str(script)).returncode == 0
    assert "set -euo pipefail" in script.read_text(encoding="utf-8").splitlines()


def test_an_unknown_need_is_refused_with_a_way_on() -> None:
    answer = run("bash", str(DEPLOY / "need.sh"), "everything")
    assert answer.returncode == 1
    assert "-> bash deploy/need.sh" in answer.stderr


def test_every_need_of_make_is_known_and_its_package_is_told_in_the_readme() -> None:
    script, readme = (DEPLOY / "need.sh").read_text(encoding="utf-8"), (ROOT / "README.md").read_text(encoding="utf-8")
    known = re.search(r"^ +(venv \|[a-z| ]+)\) \"need_\$name\"", script, re.MULTILINE)
    needed = re.findall(r"need\.sh (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert known is not None
    assert {need for line in needed for need in line.split()} == set(known[1].split(" | "))
    packages = set(re.findall(r"\bwant ([a-z][a-z0-9-]+) \"", script))
    assert {"tor", "firefox-esr", "nodejs"} <= packages
    assert {package for package in packages if f"`{package}`" not in readme} == set()


def programs(folder: Path, **scripts: str) -> str:
    """A PATH on which these programs stand before the machine's own."""
    for name, script in scripts.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    return f"PATH={folder}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("says", "trouble"),
    [
        ("Mozilla Firefox 140.12.0esr", "firefox-esr 140.12.0 is older than 153"),
        ("Mozilla Firefox Nightly", "firefox-esr of an unknown version is older than 153"),
        ("Mozilla Firefox 153.0esr", ""),
    ],
)
def test_a_firefox_that_is_too_old_is_missing(says: str, trouble: str, tmp_path: Path) -> None:
    path = programs(tmp_path, firefox_esr=f"echo '{says}'", id="echo 1000")
    answer = run("env", "-u", "CI", path, "bash", str(DEPLOY / "need.sh"), "firefox")
    assert (answer.returncode != 0) == bool(trouble)
    assert trouble in answer.stderr
    assert ("apt-get install --no-install-recommends firefox-esr" in answer.stderr) == bool(trouble)


def apt(folder: Path, offered: str, offered_then: str, *, update: str = "true") -> str:
    """Programs that note what Debian is asked to do, and offer another version once the lists were fetched."""
    return programs(
        folder,
        apt_cache=f"[ -e {folder}/fresh ] && echo '  Candidate: {offered_then}' || echo '  Candidate: {offered}'",
        apt_get=f"""echo "$*" >> {folder}/asked
case "$*" in *update*) {update} && touch {folder}/fresh ;; esac""",
    )


def asked_of_apt(folder: Path) -> list[str]:
    lines = (folder / "asked").read_text(encoding="utf-8").splitlines()
    return [line.partition("Timeout=300 ")[2] for line in lines]


def test_what_is_missing_comes_from_fresh_lists(tmp_path: Path) -> None:
    path = apt(tmp_path, "140.12.0esr-1~deb12u1", "153.7.0esr-1~deb12u1")
    answer = run("env", path, "bash", str(DEPLOY / "need.sh"), "--as-root", "firefox-esr")
    assert answer.returncode == 0, answer.stderr
    assert asked_of_apt(tmp_path) == ["update", "install -y --no-install-recommends firefox-esr"]


@pytest.mark.parametrize(
    ("package", "offered"), [("firefox-esr", "140.12.0esr-1~deb12u1"), ("tor", "0.4.7.16-1"), ("mat2", "(none)")]
)
def test_what_debian_offers_too_old_or_not_at_all_is_not_installed(package: str, offered: str, tmp_path: Path) -> None:
    path = apt(tmp_path, offered, offered)
    answer = run("env", path, "bash", str(DEPLOY / "need.sh"), "--as-root", package)
    assert answer.returncode == 1
    assert f"Debian offers no fitting {package} here (candidate: {offered})" in answer.stderr
    assert asked_of_apt(tmp_path) == ["update"]


def test_where_lists_cannot_be_fetched_the_ones_that_are_here_will_do(tmp_path: Path) -> None:
    path = apt(tmp_path, "153.7.0esr-1~deb12u1", "", update="false")
    answer = run("env", path, "bash", str(DEPLOY / "need.sh"), "--as-root", "firefox-esr")
    assert answer.returncode == 0, answer.stderr
    assert "lists could not be fetched" in answer.stderr
    assert asked_of_apt(tmp_path) == ["update", "install -y --no-install-recommends firefox-esr"]


def test_a_python_that_is_too_old_is_named_with_a_way_on(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    answer = run("env", f"PYTHON={old}", "bash", str(DEPLOY / "need.sh"), "venv")
    assert answer.returncode == 1
    assert "3.11 or newer" in answer.stderr
    assert "make PYTHON=" in answer.stderr
