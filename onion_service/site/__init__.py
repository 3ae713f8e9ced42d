"""What reporters load: one page, the same bytes for everybody, and the four answers to a pasted cell
(docs/spec/door.md, "The page" and "Content-Security-Policy"); and the one script that published files may run.

Nothing in them comes from elsewhere: no file that names a resource, or runs a script that its policy does not name by
hash, is ever served.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Final

from crypto.signing import PUBLIC_LEN, VerifyingKey
from onion_service.errors import SiteBroken
from onion_service.site.inline import Inline, inline

PAGE_LEN: Final = 262_144
# One length for the four, so that the size of an answer does not tell which it is.
PASTED_LEN: Final = 16_384
PASTED: Final = (202, 400, 410, 503)

_PAGE: Final = "index.html"
_MAP: Final = "map.js"
_HOLDER: Final = b'data-root="%s"'
_PLACE: Final = _HOLDER % (b"0" * 2 * PUBLIC_LEN)


def page(root: VerifyingKey) -> bytes:
    """The page as it was built, with the root key that it checks directories under. Raises SiteBroken."""
    # Whoever asks for the page learns at once whether all of it can be served.
    policy()
    html = _read(_PAGE)
    if html.count(_PLACE) != 1:
        raise SiteBroken(_PAGE, f"it has {html.count(_PLACE)} places for the root key, not one")
    return html.replace(_PLACE, _HOLDER % root.wire.hex().encode())


def served(root: VerifyingKey) -> bytes:
    """The body of `GET /`: the page, filled behind its end with LF to the constant length. Raises SiteBroken."""
    return _filled(_PAGE, page(root), PAGE_LEN)


def site_hashes(root: VerifyingKey) -> dict[str, str]:
    """What a directory says of the page (docs/spec/directory.md, "site"): its SHA-256 by path. Raises SiteBroken."""
    return {"/": hashlib.sha256(served(root)).hexdigest()}


def pasted(status: int) -> bytes:
    """The body of an answer to `POST /paste`, filled with LF to one length for all four. Raises SiteBroken."""
    name = _pasted(status)
    return _filled(name, _read(name), PASTED_LEN)


@cache
def policy() -> str:
    """The Content-Security-Policy: every inline style and script of ours by its hash, nothing else. Raises SiteBroken.

    Source: CSP Level 3 and Trusted Types. One policy for all answers, so that none differs by its headers.
    """
    found = [inline(_PAGE, _read(_PAGE)), *(_without_script(status) for status in PASTED)]
    directives = {
        "default-src": "'none'",
        "script-src": _hashes(found, lambda one: one.scripts),
        "style-src": _hashes(found, lambda one: one.styles),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def map_script() -> str:
    """The script of the map of published alerts, as it stands inside a page (docs/spec/alerts.md, "Script").

    Raises SiteBroken when it would end its own element, or fetch anything.
    """
    script = _read(_MAP).decode(errors="replace")
    if inline(_MAP, f'<script type="module">{script}</script>'.encode()).scripts != (script,):
        raise SiteBroken(_MAP, "a browser would read another script in it")
    return script


@cache
def alerts_policy() -> str:
    """The Content-Security-Policy of published files: no script but the map's, by its hash. Raises SiteBroken.

    Their publisher signs them, not we; so nothing of theirs runs under the relay's address, sends a form or asks for
    anything but the style beside it.
    """
    directives = {
        "default-src": "'none'",
        "script-src": _hash(map_script()),
        "style-src": "'self'",
        "img-src": "data:",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _hashes(found: list[Inline], kind: Callable[[Inline], tuple[str, ...]]) -> str:
    texts = {text for one in found for text in kind(one)}
    return " ".join(sorted(_hash(text) for text in texts)) or "'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _without_script(status: int) -> Inline:
    found = inline(_pasted(status), pasted(status))
    if found.scripts:
        raise SiteBroken(_pasted(status), "it has a script; it is for those who have scripts off")
    return found


def _pasted(status: int) -> str:
    return f"pasted-{status}.html"


def _read(name: str) -> bytes:
    try:
        return resources.files(__name__).joinpath(name).read_bytes()
    except OSError as error:
        raise SiteBroken(name, error.strerror or "it cannot be read") from error


def _filled(name: str, html: bytes, length: int) -> bytes:
    if len(html) > length:
        raise SiteBroken(name, f"it is {len(html)} bytes long; it may have {length}")
    return html.ljust(length, b"\n")
