"""A shelf gives what was signed, from memory, while its time lasts."""

import asyncio
from pathlib import Path

from crypto.minisign import PublicKey
from forwarder.copies import CURRENT, write_copy
from forwarder.shelf import Shelf
from onion_service.serving import serve_on
from tests.unit.forwarder.desk.given import to_socket
from tests.unit.forwarder.published import END, FILES, NOW, PUBLIC, copy


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


async def ask(socket: Path, method: str, path: str) -> tuple[int, bytes, set[str]]:
    async with to_socket(socket) as session, session.request(method, f"http://x{path}") as answer:
        return answer.status, await answer.read(), set(answer.headers)


def test_a_shelf_serves_what_was_signed_until_its_time_is_over_and_takes_nothing(tmp_path: Path) -> None:
    held = copy(files={**FILES, "index.html": b"<!doctype html>"})
    write_copy(tmp_path, held)
    clock = Clock()
    shelf, socket = Shelf(tmp_path, PUBLIC, now=clock), tmp_path / "door"

    async def asked() -> None:
        async with serve_on(shelf.handle, socket):
            assert (await ask(socket, "GET", "/alerts/alerts.csv"))[0] == 404
            shelf.refresh()
            for name, wire in held.everything().items():
                status, body, headers = await ask(socket, "GET", f"/alerts/{name}")
                assert (status, body) == (200, wire)
                assert not headers & {"Date", "Server", "ETag"}
            assert (await ask(socket, "GET", "/alerts/"))[1] == held.files["index.html"]
            others = ("/", "/alerts", "/alerts/nothing", "/alerts/../door", "/alerts/%2e%2e/door")
            for path in others:
                assert (await ask(socket, "GET", path))[0] == 404
            assert (await ask(socket, "POST", "/alerts/alerts.csv"))[0] == 404
            clock.now = END - 1
            assert (await ask(socket, "GET", "/alerts/alerts.csv"))[0] == 200
            # Though nobody looked at the folder again.
            clock.now = END
            assert (await ask(socket, "GET", "/alerts/alerts.csv"))[0] == 404
            shelf.refresh()
            assert (await ask(socket, "GET", "/alerts/alerts.csv"))[0] == 404

    asyncio.run(asked())


def test_a_copy_that_was_altered_or_that_another_signed_is_taken_off_the_shelf(tmp_path: Path) -> None:
    write_copy(tmp_path, copy())
    socket = tmp_path / "door"

    async def status(shelf: Shelf) -> int:
        async with serve_on(shelf.handle, socket):
            return (await ask(socket, "GET", "/alerts/alerts.csv"))[0]

    shelf = Shelf(tmp_path, PUBLIC, now=Clock())
    shelf.refresh()
    assert asyncio.run(status(shelf)) == 200
    (tmp_path / CURRENT / "alerts.csv").write_bytes(b"iD\r\n")
    shelf.refresh()
    assert asyncio.run(status(shelf)) == 404
    write_copy(tmp_path, copy(2))
    shelf.refresh()
    assert asyncio.run(status(shelf)) == 200
    write_copy(tmp_path, copy(3))
    shelf.refresh_if_newer()
    (tmp_path / CURRENT / "alerts.csv").write_bytes(b"iD\r\n")
    # Nothing newer came, so it is not read again.
    shelf.refresh_if_newer()
    assert asyncio.run(status(shelf)) == 200
    other = Shelf(tmp_path, PublicKey(bytes(8), bytes(32)), now=Clock())
    other.refresh()
    assert asyncio.run(status(other)) == 404
