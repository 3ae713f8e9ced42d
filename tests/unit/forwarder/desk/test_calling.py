"""The tor that dials for a desk ends with the desk, whenever that is, and its going away is noticed."""

import asyncio
from pathlib import Path

import pytest

from forwarder.desk.calling import calling
from forwarder.desk.catching_up import CatchingUp, Line
from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.errors import BadSettings
from forwarder.desk.going_out import going_out
from forwarder.desk.listener import Failure
from onion_service.client_auth import ClientKey
from onion_service.control import Tor, launch
from onion_service.errors import TorUnreachable
from onion_service.torrc import Authority, DialTor, PrivateNet, UnixSocket
from tests.unit.forwarder.desk.given import new_desk, open_desk
from tests.unit.forwarder.desk.relays import PARTNERS, Clock, a_desk, begin
from tests.unit.forwarder.desk.test_program import NOWHERE

KEY = ClientKey(bytes(range(32)))


class Gone:
    """A line for which our own tor does not answer."""

    async def __aenter__(self) -> Line:
        raise TorUnreachable("unix:/socks", "nobody answers")

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0])
def test_no_tor_is_left_when_the_desk_stops_while_it_starts(tmp_path: Path, seconds: float) -> None:
    new_desk(tmp_path, relay=PARTNERS).inbox.close()
    settings = tmp_path / SETTINGS_NAME
    settings.write_text(settings.read_text() + NOWHERE)
    failures: list[Failure] = []

    async def body() -> None:
        async with going_out(desk, told=lambda _: None, failed=failures.append):
            await asyncio.sleep(seconds)

    with open_desk(tmp_path) as desk:
        asyncio.run(body())
        assert failures == []
        # Its folder in memory can be taken by one tor only; the one before has let go of it.
        with launch(desk.settings.dial_tor()) as tor:
            assert tor.health().alive


def test_a_desk_without_a_way_out_names_the_setting(tmp_path: Path) -> None:
    new_desk(tmp_path, relay=PARTNERS).inbox.close()
    settings = tmp_path / SETTINGS_NAME
    attach = 'mode = "attach"\ncontrol = "unix:/nowhere"\nservice = "/nowhere"'
    settings.write_text(settings.read_text().replace('mode = "launch"', attach))

    async def body() -> None:
        async with calling(desk.settings, key=KEY):
            raise AssertionError("there is no way out")

    with open_desk(tmp_path) as desk, pytest.raises(BadSettings, match="no socks"):
        asyncio.run(body())


@pytest.mark.slow
def test_a_tor_of_the_system_holds_the_pull_key_only_while_the_desk_is_unlocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_desk(tmp_path / "desk", relay=PARTNERS).inbox.close()
    socks, control = UnixSocket(tmp_path / "t/socks"), UnixSocket(tmp_path / "t/control")
    nobody = PrivateNet((Authority("nobody", 9, 9, "A" * 40, "B" * 40),))
    settings = tmp_path / "desk" / SETTINGS_NAME
    attach = f'mode = "attach"\ncontrol = "{control}"\nservice = "/nowhere"\nsocks = "{socks}"'
    settings.write_text(settings.read_text().replace('mode = "launch"', attach))
    # There is no network here, and none is needed for this.
    monkeypatch.setattr(Tor, "wait_bootstrapped", lambda _tor, **_: None)

    async def body(system: Tor) -> list[str]:
        seen = []
        async with calling(desk.settings, key=KEY):
            seen.append(keys_of(system))
        return [*seen, keys_of(system)]

    with (
        open_desk(tmp_path / "desk") as desk,
        launch(DialTor(tmp_path / "t/d", socks, control, private_net=nobody)) as tor,
    ):
        within, after = asyncio.run(body(tor))
    assert PARTNERS.partners_onion.removesuffix(".onion") in within
    assert KEY.secret_for_tor() in within
    assert PARTNERS.partners_onion.removesuffix(".onion") not in after


def keys_of(tor: Tor) -> str:
    return str(tor._controller.msg("ONION_CLIENT_AUTH_VIEW"))


def test_when_our_own_tor_has_gone_it_is_started_anew_and_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()

    with a_desk(tmp_path) as desk:
        begin(desk)
        catching = CatchingUp(desk, PARTNERS, line=Gone, now=lambda: clock.now, rest=clock.rest, told=lambda _: None)
        with pytest.raises(TorUnreachable):
            asyncio.run(catching.once())
    assert clock.waits == []
