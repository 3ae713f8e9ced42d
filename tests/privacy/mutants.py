"""Planted mutants: the proof of a promise must fail when the promise is broken on purpose (docs/threat-model.md).

A privacy test has a proof, a function that asserts the promise. It is run once on the real thing, and once more through
`caught` with the mutant planted; a proof that cannot fail proves nothing.
"""

from collections.abc import Callable
from typing import ParamSpec

import pytest

ProofArguments = ParamSpec("ProofArguments")


def caught(
    test_id: str,
    mutant: str,
    proof: Callable[ProofArguments, object],
    *args: ProofArguments.args,
    **kwargs: ProofArguments.kwargs,
) -> None:
    """Return when `proof`, run on the planted `mutant`, fails by an assertion; fail the test when it passes.

    Any other exception passes through: a proof that breaks down has not caught anything. `pytest.raises` that sees no
    exception counts as an assertion. The line that is printed stands in the summary at the end of a run
    (tests/conftest.py).
    """
    try:
        proof(*args, **kwargs)
    except (AssertionError, pytest.fail.Exception):
        print(f"{test_id} mutant '{mutant}': caught")
        return
    raise AssertionError(f"{test_id} mutant '{mutant}': not caught; the proof cannot fail")
