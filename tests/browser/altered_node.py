"""A node that serves the pages in the folder `site` beside its settings, in the place of the committed ones."""

import sys
from pathlib import Path
from typing import Final

from onion_service import site

PROGRAM: Final = "tests.browser.altered_node"


def main(folder: Path) -> int:
    """The node, with every page and its policy read from that folder."""

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    site._read = read
    # Its answers are made when it is imported.
    from relay import node

    return node.main()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).parent / "site"))
