"""A relay that serves another page than the one that was released: built from changed sources, real in all else.

The node, the directory's hash of the page and the policy that names its script fit the changed page, so that a test
which catches it has caught the page and nothing around it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import page
from onion_service import site
from tests.browser import client
from tests.browser.client import Changes
from tests.privacy import mutant_node


@contextmanager
def page_with(changes: Changes, folder: Path) -> Iterator[str]:
    """The node's module with which a relay serves the changed page; what this process expects of it fits too."""
    with pytest.MonkeyPatch.context() as patch:
        changed = client.altered(folder, changes)
        patch.setattr(page, "CLIENT", changed)
        patch.setattr(page, "SOURCES", changed / "page")
        built = folder / "site"
        built.mkdir()
        for name, html in page.pages_from(changed / "page" / "locale").items():
            (built / name).write_bytes(html)
        patch.setenv(mutant_node.VARIABLE, mutant_node.serve_another_page.__name__)
        patch.setenv(mutant_node.SITE, str(built))
        patch.setattr(site, "_read", lambda name: (built / name).read_bytes())
        site.policy.cache_clear()
        try:
            yield mutant_node.PROGRAM
        finally:
            site.policy.cache_clear()
