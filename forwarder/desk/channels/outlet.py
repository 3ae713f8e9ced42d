"""The only way from a desk to services that others run: a child process whose network is empty but for tor's socket.

Bubblewrap makes the walls. Where it is not installed, or does not hold, or the parts for channels are missing, nothing
is sent: there is no other way that would be tried instead. What opens an account goes over a pipe, never into an
argument, an environment or a file.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from forwarder.desk import walls
from forwarder.desk.channels.passing import ANSWER_MAX, Alone, Answer, Task, WikiAccount
from forwarder.desk.config import Settings
from forwarder.desk.errors import BadAnswer, BadChannel, NoOutlet, NotSaid
from forwarder.desk.passing import frame, take
from onion_service.control import Progress, launch
from onion_service.posting import Service, Wiki
from onion_service.torrc import UnixSocket

SECONDS: Final = 300.0
BOOTSTRAP_SECONDS: Final = 300.0
SOCKET: Final = "/tmp/tor.socket"  # noqa: S108 - inside of the walls, where nothing else is
START: Final = (
    "import sys; sys.path[:0] = sys.argv[2:]; from forwarder.desk.channels.inside import main; main(sys.argv[1])"
)
NEEDED: Final = ("msgspec", "apprise", "mwclient", "socks")
READABLE: Final = (*walls.SYSTEM, "/etc/ssl/certs")
_REASONS: Final = {
    "not understood": "this is not a URL that Apprise understands, or not the address of a wiki",
    "not encrypted": "it would be spoken to without encryption; use the form of the URL that ends in s, or an onion",
    "not checked": "its certificate would not be checked; take verify=no out of the URL",
}


@dataclass(frozen=True, slots=True)
class Outlet:
    """A way out. `socket`: tor's; None: only `describe` can be asked. `start`: what the child runs; `openings`: what
    bubblewrap is told beside the walls; a test may plant others."""

    socket: UnixSocket | None
    seconds: float = SECONDS
    start: str = START
    openings: tuple[str, ...] = ()

    def describe(self, url: str) -> Service:
        """The service that an Apprise URL means; nobody is called. Raises BadChannel or NoOutlet."""
        answer = self._ask(Task(login=token_hex(16), url=url), network=False)
        return Service(answer.service, answer.title_max, answer.body_max)

    def post(self, url: str, *, title: str, body: str) -> None:
        """Send one text. Raises NotSaid (try later), BadChannel or NoOutlet."""
        self._ask(Task(login=token_hex(16), url=url, title=title, body=body), network=True)

    def edit(self, wiki: Wiki, *, page: str, body: str, summary: str) -> None:
        """Put `body` into our part of a page. Raises as `post` does."""
        account = WikiAccount(wiki.address, wiki.user, wiki.password)
        self._ask(Task(login=token_hex(16), title=page, body=body, summary=summary, wiki=account), network=True)

    def _ask(self, task: Task, *, network: bool) -> Answer:
        if network and self.socket is None:
            raise NoOutlet("there is no tor to send through")
        with self._child(network=network) as process:
            try:
                into = walls.pipe(process.stdin)
                take(walls.pipe(process.stdout).read, Alone, words_max=ANSWER_MAX, data_max=0)
            except BadAnswer as error:
                raise NoOutlet("what speaks to services does not start, or is not shut in") from error
            try:
                into.write(frame(task))
                into.close()
                answer, _ = take(walls.pipe(process.stdout).read, Answer, words_max=ANSWER_MAX, data_max=0)
            except (BadAnswer, OSError) as error:
                raise NotSaid("what speaks to the service stopped before it had an answer") from error
        if not isinstance(answer, Answer):
            raise NotSaid("no answer")
        return _judged(answer)

    @contextmanager
    def _child(self, *, network: bool) -> "Iterator[subprocess.Popen[bytes]]":
        with ExitStack() as stack:
            try:
                process = walls.started(self._command(network=network))
                stack.callback(walls.ended, process)
                watch = threading.Timer(self.seconds, walls.kill, [process])
                watch.daemon = True
                watch.start()
            except (OSError, RuntimeError) as error:
                raise NotSaid("what speaks to services could not be started") from error
            stack.callback(watch.cancel)
            yield process

    def _command(self, *, network: bool) -> list[str]:
        packages = _packages()
        socket = str(self.socket.path) if network and self.socket else ""
        inner = [walls.python(), "-I", "-S", "-B", "-c", self.start, SOCKET if socket else "", *packages.folders]
        return [*_walls(packages.readable(READABLE), socket), *self.openings, *inner]


@contextmanager
def through_tor(settings: Settings, *, progress: Progress | None = None) -> Iterator[Outlet]:
    """The outlet, with a tor of its own for as long as the block lasts. Raises a TorError when there is none to use."""
    tor_settings = settings.outlet_tor()
    with launch(tor_settings, program=settings.config.tor.program) as tor:
        tor.wait_bootstrapped(seconds=BOOTSTRAP_SECONDS, progress=progress)
        tor.keep_guards()
        yield Outlet(tor_settings.socks)


def _walls(readable: list[str], socket: str) -> list[str]:
    program = walls.bubblewrap()
    if program is None:
        raise NoOutlet("bubblewrap is not installed")
    # First, so that what lies under the system's own /tmp can be shown in it.
    words = [program, *walls.alone(), "--dev", "/dev", "--tmpfs", "/tmp", "--setenv", "HOME", "/tmp"]  # noqa: S108
    words += [*walls.shown(readable), "--chdir", "/tmp"]  # noqa: S108
    return [*words, "--ro-bind", socket, SOCKET] if socket else words


def _judged(answer: Answer) -> Answer:
    if answer.said == "done":
        return answer
    if answer.said in _REASONS:
        raise BadChannel(_REASONS[answer.said])
    raise NotSaid("the service refused it" if answer.said == "refused" else "the service could not be reached")


def _packages() -> walls.Packages:
    """Where our packages lie, and those that the child needs."""
    try:
        return walls.Packages.found(*NEEDED)
    except walls.NotInstalled as error:
        raise NoOutlet(str(error)) from error
