"""A tab as a person has it: it is looked at, clicked, typed into and pressed; and what went wrong in it is kept."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.browser import accessibility
from tests.browser.bidi import Bidi, BidiError, Json, local, plain

LOAD_SECONDS: Final = 120.0
WAIT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05

# WebDriver's code points for keys that write nothing (https://w3c.github.io/webdriver/#keyboard-actions).
KEYS: Final = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Alt": "\ue00a",
    "Escape": "\ue00c",
    "Space": " ",
    "PageUp": "\ue00e",
    "PageDown": "\ue00f",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}


class ScriptError(Exception):
    """A function that a test called in a page has thrown."""


class Page:
    """One tab."""

    def __init__(self, bidi: Bidi, context: str, *, chrome: Callable[..., Any]) -> None:
        self._bidi = bidi
        self._chrome = chrome
        self.context = context
        self.errors: list[str] = []
        self.prompts: list[str] = []  # questions of the browser that nobody has answered
        self._dark = False
        self._resists = True

    # --- where it is ---

    def open(self, url: str, *, wait: str = "complete", seconds: float = LOAD_SECONDS) -> float:
        """Go there, as by the address bar; returns the seconds until it was loaded."""
        began = time.monotonic()
        self._do("browsingContext.navigate", {"url": url, "wait": wait}, seconds=seconds)
        return time.monotonic() - began

    def reload(self) -> None:
        """Load it again."""
        self._do("browsingContext.reload", {"wait": "complete"}, seconds=LOAD_SECONDS)

    def leave_for(self, url: str) -> None:
        """Set out for another page and do not wait, because this one may ask first."""
        self.evaluate("url => { setTimeout(() => location.assign(url)); }", url)

    def back(self) -> None:
        """One step back."""
        self._do("browsingContext.traverseHistory", {"delta": -1})

    def close(self, *, warn: bool = False) -> None:
        """Close the tab; with `warn` the page is asked first, as when a person closes it."""
        self._do("browsingContext.close", {"promptUnload": warn})

    @property
    def url(self) -> str:
        """Where it is now."""
        tree = self._bidi.command("browsingContext.getTree", {"root": self.context})
        url: str = tree["contexts"][0]["url"]
        return url

    def wait_prompt(self, kind: str, seconds: float = WAIT_SECONDS) -> None:
        """Return when the browser asks a question of this kind, such as `beforeunload`."""
        deadline = time.monotonic() + seconds
        while not self.prompts or self.prompts[-1] != kind:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {kind} after {seconds:.0f} s")
            time.sleep(_LOOK_SECONDS)

    def answer_prompt(self, *, accept: bool) -> None:
        """Answer the question that the browser asks, such as whether to leave."""
        self._do("browsingContext.handleUserPrompt", {"accept": accept})
        self.prompts.clear()

    # --- what is in it ---

    def evaluate(self, function: str, *args: object, seconds: float = WAIT_SECONDS) -> Any:  # noqa: ANN401
        """What a JavaScript function returns in the page, waited for; ScriptError when it throws."""
        found = self._bidi.command(
            "script.callFunction",
            {
                "functionDeclaration": function,
                "arguments": [argument if _is_reference(argument) else local(argument) for argument in args],
                "awaitPromise": True,
                "target": {"context": self.context},
                "userActivation": False,
            },
            seconds=seconds,
        )
        if found["type"] == "exception":
            details = found["exceptionDetails"]
            raise ScriptError(f"{details['text']} (line {details['lineNumber']})")
        return plain(found["result"])

    def run(self, script: str, *, seconds: float = WAIT_SECONDS) -> Any:  # noqa: ANN401
        """The value of a whole script in the page."""
        found = self._bidi.command(
            "script.evaluate",
            {"expression": script, "awaitPromise": True, "target": {"context": self.context}},
            seconds=seconds,
        )
        if found["type"] == "exception":
            raise ScriptError(found["exceptionDetails"]["text"])
        return plain(found["result"])

    def find_all(self, css: str) -> list[Json]:
        """References to all elements that a selector means."""
        located = self._do("browsingContext.locateNodes", {"locator": {"type": "css", "value": css}})
        return [{"sharedId": node["sharedId"]} for node in located["nodes"]]

    def find(self, css: str) -> Json:
        """A reference to the first element that a selector means; LookupError when there is none."""
        found = self.find_all(css)
        if not found:
            raise LookupError(f"nothing in the page is {css}")
        return found[0]

    def text(self, css: str = "body") -> str:
        """What a person reads there."""
        text: str = self.evaluate("element => element.innerText", self.find(css))
        return text

    def wait_for(self, condition: str, seconds: float = WAIT_SECONDS) -> Any:  # noqa: ANN401
        """The value of a JavaScript expression once it is true; TimeoutError when it does not come true."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if found := self.evaluate(f"() => ({condition})"):
                    return found
            except BidiError as error:
                # Between one document and the next there is nothing to ask.
                if error.kind not in ("no such frame", "unknown error", "no such node"):
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true after {seconds:.0f} s: {condition}; errors: {self.errors}")
            time.sleep(_LOOK_SECONDS)

    # --- what a person does ---

    def click(self, css: str) -> None:
        """Point at the middle of an element, and press once it stays where it is: a browser may scroll back to the
        cursor a moment after the last key."""
        element = self.find(css)
        moved = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}}
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            self.evaluate(_INTO_VIEW, element)
            place = self.evaluate(_PLACE, element)
            trouble = BidiError("never still", f"{css} does not stay where it is")
            try:
                self._point([moved])
                time.sleep(_LOOK_SECONDS)
                if self.evaluate(_PLACE, element) == place:
                    break
            except BidiError as error:
                # The page has moved on meanwhile, as while it is still filled; nothing was pressed.
                if error.kind != "move target out of bounds":
                    raise
                trouble = error
            if time.monotonic() > deadline:
                raise trouble
            time.sleep(_LOOK_SECONDS)
        self._point([{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}])

    def turn_wheel(self, css: str, by: int) -> None:
        """Turn the wheel over the middle of an element; away from the person is less than zero, in pixels."""
        element = self.find(css)
        self.evaluate(_INTO_VIEW, element)
        origin = {"type": "element", "element": element}
        turned = {"type": "scroll", "x": 0, "y": 0, "deltaX": 0, "deltaY": by, "origin": origin}
        self._act({"type": "wheel", "id": "wheel", "actions": [turned]})

    def type(self, css: str, text: str) -> None:
        """Click there and write."""
        self.click(css)
        self.write(text)

    def write(self, text: str) -> None:
        """Write wherever the cursor is."""
        self._strike(KEYS["Enter"] if letter == "\n" else letter for letter in text)

    def press(self, *keys: str, holding: Iterable[str] = ()) -> None:
        """Press keys by name one after the other (see KEYS), holding others down meanwhile."""
        held = [KEYS[name] for name in holding]
        actions = [{"type": "keyDown", "value": key} for key in held]
        for key in (KEYS.get(name, name) for name in keys):
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        actions += [{"type": "keyUp", "value": key} for key in reversed(held)]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def set_files(self, css: str, paths: Iterable[Path]) -> None:
        """Choose files, as from the dialog."""
        self._do("input.setFiles", {"element": self.find(css), "files": [str(path) for path in paths]})

    # --- how it looks ---

    def set_viewport(self, width: int, height: int, *, pixels: float = 1.0) -> None:
        """The size of the window's inside in CSS pixels, and device pixels for each of them."""
        self._do(
            "browsingContext.setViewport",
            {"viewport": {"width": width, "height": height}, "devicePixelRatio": pixels},
        )

    def set_dark(self, dark: bool) -> None:
        """Dark or not, as the person's system would ask for.

        Against fingerprinting Tor Browser shows every page light. Nothing overrules that, so while it is dark the whole
        browser does not resist fingerprinting.
        """
        if dark == self._dark:
            return
        if dark:
            self._resists = self._chrome(_RESISTS)
        self._chrome("on => Services.prefs.setBoolPref('privacy.resistFingerprinting', on)", self._resists and not dark)
        self._chrome(
            _ON_CONTEXT % "context.prefersColorSchemeOverride = value;", self.context, "dark" if dark else "none"
        )
        self._dark = dark
        self.evaluate("() => getComputedStyle(document.documentElement).color")

    def set_zoom(self, factor: float) -> None:
        """The browser's own zoom; 2 is 200 %."""
        self._chrome(_ON_CONTEXT % "context.fullZoom = value;", self.context, factor)

    def screenshot(
        self, path: Path, width: int = 1280, height: int = 900, *, dark: bool = False, whole: bool = True
    ) -> Path:
        """A picture of the page at this size as PNG; with `whole` all of it, else what fits the window."""
        self.set_viewport(width, height)
        self.set_dark(dark)
        origin = "document" if whole else "viewport"
        picture = self._do("browsingContext.captureScreenshot", {"origin": origin})["data"]
        self.set_dark(False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture))
        return path

    def axe(self) -> list[str]:
        """What axe-core objects to in the state the page is in, one line for each element; empty when nothing."""
        return accessibility.violations(self)

    def copy_to(self, other: Page) -> None:
        """Show in another tab what stands here, without its scripts and with what stands in `noscript`.

        For what needs script to look at a page, when this one has none: `other` is then of another Firefox.
        """
        still: str = self.evaluate(_STILL)
        other.open("data:text/html;charset=utf-8;base64," + base64.b64encode(still.encode()).decode())

    def overflows(self) -> list[str]:
        """What reaches beyond the sides of the window; empty when everything fits."""
        return accessibility.overflows(self)

    # --- what is told ---

    def hear(self, event: str, told: Json) -> None:
        """Keep what the browser tells about this tab."""
        match event:
            case "log.entryAdded" if told["level"] == "error":
                self.errors.append(told["text"] or "")
            case "browsingContext.userPromptOpened":
                self.prompts.append(told["type"])

    def _strike(self, keys: Iterable[str]) -> None:
        actions: list[Json] = []
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def _point(self, actions: Sequence[Json]) -> None:
        self._act({"type": "pointer", "id": "mouse", "actions": list(actions)})

    def _act(self, source: Json) -> None:
        self._do("input.performActions", {"actions": [source]})

    def _do(self, method: str, params: Json, *, seconds: float = WAIT_SECONDS) -> Json:
        return self._bidi.command(method, {"context": self.context, **params}, seconds=seconds)


_INTO_VIEW: Final = "element => element.scrollIntoView({ block: 'center', inline: 'center' })"
_PLACE: Final = "element => { const { x, y } = element.getBoundingClientRect(); return [x, y]; }"
_STILL: Final = """() => {
  const copy = document.documentElement.cloneNode(true);
  for (const script of copy.querySelectorAll("script")) script.remove();
  for (const one of copy.querySelectorAll("noscript")) {
    const shown = document.createElement("div");
    for (const { name, value } of one.attributes) shown.setAttribute(name, value);
    shown.append(...one.childNodes);
    one.replaceWith(shown);
  }
  return `<!doctype html>${copy.outerHTML}`;
}"""
_RESISTS: Final = "() => Services.prefs.getBoolPref('privacy.resistFingerprinting', false)"
_ON_CONTEXT: Final = """(id, value) => {
  const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs");
  const context = NavigableManager.getBrowsingContextById(id);
  %s
}"""


def _is_reference(argument: object) -> bool:
    return isinstance(argument, dict) and set(argument) == {"sharedId"}
