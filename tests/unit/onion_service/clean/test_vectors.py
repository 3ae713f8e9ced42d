"""The shared vectors say what the code does, and nothing else lies beside them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from onion_service.clean import errors
from onion_service.clean.photo import clean_photo
from onion_service.clean.text import clean_text
from tests.vectors import generate_clean

VECTORS = Path(generate_clean.__file__).parent


def _vectors(folder: str) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((VECTORS / folder).glob("*.json"))}


TEXTS, PHOTOS = _vectors("clean-text"), _vectors("clean-photo")


def test_the_files_are_as_the_generator_writes_them() -> None:
    assert generate_clean.differences() == []
    assert TEXTS
    assert PHOTOS


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generate_clean, "HERE", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate_clean"])
    assert generate_clean.main() == 0
    assert generate_clean.differences() == []
    (tmp_path / "clean-text" / "left_over.json").write_text("{}")
    (tmp_path / "clean-text" / "spanish.json").write_text("{}")
    assert generate_clean.differences() == ["clean-text/left_over.json", "clean-text/spanish.json"]
    monkeypatch.setattr("sys.argv", ["generate_clean", "--check"])
    assert generate_clean.main() == 1


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_vector_holds(name: str) -> None:
    vector = TEXTS[name]
    cleaned = clean_text(vector["text"])
    assert {"text": cleaned.text, "removed": dict(cleaned.removed)} == vector["expect"]


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_vector_holds(name: str) -> None:
    photo, expect = base64.b64decode(PHOTOS[name]["photo"]), PHOTOS[name]["expect"]
    if "error" in expect:
        with pytest.raises(getattr(errors, expect["error"])):
            clean_photo(photo)
        return
    clean = clean_photo(photo)
    assert base64.b64encode(clean.data).decode() == expect["photo"]
    assert (clean.media_type, clean.width, clean.height) == (
        expect["media_type"],
        expect["width"],
        expect["height"],
    )
    assert dict(clean.removed) == expect["removed"]
