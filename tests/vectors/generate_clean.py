"""The vectors for cleaning: one file per case, written by Python; every other implementation must pass them.

`python -m tests.vectors.generate_clean` writes them; with `--check` it writes nothing and fails when a file
is not as it would be written. The photos start from `clean_seeds.json`, which was made once, so that the
files do not depend on an image library.
"""

import argparse
import base64
import json
import sys
from pathlib import Path
from typing import Any, Final

from onion_service.clean import characters, lookalikes
from onion_service.clean.errors import CleanError
from onion_service.clean.photo import clean_photo
from onion_service.clean.text import clean_text
from tests.vectors.clean_cases import photo_cases, text_cases

HERE: Final = Path(__file__).parent
TABLES: Final = "clean-tables.json"


def text_vector(comment: str, text: str) -> dict[str, Any]:
    cleaned = clean_text(text)
    return {
        "comment": comment,
        "text": text,
        "expect": {"text": cleaned.text, "removed": dict(cleaned.removed)},
    }


def photo_vector(comment: str, photo: bytes) -> dict[str, Any]:
    vector: dict[str, Any] = {"comment": comment, "photo": base64.b64encode(photo).decode()}
    try:
        clean = clean_photo(photo)
    except CleanError as error:
        return vector | {"expect": {"error": type(error).__name__}}
    return vector | {
        "expect": {
            "photo": base64.b64encode(clean.data).decode(),
            "media_type": clean.media_type,
            "width": clean.width,
            "height": clean.height,
            "removed": dict(clean.removed),
        }
    }


def tables() -> dict[str, Any]:
    """Every table that the cleaning of texts needs, by the name the specification gives it."""
    return {
        "removed": [[kind, ranges.pairs] for kind, ranges in characters.REMOVED.items()],
        "line_ends": characters.LINE_ENDS.pairs,
        "spaces": characters.SPACES.pairs,
        "regional": characters.REGIONAL.pairs,
        "same_flags": characters.SAME_FLAGS,
        "decomposed": characters.DECOMPOSED.pairs,
        "letters": [[script, ranges.pairs] for script, ranges in characters.LETTERS.items()],
        "signs": characters.SIGNS.pairs,
        "digit_runs": characters.DIGIT_RUNS,
        "letter_runs": characters.LETTER_RUNS,
        "number_runs": characters.NUMBER_RUNS,
        "raised": characters.RAISED.pairs,
        "parted": characters.PARTED.pairs,
        "plain": characters.PLAIN,
        "marks": characters.MARKS,
        "marks_of": characters.MARKS_OF,
        "marks_per_letter": characters.MARKS_PER_LETTER,
        "same_marks": characters.SAME_MARKS,
        "strokes": characters.STROKES,
        "breve_letters": characters.BREVE_LETTERS,
        "dotted": characters.DOTTED,
        "lookalike_letters": [lookalikes.OTHER_SCRIPTS, lookalikes.LATIN, lookalikes.HISTORIC],
        "pairs": {script: written.split() for script, written in lookalikes.PAIRS.items()},
        "towards_latin": {script: written.split() for script, written in lookalikes.TOWARDS_LATIN.items()},
    }


def files() -> dict[str, str]:
    """Every file, by its path under tests/vectors, as it must be."""
    made: dict[str, Any] = {TABLES: tables()}
    made |= {f"clean-text/{name}.json": text_vector(*case) for name, case in text_cases().items()}
    made |= {f"clean-photo/{name}.json": photo_vector(*case) for name, case in photo_cases().items()}
    return {path: json.dumps(content, indent=1) + "\n" for path, content in made.items()}


def differences() -> list[str]:
    """The paths of files that are missing, left over or not as they would be written."""
    wanted = files()
    there = {f"{path.parent.name}/{path.name}" for path in HERE.glob("clean-*/*.json")} | {TABLES}
    return sorted(
        path
        for path in wanted.keys() | there
        if path not in wanted or not (HERE / path).is_file() or (HERE / path).read_text() != wanted[path]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    if parser.parse_args().check:
        different = differences()
        sys.stderr.write("".join(f"not as generated: {path}\n" for path in different))
        return 1 if different else 0
    for path, content in files().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
