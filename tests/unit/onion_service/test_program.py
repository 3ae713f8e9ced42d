"""A tor that cannot serve us is named, with the remedy, before anything starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.errors import TorMissing, TorTooOld, TorWithoutPow
from onion_service.program import check_version, usable_tor


def program(at: Path, version: str, modules: str) -> str:
    at.write_text(f"#!/bin/sh\ncase $1 in --version) echo '{version}';; --list-modules) printf '{modules}';; esac\n")
    at.chmod(0o700)
    return str(at)


def test_a_good_tor_is_found(tmp_path: Path) -> None:
    good = program(tmp_path / "tor", "Tor version 0.4.8.0.", "relay: yes\\npow: yes\\n")
    assert usable_tor(good) == good


def test_the_tor_of_this_machine_is_good() -> None:
    assert Path(usable_tor()).name == "tor"


def test_no_tor_says_how_to_install_one(tmp_path: Path) -> None:
    with pytest.raises(TorMissing, match="/none") as caught:
        usable_tor(str(tmp_path / "none"))
    assert "apt-get install tor" in caught.value.hint


def test_a_file_that_does_not_run_is_no_tor(tmp_path: Path) -> None:
    broken = tmp_path / "tor"
    broken.write_bytes(b"\x7fELF not really")
    broken.chmod(0o700)
    with pytest.raises(TorMissing):
        usable_tor(str(broken))


@pytest.mark.parametrize("version", ["Tor version 0.4.7.16.", "Tor version 0.3.5.7", "Tor version 0.4.7.16 (git-1)."])
def test_an_old_tor_is_refused(version: str, tmp_path: Path) -> None:
    with pytest.raises(TorTooOld) as caught:
        usable_tor(program(tmp_path / "tor", version, "pow: yes\\n"))
    assert caught.value.version in version
    assert "0.4.8" in caught.value.hint


def test_a_program_that_is_no_tor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TorTooOld, match="does not tell"):
        usable_tor(program(tmp_path / "tor", "BusyBox", "pow: yes\\n"))


@pytest.mark.parametrize("modules", ["relay: yes\\npow: no\\n", "relay: yes\\n", ""])
def test_a_tor_without_proof_of_work_is_refused(modules: str, tmp_path: Path) -> None:
    with pytest.raises(TorWithoutPow) as caught:
        usable_tor(program(tmp_path / "tor", "Tor version 0.4.9.11.", modules))
    assert "--enable-gpl" in caught.value.hint


@given(st.text(max_size=60) | st.text("0123456789.", max_size=12).map(lambda text: f"Tor version {text}"))
def test_any_text_is_a_version_or_refused(said: str) -> None:
    with suppress(TorTooOld):
        check_version(said)
        assert "Tor version " in said
