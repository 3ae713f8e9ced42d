"""What reporters load: one page, the same bytes for everybody."""

from importlib import resources


def page() -> bytes:
    """The page as it was built."""
    return resources.files(__name__).joinpath("index.html").read_bytes()
