"""The only way from a desk to services that others run: a child process whose network is empty but for tor's socket.

Bubblewrap makes the walls. Where it is not installed, or does not hold, or the parts for channels are missing, nothing
is sent: there is no other way that would be tried instead. What opens an account goes over a pipe, never into an
argument, an environment or a file.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO, Final

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
NEEDED: Final = ("apprise", "mwclient", "socks")
OURS: Final = ("crypto", "onion_service", "forwarder")
READABLE: Final = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl/certs", "/etc/mime.types")
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
                into = _pipe(process.stdin)
                take(_pipe(process.stdout).read, Alone, words_max=ANSWER_MAX, data_max=0)
            except BadAnswer as error:
                raise NoOutlet("what speaks to services does not start, or is not shut in") from error
            try:
                into.write(frame(task))
                into.close()
                answer, _ = take(_pipe(process.stdout).read, Answer, words_max=ANSWER_MAX, data_max=0)
            except (BadAnswer, OSError) as error:
                raise NotSaid("what speaks to the service stopped before it had an answer") from error
        if not isinstance(answer, Answer):
            raise NotSaid("no answer")
        return _judged(answer)

    @contextmanager
    def _child(self, *, network: bool) -> "Iterator[subprocess.Popen[bytes]]":
        with ExitStack() as stack:
            process = subprocess.Popen(
                self._command(network=network),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
            stack.callback(_end, process)
            watch = threading.Timer(self.seconds, _kill, [process])
            watch.daemon = True
            watch.start()
            stack.callback(watch.cancel)
            yield process

    def _command(self, *, network: bool) -> list[str]:
        ours, *others = _module_folders()
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        readable = [*READABLE, os.path.realpath(sys.base_prefix), *(f"{ours}/{one}" for one in OURS), *others]
        socket = str(self.socket.path) if network and self.socket else ""
        inner = [python, "-I", "-S", "-B", "-c", self.start, SOCKET if socket else "", ours, *others]
        return [*_walls(list(dict.fromkeys(readable)), socket), *self.openings, *inner]


@contextmanager
def through_tor(settings: Settings, *, progress: Progress | None = None) -> Iterator[Outlet]:
    """The outlet, with a tor of its own for as long as the block lasts. Raises a TorError when there is none to use."""
    tor_settings = settings.outlet_tor()
    with launch(tor_settings, program=settings.config.tor.program) as tor:
        tor.wait_bootstrapped(seconds=BOOTSTRAP_SECONDS, progress=progress)
        tor.keep_guards()
        yield Outlet(tor_settings.socks)


def _walls(readable: list[str], socket: str) -> list[str]:
    program = shutil.which("bwrap")
    if program is None:
        raise NoOutlet("bubblewrap is not installed")
    walls = [program, "--die-with-parent", "--new-session", "--clearenv", "--setenv", "LC_ALL", "C.UTF-8"]
    walls += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    walls += ["--hostname", "localhost", "--cap-drop", "ALL"]
    if os.getuid():
        walls += ["--unshare-user", "--disable-userns"]
    for path in readable:
        if os.path.islink(path):  # noqa: PTH114
            walls += ["--symlink", os.readlink(path), path]  # noqa: PTH115
        else:
            walls += ["--ro-bind-try", path, path]
    walls += ["--dev", "/dev", "--tmpfs", "/tmp", "--setenv", "HOME", "/tmp", "--chdir", "/tmp"]  # noqa: S108
    return [*walls, "--ro-bind", socket, SOCKET] if socket else walls


def _judged(answer: Answer) -> Answer:
    if answer.said == "done":
        return answer
    if answer.said in _REASONS:
        raise BadChannel(_REASONS[answer.said])
    raise NotSaid("the service refused it" if answer.said == "refused" else "the service could not be reached")


def _module_folders() -> list[str]:
    """Where our packages lie, and those that the child needs."""
    folders = [_parent("forwarder.desk.channels.outlet", 4), *(_parent(name, 2) for name in ("msgspec", *NEEDED[:2]))]
    return list(dict.fromkeys([*folders, _parent(NEEDED[2], 1)]))


def _parent(module: str, steps: int) -> str:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise NoOutlet(f"{module} is not installed")
    return str(Path(found.origin).resolve().parents[steps - 1])


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise NoOutlet("no pipe")
    return pipe


def _end(process: "subprocess.Popen[bytes]") -> None:
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            _pipe(pipe).close()
    process.wait()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        os.killpg(process.pid, 9)
