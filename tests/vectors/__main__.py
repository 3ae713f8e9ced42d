"""`python -m tests.vectors [--check]`: write every vector file anew, or show which are not as they would be written."""

import sys

from tests.vectors import generate, generate_clean


def main() -> int:
    """Both generators take the same arguments; the worse of their two ends is ours."""
    return max(generate.main(), generate_clean.main())


if __name__ == "__main__":
    sys.exit(main())
