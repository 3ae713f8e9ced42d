"""The gazetteer that comes with Veladora, and one that an operator or a desk has put in its place."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from forwarder.errors import NotAGazetteer
from forwarder.places.gazetteer import GAZETTEER_MAX, Gazetteer

MEXICO: Final = "mexico.json"


@cache
def shipped() -> Gazetteer:
    """Mexico: every city of more than 15 000 people, and the outlines of its states."""
    return Gazetteer.read(shipped_file())


def shipped_file() -> bytes:
    """The file itself, to start from."""
    return resources.files(__name__.rpartition(".")[0]).joinpath(MEXICO).read_bytes()


def read_gazetteer(path: Path) -> Gazetteer:
    """The gazetteer in a file. Raises NotAGazetteer, naming the file, when it is none or cannot be read."""
    try:
        with path.open("rb") as file:
            return Gazetteer.read(file.read(GAZETTEER_MAX + 1))
    except OSError as error:
        raise NotAGazetteer(f"{path}: {error.strerror or 'it cannot be read'}") from error
    except NotAGazetteer as error:
        raise NotAGazetteer(f"{path}: {error}") from error
