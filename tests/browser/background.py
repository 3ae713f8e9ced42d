"""An event loop in a thread of its own, so that a test that waits for nobody can talk to what never stops talking."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

ResultT = TypeVar("ResultT")
END_SECONDS: Final = 10.0


class Background:
    """Runs coroutines until the block is left; what still runs then is cancelled."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def do(self, deed: Coroutine[Any, Any, ResultT], *, seconds: float = 60.0) -> ResultT:
        """What the coroutine returns; raises what it raises, and TimeoutError when it takes too long."""
        waiting = asyncio.run_coroutine_threadsafe(deed, self._loop)
        try:
            return waiting.result(seconds)
        except TimeoutError:
            waiting.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs and end the thread. Safe to call twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
