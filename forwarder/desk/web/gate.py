"""Who is let in: this machine's own pages, in the browser that opened the one-time link, and nobody else.

Each check is a function of its own. Whatever does not pass is refused before a page is asked, and learns nothing but
that it was refused.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from forwarder.desk.web.forms import Form
from forwarder.desk.web.session import Session, Sessions, same_secret

# `none`: typed or opened from outside a page. `same-site` is another port of this machine, and so another program.
OWN_PAGES: Final = frozenset({"same-origin", "none"})
# What a page of ours sends by itself carries this field, so that only a person keeps the desk open.
BY_ITSELF: Final = "idle"
# A page that somebody goes to, and what a script asks; pictures, films and styles come along with a page by themselves.
DEEDS: Final = frozenset({"document", "empty"})

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Whatever a stranger's file is taken for, it runs nothing, loads nothing and is of no origin.
FILE_POLICY: Final = "default-src 'none'; style-src 'none'; script-src 'none'; frame-ancestors 'none'; sandbox"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    # Not `no-referrer`: with that, browsers hide the origin of a form, which is checked here.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), display-capture=()",
}


def is_for_us(hosts: list[str], *, origin: str) -> bool:
    """Whether the request names us by the address that we listen on. A name that was made to lead here (DNS rebinding)
    is another one."""
    return hosts == [urlsplit(origin).netloc]


def comes_from_us(headers: Mapping[str, str], *, origin: str) -> bool:
    """Whether a change was sent from a page of ours: browsers say so by themselves, and no page can make them lie."""
    return headers.get("Origin") == origin and headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def is_asked_by_us(headers: Mapping[str, str]) -> bool:
    """Whether a page was asked for from one of ours, or by a person; not from a page of somebody else's."""
    return headers.get("Sec-Fetch-Site", "none") in OWN_PAGES


def is_a_deed(headers: Mapping[str, str], *fields: Form) -> bool:
    """Whether a person did this, and not a page by itself: a desk that its own pages keep open would never lock."""
    by_itself = any(form.has(BY_ITSELF) for form in fields)
    return not by_itself and headers.get("Sec-Fetch-Dest", "document") in DEEDS


def session_of(cookies: Mapping[str, str], sessions: Sessions, *, name: str) -> Session | None:
    """The session whose cookie came, if any."""
    cookie = cookies.get(name)
    return None if cookie is None else sessions.session(cookie)


def is_of_this_session(csrf: str, session: Session) -> bool:
    """Whether a form was made for this session."""
    return same_secret(csrf, session.csrf)
