"""The helper that plants mutants can itself fail."""

import pytest

from tests.privacy.mutants import caught


def _holds(value: int) -> None:
    assert value == 1


def _raises(value: int) -> None:
    with pytest.raises(ZeroDivisionError):
        _ = 1 // value


def test_a_proof_that_passes_on_the_mutant_is_reported() -> None:
    with pytest.raises(AssertionError, match="T0 mutant 'none at all': not caught"):
        caught("T0", "none at all", _holds, 1)


def test_a_proof_that_breaks_down_has_not_caught_the_mutant() -> None:
    with pytest.raises(TypeError):
        caught("T0", "a broken proof", _raises, "two")  # type: ignore[arg-type]


def test_a_failed_assertion_and_a_missing_exception_both_catch(capsys: pytest.CaptureFixture[str]) -> None:
    caught("T0", "a wrong value", _holds, 2)
    caught("T0", "no exception", _raises, 1)
    assert capsys.readouterr().out.count(": caught\n") == 2
