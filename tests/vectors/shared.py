"""Known answers of others, read where they lie and never copied here."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

FOLDER: Final = Path(os.environ.get("VELADORA_SHARED") or Path(__file__).parents[3] / "shared")


def known_answers(name: str) -> list[dict[str, Any]]:
    """The answers in a file of the shared folder; the test is skipped where there is no such folder."""
    path = FOLDER / "vectors" / name
    if not path.is_file():
        pytest.skip(f"no known answers at {path}; set VELADORA_SHARED to the folder that has vectors/{name}")
    answers = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(answers, list)
    return answers
