"""Everything `onion_service` raises on purpose, each with the remedy for whoever must act.

`TorError` is about a tor process of ours; `DialError` is about one outbound call; `ServingError` is about the
socket we listen on and what is served there. Each has a `hint`: one sentence that says what to do next.
"""

from __future__ import annotations

from pathlib import Path


class OnionServiceError(Exception):
    """Our contact with tor, or with those who reach us through it, failed."""

    hint = ""


class TorError(OnionServiceError):
    """A tor process we need is not there, not usable, or not ready."""


class UnsafeSetting(TorError):
    """A setting cannot be written into a torrc without changing the meaning of the file."""

    hint = "use an absolute path of printable characters, and ports between 1 and 65535"


class TorMissing(TorError):
    """There is no tor program at the place we were told to look."""

    hint = "install tor 0.4.8 or newer (Debian: apt-get install tor), or set the path of the tor program"

    def __init__(self, program: str) -> None:
        super().__init__(f"no tor program: {program}")
        self.program = program


class TorTooOld(TorError):
    """This tor cannot defend an onion service with proof of work."""

    hint = "install tor 0.4.8 or newer (Debian: deb.torproject.org, or bookworm-backports)"

    def __init__(self, version: str) -> None:
        super().__init__(f"tor is too old: {version}")
        self.version = version


class TorWithoutPow(TorError):
    """This tor was built without the proof-of-work module."""

    hint = "install a tor built with --enable-gpl, so that `tor --list-modules` says `pow: yes`"

    def __init__(self, program: str) -> None:
        super().__init__(f"tor was built without proof of work: {program}")
        self.program = program


class TorStopped(TorError):
    """Our tor ended by itself; `last_words` is what it printed at the end."""

    hint = "read tor's last lines; most often the data directory is in use or not ours, or a port is taken"

    def __init__(self, *, code: int | None, last_words: str) -> None:
        super().__init__(f"tor ended with code {code}: {last_words or 'it said nothing'}")
        self.code = code
        self.last_words = last_words


class TorInUse(TorError):
    """Another tor, or somebody else's folder, is where ours would work."""

    hint = "stop the other program that uses this data directory; a folder of somebody else's must be removed"

    def __init__(self, path: Path) -> None:
        super().__init__(f"the data directory is in use: {path}")
        self.path = path


class NoMemoryFolder(TorError):
    """There is no folder in memory for tor to work in, and on a disk its files would count visits."""

    hint = "mount a tmpfs at /dev/shm, or let RUNTIME_DIRECTORY name a folder of your own that is one"

    def __init__(self) -> None:
        super().__init__("no folder in memory for tor's files")


class FolderNotUsable(TorError):
    """The folder in which tor's guards are kept cannot be read or written."""

    hint = "see that the disk has room and that the folder belongs to the user that runs this program"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot keep tor's guards in {path}: {reason}")
        self.path = path


class ClientsNotWritten(TorError):
    """The list of those who may find a closed onion service cannot be written; that tor is not started."""

    hint = "see that the disk has room and that the folder belongs to the user that runs this program"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write who may find the onion service into {path}: {reason}")
        self.path = path


class StrangeState(TorError):
    """A `state` file of tor's is not one."""

    hint = "if the disk is sound, remove that file; tor will choose new guards, which is better done seldom"


class TorNotBootstrapped(TorError):
    """Tor did not reach the network before the deadline."""

    hint = "check that this machine reaches the internet, that its clock is right and that no firewall stops tor"

    def __init__(self, *, progress: int, tag: str, summary: str) -> None:
        super().__init__(f"tor is not bootstrapped: {progress} % ({tag}: {summary})")
        self.progress = progress
        self.tag = tag
        self.summary = summary


class ClientKeyRefused(TorError):
    """Tor did not take the key with which a closed onion service lets us in."""

    hint = "compare the partners' address with the one that the relay's operator gave you; is tor 0.4.8 or newer?"


class OnionNotPublished(TorError):
    """The onion service's descriptor reached no directory before the deadline."""

    hint = "wait a minute and try again; if it stays so, check the clock of this machine and tor's log"

    def __init__(self, address: str) -> None:
        super().__init__(f"the descriptor of {address} is not published")
        self.address = address


class DialError(OnionServiceError):
    """A call to an onion address brought no answer we can use."""


class TorUnreachable(TorError, DialError):
    """Nobody answers as tor at a control or SOCKS address."""

    hint = "start tor, or correct the address of its control or SOCKS socket"

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"tor does not answer at {address}: {reason}")
        self.address = address


class NotAnOnion(DialError):
    """The address is not a version 3 onion address; nothing was sent anywhere."""

    hint = "use an address of the form http://<56 letters and digits>.onion/"


class OnionUnreachable(DialError):
    """Tor works, but the onion service at the other end did not let us in."""

    hint = "the other side may be down: try again later, and compare the address with the one you were given"


class TimedOut(DialError):
    """The call took longer than it may."""

    hint = "try again later; the other side or the network is slow"


class AnswerTooLong(DialError):
    """The other side sent more than the answer to this call can be."""

    hint = "the other side is broken or hostile: tell its operator"


class NotHttp(DialError):
    """The other side closed the connection early or did not speak HTTP."""

    hint = "the other side is broken or hostile: tell its operator"


class ServingError(OnionServiceError):
    """We cannot listen where we were told to."""


class SocketTaken(ServingError):
    """Somebody else's file or a living server is at the path of our socket."""

    hint = "stop the program that listens there, or choose another socket path"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot listen at {path}: {reason}")
        self.path = path


class PortTaken(ServingError):
    """A port of this machine cannot be listened on."""

    hint = "leave the port out; then any that is free is taken"

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} of this machine cannot be used")
        self.port = port


class SocketPathTooLong(ServingError):
    """The path of a unix socket is longer than the kernel takes."""

    hint = "choose a shorter path; Linux takes at most 107 bytes"

    def __init__(self, path: Path) -> None:
        super().__init__(f"too long for a unix socket: {path}")
        self.path = path


class SiteBroken(ServingError):
    """A file that reporters would load is missing, too long, or would load something itself. Nothing is served."""

    hint = "install veladora again from where you trust it; the page is made by `make client` and not by hand"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be served: {reason}")
        self.name = name


class HasAnotherWay(OnionServiceError):
    """A process that must reach others through tor only could reach them otherwise; it sent nothing."""

    hint = "install bubblewrap, which shuts such a process in; without it no channel sends anything"

    def __init__(self, ways: int) -> None:
        super().__init__(f"this process has {ways} network interface(s) beside its loopback")
