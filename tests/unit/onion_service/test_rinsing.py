"""The buffer that a loop reads into is filled whole; when that cannot be done nothing breaks."""

import asyncio
import errno
import socket
from typing import NoReturn

import pytest
import uvloop

from onion_service.rinsing import rinse


def run() -> bool:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(rinse())


def test_the_buffer_is_filled_by_one_reading() -> None:
    assert run()


def test_without_descriptors_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(socket, "socketpair", refuse)
    assert not run()


def test_a_line_that_carries_less_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(socket.socket):
        def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
            return super().send(data[:1_000], flags)

    def short() -> tuple[socket.socket, socket.socket]:
        reading, writing = honest()
        return reading, Short(fileno=writing.detach())

    honest = socket.socketpair
    monkeypatch.setattr(socket, "socketpair", short)
    assert not run()
