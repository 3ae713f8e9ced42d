"""A headless Firefox ESR of our own: a fresh profile, driven over WebDriver BiDi, ended with all its children.

    with proxying(folder, tor=socks) as proxy, Firefox.launch(SAFER, proxy=proxy) as firefox:
        page = firefox.open("http://<onion>/")
        page.click("#to-check")

It ends with us even when we are killed. As root it needs nothing special: its own sandbox works in a container too, and
where it finds no user namespaces it does without that one layer by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.bidi import Bidi, BidiError, Json
from tests.browser.page import Page
from tests.browser.proxy import Proxy
from tests.browser.settings import SAFER, Value, user_js

PROGRAM: Final = "firefox-esr"
START_SECONDS: Final = 60.0
END_SECONDS: Final = 20.0
_LAST_WORDS: Final = 40
_ADDRESS: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_EVENTS: Final = ("log.entryAdded", "browsingContext.userPromptOpened")


class FirefoxError(Exception):
    """Firefox did not start, or ended by itself."""


class Firefox:
    """A running Firefox. `start_seconds` is how long it took until it could be driven."""

    def __init__(self, process: _Process, bidi: Bidi, pages: dict[str, Page], start_seconds: float) -> None:
        self._process = process
        self._bidi = bidi
        self._pages = pages
        self._chrome = ""
        self.start_seconds = start_seconds

    @classmethod
    @contextmanager
    def launch(
        cls, settings: Mapping[str, Value] = SAFER, *, proxy: Proxy, folder: Path | None = None
    ) -> Iterator[Firefox]:
        """A Firefox whose one way out is `proxy`, until the block is left.

        With `folder` the profile stays there afterwards, and one that is there is used again. Skips the test, with the
        reason, where Firefox ESR is not installed.
        """
        if shutil.which(PROGRAM) is None:
            pytest.skip("firefox-esr is not installed (Debian: bash deploy/need.sh firefox)")
        home = folder or Path(tempfile.mkdtemp(prefix="veladora-firefox-"))
        pages: dict[str, Page] = {}
        try:
            began = time.monotonic()
            with (
                _Process(home, {**settings, "network.proxy.socks": f"file://{proxy.socket}"}) as process,
                Bidi(f"{process.address}/session", listener=lambda *told: _hear(pages, *told)) as bidi,
            ):
                bidi.command("session.new", {"capabilities": _CAPABILITIES})
                bidi.command("session.subscribe", {"events": list(_EVENTS)})
                firefox = cls(process, bidi, pages, time.monotonic() - began)
                yield firefox
                firefox._close()
        finally:
            if folder is None:
                shutil.rmtree(home, ignore_errors=True)

    @property
    def profile(self) -> Path:
        """The profile folder."""
        return self._process.profile

    @property
    def folder(self) -> Path:
        """What this Firefox may write to: its profile, its home and its temporary files."""
        return self._process.folder

    @property
    def pid(self) -> int:
        """The process id of the parent of all its processes."""
        return self._process.pid

    def page(self) -> Page:
        """A new blank tab."""
        context = self._bidi.command("browsingContext.create", {"type": "tab"})["context"]
        page = self._pages[context] = Page(self._bidi, context, chrome=self.privileged)
        return page

    def open(self, url: str) -> Page:
        """A new tab with this page, loaded."""
        page = self.page()
        page.open(url)
        return page

    def setting(self, name: str) -> Value | None:
        """The value that is in effect for a preference; None when there is none."""
        found: Value | None = self.privileged(
            """name => {
              const { prefs } = Services;
              const type = prefs.getPrefType(name);
              if (type === prefs.PREF_BOOL) return prefs.getBoolPref(name);
              if (type === prefs.PREF_INT) return prefs.getIntPref(name);
              return type === prefs.PREF_STRING ? prefs.getStringPref(name) : null;
            }""",
            name,
        )
        return found

    def privileged(self, function: str, *args: object) -> Any:  # noqa: ANN401 - as loose as what a page returns
        """What a function returns that runs as part of the browser itself."""
        if not self._chrome:
            tree = self._bidi.command("browsingContext.getTree", {"moz:scope": "chrome"})
            self._chrome = tree["contexts"][0]["context"]
        return Page(self._bidi, self._chrome, chrome=self.privileged).evaluate(function, *args)

    def _close(self) -> None:
        """Ask it to end, as a person who closes the window would; `_Process` does not ask."""
        with suppress(BidiError, TimeoutError):
            self._bidi.command("browser.close", seconds=END_SECONDS)
        self._process.wait(END_SECONDS)


# A test says itself what becomes of a prompt, so that it can see one.
_CAPABILITIES: Final = {"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}}


def _hear(pages: Mapping[str, Page], event: str, told: Json) -> None:
    context = told.get("context") or told.get("source", {}).get("context")
    page = pages.get(context or "")
    if page is not None:
        page.hear(event, told)


class _Process:
    """The processes of one Firefox, and the folder they write to."""

    def __init__(self, folder: Path, settings: Mapping[str, Value]) -> None:
        self.folder = folder
        self.profile = folder / "profile"
        self.address = ""
        self._settings = settings
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listening = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> _Process:
        for place in (self.profile, self.folder / "home", self.folder / "tmp"):
            place.mkdir(parents=True, exist_ok=True)
        (self.profile / "user.js").write_text(user_js(self._settings), encoding="utf-8")
        arguments = ["--headless", "--no-remote", "--profile", str(self.profile)]
        remote = ["--remote-debugging-port=0", "--remote-allow-system-access"]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", PROGRAM, *arguments, *remote],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="firefox's stderr", daemon=True).start()
        if not self._listening.wait(START_SECONDS) or not self.address:
            self.end()
            raise FirefoxError("Firefox did not start; its last words:\n" + "\n".join(self._words))
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)

    def end(self) -> None:
        """End it and its children: the group that was made for them, and nobody else."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {
            **kept,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "TMPDIR": str(self.folder / "tmp"),
            # A connection that does not go to this machine ends Firefox; it also lets go of Mozilla's lists.
            "MOZ_DISABLE_NONLOCAL_CONNECTIONS": "1",
            # A crash is told on stderr; no second program is started for it, and nothing is kept of it.
            "MOZ_CRASHREPORTER_DISABLE": "1",
        }

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            for line in stderr:
                self._words.append(line.rstrip())
                if found := _ADDRESS.search(line):
                    self.address = found[1]
                    self._listening.set()
        self._listening.set()
