"""A cleaner without the programs that it needs makes no copy, and says so."""

import json
import shutil
from pathlib import Path

import pytest

from forwarder.desk import judging
from forwarder.desk.cleaners import cleaned
from forwarder.desk.findings import Reason

FILM = b"\0\0\0\x18ftypisom" + bytes(64)
SOUND = b"RIFF\x24\0\0\0WAVE" + bytes(64)


def only(tmp_path: Path, *programs: str) -> str:
    """A PATH on which there is nothing but these."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name in programs:
        found = shutil.which(name)
        # Whether ffmpeg is there is all that is asked here; these films and sounds are none, so it would fail as well.
        if found is None and name == "ffmpeg":
            (folder / name).write_text("#!/bin/sh\nexit 1\n")
            (folder / name).chmod(0o755)
            continue
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(
    ("data", "media", "programs", "reason"),
    [
        (FILM, "video/mp4", ("mat2", "ffmpeg"), Reason.TOOL),
        (FILM, "video/mp4", ("mat2", "exiftool"), Reason.TOOL),
        (FILM, "video/mp4", ("mat2", "ffmpeg", "exiftool"), Reason.BROKEN),
        (SOUND, "audio/wav", ("mat2",), Reason.TOOL),
        (SOUND, "audio/wav", ("mat2", "ffmpeg"), Reason.BROKEN),
    ],
)
def test_a_film_has_no_copy_where_nobody_can_look_for_its_other_tracks(
    data: bytes,
    media: str,
    programs: tuple[str, ...],
    reason: Reason,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", only(tmp_path, *programs))
    answer, copy = cleaned(data, media=media, scratch=tmp_path, tools=True)
    assert (answer.reason, copy) == (reason, b"")


@pytest.mark.parametrize(
    ("tag", "value", "may_stay"),
    [
        ("Track2:Unknown_esds", "(Binary data 46 bytes, use -b option to extract)", True),
        ("Track2:Unknown_btrt", "(Binary data 12 bytes, use -b option to extract)", True),
        ("Track1:Unknown_esds", "(Binary data 88 bytes, use -b option to extract)", False),
        ("Track1:Unknown_esds", "Juana", False),
        ("Track3:Text", "19.4326,-99.1332", False),
        ("Track3:OtherFormat", "gpmd", False),
        ("QuickTime:GPSCoordinates", "19.4326 -99.1332", False),
    ],
)
def test_a_films_coding_may_stay_and_its_places_may_not(tag: str, value: str, may_stay: bool) -> None:
    answer = json.dumps([{"SourceFile": "x", tag: value}]).encode()
    assert judging.strangers(answer) == ([] if may_stay else [tag])
