"""A relay with a page that was built from an altered copy of the client, by the same door under a true directory.

What a test wants to see quicker, or with a fault planted in it, it gets as a page of its own, not as a page that was
changed after the browser had it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest import mock

import pytest

from crypto.directory import Directory
from deploy import page
from onion_service import site
from relay.config import Settings
from tests.browser import client
from tests.privacy import mutant_node
from tests.rig import NOBODY, Rig, Running

PACE: Final = 2
#: The pace and the waits of the page made short, for what does not depend on them.
QUICK: Final[dict[str, list[tuple[str, str]]]] = {
    "pacing.js": [
        ("export const PACE_SECONDS = 60;", f"export const PACE_SECONDS = {PACE};"),
        ("export const PARCEL_SECONDS = 20;", "export const PARCEL_SECONDS = 6;"),
        ("const LONGEST_WAIT = 120;", "const LONGEST_WAIT = 2;"),
    ],
    "watching.js": [("export const SETTLE_SECONDS = 10;", "export const SETTLE_SECONDS = 1;")],
}


def merged(*changes: client.Changes) -> dict[str, list[tuple[str, str]]]:
    """All of these changes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in changes:
        for module, edits in one.items():
            found.setdefault(module, []).extend(edits)
    return found


def pages(folder: Path, changes: client.Changes = QUICK, *, locale: Path | None = None) -> dict[str, bytes]:
    """The pages as deploy/page.py builds them from a copy of the client with these changes, by file name."""
    copy = client.altered(folder, changes)
    with (
        mock.patch.object(page, "CLIENT", copy),
        mock.patch.object(page, "SOURCES", copy / "page"),
    ):
        return page.pages_from(locale or page.LOCALE)


@dataclass(frozen=True, slots=True)
class AlteredRig(Rig):
    """A relay that serves `site`, pages by file name, and says so in its directory; without any, the committed ones.

    `faults` are other mutants of the node, planted beside.
    """

    site: dict[str, bytes] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def directory(self, *, version: int = 1, expires_in: int = 86_400) -> Directory:
        """Names the altered page."""
        with self._read_here():
            return Rig.directory(self, version=version, expires_in=expires_in)

    @contextmanager
    def running(
        self, settings: Settings | None = None, *, program: str = "relay.node", socks: str = NOBODY
    ) -> Iterator[Running]:
        """The real node, but for where it reads its pages and for its faults."""
        if program != "relay.node":
            raise ValueError("an altered relay chooses its own program")
        if not self.site:
            with Rig.running(self, settings, socks=socks) as running:
                yield running
            return
        folder = mutant_node.site_folder(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, html in self.site.items():
            (folder / name).write_bytes(html)
        planted = ",".join((mutant_node.serve_another_page.__name__, *self.faults))
        with ExitStack() as stack:
            # Another relay may start while this one runs, and have another page.
            with self._read_here(), pytest.MonkeyPatch.context() as patch:
                patch.setenv(mutant_node.VARIABLE, planted)
                running = stack.enter_context(Rig.running(self, settings, program=mutant_node.PROGRAM, socks=socks))
            yield running

    @contextmanager
    def _read_here(self) -> Iterator[None]:
        """The node's keeper, which is this process, compares the page with the directory too."""
        if not self.site:
            yield
            return
        with mock.patch.object(site, "_read", self.site.__getitem__):
            site.policy.cache_clear()
            try:
                yield
            finally:
                site.policy.cache_clear()
