"""The relay's figures, looked at all the time: whenever their file changes, the moment is noted (promise T10)."""

import threading
from pathlib import Path
from typing import Final, Self

_LOOK_SECONDS: Final = 0.03


class FiguresWatched:
    """Looks at the inode only, so that no time of access changes. Use it as a context."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._over: Final = threading.Event()
        self._changed: Final[set[float]] = set()
        self._looking: Final = threading.Thread(target=self._look, name="figures", daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def changes(self) -> list[float]:
        """When the file was written, in seconds since 1970, as far as it was looked at."""
        return sorted(self._changed)

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self._changed.add(self._path.stat().st_mtime)
            except OSError:
                continue
