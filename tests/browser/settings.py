"""Firefox with Tor Browser's settings, each with its reason; what the reporter's page meets in these tests is what it
meets there.

Source: Tor Browser's `001-base-profile.js`, `000-tor-browser.js` and the table of its security levels
(`SecurityLevel.sys.mjs`). Firefox ESR with these is not Tor Browser: its patches, its circuit for each site, NoScript,
letterboxing (the tests choose the size of the window) and HTTPS-only mode (an onion is exempt) are missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Value = bool | int | str


@dataclass(frozen=True, slots=True)
class Setting:
    """One preference, the value it is given, and why."""

    name: str
    value: Value
    why: str


_JIT_OFF: Final = (
    Setting("javascript.options.ion", False, "Safer and Safest have no optimising compiler"),
    Setting("javascript.options.baselinejit", False, "Safer and Safest have no baseline compiler"),
    Setting("javascript.options.native_regexp", False, "Safer and Safest interpret regular expressions"),
    Setting("javascript.options.asmjs", False, "no level compiles asm.js"),
    Setting("javascript.options.wasm", False, "NoScript takes WebAssembly away from pages at Safer and Safest"),
    Setting("mathml.disabled", True, "Safer and Safest show no MathML"),
    Setting("gfx.font_rendering.graphite.enabled", False, "Safer and Safest run no code of fonts"),
    Setting("gfx.font_rendering.opentype_svg.enabled", False, "Safer and Safest draw no SVG in fonts"),
)

_ALIKE: Final = (
    Setting("privacy.resistFingerprinting", True, "every visitor looks the same: clock, language, size, colour scheme"),
    Setting("privacy.firstparty.isolate", True, "nothing is shared between sites"),
    Setting("privacy.partition.network_state", False, "first-party isolation does it instead"),
    Setting("dom.enable_resource_timing", False, "as in Tor Browser"),
    Setting("dom.w3c_touch_events.enabled", 0, "as in Tor Browser: a page cannot ask for touch"),
    Setting("webgl.disabled", True, "Safer and Safest have no WebGL"),
    Setting("geo.enabled", False, "no place of the visitor"),
    Setting("media.navigator.enabled", False, "no cameras, no microphones"),
    Setting("browser.link.open_newwindow.restriction", 0, "a page opens tabs, never windows of its own size"),
    Setting("dom.disable_window_move_resize", True, "a page does not move the window"),
)

_NOTHING_KEPT: Final = (
    Setting("browser.privatebrowsing.autostart", True, "every window is private"),
    Setting("browser.cache.disk.enable", False, "no page on disk"),
    Setting("browser.cache.disk_cache_ssl", False, "no page on disk"),
    Setting("browser.privatebrowsing.forceMediaMemoryCache", True, "no sound or film on disk"),
    Setting("permissions.memory_only", True, "no site in the table of permissions"),
    Setting("security.nocertdb", True, "no certificates on disk"),
    Setting("signon.rememberSignons", False, "no passwords"),
    Setting("browser.formfill.enable", False, "nothing that was typed"),
    Setting("signon.autofillForms", False, "nothing that was typed"),
    Setting("extensions.formautofill.addresses.enabled", False, "nothing that was typed"),
    Setting("extensions.formautofill.creditCards.enabled", False, "nothing that was typed"),
    Setting("browser.sessionstore.privacy_level", 2, "a session that is kept holds no forms and no cookies"),
    Setting("browser.sessionstore.resume_from_crash", False, "no session is kept"),
    Setting("browser.pagethumbnails.capturing_disabled", True, "no pictures of pages"),
    Setting("browser.download.manager.addToRecentDocs", False, "the desktop hears of no download"),
    Setting("browser.download.start_downloads_in_tmp_dir", True, "nothing half loaded among the person's files"),
    Setting("network.cookie.cookieBehavior", 1, "as in Tor Browser: no cookies of others"),
    Setting("network.cookie.cookieBehavior.pbmode", 1, "as in Tor Browser: no cookies of others"),
    Setting("dom.serviceWorkers.enabled", False, "no program of a page outlives it"),
)

_ONE_WAY_OUT: Final = (
    Setting("network.proxy.type", 1, "the proxy named below"),
    Setting("network.proxy.socks_version", 5, "names are sent, not addresses"),
    Setting("network.proxy.socks_remote_dns", True, "names are sent, not addresses"),
    Setting("network.proxy.socks5_remote_dns", True, "names are sent, not addresses"),
    Setting("network.proxy.no_proxies_on", "", "no exceptions"),
    Setting("network.proxy.allow_hijacking_localhost", True, "no exception for this machine either"),
    Setting("network.proxy.failover_direct", False, "a proxy that does not answer is not gone round"),
    Setting("network.proxy.allow_bypass", False, "the browser's own services do not go round it"),
    Setting("network.dns.disabled", True, "nothing is looked up in the clear"),
    Setting("network.dns.blockDotOnion", False, "onion names go to the proxy"),
    Setting("network.trr.mode", 5, "no lookups over HTTPS either"),
    Setting("network.dns.disablePrefetch", True, "nothing is looked up ahead"),
    Setting("network.http.http3.enable", False, "UDP does not go through tor"),
    Setting("media.peerconnection.enabled", False, "WebRTC goes round a proxy"),
    Setting("network.gio.supported-protocols", "", "no helper program makes connections"),
    Setting("network.http.max-persistent-connections-per-proxy", 256, "as in Tor Browser"),
    Setting("network.http.connection-retry-timeout", 0, "as in Tor Browser: no second connection beside a slow one"),
    Setting("dom.securecontext.allowlist_onions", True, "an onion is a secure context"),
    Setting("network.http.referer.hideOnionSource", True, "no onion in a referrer"),
)

_NOT_BY_ITSELF: Final = (
    Setting("network.prefetch-next", False, "a page is fetched when somebody opens it"),
    Setting("network.predictor.enabled", False, "no connection ahead of a click"),
    Setting("network.http.speculative-parallel-limit", 0, "no connection ahead of a click"),
    Setting("browser.places.speculativeConnect.enabled", False, "no connection ahead of a click"),
    Setting("browser.urlbar.speculativeConnect.enabled", False, "no connection ahead of a click"),
    Setting("beacon.enabled", False, "as in Tor Browser"),
    Setting("browser.send_pings", False, "as in Tor Browser"),
    Setting("network.captive-portal-service.enabled", False, "asks Mozilla"),
    Setting("network.connectivity-service.enabled", False, "asks Mozilla"),
    Setting("app.update.auto", False, "asks Mozilla"),
    Setting("app.normandy.enabled", False, "asks Mozilla"),
    Setting("app.shield.optoutstudies.enabled", False, "asks Mozilla"),
    Setting("messaging-system.rsexperimentloader.enabled", False, "asks Mozilla"),
    Setting("nimbus.rollouts.enabled", False, "asks Mozilla"),
    Setting("extensions.update.enabled", False, "asks Mozilla"),
    Setting("extensions.getAddons.cache.enabled", False, "asks Mozilla"),
    Setting("extensions.systemAddon.update.enabled", False, "asks Mozilla"),
    Setting("extensions.systemAddon.update.url", "", "asks Mozilla"),
    Setting("media.gmp-manager.updateEnabled", False, "asks Mozilla"),
    Setting("media.gmp-provider.enabled", False, "asks Mozilla"),
    Setting("browser.search.update", False, "asks Mozilla"),
    Setting("browser.region.update.enabled", False, "asks Mozilla"),
    Setting("browser.region.network.url", "", "asks Mozilla"),
    Setting("browser.safebrowsing.malware.enabled", False, "asks Google"),
    Setting("browser.safebrowsing.phishing.enabled", False, "asks Google"),
    Setting("browser.safebrowsing.blockedURIs.enabled", False, "asks Google"),
    Setting("browser.safebrowsing.downloads.enabled", False, "asks Google"),
    Setting("browser.safebrowsing.update.enabled", False, "asks Google"),
    Setting("services.settings.server", "data:,#remote-settings-dummy/v1", "asks Mozilla for lists of all kinds"),
    Setting("security.remote_settings.intermediates.enabled", False, "asks Mozilla"),
    Setting("security.remote_settings.crlite_filters.enabled", False, "asks Mozilla"),
    Setting("toolkit.telemetry.enabled", False, "tells Mozilla"),
    Setting("toolkit.telemetry.unified", False, "tells Mozilla"),
    Setting("toolkit.telemetry.server", "data:,", "tells Mozilla"),
    Setting("datareporting.policy.dataSubmissionEnabled", False, "tells Mozilla"),
    Setting("datareporting.healthreport.uploadEnabled", False, "tells Mozilla"),
    Setting("datareporting.usage.uploadEnabled", False, "tells Mozilla"),
    Setting("identity.fxaccounts.enabled", False, "tells Mozilla"),
    Setting("dom.push.connection.enabled", False, "keeps a connection to Mozilla"),
    Setting("dom.push.enabled", False, "keeps a connection to Mozilla"),
    Setting("browser.topsites.contile.enabled", False, "asks Mozilla"),
    Setting("browser.newtabpage.enabled", False, "asks Mozilla"),
    Setting("browser.newtabpage.activity-stream.feeds.topsites", False, "asks Mozilla"),
    Setting("browser.newtabpage.activity-stream.feeds.system.topstories", False, "asks Mozilla"),
    Setting("browser.newtabpage.activity-stream.newtabWallpapers.enabled", False, "asks Mozilla for pictures"),
    Setting("browser.startup.page", 0, "a blank page first"),
    Setting("browser.startup.homepage", "about:blank", "a blank page first"),
    Setting("browser.aboutwelcome.enabled", False, "a blank page first"),
    Setting("trailhead.firstrun.didSeeAboutWelcome", True, "a blank page first"),
    Setting("termsofuse.bypassNotification", True, "a blank page first"),
    Setting("browser.shell.checkDefaultBrowser", False, "asks the person"),
    Setting("datareporting.policy.dataSubmissionPolicyBypassNotification", True, "asks the person"),
)

# What the remote agent would set by itself for testing goes further than Tor Browser: popups, long scripts, forms.
_DRIVEN: Final = (
    Setting("remote.prefs.recommended", False, "the settings are those of this table and no others"),
    Setting("focusmanager.testmode", True, "a window without a screen counts as the one in front"),
    Setting("dom.file.createInChild", True, "a test chooses files without the dialog that needs a person"),
    Setting("dom.max_script_run_time", 0, "nobody can answer whether a slow script may go on"),
    Setting("dom.disable_beforeunload", False, "a page may warn before it is left; the test answers"),
    Setting("toolkit.startup.max_resumed_crashes", -1, "a browser that was killed starts as ever"),
    Setting("browser.tabs.warnOnClose", False, "asks the person"),
    Setting("browser.warnOnQuit", False, "asks the person"),
)

_SAFEST: Final = (
    Setting("javascript.enabled", False, "NoScript takes script away from pages at Safest"),
    Setting("svg.disabled", True, "Safest shows no SVG"),
)


def _table(*parts: tuple[Setting, ...]) -> Mapping[str, Value]:
    return MappingProxyType({setting.name: setting.value for part in parts for setting in part})


#: Tor Browser at Safer, whose script is the slowest that a reporter can have.
SAFER: Final = _table(_JIT_OFF, _ALIKE, _NOTHING_KEPT, _ONE_WAY_OUT, _NOT_BY_ITSELF, _DRIVEN)

#: Tor Browser at Safest: no script.
SAFEST: Final = _table(_JIT_OFF, _ALIKE, _NOTHING_KEPT, _ONE_WAY_OUT, _NOT_BY_ITSELF, _DRIVEN, _SAFEST)

#: Firefox as it comes, but with one way out and quiet: for planted faults that Tor Browser's settings would hide.
PLAIN: Final = _table(_ONE_WAY_OUT, _NOT_BY_ITSELF, _DRIVEN)


def user_js(settings: Mapping[str, Value]) -> str:
    """The settings as the file that Firefox reads them from when it starts."""
    lines = (f'user_pref("{name}", {_spelled(value)});\n' for name, value in sorted(settings.items()))
    return "".join(lines)


def _spelled(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not value.isprintable() or '"' in value or "\\" in value:
        raise ValueError(f"not a value for a setting: {value!r}")
    return f'"{value}"'
