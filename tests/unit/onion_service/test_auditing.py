"""An auditor is another visitor each time, on circuits of its own, and makes of every answer what it is."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import pytest
from aiohttp import web

from crypto.directory import sign
from crypto.errors import Expired
from onion_service import auditing
from onion_service.address import OnionAddress
from onion_service.auditing import Answer, Auditor, Surroundings
from onion_service.dial import Dialler
from onion_service.errors import NotAnOnion, TorUnreachable
from onion_service.evidence import Audit, Kind, Missing
from onion_service.held import HeldDirectory
from onion_service.refusals import ClockWrong, HeldDirectoryBroken
from onion_service.socks import Login
from onion_service.torrc import UnixSocket
from onion_service.trust import Trust
from tests.loopback_relay import ROUND_SECONDS, Road, World, road
from tests.loopback_reporter import START, Clock, run


@dataclass
class Bench:
    """A relay on loopback that publishes its page's hash, and an auditor whose time passes only while it waits."""

    world: World
    road: Road
    clock: Clock
    told: list[tuple[int, int]] = field(default_factory=list)

    def auditor(self, *, pace: float = 0.0, held: HeldDirectory | None = None, dialler: object = None) -> Auditor:
        around = Surroundings(
            dialler=dialler or Dialler(socks=self.road.socks),  # type: ignore[arg-type]
            now=self.clock.now,
            rest=self.clock.rest,
            chance=Random(7),
            told=lambda done, of: self.told.append((done, of)),
        )
        return Auditor(Trust(self.world.card, held=held), around, pace=pace)

    def audit(self, times: int) -> Audit:
        auditor = self.auditor()
        run(auditor.visit(times))
        return auditor.audit()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        world = World(now=clock.now)
        world.publish({"/": hashlib.sha256(world.page).hexdigest()})
        with road(world, Path(folder)) as built:
            yield Bench(world, built, clock)


def on_fetch(number: int, act: Callable[[], None]) -> Callable[[], None]:
    """Act when the directory is asked for that often."""
    fetches = 0

    def count() -> None:
        nonlocal fetches
        fetches += 1
        if fetches == number:
            act()

    return count


def test_equal_visits_are_compared_and_told(bench: Bench) -> None:
    audit = bench.audit(20)
    assert audit.findings == ()
    assert (audit.visits, audit.pages, audit.published, audit.directories, audit.rounds) == (20, 20, 20, 20, (20,))
    assert audit.page_hashes == (hashlib.sha256(bench.world.page).hexdigest(),)
    assert bench.told == [(done, 20) for done in range(21)]


def test_a_visitors_two_requests_share_circuits_and_no_two_visitors_do(bench: Bench) -> None:
    asked: list[tuple[str, Mapping[str, str], Login]] = []

    class Watched(Dialler):
        async def get(self, url: str, **given: object) -> Answer:  # type: ignore[override]
            asked.append((url, given["headers"], given["login"]))  # type: ignore[arg-type]
            return await super().get(url, **given)  # type: ignore[arg-type]

    run(bench.auditor(dialler=Watched(socks=bench.road.socks)).visit(60))
    pairs = list(zip(asked[::2], asked[1::2], strict=True))
    browsers = [(page, script) for page, script in pairs if page[1]]
    assert all(page[2] is script[2] for page, script in browsers)
    assert all(page[2] is not script[2] for page, script in pairs if not page[1])
    assert 0 < len(browsers) < len(pairs)
    assert len(set(bench.road.logins)) == len(browsers) + 2 * (len(pairs) - len(browsers))
    assert len({tuple(page[1].items()) for page, _ in pairs}) > 40


def test_rounds_go_by_without_a_finding(bench: Bench) -> None:
    auditor = bench.auditor(pace=2 * ROUND_SECONDS)
    run(auditor.visit(12))
    audit = auditor.audit()
    assert audit.findings == ()
    assert len(audit.rounds) > 3
    assert len(bench.clock.waits) == 11
    assert all(0 <= waited <= 2 * ROUND_SECONDS for waited in bench.clock.waits)


