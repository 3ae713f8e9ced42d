"""The spec names every vector and every file it is cited as."""

import re
from pathlib import Path
from typing import Final

from tests.vectors.generate import FOLDERS

ROOT: Final = Path(__file__).parents[2]
SPEC: Final = ROOT / "docs" / "spec"


def test_every_folder_of_vectors_is_cited_by_the_spec() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*.md"))
    assert {folder for folder in FOLDERS if f"`{folder}/`" not in text} == set()


def test_every_spec_file_that_the_formats_cite_is_there() -> None:
    cited = {
        name
        for path in (ROOT / "crypto").glob("*.py")
        for name in re.findall(r"docs/spec/([a-z-]+\.md)", path.read_text(encoding="utf-8"))
    }
    assert cited
    assert {name for name in cited if not (SPEC / name).is_file()} == set()


def test_every_heading_that_a_format_cites_is_there() -> None:
    for path in (ROOT / "crypto").glob("*.py"):
        for name, heading in re.findall(r'docs/spec/([a-z-]+\.md), "([^"]+)"', path.read_text(encoding="utf-8")):
            assert f"\n## {heading}\n" in (SPEC / name).read_text(encoding="utf-8"), f"{path.name}: {name}, {heading}"
