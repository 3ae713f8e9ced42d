"""The vectors for what may identify a writer, one file per kind, and the tables that the browser's client is made from.

`python -m tests.vectors.generate_identify` writes them; with `--check` it writes nothing and fails when a file is not
as it would be written. What is to be found was marked by hand (`identify_cases`); no code of ours is asked.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from onion_service.clean.identify_parts import PARTS
from onion_service.clean.identify_tables import ALWAYS, KINDS, PLAIN, RULES, Rule
from tests.vectors.identify_cases import CASES

HERE: Final = Path(__file__).parent
TABLES: Final = "identify-tables.json"
_MARKED: Final = re.compile(r"\{([a-z-]+)\|([^}]*)\}")


def utf16_length(text: str) -> int:
    """How long a text is in a language whose strings are UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def case(marked: str) -> dict[str, Any]:
    """The text without the marks, and each mark's kind, its start and end in UTF-16 units, and what it is on."""
    text, found, last = "", [], 0
    for mark in _MARKED.finditer(marked):
        text += marked[last : mark.start()]
        start = utf16_length(text)
        text += mark[2]
        found.append([mark[1], start, utf16_length(text), mark[2]])
        last = mark.end()
    return {"text": text + marked[last:], "found": found}


def _row(rule: Rule) -> list[str]:
    """The rule without what it has in common with most others, because the browser's script has little room."""
    row = [rule.kind, rule.pattern, rule.view, rule.check]
    usual = ["", "", PLAIN, ALWAYS]
    while row[-1] == usual[len(row) - 1]:
        row.pop()
    return row


def files() -> dict[str, str]:
    """Every file, by its path under tests/vectors, as it must be."""
    made: dict[str, Any] = {
        TABLES: {
            "kinds": KINDS,
            "parts": PARTS,
            "rules": [_row(rule) for rule in RULES],
        }
    }
    for kind, texts in CASES.items():
        made[f"identify/{kind}.json"] = {"cases": [case(text) for text in texts]}
    return {path: json.dumps(content, indent=1, ensure_ascii=False) + "\n" for path, content in made.items()}


def differences() -> list[str]:
    """The paths of files that are missing, left over or not as they would be written."""
    wanted = files()
    there = {f"identify/{path.name}" for path in (HERE / "identify").glob("*.json")} | {TABLES}
    return sorted(
        path
        for path in wanted.keys() | there
        if path not in wanted
        or not (HERE / path).is_file()
        or (HERE / path).read_text(encoding="utf-8") != wanted[path]
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Write the vectors for what may identify a writer.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    if parser.parse_args().check:
        different = differences()
        sys.stderr.write("".join(f"not as generated: {path}\n" for path in different))
        return 1 if different else 0
    for path, content in files().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
