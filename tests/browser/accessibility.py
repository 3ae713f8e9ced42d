"""Whether everybody can use a page: what axe-core objects to, and what does not fit the window.

Rules: WCAG 2.0, 2.1 and 2.2
at levels A and AA, and axe's own best practices (https://github.com/dequelabs/axe-core/blob/develop/doc/API.md).
"""

import json
from functools import cache
from typing import Final, Protocol

from tests.browser import client

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")

_AXE: Final = """async rules => {
  const options = { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"], preload: false };
  const found = await axe.run(document, options);
  const violations = found.violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${impact}): ${help}: ${target.join(" ")}: ${failureSummary}`));
  return JSON.stringify({ checked: found.passes.length + violations.length, violations });
}"""

_OVERFLOWS: Final = """() => {
  const width = document.documentElement.clientWidth;
  const named = (one) => one.tagName.toLowerCase() + (one.id && `#${one.id}`) +
    [...one.classList].map((name) => `.${name}`).join("");
  const isCut = (one) => {
    for (let above = one.parentElement; above && above !== document.body; above = above.parentElement) {
      if (getComputedStyle(above).overflowX !== "visible") return true;
    }
    return false;
  };
  const found = [];
  const page = document.scrollingElement;
  if (page.scrollWidth > width) found.push(`the page scrolls sideways: ${page.scrollWidth} > ${width}`);
  for (const one of document.body.querySelectorAll("*")) {
    // What a closed fold holds still has the place that it last had.
    if (!one.checkVisibility()) continue;
    const { left, right, width: wide, height } = one.getBoundingClientRect();
    if (wide <= 1 || height <= 1 || (right <= width + 0.5 && left >= -0.5) || isCut(one)) continue;
    found.push(`${named(one)}: ${Math.round(left)} to ${Math.round(right)}`);
  }
  return found;
}"""


class Evaluates(Protocol):
    """A page, as far as these need one."""

    def run(self, script: str) -> object: ...
    def evaluate(self, function: str, *args: object) -> object: ...


def violations(page: Evaluates) -> list[str]:
    """What axe objects to, one line for each element; empty when nothing. It needs a page with script: axe waits, and
    where there is no script a browser lets no timer ring (`Page.copy_to`)."""
    page.run(_axe_script())
    told = json.loads(str(page.evaluate(_AXE, list(RULES))))
    assert told["checked"] > 0, "axe has looked at nothing"
    found: list[str] = told["violations"]
    return found


def overflows(page: Evaluates) -> list[str]:
    """Every element that reaches beyond the window's sides and is not cut, and whether the page scrolls sideways."""
    found = page.evaluate(_OVERFLOWS)
    assert isinstance(found, list)
    return found


@cache
def _axe_script() -> str:
    """Read once for all pages."""
    client.install()
    script = client.CLIENT / "node_modules" / "axe-core" / "axe.min.js"
    return script.read_text(encoding="utf-8") + ";undefined"
