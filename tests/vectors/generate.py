"""Write the vector files, or check that they are what this program writes (tests/vectors/README.md).

    python -m tests.vectors.generate [--check]

Every byte is given, so two runs write the same files. `--check` writes nothing and ends with 1 on a difference.
"""

import argparse
import hashlib
import json
import sys
from typing import Any, Final

from tests.vectors import (
    cell_cases,
    directory_cases,
    key_cases,
    layer_cases,
    letter_cases,
    report_cases,
    round_cases,
    word_cases,
)
from tests.vectors.recipes import FOLDER, Case, make

MAKERS: Final = (
    cell_cases,
    letter_cases,
    layer_cases,
    round_cases,
    report_cases,
    directory_cases,
    key_cases,
    word_cases,
)
FOLDERS: Final = frozenset(
    {
        "announcement",
        "answer",
        "armour",
        "bundle",
        "card",
        "directory",
        "envelope",
        "hash-list",
        "key-file",
        "letter",
        "pad",
        "public-key",
        "report",
        "seal",
        "word",
        "words",
    }
)
PINNED_FROM: Final = 1_024


def all_cases() -> dict[str, Case]:
    """Every vector by its path, each with the SHA-256 of the long byte strings that its recipes make."""
    cases: dict[str, Case] = {}
    for maker in MAKERS:
        cases |= maker.cases()
    assert {path.partition("/")[0] for path in cases} == FOLDERS
    return {path: case | _pins(case, cases) for path, case in cases.items()}


def render(case: Case) -> str:
    """The text of a vector file."""
    return json.dumps(case, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def differences() -> list[str]:
    """What differs between the files and this program, one line for each."""
    wanted = {path: render(case) for path, case in all_cases().items()}
    found = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in (FOLDER / folder).glob("*.json")
    }
    missing = [f"{path}: missing" for path in sorted(wanted.keys() - found.keys())]
    stale = [f"{path}: no longer written" for path in sorted(found.keys() - wanted.keys())]
    return (
        missing
        + stale
        + [f"{path}: differs" for path in sorted(wanted.keys() & found.keys()) if wanted[path] != found[path]]
    )


def write() -> int:
    """Write every file, remove those no longer written, and return how many there are."""
    cases = all_cases()
    for folder in FOLDERS:
        (FOLDER / folder).mkdir(exist_ok=True)
        for path in (FOLDER / folder).glob("*.json"):
            if path.relative_to(FOLDER).as_posix() not in cases:
                path.unlink()
    for name, case in cases.items():
        (FOLDER / name).write_text(render(case), encoding="utf-8")
    return len(cases)


def _pins(case: Case, cases: dict[str, Case]) -> dict[str, Any]:
    made = {name: make(value, cases) for name, value in case.items() if isinstance(value, dict)}
    pins = {name: hashlib.sha256(data).hexdigest() for name, data in made.items() if len(data) >= PINNED_FROM}
    return {"sha256": pins} if pins else {}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Write the vector files.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when a file differs")
    if not parser.parse_args().check:
        print(f"{write()} vectors written")
        return 0
    found = differences()
    print("\n".join(found) or "the vectors are what the generator writes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
