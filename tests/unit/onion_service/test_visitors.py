"""Visitors differ from each other, and most of them are Tor Browser to the letter."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from onion_service.visitors import LANGUAGES, SYSTEMS, TEMPTATIONS, bringing, browser, visitor

# As a Firefox ESR with Tor Browser's settings sent them, Host aside.
OF_A_PAGE = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Sec-GPC": "1",
    "Connection": "keep-alive",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
}
OF_A_SCRIPT = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Sec-GPC": "1",
    "Connection": "keep-alive",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "Priority": "u=4",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
}

OF_A_CELL = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Content-Length": "32768",
    "Origin": "http://a.onion",
    "Sec-GPC": "1",
    "Connection": "keep-alive",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
    "Priority": "u=4",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
}

CROWD = [visitor(Random(seed)) for seed in range(4_000)]


def test_a_browser_is_among_them_to_the_letter() -> None:
    assert any(
        (list(one.page.items()), list(one.directory.items())) == (list(OF_A_PAGE.items()), list(OF_A_SCRIPT.items()))
        for one in CROWD
    )


def test_a_browser_that_brings_a_cell_is_one_to_the_letter() -> None:
    for seed in range(400):
        one = browser(Random(seed))
        assert "Cookie" not in one.page
        if list(one.script.items()) == list(OF_A_SCRIPT.items()):
            assert list(one.page.items()) == list(OF_A_PAGE.items())
            assert list(bringing(one.script, onion="a.onion", length=32_768).items()) == list(OF_A_CELL.items())
            return
    raise AssertionError("it is not among them")


def test_every_system_language_and_temptation_comes() -> None:
    pages = [one.page for one in CROWD]
    for system, _ in SYSTEMS:
        assert any(system in page.get("User-Agent", "") for page in pages)
    for language in LANGUAGES:
        assert any(page.get("Accept-Language", "") == language for page in pages)
    for name, value in TEMPTATIONS:
        assert any(page.get(name) == value for page in pages)
    assert any(not one.page and not one.one_circuit for one in CROWD)


def test_most_send_nothing_that_tor_browser_would_not() -> None:
    plain = [one for one in CROWD if one.page.keys() <= OF_A_PAGE.keys() and len(one.page) >= len(OF_A_PAGE) - 1]
    assert len(plain) > len(CROWD) / 2


@given(st.randoms(use_true_random=False))
def test_what_they_send_is_a_header_that_a_door_reads(chance: Random) -> None:
    one = visitor(chance)
    for name, value in (*one.page.items(), *one.directory.items()):
        assert name.replace("-", "").isalpha()
        assert value.isascii()
        assert value.isprintable()
    assert one.page.get("User-Agent") == one.directory.get("User-Agent")
