"""The styles and scripts inside an HTML file of ours; a file that would load or run anything else is refused
(docs/spec/door.md, "Content-Security-Policy").

Pure: bytes in, texts out. The policy stops a browser from loading such things anyway; here they stop the start, so that
nobody ships a page that is broken by its own policy.
"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final, NoReturn

from onion_service.errors import SiteBroken

Attributes = list[tuple[str, str | None]]

_LEADS_SOMEWHERE: Final = re.compile(
    "src|href|xlink:href|srcset|imagesrcset|poster|background|action|formaction|ping|manifest|data|cite"
)
_FOREIGN: Final = frozenset(["iframe", "frame", "frameset", "object", "embed", "applet", "portal", "base"])
_WITHIN: Final = re.compile(r"#[\w-]*")
_ON_THIS_DOOR: Final = re.compile(r"(?:/(?![/\\])[\w/.-]*)?(?:#[\w-]*)?")
_CARRIED: Final = re.compile(r"data:(?:image/[a-z.+-]+;base64)?,[A-Za-z0-9+/=]*")
_MAY_LEAD: Final = {
    ("a", "href"): _ON_THIS_DOOR,
    ("form", "action"): _ON_THIS_DOOR,
    ("use", "href"): _WITHIN,
    ("img", "src"): _CARRIED,
    # An empty icon keeps a browser from asking for one.
    ("link", "href"): _CARRIED,
}
_MODULE: Final[Attributes] = [("type", "module")]
# Where a browser might see an end, and the one spelling that every parser sees.
_END: Final = re.compile(r"</\s*(?:script|style)", re.I)
_PLAIN_END: Final = re.compile(r"</(?:script|style)>")
_FETCHES: Final = {
    "style": re.compile(r"@import|@namespace|(?:url|src|image-set|image)\(\s*(?![\"']?data:image/)", re.I),
    # An import of a module, at the start or later. `import.meta` is none.
    "script": re.compile(r"""\bimport\s*[("'`]|\b(?:import|export)\b[^;"'`()]*?\bfrom\s*["']|importScripts|<!--"""),
}


@dataclass(frozen=True, slots=True)
class Inline:
    """The texts of a file's inline styles and scripts, as a browser hashes them."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]


def inline(name: str, html: bytes) -> Inline:
    """What the file `name` has inside it. Raises SiteBroken on anything that comes from elsewhere or runs unnamed."""
    try:
        text = html.decode()
    except UnicodeDecodeError as error:
        raise SiteBroken(name, "it is not UTF-8") from error
    # A browser changes these before it hashes what they stand in.
    if "\r" in text or "\0" in text or text.startswith("\ufeff"):
        raise SiteBroken(name, "it has CR, NUL or a byte order mark")
    if len(_END.findall(text)) != len(_PLAIN_END.findall(text)):
        raise SiteBroken(name, "the end of a style or script is not spelled plainly")
    reader = _Reader(name)
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:
        # How html.parser of Python 3.11 says that a `<![` is none of its sections.
        raise SiteBroken(name, "it has <![…>") from error
    if reader.within:
        raise SiteBroken(name, f"its <{reader.within}> does not end")
    return Inline(tuple(reader.found["style"]), tuple(reader.found["script"]))


class _Reader(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.name = name
        self.within = ""
        self.found: dict[str, list[str]] = {"style": [], "script": []}

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag in _FOREIGN:
            self._refuse(f"it has <{tag}>")
        if len({name for name, _ in attrs}) != len(attrs):
            self._refuse(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            self._check(tag, name, value or "")
        if tag == "link" and dict(attrs).get("rel") != "icon":
            self._refuse("it has a <link> to a resource")
        if tag == "script" and attrs != _MODULE:
            self._refuse("a script of ours is inline and a module")
        if tag in self.found:
            self.within = tag
            self.found[tag].append("")

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        # To a browser `<style/>` is open.
        if tag in self.found:
            self._refuse(f"its <{tag}> ends in a slash")
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self.within:
            self.found[self.within][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self.within:
            self.within = ""
            if _FETCHES[tag].search(self.found[tag][-1]):
                self._refuse(f"its {tag} fetches something")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002
        self._refuse("it has <?…>")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002
        self._refuse("it has <![…]>")

    def _check(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc", "nonce"):
            self._refuse(f"<{tag}> has {name}=, which runs or styles without a hash")
        if name == "http-equiv":
            self._refuse("it has <meta http-equiv>, which speaks in place of our headers")
        if _LEADS_SOMEWHERE.fullmatch(name):
            allowed = _MAY_LEAD.get((tag, name))
            if allowed is None or not allowed.fullmatch(value):
                self._refuse(f"<{tag} {name}> leads elsewhere")

    def _refuse(self, why: str) -> NoReturn:
        raise SiteBroken(self.name, why)
