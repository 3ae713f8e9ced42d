"""Posts and wiki pages through services that others run, called in a process that reaches tor and nothing else.

Nothing is sent to a service that would take it unencrypted outside of an onion, or whose certificate is not checked.
What a service answers stays here: only one word of a closed list goes back, since an error may quote a password; and
what libraries log goes nowhere, since whoever starts the process gives it no place to write to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from onion_service.address import SUFFIX

if TYPE_CHECKING:
    from apprise import NotifyBase

SECONDS: Final = 120.0
AGENT: Final = "Veladora"
# Services that Apprise counts among the encrypted ones and speaks to in clear, password and all.
PLAIN_ALL_THE_SAME: Final = frozenset({"aprs"})
PLAIN_MODES: Final = frozenset({"insecure", "none"})


class Said(Enum):
    """What became of one attempt."""

    DONE = "done"
    NOT_UNDERSTOOD = "not understood"
    NOT_ENCRYPTED = "not encrypted"
    NOT_CHECKED = "not checked"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is called, and how long a title and a text it takes; 0: it has no title of its own."""

    name: str
    title_max: int
    body_max: int


@dataclass(frozen=True, slots=True, repr=False)
class Wiki:
    """An account on a MediaWiki: use a bot password, which can do less than the account. `address`:
    `https://host/w/`, where api.php lies."""

    address: str
    user: str
    password: str

    def __repr__(self) -> str:
        return "Wiki(...)"


def describe(url: str) -> Service | Said:
    """The service that an Apprise URL means, or why nothing will be sent there. Connects to nobody."""
    plugin = _plugin(url)
    if isinstance(plugin, Said):
        return plugin
    return Service(str(plugin.service_name), max(0, int(plugin.title_maxlen)), max(0, int(plugin.body_maxlen)))


def post(url: str, *, title: str, body: str) -> Said:
    """Send one text through the service that an Apprise URL means."""
    plugin = _plugin(url)
    if isinstance(plugin, Said):
        return plugin
    try:
        done = plugin.notify(title=title, body=body, body_format="text")
    except Exception:  # noqa: BLE001 - any of a hundred services' own errors; it is tried again later
        return Said.UNREACHABLE
    return Said.DONE if done else Said.REFUSED


def edit(wiki: Wiki, *, page: str, summary: str, change: Callable[[str], str]) -> Said:
    """Bring a page to what `change` makes of its text; a page that is so already is not touched."""
    import mwclient
    from mwclient.errors import MwClientError
    from requests.exceptions import RequestException

    scheme, _, rest = wiki.address.partition("://")
    host, slash, path = rest.partition("/")
    if scheme not in ("http", "https") or not host or not slash or not wiki.address.endswith("/"):
        return Said.NOT_UNDERSTOOD
    if scheme == "http" and not host.partition(":")[0].endswith(SUFFIX):
        return Said.NOT_ENCRYPTED
    try:
        site = mwclient.Site(
            host,
            path=f"/{path}",
            scheme=scheme,
            clients_useragent=AGENT,
            max_retries=1,
            retry_timeout=1,
            connection_options={"timeout": SECONDS},
        )
        site.login(wiki.user, wiki.password)
        there = site.pages[page]
        before = there.text()
        after = change(before)
        if after != before:
            there.edit(after, summary=summary)
    except MwClientError:
        return Said.REFUSED
    except (RequestException, OSError, KeyError, ValueError):
        return Said.UNREACHABLE
    return Said.DONE


def _plugin(url: str) -> NotifyBase | Said:
    import apprise

    asset = apprise.AppriseAsset(
        app_id=AGENT,
        app_desc=AGENT,
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask="",
        async_mode=False,
        storage_mode="memory",
        service_timeout=SECONDS,
    )
    plugin = apprise.Apprise.instantiate(url, asset=asset)
    if plugin is None:
        return Said.NOT_UNDERSTOOD
    if not _encrypted(url, plugin):
        return Said.NOT_ENCRYPTED
    if not plugin.verify_certificate:
        return Said.NOT_CHECKED
    return plugin


def _encrypted(url: str, plugin: NotifyBase) -> bool:
    """Whether every host that this URL makes the plugin call is called encrypted, or lies inside of Tor."""
    schema = url.partition("://")[0].lower()
    addresses = [str(getattr(plugin, "notify_url", "")), *map(str, getattr(plugin, "relays", ()))]
    if schema in PLAIN_ALL_THE_SAME or any(one.lower().startswith(("http://", "ws://")) for one in addresses):
        return False
    # Mail names in `smtp_host` whom it calls; `host` is then only what stands behind the @ of an address.
    if str(getattr(plugin, "smtp_host", "") or plugin.host or "").endswith(SUFFIX):
        return True
    # What the name of a service promises, a setting of it may take back.
    plainly = str(getattr(plugin, "secure_mode", "")).lower() in PLAIN_MODES
    return schema in _names(plugin.secure_protocol) and not plainly


def _names(protocol: Any) -> frozenset[str]:  # noqa: ANN401
    if protocol is None:
        return frozenset()
    return frozenset((protocol,) if isinstance(protocol, str) else protocol)
