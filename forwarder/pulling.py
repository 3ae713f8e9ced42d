"""What a relay gives to partners who come for their bundles (docs/spec/pull.md).

The answer for a kept round is the bundle that is pushed, byte for byte, and for anything else one constant. Nothing is
written, counted or said because somebody came: the only state is the store, and it is read unnoticed.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web

from crypto.cells import CellClass
from crypto.layers import ROUND_MAX, RoundNumber
from forwarder.bundles import BundleStore, longest
from forwarder.delivery import SLOWEST_BYTES_PER_SECOND, TIMEOUT_SECONDS
from forwarder.errors import Damaged
from forwarder.webhook import PLURALS
from onion_service.answers import AWAY, BUSY, NOT_FOUND, bundle
from onion_service.serving import Answer, Handler, Limits, Refusals

# So many at a time, all partners together; each reads a piece of a file, so they cost next to no memory.
CONNECTIONS: Final = 64
# Threads that read for them, and do nothing else: who comes may not keep a bundle waiting that is written at its edge.
READERS: Final = 4
_CLASSES: Final = {plural: cell_class for cell_class, plural in PLURALS.items()}
_DIGITS: Final = 16
_PATH: Final = re.compile(rf"/bundles/({'|'.join(_CLASSES)})/([0-9]{{{_DIGITS}}})")

# What is said when no handler was reached: the same, and the connection ends. A fault of ours is not "we have none".
REFUSALS: Final = Refusals(malformed=AWAY, missing=NOT_FOUND, fault=BUSY)


def path_of(cell_class: CellClass, round_number: RoundNumber) -> str:
    """Where a bundle is asked for; of the same length for every class and round."""
    return f"/bundles/{PLURALS[cell_class]}/{round_number:0{_DIGITS}}"


def limits(cells: int) -> Limits:
    """How long a caller may take, when the largest bundle has `cells` cells of the large class."""
    slowest = TIMEOUT_SECONDS + longest(CellClass.PARCEL, cells=cells) / SLOWEST_BYTES_PER_SECOND
    return Limits(idle=90.0, request=slowest, connections=CONNECTIONS)


def partners_door(store: BundleStore, *, may_go: Callable[[RoundNumber], bool]) -> Handler:
    """The handler for partners: `GET /bundles/<class>/<n>` is the whole of it. `may_go` says whether the moment at
    which the bundle of a round is pushed has come; before it nobody can have it here either."""
    readers = ThreadPoolExecutor(READERS, thread_name_prefix="pulling")

    async def handle(request: web.BaseRequest) -> Answer:
        match = _PATH.fullmatch(request.raw_path)
        if request.method != "GET" or match is None or int(match[2]) > ROUND_MAX:
            return NOT_FOUND
        cell_class, round_number = _CLASSES[match[1]], RoundNumber(int(match[2]))
        if not may_go(round_number):
            return NOT_FOUND
        try:
            opening = asyncio.get_running_loop().run_in_executor(readers, store.open, cell_class, round_number)
            return bundle(*await opening, readers=readers)
        except (KeyError, Damaged):
            return NOT_FOUND

    return handle
