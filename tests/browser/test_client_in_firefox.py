"""In Firefox without compiler and WebAssembly the client agrees with every vector, and with Python about every cell."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.browser import client
from tests.browser.agreement import it_opens_what_python_seals, python_opens_what_it_seals
from tests.browser.client_in_firefox import FirefoxClient, firefox_client

pytestmark = pytest.mark.slow

# Every case is made to say something that is not true, so that none may pass.
EVERY_CASE_BENT: Final = """
  const FIELDS = { announcement: "public", answer: "signed", armour: "envelope", bundle: "cells", card: "onion",
    envelope: "inner", "hash-list": "hashes", letter: "content", pad: "content", "public-key": "public",
    seal: "plaintext", words: "words" };
  const bent = (value) => {
    if (typeof value === "string") return (value[0] === "b" ? "c" : "b") + value.slice(1);
    if (Array.isArray(value)) return [bent(value[0]), ...value.slice(1)];
    const flipped = value.base64 === "" ? "AA==" : (value.base64[0] === "B" ? "C" : "B") + value.base64.slice(1);
    return { base64: flipped };
  };
  for (const [file, given] of Object.entries(spelled)) {
    const field = FIELDS[file.split("/")[0]];
    if (typeof given.expect === "object") {
      const [name] = ["error", "text", "photo"].filter((one) => one in given.expect);
      given.expect[name] = bent(given.expect[name]);
    } else if (given.expect !== "ok") given.expect = given.expect === "forged" ? "malformed" : "forged";
    else if (field) given[field] = bent(given[field]);
    else given.expect = "forged";
  }
  folders.push("forgotten");
"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirefoxClient]:
    """The client in one Firefox for all tests of this file."""
    with firefox_client(tmp_path_factory.mktemp("firefox")) as found:
        yield found


def names_in_node() -> set[str]:
    """The cases of the vectors as Node's own run of them lists them."""
    ended = client.run("--test", "tests/vectors.test.js")
    assert ended.returncode == 0, ended.stdout[-4000:]
    return set(re.findall(r"^ *ok \d+ - (.+ (?:as it says|and clean|is run))$", ended.stdout, re.MULTILINE))


def test_every_vector_that_node_runs_passes_in_firefox(firefox: FirefoxClient) -> None:
    passed, failed = firefox.vectors()
    assert failed == {}
    assert len(passed) == len(set(passed))
    assert set(passed) == names_in_node()
    assert len(passed) >= 381


def test_a_vector_that_says_something_else_fails_in_firefox(firefox: FirefoxClient) -> None:
    passed, failed = firefox.vectors(change=EVERY_CASE_BENT)
    assert passed == []
    assert len(failed) >= 381


@pytest.mark.parametrize("relays", [1, 2])
def test_python_opens_what_firefox_seals(firefox: FirefoxClient, relays: int) -> None:
    python_opens_what_it_seals(firefox.ask, relays=relays)


def test_firefox_opens_what_python_seals(firefox: FirefoxClient) -> None:
    it_opens_what_python_seals(firefox.ask)


def test_this_firefox_has_no_web_assembly(firefox: FirefoxClient) -> None:
    assert firefox.page.evaluate("() => typeof WebAssembly") == "undefined"
    assert firefox.page.errors == []
