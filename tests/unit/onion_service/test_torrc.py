"""What each role's torrc says, and that no setting can say more than it means."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.errors import SocketPathTooLong, UnsafeSetting
from onion_service.torrc import (
    Authority,
    ClosedService,
    DialTor,
    LoopbackPort,
    OnionTor,
    PrivateNet,
    UnixSocket,
    quoted,
    socks_address,
)

ONION = OnionTor(
    data_directory=Path("/var/lib/veladora/onion"),
    service_directory=Path("/var/lib/veladora/onion/service"),
    target=UnixSocket(Path("/run/veladora/door")),
    control=UnixSocket(Path("/run/veladora/onion/control")),
)
DIAL = DialTor(
    data_directory=Path("/var/lib/veladora/dial"),
    socks=UnixSocket(Path("/run/veladora/dial/socks")),
    control=UnixSocket(Path("/run/veladora/dial/control")),
)
AUTHORITY = Authority("auth0", 12001, 12002, "A" * 40, "B" * 40)


def test_the_onion_s_tor_says_exactly_this() -> None:
    assert ONION.lines() == (
        'DataDirectory "/var/lib/veladora/onion"',
        'ControlPort unix:"/run/veladora/onion/control"',
        "CookieAuthentication 1",
        "ClientOnly 1",
        "ORPort 0",
        "DirPort 0",
        "ExitRelay 0",
        "HeartbeatPeriod 0",
        "Log err stdout",
        "LogTimeGranularity 3600000",
        "SafeLogging 1",
        "ProtocolWarnings 0",
        "CellStatistics 0",
        "ConnDirectionStatistics 0",
        "DirReqStatistics 0",
        "EntryStatistics 0",
        "ExitPortStatistics 0",
        "ExtraInfoStatistics 0",
        "HiddenServiceStatistics 0",
        "OverloadStatistics 0",
        "PaddingStatistics 0",
        "AccountingMax 0",
        "DisableDebuggerAttachment 1",
        "NoExec 1",
        "VanguardsLiteEnabled 1",
        "SocksPort 0",
        'HiddenServiceDir "/var/lib/veladora/onion/service"',
        "HiddenServiceVersion 3",
        'HiddenServicePort 80 unix:"/run/veladora/door"',
        "HiddenServicePoWDefensesEnabled 1",
        "HiddenServicePoWQueueRate 16",
        "HiddenServicePoWQueueBurst 64",
        "HiddenServiceMaxStreams 16",
        "HiddenServiceMaxStreamsCloseCircuit 0",
    )


def test_a_closed_service_stands_beside_the_open_one_and_has_clients() -> None:
    target = UnixSocket(Path("/run/veladora/partners"))
    closed = ClosedService(Path("/var/lib/veladora/partners"), target, (("norte", "A" * 52),))
    lines = replace(ONION, closed=closed).lines()
    assert lines[: len(ONION.lines())] == ONION.lines()
    assert lines[len(ONION.lines()) :] == (
        'HiddenServiceDir "/var/lib/veladora/partners"',
        "HiddenServiceVersion 3",
        'HiddenServicePort 80 unix:"/run/veladora/partners"',
        "HiddenServiceMaxStreams 16",
        "HiddenServiceMaxStreamsCloseCircuit 0",
        "HiddenServiceEnableIntroDoSDefense 1",
        "HiddenServiceEnableIntroDoSRatePerSec 2",
        "HiddenServiceEnableIntroDoSBurstPerSec 32",
    )
    for clients in ((), (("norte", "A" * 52), ("norte", "B" * 52))):
        with pytest.raises(UnsafeSetting):
            ClosedService(Path("/var/lib/veladora/partners"), target, clients)


def test_the_dialling_tor_leads_to_onions_only_and_isolates_every_login() -> None:
    (socks,) = (line for line in DIAL.lines() if line.startswith("SocksPort"))
    assert socks.startswith('SocksPort unix:"/run/veladora/dial/socks" OnionTrafficOnly ExtendedErrors ')
    assert {"IsolateSOCKSAuth", "IsolateDestAddr", "IsolateDestPort", "IsolateClientProtocol"} < set(socks.split())
    assert not any(line.startswith(("HiddenServiceDir", "HiddenServicePort")) for line in DIAL.lines())
    (tcp,) = (line for line in replace(DIAL, socks=LoopbackPort(9050)).lines() if "SocksPort" in line)
    assert tcp.startswith("SocksPort 127.0.0.1:9050 OnionTrafficOnly ")


@pytest.mark.parametrize("settings", [ONION, DIAL], ids=["onion", "dial"])
def test_both_are_quiet_and_nobody_s_relay(settings: OnionTor | DialTor) -> None:
    lines = settings.lines()
    assert {"HeartbeatPeriod 0", "SafeLogging 1", "AccountingMax 0", "ClientOnly 1", "ExitRelay 0"} <= set(lines)
    assert [line for line in lines if line.startswith("Log ")] == ["Log err stdout"]
    assert not any("ExportCircuitID" in line for line in lines)
    assert not any(line.startswith(("TestingTorNetwork", "DirAuthority")) for line in lines)


def test_memory_is_locked_when_asked() -> None:
    assert "DisableAllSwap 1" in replace(ONION, lock_memory=True).lines()
    assert "DisableAllSwap 1" not in ONION.lines()


def test_a_private_net_replaces_the_public_one_and_stays_on_loopback() -> None:
    lines = replace(DIAL, private_net=PrivateNet((AUTHORITY,))).lines()
    assert "TestingTorNetwork 1" in lines
    assert "UseDefaultFallbackDirs 0" in lines
    assert [line for line in lines if "Vanguards" in line] == ["VanguardsLiteEnabled 0"]
    assert "OutboundBindAddress 127.0.0.1" in lines
    assert {"FetchDirInfoEarly 1", "FetchDirInfoExtraEarly 1"} <= set(lines)
    assert f"DirAuthority auth0 orport=12001 no-v2 v3ident={'A' * 40} 127.0.0.1:12002 {'B' * 40}" in lines


def test_a_private_net_without_authorities_would_be_the_public_one() -> None:
    with pytest.raises(UnsafeSetting):
        PrivateNet(())


@pytest.mark.parametrize(
    "change",
    [
        {"host": "192.0.2.1"},
        {"host": "127.0.0.1 x"},
        {"nickname": "a b"},
        {"fingerprint": "a" * 40},
        {"v3_identity": "A" * 39},
        {"or_port": 0},
        {"dir_port": 65_536},
    ],
)
def test_an_authority_has_plain_parts(change: dict[str, str]) -> None:
    with pytest.raises(UnsafeSetting):
        replace(AUTHORITY, **change)  # type: ignore[arg-type]


def test_spaces_quotes_and_accents_stay_part_of_the_path() -> None:
    assert quoted(Path("/srv/casa de la peña/a")) == '"/srv/casa de la peña/a"'
    assert quoted(Path('/srv/"x" # no\\comment')) == '"/srv/\\"x\\" # no\\\\comment"'


@pytest.mark.parametrize(
    "path", ["relative", "", "/a\nSocksPort 9050", "/a\r", "/a\0b", "/a\tb", "/a\u2028b", "/a\u202eb"]
)
def test_no_path_can_add_a_line(path: str) -> None:
    with pytest.raises(UnsafeSetting):
        quoted(Path(path))
    with pytest.raises(UnsafeSetting):
        replace(ONION, service_directory=Path(path)).lines()


@given(st.text(max_size=60).map(lambda tail: Path(f"/{tail}")))
def test_any_path_is_one_quoted_word_or_refused(path: Path) -> None:
    with suppress(UnsafeSetting):
        text = quoted(path)
        assert text.isprintable()
        assert shlex.split(text, posix=True) == [str(path)]


@given(st.text(max_size=130).map(lambda tail: Path(f"/{tail}")))
def test_any_socket_path_fits_the_kernel_or_is_refused(path: Path) -> None:
    with suppress(UnsafeSetting, SocketPathTooLong):
        assert len(bytes(UnixSocket(path).path)) <= 107


@given(st.text(max_size=40))
def test_any_text_is_a_socks_address_or_refused(text: str) -> None:
    for prefix in ("", "unix:", "unix:/", "127.0.0.1:"):
        with suppress(UnsafeSetting, SocketPathTooLong):
            assert str(socks_address(prefix + text)).startswith(("unix:/", "127."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9050",
        ":9050",
        "localhost:9050",
        "192.0.2.1:9050",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:99999",
        "[::1]:9050",
        "127.0.0.1:0",
        "unix:relative",
        "127.0.0.1:٣",
        "1.2:9050",
    ],
)
def test_names_and_other_machines_are_no_socks_address(text: str) -> None:
    with pytest.raises(UnsafeSetting):
        socks_address(text)


def test_a_socks_address_reads_as_it_is_written() -> None:
    for text in ("unix:/run/tor/socks", "127.0.0.1:9050", "127.9.9.9:1"):
        assert str(socks_address(text)) == text


@pytest.mark.parametrize("change", [{"virtual_port": 0}, {"pow_queue_rate": 0}, {"max_streams": 65_536}])
def test_zero_never_means_without_limit(change: dict[str, int]) -> None:
    with pytest.raises(UnsafeSetting):
        replace(ONION, **change)  # type: ignore[arg-type]
