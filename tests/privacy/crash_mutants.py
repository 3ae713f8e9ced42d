"""What `mutant_node` may plant about crashes: promises of T12 broken on purpose, and faults that make them matter."""

import asyncio
import logging
import os
import resource
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from typing import Final

from onion_service.answers import Verdict
from relay import hygiene, probes
from relay.intake import Intake
from relay.journal import Journal


def remove_the_limits() -> None:
    """T12: cores are as the system has them, and memory is as the system likes."""
    hygiene.settle = _settled


def stay_open_to_pictures() -> None:
    """T12: only the limit is between a crash and its core, and whoever may raise it gets one."""
    hygiene._close_memory = _nothing_done


def _nothing_done() -> None:
    pass


def allow_cores() -> None:
    """No mutant: somebody else has taken care that cores may be as large as they like."""
    honest = resource.setrlimit

    def setrlimit(which: int, limits: tuple[int, int]) -> None:
        if which != resource.RLIMIT_CORE:
            honest(which, limits)

    resource.setrlimit = setrlimit


def _settled(*, expendable: bool = False) -> bool:
    return True


def lock_little() -> None:
    """No mutant: a system with swap on which not all of the memory may be locked."""
    hygiene._lock_everything = _nothing_locked
    probes.may_swap = _settled


def _nothing_locked() -> bool:
    return False


def keep_the_body_in_a_file() -> None:
    """No mutant while there is no folder for it: a body is spooled, as programs do that are made for large ones."""
    honest = Intake.accept

    def accept(self: Intake, envelope: bytes) -> Verdict:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(envelope)
        return honest(self, envelope)

    Intake.accept = accept  # type: ignore[method-assign]


def use_a_temporary_folder() -> None:
    """T12: there is a folder for temporary files."""
    honest = hygiene.settle

    def settle(*, expendable: bool = False) -> bool:
        locked = honest(expendable=expendable)
        tempfile.tempdir = os.getcwd()  # noqa: PTH109 - it is a text there
        return locked

    hygiene.settle = settle


def fail_with_what_was_sent() -> None:
    """No mutant: what came is in the words of errors everywhere, and the cell is kept none the less."""
    honest = Intake.accept

    async def fail(words: str) -> None:
        raise ValueError(words)

    def accept(self: Intake, envelope: bytes) -> Verdict:
        words = f"planted {envelope[:64].hex()}"
        asyncio.get_running_loop().create_task(fail(words))
        thread = threading.Thread(target=_raise, args=(words,))
        thread.start()
        thread.join()
        _Dying(words)
        warnings.warn(words, stacklevel=1)
        logging.getLogger("planted").error(words)
        sys.stderr.write(words)
        print(words)
        os.write(2, words.encode())
        honest(self, envelope)
        raise ValueError(words)

    Intake.accept = accept  # type: ignore[method-assign]


def _raise(words: str) -> None:
    raise ValueError(words)


class _Dying:
    def __init__(self, words: str) -> None:
        self._words = words

    def __del__(self) -> None:
        raise ValueError(self._words)


def let_errors_speak() -> None:
    """T12: the interpreter, its libraries and its threads say what went wrong, as they do in any program."""
    Journal.alone = Journal  # type: ignore[method-assign]


PLANTS: Final[tuple[Callable[[], None], ...]] = (
    remove_the_limits,
    allow_cores,
    stay_open_to_pictures,
    lock_little,
    keep_the_body_in_a_file,
    use_a_temporary_folder,
    fail_with_what_was_sent,
    let_errors_speak,
)
