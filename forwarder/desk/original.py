"""An attachment as it came stays sealed until somebody says that they have read what it can do.

Pure: a value and one way to its bytes.
"""

from enum import Enum

from forwarder.desk.errors import NotAcknowledged


class Acknowledged(Enum):
    """What a person says they have read; nothing here says it for them."""

    HARM = (
        "The original can hold where, when and with which device it was made, and who made it: whoever gets it can "
        "find its sender. It can also harm the computer that opens it. Open it on a computer without a network that "
        "can be erased afterwards, and give it to nobody."
    )


class Original:
    """The bytes of an attachment that nobody has cleaned; `release` is the only way to them."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __repr__(self) -> str:
        return "Original(sealed)"

    def release(self, *, acknowledged: Acknowledged | None) -> bytes:
        """The bytes, for a person who has read the warning. Raises NotAcknowledged without that."""
        if acknowledged is not Acknowledged.HARM:
            raise NotAcknowledged(f"the original stays sealed. {Acknowledged.HARM.value}")
        return self._data