def test_the_audit_grows_over_several_runs(bench: Bench) -> None:
    auditor = bench.auditor()
    run(auditor.visit(3))
    run(auditor.visit(4))
    assert auditor.audit().pages == 7


def test_one_altered_page_is_found_and_both_are_kept(bench: Bench) -> None:
    altered = b"<script>" + bench.world.page[8:]
    pages = 0

    def once(_request: web.Request) -> web.Response | None:
        nonlocal pages
        pages += 1
        return web.Response(body=altered, content_type="text/html") if pages == 4 else None

    bench.world.on_page = once
    auditor = bench.auditor()
    run(auditor.visit(6))
    (finding,) = auditor.audit().findings
    assert (finding.kind, finding.visits) == (Kind.NOT_PUBLISHED, (4,))
    assert finding.found is not None
    assert finding.others is not None
    wrong, right = auditor.sample(finding.found), auditor.sample(finding.others)
    assert wrong is not None
    assert right is not None
    assert wrong.startswith(b"HTTP/1.1 200 OK\r\n")
    assert wrong.endswith(b"\r\n\r\n" + altered)
    assert right.endswith(b"\r\n\r\n" + bench.world.page)


def test_a_door_that_gives_everybody_another_page_cannot_fill_the_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "SAMPLES_MAX", 3)
    pages = 0

    def another(_request: web.Request) -> web.Response:
        nonlocal pages
        pages += 1
        return web.Response(body=f"page {pages}".encode())

    bench.world.on_page = another
    auditor = bench.auditor()
    run(auditor.visit(10))
    findings = auditor.audit().findings
    kept = [finding for finding in findings if finding.found and auditor.sample(finding.found)]
    assert [finding.visits for finding in kept] == [(8,), (9,), (10,)]


def test_a_language_that_changes_the_headers_is_found(bench: Bench) -> None:
    def vary(request: web.Request) -> web.Response | None:
        if not request.headers.get("Accept-Language", "").startswith("es"):
            return None
        return web.Response(body=bench.world.page, content_type="text/html", headers={"Content-Language": "es"})

    bench.world.on_page = vary
    assert [finding.kind for finding in bench.audit(20).findings] == [Kind.HEADS_DIFFER]


def test_a_round_key_of_ones_own_is_found(bench: Bench) -> None:
    bench.world.on_fetch = on_fetch(3, bench.world.retire_keys)
    (finding,) = bench.audit(6).findings
    assert finding.kind is Kind.KEYS_DIFFER
    assert finding.where == f"/directory, round {int(START) // ROUND_SECONDS}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: web.Response(status=302, headers={"Location": "/es"}), "status 302"),
        (lambda: web.Response(status=404), "status 404"),
        (lambda: web.Response(status=503, text="<script>"), "status 503"),
        (lambda: web.Response(status=206, body=b"<!doc"), "status 206"),
        (lambda: web.Response(status=304), "status 304"),
        (lambda: web.Response(body=bytes(262_145)), "262144"),
    ],
)
def test_what_no_door_answers_is_found(answer: Callable[[], web.Response], words: str, bench: Bench) -> None:
    bench.world.on_page = lambda _request: answer()
    (finding,) = bench.audit(2).findings
    assert (finding.kind, finding.where) == (Kind.NOT_THE_DOOR, "/")
    assert words in finding.words
    assert finding.visits == (1, 2)


