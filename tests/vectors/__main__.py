"""`python -m tests.vectors [--check]`: write every vector file anew, or show which are not as they would be written."""

import sys

from tests.vectors import generate, generate_clean, generate_identify


def main() -> int:
    """All generators take the same arguments; the worst of their ends is ours."""
    return max(generate.main(), generate_clean.main(), generate_identify.main())


if __name__ == "__main__":
    sys.exit(main())