def test_busy_and_unreachable_are_counted_and_no_finding(bench: Bench) -> None:
    def busy(_request: web.Request) -> web.Response:
        return web.Response(status=503, text="full; try again in a while\n")

    bench.world.on_page = busy
    bench.world.directory_faults = 2
    audit = bench.audit(3)
    assert audit.findings == ()
    assert (audit.pages, audit.directories) == (0, 1)
    assert audit.missing == {"/": {Missing.BUSY: 3}, "/directory": {Missing.BUSY: 2}}
    gone = bench.auditor()
    bench.world.onions.clear()
    run(gone.visit(2))
    assert gone.audit().missing == {"/": {Missing.UNREACHABLE: 2}, "/directory": {Missing.UNREACHABLE: 2}}


def test_an_answer_that_breaks_off_is_counted(bench: Bench) -> None:
    def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    bench.world.on_page = cut
    assert bench.audit(2).missing["/"] == {Missing.UNREACHABLE: 2}


def test_a_forged_or_older_directory_is_found(bench: Bench) -> None:
    def forge() -> None:
        bench.world.signed = bench.world.signed[:-3] + b"9}\n"

    def older() -> None:
        bench.world.signed = sign(msgspec.structs.replace(bench.world.directory, version=3), bench.world.root)

    for change, words in ((forge, ""), (older, "older")):
        honest = bench.world.signed
        bench.world.on_fetch = on_fetch(2, change)
        (finding,) = bench.audit(3).findings
        assert finding.kind is Kind.NOT_BELIEVED
        assert words in finding.words
        assert finding.visits == (2, 3)
        bench.world.signed = honest


def test_a_directory_of_another_relay_is_found(bench: Bench) -> None:
    other = msgspec.structs.replace(bench.world.directory.route[0], onion=str(OnionAddress.of_public_key(bytes(32))))
    bench.world.signed = sign(msgspec.structs.replace(bench.world.directory, route=[other]), bench.world.root)
    assert [finding.kind for finding in bench.audit(2).findings] == [Kind.NOT_BELIEVED]


def test_what_the_auditor_must_mend_first_is_raised(bench: Bench) -> None:
    bench.world.clock_error = 100_000
    with pytest.raises(ClockWrong):
        bench.audit(2)
    bench.world.clock_error = 0
    bench.world.signed = sign(msgspec.structs.replace(bench.world.directory, expires=1_000), bench.world.root)
    with pytest.raises(Expired):
        bench.audit(2)
    nobody = Dialler(socks=UnixSocket(Path("/nonexistent/socks")))
    with pytest.raises(TorUnreachable):
        run(bench.auditor(dialler=nobody).visit(2))
    wrong = msgspec.structs.replace(bench.world.directory.route[0], onion="a" * 56 + ".onion")
    bench.world.onions[0] = wrong.onion
    with pytest.raises(NotAnOnion):
        bench.audit(1)


def test_later_the_same_is_a_finding_or_counted(bench: Bench) -> None:
    auditor = bench.auditor()
    run(auditor.visit(1))
    bench.world.clock_error = 100_000
    run(auditor.visit(1))
    (finding,) = auditor.audit().findings
    assert finding.kind is Kind.NOT_BELIEVED
    assert "clock" in finding.words


def test_a_tor_that_stops_later_is_counted(bench: Bench) -> None:
    class Stopping(Dialler):
        calls = 0

        async def get(self, url: str, **given: object) -> Answer:  # type: ignore[override]
            self.calls += 1
            if self.calls > 2:
                raise TorUnreachable("socks", "it hung up")
            return await super().get(url, **given)  # type: ignore[arg-type]

    auditor = bench.auditor(dialler=Stopping(socks=bench.road.socks))
    run(auditor.visit(3))
    assert auditor.audit().missing == {"/": {Missing.UNREACHABLE: 2}, "/directory": {Missing.UNREACHABLE: 2}}


def test_a_kept_directory_that_cannot_be_read_is_not_the_relays_fault(bench: Bench, tmp_path: Path) -> None:
    held = HeldDirectory(tmp_path, bench.world.root.signing.verifying_key)
    held.path.write_bytes(b"x")
    with pytest.raises(HeldDirectoryBroken):
        run(bench.auditor(held=held).visit(1))
